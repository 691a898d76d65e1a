/**
 * Framing of the messages of a session: header with session ID and counter, then the sealed body, which is
 * a transaction number (u32), the fields of the table and the extension area. The payloads of the first
 * messages are such bodies too, with the message code in front.
 */
import { hexAt, Reader, Writer } from '../base/bytes.ts';
import { nonceOf } from '../noise/cipher-state.ts';
import type { Suite } from '../noise/suite.ts';
import { decodeBody, encodeFields, identify, messageNameOf, padTo } from '../wire/codec.ts';
import { type Drop, drop, isDrop } from '../wire/drops.ts';
import { hexId } from '../wire/fields.ts';
import { sessionHeaderLength, tagBytes, versionByte } from '../wire/header.ts';
import type { SessionId } from '../wire/ids.ts';
import type { SelfWriting } from '../wire/kept-fields.ts';
import { type MessageName, messages, type SealedName, type Values } from '../wire/messages.ts';

const sessionIdField = hexId<SessionId>(8, 'session ID');

/** A message of a session, told apart by `name`. */
export type SealedMessage = {
  [Name in SealedName]: {
    readonly name: Name;
    readonly transaction: number;
    readonly values: Values<Name>;
  };
}[SealedName];

export function sealedMessage<Name extends SealedName>(
  name: Name,
  transaction: number,
  values: Values<Name>,
): SealedMessage {
  return { name, transaction, values } as unknown as SealedMessage;
}

function encodeMessageBody(writer: Writer, message: SealedMessage): void {
  writer.u32(message.transaction);
  const values = message.values as SelfWriting;
  if (values.writeFields) values.writeFields(writer);
  else encodeFields(writer, message.name, message.values as never);
}

function isSealedName(name: MessageName): name is SealedName {
  return messages[name].framing === 'sealed';
}

/** Payload of a first message: code, transaction, fields, and padding to `length` bytes. */
export function encodePayload(message: SealedMessage, length: number): Uint8Array {
  const writer = new Writer(Math.max(length, 256));
  writer.u8(messages[message.name].code);
  encodeMessageBody(writer, message);
  padTo(writer, length);
  return writer.bytes;
}

export function decodePayload(payload: Uint8Array): SealedMessage | Drop {
  if (payload.length < 1) return drop('too-short');
  const name = messageNameOf(payload[0] as number);
  if (name === undefined || !isSealedName(name)) return drop('unknown-type');
  return decodeMessageBody(name, payload, 1);
}

function decodeMessageBody(
  name: SealedName,
  plaintext: Uint8Array,
  offset: number,
): SealedMessage | Drop {
  const reader = new Reader(plaintext, offset);
  const transaction = reader.u32();
  const values = decodeBody(name, reader);
  if (isDrop(values)) return values;
  return { name, transaction, values } as SealedMessage;
}

/** Code, version and what is reserved. */
function firstWord(name: SealedName): number {
  return messages[name].code * 0x100_0000 + versionByte(0) * 0x1_0000;
}

/** Emptied before every message: none is kept. */
const inUse = new Writer(1500);

export function seal(
  suite: Suite,
  key: Uint8Array,
  receiver: SessionId,
  counter: number,
  message: SealedMessage,
): Uint8Array {
  const writer = inUse.clear();
  writer.u32(firstWord(message.name));
  sessionIdField.write(writer, receiver);
  writer.u32(Math.floor(counter / 0x1_0000_0000)).u32(counter >>> 0);
  encodeMessageBody(writer, message);
  const plain = writer.bytes;
  const header = plain.subarray(0, sessionHeaderLength);
  const datagram = new Uint8Array(plain.length + tagBytes);
  datagram.set(header);
  suite.sealInto(
    datagram.subarray(sessionHeaderLength),
    key,
    nonceOf(counter),
    header,
    plain.subarray(sessionHeaderLength),
  );
  return datagram;
}

export interface SealedHeader {
  readonly name: SealedName;
  readonly sessionId: SessionId;
  readonly counter: number;
}

export function readSealedHeader(datagram: Uint8Array): SealedHeader | Drop {
  const identity = identify(datagram);
  if (isDrop(identity)) return identity;
  if (!isSealedName(identity.name)) return drop('unexpected');
  if (datagram.length < sessionHeaderLength + tagBytes + 4) return drop('too-short');
  const isClear =
    datagram[2] === 0 && datagram[3] === 0 && datagram[12] === 0 && datagram[13] === 0;
  if (identity.flags !== 0 || !isClear) return drop('reserved-bits');
  const sessionId = hexAt(datagram, 4, 8) as SessionId;
  return { name: identity.name, sessionId, counter: counterAt(datagram, 14) };
}

function counterAt(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  const low =
    ((bytes[at + 2] as number) << 24) |
    ((bytes[at + 3] as number) << 16) |
    ((bytes[at + 4] as number) << 8) |
    (bytes[at + 5] as number);
  return high * 0x1_0000_0000 + (low >>> 0);
}

export function open(
  suite: Suite,
  key: Uint8Array,
  header: SealedHeader,
  datagram: Uint8Array,
): SealedMessage | Drop {
  const plaintext = suite.open(
    key,
    nonceOf(header.counter),
    datagram.subarray(0, sessionHeaderLength),
    datagram.subarray(sessionHeaderLength),
  );
  return plaintext ? decodeMessageBody(header.name, plaintext, 0) : drop('bad-seal');
}
