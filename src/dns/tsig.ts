/**
 * Transaction signatures (RFC 8945) with HMAC-SHA256: signing a request, and judging the answer to it. Hash
 * and time come from outside.
 */
import { concatBytes, equalSecrets, Reader, Writer } from '../base/bytes.ts';
import { recordClasses, recordTypes } from './constants.ts';
import { decodeMessage, RecordWriter } from './message.ts';

export interface TsigKey {
  /** A domain name in lower case. */
  readonly name: string;
  readonly secret: Uint8Array;
}

export type Hmac = (key: Uint8Array, data: Uint8Array) => Uint8Array;

const algorithm = 'hmac-sha256';
const fudgeSeconds = 300;

export interface SignedMessage {
  readonly bytes: Uint8Array;
  /** Goes into the signature of the answer. */
  readonly mac: Uint8Array;
}

function wireName(name: string): Uint8Array {
  const writer = new RecordWriter(64);
  writer.name(name);
  return writer.writer.bytes;
}

/** What is hashed besides the message (RFC 8945 4.3.3). */
function variables(
  key: TsigKey,
  unixSeconds: number,
  fudge: number,
  error: number,
  other: Uint8Array,
) {
  return new Writer(96)
    .put(wireName(key.name))
    .u16(recordClasses.ANY)
    .u32(0)
    .put(wireName(algorithm))
    .u48(unixSeconds)
    .u16(fudge)
    .u16(error)
    .u16(other.length)
    .put(other).bytes;
}

/** The message with a signature behind it. */
export function signMessage(
  message: Uint8Array,
  key: TsigKey,
  unixSeconds: number,
  hmac: Hmac,
): SignedMessage {
  const nothing = new Uint8Array(0);
  const mac = hmac(
    key.secret,
    concatBytes(message, variables(key, unixSeconds, fudgeSeconds, 0, nothing)),
  );
  const data = new Writer(96)
    .put(wireName(algorithm))
    .u48(unixSeconds)
    .u16(fudgeSeconds)
    .u16(mac.length)
    .put(mac)
    .put(message.subarray(0, 2))
    .u16(0)
    .u16(0).bytes;
  const record = new Writer(160)
    .put(wireName(key.name))
    .u16(recordTypes.TSIG)
    .u16(recordClasses.ANY)
    .u32(0)
    .u16(data.length)
    .put(data).bytes;
  const bytes = concatBytes(message, record);
  const count = ((bytes[10] as number) << 8) + (bytes[11] as number) + 1;
  bytes[10] = count >>> 8;
  bytes[11] = count & 0xff;
  return { bytes, mac };
}

const errorNames: Readonly<Record<number, string>> = {
  16: 'the signature is wrong (BADSIG): the secrets differ',
  17: 'the key is not known there (BADKEY)',
  18: 'the clocks differ by more than five minutes (BADTIME)',
};

/** Undefined when the answer is signed by the same key; otherwise the sentence that says what is wrong. */
export function responseProblem(
  response: Uint8Array,
  key: TsigKey,
  requestMac: Uint8Array,
  unixSeconds: number,
  hmac: Hmac,
): string | undefined {
  const message = decodeMessage(response);
  const record = message?.additionals.at(-1);
  if (!message || record?.type !== recordTypes.TSIG) return 'the answer is not signed';
  const reader = new Reader(record.data[0] as Uint8Array);
  reader.take(wireName(algorithm).length);
  const signedAt = reader.u48();
  const fudge = reader.u16();
  const mac = reader.take(reader.u16());
  const originalId = reader.take(2);
  const error = reader.u16();
  const other = reader.take(reader.u16());
  if (!reader.ok || record.name.toLowerCase() !== key.name)
    return 'the answer has another signature';
  if (error !== 0) return errorNames[error] ?? `the signature was refused with error ${error}`;
  const unsigned = response.slice(0, response.length - recordLength(key, record.data));
  unsigned.set(originalId, 0);
  const count = message.additionals.length - 1;
  unsigned[10] = count >>> 8;
  unsigned[11] = count & 0xff;
  const length = new Writer(2).u16(requestMac.length).bytes;
  const expected = hmac(
    key.secret,
    concatBytes(length, requestMac, unsigned, variables(key, signedAt, fudge, error, other)),
  );
  if (!equalSecrets(expected, mac)) return 'the signature of the answer is wrong';
  return Math.abs(signedAt - unixSeconds) > fudge ? 'the answer is too old' : undefined;
}

/** Bytes of the signature record, whose names are never compressed (RFC 8945 4.2). */
function recordLength(key: TsigKey, data: readonly (Uint8Array | string)[]): number {
  return wireName(key.name).length + 10 + (data[0] as Uint8Array).length;
}
