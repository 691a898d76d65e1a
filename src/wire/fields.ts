/**
 * The simple field types of messages: how each is read, written, described, bounded, drawn and shown.
 * The message table is made of these, of address-fields and of composite-fields; the codec, the
 * protocol page, the vectors, the fuzz generator and the trace printer come from the table.
 */
import { AssertionFailure, assert } from '../base/assert.ts';
import { fromHex, fromUtf8, isZero, type Reader, toHex, utf8, type Writer } from '../base/bytes.ts';
import { type Random, randomBelow } from '../base/random.ts';

export interface Field<Value> {
  /** For the protocol page: "u32", "text of at most 63 bytes, behind its length (u8)". */
  readonly description: string;
  /** Bytes on the wire, least and most. */
  readonly least: number;
  readonly most: number;
  /** Of what a structure, or each item of a list of structures, consists. */
  readonly parts?: Fields;
  /** Calls `reader.fail()` on anything that is not exactly a value of this field. */
  read(reader: Reader): Value;
  /** Asserts that `read` will take what is written. */
  write(writer: Writer, value: Value): void;
  /** Any valid value, for vectors and the fuzz generator. */
  sample(random: Random): Value;
  /** For traces: short, without line breaks, and without anything that has to stay secret. */
  show(value: Value): string;
}

export type ValueOf<F> = F extends Field<infer Value> ? Value : never;
export type Fields = Readonly<Record<string, Field<unknown>>>;
export type ValuesOf<F extends Fields> = { readonly [Name in keyof F]: ValueOf<F[Name]> };

function number(
  width: number,
  read: (reader: Reader) => number,
  write: (writer: Writer, value: number) => void,
): Field<number> {
  return {
    description: `u${width * 8}`,
    least: width,
    most: width,
    read,
    write,
    sample: (random) => random.bytes(width).reduce((value, byte) => value * 0x100 + byte, 0),
    show: String,
  };
}

export const u8 = number(
  1,
  (reader) => reader.u8(),
  (writer, value) => writer.u8(value),
);
export const u16 = number(
  2,
  (reader) => reader.u16(),
  (writer, value) => writer.u16(value),
);
export const u32 = number(
  4,
  (reader) => reader.u32(),
  (writer, value) => writer.u32(value),
);
export const u48 = number(
  6,
  (reader) => reader.u48(),
  (writer, value) => writer.u48(value),
);

/** One byte that is 0..limit-1. */
export function below(limit: number): Field<number> {
  return {
    description: `u8, 0 to ${limit - 1}`,
    least: 1,
    most: 1,
    read: (reader) => {
      const value = reader.u8();
      if (value >= limit) reader.fail();
      return value < limit ? value : 0;
    },
    write: (writer, value) => {
      if (value >= limit) throw new AssertionFailure(`a number below ${limit} is written here`);
      writer.u8(value);
    },
    sample: (random) => randomBelow(random, limit),
    show: String,
  };
}

/** One byte that is 0 or 1. */
export const flag: Field<boolean> = {
  description: 'flag (u8): 0 or 1',
  least: 1,
  most: 1,
  read: (reader) => {
    const value = reader.u8();
    if (value > 1) reader.fail();
    return value === 1;
  },
  write: (writer, value) => writer.u8(value ? 1 : 0),
  sample: (random) => randomBelow(random, 2) === 1,
  show: (value) => (value ? 'yes' : 'no'),
};

/** One byte naming one of `names`, numbered from 0. */
export function choice<const Name extends string>(...names: readonly Name[]): Field<Name> {
  return {
    description: `u8: ${names.map((name, value) => `${value} ${name}`).join(', ')}`,
    least: 1,
    most: 1,
    read: (reader) => {
      const name = names[reader.u8()];
      if (name === undefined) reader.fail();
      return name ?? (names[0] as Name);
    },
    write: (writer, value) => writer.u8(names.indexOf(value)),
    sample: (random) => names[randomBelow(random, names.length)] as Name,
    show: (value) => value,
  };
}

function showLength(value: Uint8Array): string {
  return `<${value.length} bytes>`;
}

/** Exactly `length` bytes; in traces only their number. */
export function bytes(length: number): Field<Uint8Array> {
  return {
    description: `${length} bytes`,
    least: length,
    most: length,
    read: (reader) => reader.take(length).slice(),
    write: (writer, value) => {
      if (value.length !== length) {
        throw new AssertionFailure(`${length} bytes are written here`);
      }
      writer.put(value);
    },
    sample: (random) => random.bytes(length),
    show: showLength,
  };
}

/** A public key of 32 bytes: the one kind of byte string whose beginning may stand in a trace. */
export const publicKey: Field<Uint8Array> = {
  ...bytes(32),
  description: 'public key (32 bytes)',
  show: (value) => toHex(value.subarray(0, 4)),
};

