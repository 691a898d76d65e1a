/**
 * Message bodies to bytes and back, by the table alone. A body is the fields in order and then the
 * extension area: items of type (u16), length (u16) and value, unknown types skipped, so that version
 * 1 can grow. Type 0 is padding. Headers, seals and hashes belong to the framing, not to this file.
 */
import { type Reader, Writer } from '../base/bytes.ts';
import { type Drop, drop } from './drops.ts';
import type { Field } from './fields.ts';
import { protocolVersion } from './header.ts';
import type { Framing, MessageRow } from './message-row.ts';
import { type MessageName, messages, type Values } from './messages.ts';

const extensionHeaderLength = 4;
const paddingExtension = 0;

/** A row made ready for loops that allocate nothing. */
interface Layout {
  readonly names: readonly string[];
  readonly types: readonly Field<unknown>[];
}

const layouts = Object.fromEntries(
  Object.entries(messages).map(([name, row]) => [
    name,
    { names: Object.keys(row.fields), types: Object.values(row.fields) as Field<unknown>[] },
  ]),
) as unknown as Record<MessageName, Layout>;

const nameByCode = new Array<MessageName | undefined>(0x100).fill(undefined);
for (const [name, row] of Object.entries(messages)) nameByCode[row.code] = name as MessageName;

export function messageRow(name: MessageName): MessageRow {
  return messages[name] as unknown as MessageRow;
}

export interface Identity {
  readonly name: MessageName;
  readonly framing: Framing;
  /** The low four bits of the second byte; which may be set is the framing's to say. */
  readonly flags: number;
}

/** Which message a datagram claims to be, by its first two bytes. */
export function identify(datagram: Uint8Array): Identity | Drop {
  if (datagram.length < 2) return drop('too-short');
  const name = nameByCode[datagram[0] as number];
  if (name === undefined) return drop('unknown-type');
  const version = datagram[1] as number;
  if (version >>> 4 !== protocolVersion) return drop('unknown-version');
  return { name, framing: messages[name].framing, flags: version & 0xf };
}

export function messageNameOf(code: number): MessageName | undefined {
  return nameByCode[code];
}

export function encodeFields<Name extends MessageName>(
  writer: Writer,
  name: Name,
  values: Values<Name>,
): void {
  const { names, types } = layouts[name];
  for (let index = 0; index < names.length; index += 1) {
    const value = (values as Record<string, unknown>)[names[index] as string];
    (types[index] as Field<unknown>).write(writer, value);
  }
}

/** The fields of a message; the reader is left behind them, `ok` false when they were malformed. */
export function decodeFields<Name extends MessageName>(reader: Reader, name: Name): Values<Name> {
  const { names, types } = layouts[name];
  const values: Record<string, unknown> = {};
  for (let index = 0; index < names.length; index += 1) {
    values[names[index] as string] = (types[index] as Field<unknown>).read(reader);
  }
  return values as Values<Name>;
}

/** Fields, then the end. */
export function decodeExactly<Name extends MessageName>(
  name: Name,
  reader: Reader,
): Values<Name> | Drop {
  const values = decodeFields(reader, name);
  if (!reader.ok) return drop('malformed');
  return reader.remaining > 0 ? drop('trailing-bytes') : values;
}

/** The fields alone: a body with an empty extension area. */
export function encodeBody<Name extends MessageName>(
  name: Name,
  values: Values<Name>,
  writer: Writer = new Writer(),
): Uint8Array {
  encodeFields(writer, name, values);
  return writer.bytes;
}

/** Fields, then nothing but well-formed extensions. */
export function decodeBody<Name extends MessageName>(
  name: Name,
  reader: Reader,
): Values<Name> | Drop {
  const values = decodeFields(reader, name);
  if (!reader.ok) return drop('malformed');
  while (reader.remaining > 0) {
    reader.u16();
    reader.take(reader.u16());
    if (!reader.ok) return drop('bad-extension');
  }
  return values;
}

/**
 * Appends one padding extension so that `writer` holds exactly `length` bytes; does nothing when it
 * holds as many or so nearly as many that no extension fits in between.
 */
export function padTo(writer: Writer, length: number): void {
  const missing = length - writer.length;
  if (missing < extensionHeaderLength) return;
  writer.u16(paddingExtension).u16(missing - extensionHeaderLength);
  writer.put(new Uint8Array(missing - extensionHeaderLength));
}
