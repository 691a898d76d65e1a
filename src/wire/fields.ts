/**
 * The field types of messages: how each is read, written, described and bounded. The message table is
 * made of these, and the codec, the protocol page, the fuzz generator and the trace printer come from
 * the table.
 */
import { fromHex, fromUtf8, isZero, type Reader, toHex, utf8, type Writer } from '../base/bytes.ts';
import { assert } from '../base/assert.ts';
import {
  type Endpoint,
  endpoint,
  endpointIp,
  endpointPort,
  type Ip,
  ipBytes,
  ipFromBytes,
  isIpv6,
  type Prefix,
  prefix,
  prefixIp,
  prefixLength,
} from '../base/ip.ts';
import { type Random, randomBelow } from '../base/random.ts';

export interface Field<Value> {
  /** For the protocol page: "u32", "list of at most 8 endpoint". */
  readonly description: string;
  /** Bytes on the wire, least and most. */
  readonly least: number;
  readonly most: number;
  /** Calls `reader.fail()` on anything that is not exactly a value of this field. */
  read(reader: Reader): Value;
  write(writer: Writer, value: Value): void;
  /** Any valid value, for vectors and the fuzz generator. */
  sample(random: Random): Value;
}

export type ValueOf<F> = F extends Field<infer Value> ? Value : never;
export type Fields = Readonly<Record<string, Field<unknown>>>;
export type ValuesOf<F extends Fields> = { readonly [Name in keyof F]: ValueOf<F[Name]> };

function number(description: string, width: number, read: (reader: Reader) => number, write: (writer: Writer, value: number) => void): Field<number> {
  return {
    description,
    least: width,
    most: width,
    read,
    write,
    sample: (random) => random.bytes(width).reduce((value, byte) => value * 0x100 + byte, 0),
  };
}

export const u8 = number('u8', 1, (reader) => reader.u8(), (writer, value) => writer.u8(value));
export const u16 = number('u16', 2, (reader) => reader.u16(), (writer, value) => writer.u16(value));
export const u32 = number('u32', 4, (reader) => reader.u32(), (writer, value) => writer.u32(value));
export const u48 = number('u48', 6, (reader) => reader.u48(), (writer, value) => writer.u48(value));

/** One byte that is 0 or 1. */
export const flag: Field<boolean> = {
  description: 'flag',
  least: 1,
  most: 1,
  read: (reader) => {
    const value = reader.u8();
    if (value > 1) reader.fail();
    return value === 1;
  },
  write: (writer, value) => writer.u8(value ? 1 : 0),
  sample: (random) => randomBelow(random, 2) === 1,
};

/** One byte naming one of `names`, numbered from 0. */
export function choice<const Name extends string>(...names: readonly Name[]): Field<Name> {
  return {
    description: `one of ${names.map((name, value) => `${value} ${name}`).join(', ')}`,
    least: 1,
    most: 1,
    read: (reader) => {
      const name = names[reader.u8()];
      if (name === undefined) reader.fail();
      return name ?? (names[0] as Name);
    },
    write: (writer, value) => writer.u8(names.indexOf(value)),
    sample: (random) => names[randomBelow(random, names.length)] as Name,
  };
}

/** Exactly `length` bytes. */
export function bytes(length: number): Field<Uint8Array> {
  return {
    description: `${length} bytes`,
    least: length,
    most: length,
    read: (reader) => reader.take(length).slice(),
    write: (writer, value) => {
      assert(value.length === length, `${length} bytes are written here`);
      writer.put(value);
    },
    sample: (random) => random.bytes(length),
  };
}

/** An identifier of `length` bytes as hexadecimal text. */
export function hexId<Id extends string>(length: number, name: string): Field<Id> {
  return {
    description: `${name} (${length} bytes)`,
    least: length,
    most: length,
    read: (reader) => toHex(reader.take(length)) as Id,
    write: (writer, value) => {
      const raw = fromHex(value);
      assert(raw !== undefined && raw.length === length, `${name} is ${length} bytes`);
      writer.put(raw);
    },
    sample: (random) => toHex(random.bytes(length)) as Id,
  };
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
    sample: (random) => random.bytes(randomBelow(random, Math.min(limit, 64) + 1)),
  };
}

/** A length in one byte, then at most `limit` bytes of UTF-8 without control characters. */
export function text(limit: number): Field<string> {
  return {
    description: `text of at most ${limit} bytes, behind its length (u8)`,
    least: 1,
    most: 1 + limit,
    read: (reader) => {
      const length = reader.u8();
      if (length > limit) reader.fail();
      const value = fromUtf8(reader.take(reader.ok ? length : 0));
      if (value === undefined || hasControlCharacter(value)) reader.fail();
      return value ?? '';
    },
    write: (writer, value) => {
      const raw = utf8(value);
      assert(raw.length <= limit, `at most ${limit} bytes of text are written here`);
      writer.u8(raw.length).put(raw);
    },
    sample: (random) => toHex(random.bytes(randomBelow(random, (Math.min(limit, 32) >> 1) + 1))),
  };
}

