/**
 * Message bodies to bytes and back, by the table alone. A body is the fields in order and then the
 * extension area: items of type (u16), length (u16) and value, unknown types skipped, so that version 1
 * can grow. Type 0 is padding.
 */
import { Reader, Writer } from '../base/bytes.ts';
import { type Drop, drop } from './drops.ts';
import type { Field } from './fields.ts';
import { protocolVersion } from './header.ts';
import { type Framing, type MessageName, type MessageRow, messages, type Values } from './messages.ts';

const extensionHeaderLength = 4;
const paddingExtension = 0;

const nameByCode = new Map<number, MessageName>(
  Object.entries(messages).map(([name, row]) => [row.code, name as MessageName]),
);

export function messageRow(name: MessageName): MessageRow {
  return messages[name] as unknown as MessageRow;
}

/** Which message a datagram claims to be, by its first two bytes. */
export function identify(datagram: Uint8Array): { readonly name: MessageName; readonly framing: Framing; readonly flags: number } | Drop {
  if (datagram.length < 2) return drop('too-short');
  const name = nameByCode.get(datagram[0] as number);
  if (name === undefined) return drop('unknown-type');
  const version = datagram[1] as number;
  if (version >>> 4 !== protocolVersion) return drop('unknown-version');
  return { name, framing: messages[name].framing, flags: version & 0xf };
}

export function messageNameOf(code: number): MessageName | undefined {
  return nameByCode.get(code);
}

export function encodeFields<Name extends MessageName>(writer: Writer, name: Name, values: Values<Name>): void {
  for (const [field, type] of Object.entries(messages[name].fields)) {
    (type as Field<unknown>).write(writer, (values as Record<string, unknown>)[field]);
  }
}

/** The fields of a message; the reader is left behind them, with `ok` false when they were malformed. */
export function decodeFields<Name extends MessageName>(reader: Reader, name: Name): Values<Name> {
  const values: Record<string, unknown> = {};
  for (const [field, type] of Object.entries(messages[name].fields)) {
    values[field] = (type as Field<unknown>).read(reader);
  }
  return values as Values<Name>;
}

/** Body of a sealed or path message: the fields, without extensions but for `padding` bytes of one when asked. */
export function encodeBody<Name extends MessageName>(name: Name, values: Values<Name>, writer: Writer = new Writer()): Uint8Array {
  encodeFields(writer, name, values);
  return writer.bytes;
}

/** Fields, then nothing but well-formed extensions. */
export function decodeBody<Name extends MessageName>(name: Name, reader: Reader): Values<Name> | Drop {
  const values = decodeFields(reader, name);
  if (!reader.ok) return drop('malformed');
  while (reader.remaining > 0) {
    reader.u16();
    reader.take(reader.u16());
    if (!reader.ok) return drop('bad-extension');
  }
  return values;
}

/** Appends a padding extension so that `writer` holds exactly `length` bytes; no-op when it holds that many or nearly. */
export function padTo(writer: Writer, length: number): void {
  const missing = length - writer.length;
  if (missing < extensionHeaderLength) return;
  writer.u16(paddingExtension).u16(missing - extensionHeaderLength);
  writer.put(new Uint8Array(missing - extensionHeaderLength));
}
