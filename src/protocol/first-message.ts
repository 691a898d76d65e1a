/**
 * Framing of Session Initiation and Session Response: the fields of the table, then two hashes of 16
 * bytes. The first is keyed with the hash of the receiver's public key, so that a receiver refuses noise
 * at the price of one hash; the second with the cookie, when one was asked for, else zero.
 */
import { concatBytes, emptyBytes, equalSecrets, isZero, Reader, Writer } from '../base/bytes.ts';
import { macOver, receiverMacKey } from '../noise/keys.ts';
import type { Suite } from '../noise/suite.ts';
import { decodeFields, encodeFields } from '../wire/codec.ts';
import { type Drop, drop } from '../wire/drops.ts';
import { versionByte } from '../wire/header.ts';
import { type FirstName, messages, type Values } from '../wire/messages.ts';

const macLength = 16;
const headerLength = 4;

export function encodeFirst<Name extends FirstName>(
  suite: Suite,
  name: Name,
  values: Values<Name>,
  receiverKey: Uint8Array,
  cookie: Uint8Array,
): Uint8Array {
  const writer = new Writer(1400);
  writer.u8(messages[name].code).u8(versionByte(0)).u16(0);
  encodeFields(writer, name, values);
  const fields = writer.bytes;
  const first = macOver(suite, receiverMacKey(suite, receiverKey), fields);
  const second =
    cookie.length > 0 ? macOver(suite, cookie, fields, first) : new Uint8Array(macLength);
  return concatBytes(fields, first, second);
}

export interface FirstMessage<Name extends FirstName> {
  readonly values: Values<Name>;
  readonly firstMac: Uint8Array;
}

/** The macs stand outside the fields, so the length alone bounds what is hashed. */
export function decodeFirst<Name extends FirstName>(
  suite: Suite,
  name: Name,
  datagram: Uint8Array,
  macKey: Uint8Array,
): FirstMessage<Name> | Drop {
  const fieldsEnd = datagram.length - 2 * macLength;
  if (fieldsEnd < headerLength) return drop('too-short');
  const fields = datagram.subarray(0, fieldsEnd);
  const firstMac = datagram.subarray(fieldsEnd, fieldsEnd + macLength);
  if (!equalSecrets(firstMac, macOver(suite, macKey, fields))) return drop('bad-mac');
  if (((datagram[1] as number) & 0xf) !== 0 || datagram[2] !== 0 || datagram[3] !== 0) {
    return drop('reserved-bits');
  }
  const reader = new Reader(fields, headerLength);
  const values = decodeFields(reader, name);
  if (!reader.ok) return drop('malformed');
  if (reader.remaining > 0) return drop('trailing-bytes');
  return { values, firstMac };
}

/** Whether the second hash was made with this cookie. */
export function hasCookie(suite: Suite, datagram: Uint8Array, cookie: Uint8Array): boolean {
  const second = datagram.subarray(datagram.length - macLength);
  if (isZero(second)) return false;
  const before = datagram.subarray(0, datagram.length - macLength);
  return equalSecrets(second, macOver(suite, cookie, before));
}

export const noCookie = emptyBytes;