/** An identifier of `length` bytes as hexadecimal text; in traces its first eight digits. */
export function hexId<Id extends string>(
  length: number,
  name: string,
  show: (id: Id) => string = (id) => id.slice(0, 8),
): Field<Id> {
  return {
    description: `${name} (${length} bytes)`,
    least: length,
    most: length,
    read: (reader) => reader.hex(length) as Id,
    write: (writer, value) => {
      const raw = fromHex(value);
      // No text is made for an assertion that holds: this is done for every message.
      if (raw?.length !== length) throw new AssertionFailure(`${name} is ${length} bytes`);
      writer.put(raw);
    },
    sample: (random) => toHex(random.bytes(length)) as Id,
    show,
  };
}

/** An identifier that proves something to whoever tells it: in traces only its length. */
export function secretId<Id extends string>(length: number, name: string): Field<Id> {
  return hexId<Id>(length, name, () => `<${length} bytes>`);
}

function sampleBytes(limit: number): (random: Random) => Uint8Array {
  return (random) => random.bytes(randomBelow(random, Math.min(limit, 64) + 1));
}

/** A length in two bytes, then at most `limit` bytes. */
export function blob(limit: number): Field<Uint8Array> {
  return {
    description: `at most ${limit} bytes, behind their length (u16)`,
    least: 2,
    most: 2 + limit,
    read: (reader) => {
      const length = reader.u16();
      if (length > limit) reader.fail();
      return reader.take(reader.ok ? length : 0).slice();
    },
    write: (writer, value) => {
      assert(value.length <= limit, `at most ${limit} bytes are written here`);
      writer.u16(value.length).put(value);
    },
    sample: sampleBytes(limit),
    show: showLength,
  };
}

/** All bytes that are left; only as the last field of a message. */
export function rest(limit: number): Field<Uint8Array> {
  return {
    description: `the remaining bytes, at most ${limit}`,
    least: 0,
    most: limit,
    read: (reader) => {
      if (reader.remaining > limit) reader.fail();
      return reader.take(reader.remaining).slice();
    },
    write: (writer, value) => {
      assert(value.length <= limit, `at most ${limit} bytes are written here`);
      writer.put(value);
    },
    sample: sampleBytes(limit),
    show: showLength,
  };
}

/** Bytes that must be zero: room for a later version. */
export function reserved(length: number): Field<undefined> {
  return {
    description: `reserved, ${length} zero bytes`,
    least: length,
    most: length,
    read: (reader) => {
      if (!isZero(reader.take(length))) reader.fail();
      return undefined;
    },
    write: (writer) => {
      writer.put(new Uint8Array(length));
    },
    sample: () => undefined,
    show: () => '',
  };
}

/** Most texts: a small engine is quicker at an expression than at a loop. */
const printableAscii = /^[ -~]*$/;

/**
 * Whether every character may stand in a text on the wire: no control character, nothing that turns
 * the direction of writing or breaks the line, no half of a surrogate pair. Texts end in terminals,
 * logs and web pages, where such characters deceive the reader.
 */
export function isPlainText(value: string): boolean {
  if (printableAscii.test(value)) return true;
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code >= 0x20 && code < 0x7f) continue;
    if (code < 0xa0 || code === 0xfeff) return false;
    if (code >= 0x200e && code <= 0x202e && (code < 0x2010 || code > 0x2027)) return false;
    if (code >= 0x2066 && code <= 0x2069) return false;
    if (code >= 0xd800 && code <= 0xdfff) {
      const low = value.charCodeAt(index + 1);
      if (code > 0xdbff || !(low >= 0xdc00 && low <= 0xdfff)) return false;
      index += 1;
    }
  }
  return true;
}

const sampleLetters = ['a', 'b', 'c', 'n', 'z', '0', '7', '-', '.', 'é', '名', '😀'];

/** A length in one byte, then at most `limit` bytes of UTF-8 that `isPlainText` accepts. */
export function text(limit: number): Field<string> {
  return {
    description: `text of at most ${limit} bytes of UTF-8, behind its length (u8)`,
    least: 1,
    most: 1 + limit,
    read: (reader) => {
      const length = reader.u8();
      if (length > limit) reader.fail();
      const value = fromUtf8(reader.take(reader.ok ? length : 0));
      if (value === undefined || !isPlainText(value)) reader.fail();
      return value ?? '';
    },
    write: (writer, value) => {
      assert(isPlainText(value), 'text without control characters is written here');
      const raw = utf8(value);
      if (raw.length > limit) {
        throw new AssertionFailure(`at most ${limit} bytes of text are written here`);
      }
      writer.u8(raw.length).put(raw);
    },
    sample: (random) => {
      let value = '';
      for (let count = randomBelow(random, Math.min(limit >> 2, 16) + 1); count > 0; count -= 1) {
        value += sampleLetters[randomBelow(random, sampleLetters.length)];
      }
      return value;
    },
    show: (value) => JSON.stringify(value),
  };
}
