/** Framing of the two answers before authentication, Cookie and Hint: header and fields, nothing else. */
import { Reader, Writer } from '../base/bytes.ts';
import { decodeFields, encodeFields } from '../wire/codec.ts';
import { type Drop, drop } from '../wire/drops.ts';
import { versionByte } from '../wire/header.ts';
import { messages, type PlainName, type Values } from '../wire/messages.ts';

export function encodePlain<Name extends PlainName>(name: Name, values: Values<Name>): Uint8Array {
  const writer = new Writer(64);
  writer.u8(messages[name].code).u8(versionByte(0)).u16(0);
  encodeFields(writer, name, values);
  return writer.bytes;
}

export function decodePlain<Name extends PlainName>(
  name: Name,
  datagram: Uint8Array,
): Values<Name> | Drop {
  const reader = new Reader(datagram, 1);
  if ((reader.u8() & 0xf) !== 0 || reader.u16() !== 0) return drop('reserved-bits');
  const values = decodeFields(reader, name);
  if (!reader.ok) return drop('malformed');
  return reader.remaining > 0 ? drop('trailing-bytes') : values;
}