function hasControlCharacter(value: string): boolean {
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

function readIp(reader: Reader): Ip {
  const family = reader.u8();
  if (family !== 4 && family !== 6) reader.fail();
  const raw = reader.take(family === 6 ? 16 : 4);
  const ip = ipFromBytes(raw);
  if (isIpv6(ip) !== (family === 6)) reader.fail();
  return ip;
}

function writeIp(writer: Writer, value: Ip): void {
  const raw = ipBytes(value);
  writer.u8(raw.length === 16 ? 6 : 4).put(raw);
}

function sampleIp(random: Random): Ip {
  const raw = random.bytes(randomBelow(random, 2) === 0 ? 4 : 16);
  raw[0] = raw.length === 16 ? 0x20 : 0xc0;
  return ipFromBytes(raw);
}

export const ip: Field<Ip> = {
  description: 'IP address: 4 or 6 (u8), then 4 or 16 bytes',
  least: 5,
  most: 17,
  read: readIp,
  write: writeIp,
  sample: sampleIp,
};

/** An endpoint whose port is not 0. */
export const endpointField: Field<Endpoint> = {
  description: 'endpoint: IP address, port (u16, not 0)',
  least: 7,
  most: 19,
  read: (reader) => {
    const address = readIp(reader);
    const port = reader.u16();
    if (port === 0) reader.fail();
    return endpoint(address, port || 1);
  },
  write: (writer, value) => {
    writeIp(writer, endpointIp(value));
    writer.u16(endpointPort(value));
  },
  sample: (random) => endpoint(sampleIp(random), 1 + randomBelow(random, 0xffff)),
};

/** A prefix in canonical form: no bit set behind its length. */
export const prefixField: Field<Prefix> = {
  description: 'prefix: IP address, length in bits (u8)',
  least: 6,
  most: 18,
  read: (reader) => {
    const address = readIp(reader);
    const length = reader.u8();
    if (length > (isIpv6(address) ? 128 : 32)) reader.fail();
    const value = prefix(address, reader.ok ? length : 0);
    if (prefixIp(value) !== address) reader.fail();
    return value;
  },
  write: (writer, value) => {
    writeIp(writer, prefixIp(value));
    writer.u8(prefixLength(value));
  },
  sample: (random) => {
    const address = sampleIp(random);
    return prefix(address, 8 + randomBelow(random, isIpv6(address) ? 121 : 25));
  },
};

/** A count in one byte, then at most `limit` items. */
export function list<Item>(item: Field<Item>, limit: number): Field<readonly Item[]> {
  return {
    description: `at most ${limit} behind their count (u8): ${item.description}`,
    least: 1,
    most: 1 + limit * item.most,
    read: (reader) => {
      const count = reader.u8();
      if (count > limit) reader.fail();
      const items: Item[] = [];
      for (let index = 0; index < count && reader.ok; index += 1) items.push(item.read(reader));
      return items;
    },
    write: (writer, value) => {
      assert(value.length <= limit, `at most ${limit} items are written here`);
      writer.u8(value.length);
      for (const entry of value) item.write(writer, entry);
    },
    sample: (random) =>
      Array.from({ length: randomBelow(random, Math.min(limit, 3) + 1) }, () => item.sample(random)),
  };
}

/** A flag, then the value if the flag is 1. */
export function optional<Value>(field: Field<Value>): Field<Value | undefined> {
  return {
    description: `optional (flag): ${field.description}`,
    least: 1,
    most: 1 + field.most,
    read: (reader) => (flag.read(reader) ? field.read(reader) : undefined),
    write: (writer, value) => {
      flag.write(writer, value !== undefined);
      if (value !== undefined) field.write(writer, value);
    },
    sample: (random) => (randomBelow(random, 2) === 0 ? undefined : field.sample(random)),
  };
}

/** Several fields in the order of their declaration. */
export function struct<F extends Fields>(fields: F): Field<ValuesOf<F>> {
  const rows = Object.entries(fields);
  const sum = (pick: (field: Field<unknown>) => number) =>
    rows.reduce((total, [, field]) => total + pick(field), 0);
  return {
    description: `{ ${rows.map(([name, field]) => `${name}: ${field.description}`).join('; ')} }`,
    least: sum((field) => field.least),
    most: sum((field) => field.most),
    read: (reader) => {
      const value: Record<string, unknown> = {};
      for (const [name, field] of rows) value[name] = field.read(reader);
      return value as ValuesOf<F>;
    },
    write: (writer, value) => {
      for (const [name, field] of rows) field.write(writer, value[name]);
    },
    sample: (random) =>
      Object.fromEntries(rows.map(([name, field]) => [name, field.sample(random)])) as ValuesOf<F>,
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
    sample: (random) => random.bytes(randomBelow(random, Math.min(limit, 64) + 1)),
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
  };
}
