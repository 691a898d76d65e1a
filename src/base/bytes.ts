/**
 * Byte strings: comparison, hexadecimal text, UTF-8, and a reader and writer over one buffer. All
 * numbers are big endian. The reader never throws: a read past the end yields zeros and clears
 * `ok`, which the caller checks once at the end, so that hostile bytes need no exception.
 */
import { AssertionFailure, assert } from './assert.ts';

export const emptyBytes: Uint8Array = new Uint8Array(0);

const hexByByte: readonly string[] = Array.from({ length: 256 }, (_, value) =>
  value.toString(16).padStart(2, '0'),
);

/** What newer engines have built in, many times quicker on a small one. */
interface NativeHex {
  toHex?(): string;
}
const nativeFromHex = (Uint8Array as { fromHex?(text: string): Uint8Array }).fromHex;
const hasNativeHex = nativeFromHex !== undefined;

/** Character codes of the digits of each byte, high and low. */
const hexDigits = Array.from({ length: 512 }, (_, index) => {
  const nibble = (index & 1) === 0 ? index >>> 5 : (index >>> 1) & 0xf;
  return nibble.toString(16).charCodeAt(0);
});
/** Those of the identifiers, 8 and 16 bytes: in one piece, since they are kept and are keys of maps. */
const idCodes = [new Array<number>(16).fill(0), new Array<number>(32).fill(0)] as const;

export function toHex(bytes: Uint8Array): string {
  return hexAt(bytes, 0, bytes.length);
}

/** Of `length` bytes from `offset` on, all of which are there; without a view of them where none is needed. */
export function hexAt(bytes: Uint8Array, offset: number, length: number): string {
  const native = (bytes as NativeHex).toHex;
  if (native !== undefined) return native.call(bytes.subarray(offset, offset + length));
  if (length === 8 || length === 16) {
    const codes = idCodes[length === 8 ? 0 : 1];
    for (let index = 0; index < length; index += 1) {
      const at = (bytes[offset + index] as number) * 2;
      codes[index * 2] = hexDigits[at] as number;
      codes[index * 2 + 1] = hexDigits[at + 1] as number;
    }
    return String.fromCharCode.apply(null, codes);
  }
  let text = '';
  for (let index = 0; index < length; index += 1)
    text += hexByByte[bytes[offset + index] as number];
  return text;
}

/** Value of the hexadecimal digit with this character code; 255 for any other character. */
const nibbleByCode = new Uint8Array(0x80).fill(0xff);
for (let value = 0; value < 16; value += 1) {
  const digit = value.toString(16);
  nibbleByCode[digit.charCodeAt(0)] = value;
  nibbleByCode[digit.toUpperCase().charCodeAt(0)] = value;
}

/** Bytes of a hexadecimal text of either case, or undefined when it is not one. */
export function fromHex(text: string): Uint8Array | undefined {
  if (nativeFromHex !== undefined) {
    try {
      return nativeFromHex.call(Uint8Array, text);
    } catch {
      return undefined;
    }
  }
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length >>> 1);
  let at = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    const high = nibbleByCode[text.charCodeAt(at)] ?? 0xff;
    const low = nibbleByCode[text.charCodeAt(at + 1)] ?? 0xff;
    if (high > 0xf || low > 0xf) return undefined;
    bytes[index] = (high << 4) | low;
    at += 2;
  }
  return bytes;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** For public values; secrets are compared with `equalSecrets`. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) {
    if (left[index] !== right[index]) return false;
  }
  return true;
}

/** Takes the same time wherever the first difference stands. */
export function equalSecrets(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index += 1) {
    difference |= (left[index] as number) ^ (right[index] as number);
  }
  return difference === 0;
}

export function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false;
  return true;
}

/** A leading U+FEFF stays in the text, or two different byte strings would be the same text. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array {
  if (hasNativeHex && text.length > 4) return encoder.encode(text);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return encoder.encode(text);
    bytes[index] = code;
  }
  return bytes;
}

/**
 * Text of UTF-8 bytes, or undefined when they are not well-formed. Short ASCII takes a way of its
 * own, since a small engine's TextDecoder costs more than the rest of decoding a message.
 */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  if (bytes.length <= 256 && isAscii(bytes)) {
    return String.fromCharCode.apply(null, bytes as unknown as number[]);
  }
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function isAscii(bytes: Uint8Array): boolean {
  for (let index = 0; index < bytes.length; index += 1) {
    if ((bytes[index] as number) > 0x7f) return false;
  }
  return true;
}

export class Reader {
  readonly bytes: Uint8Array;
  offset: number;
  readonly end: number;
  /** False once anything was read past the end or refused by a field. */
  ok = true;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  fail(): void {
    this.ok = false;
    this.offset = this.end;
  }

  /** A view, not a copy, of the next `length` bytes; past the end zeros, at most 64 KiB of them. */
  take(length: number): Uint8Array {
    if (length > this.end - this.offset) {
      this.fail();
      return new Uint8Array(length > 65_536 ? 0 : length);
    }
    const start = this.offset;
    this.offset += length;
    return this.bytes.subarray(start, this.offset);
  }

  /** The next `length` bytes as hexadecimal text. */
  hex(length: number): string {
    const at = this.offset;
    if (length > this.end - at) return toHex(this.take(length));
    this.offset = at + length;
    return hexAt(this.bytes, at, length);
  }

  u8(): number {
    if (this.offset >= this.end) {
      this.fail();
      return 0;
    }
    const value = this.bytes[this.offset] as number;
    this.offset += 1;
    return value;
  }

  u16(): number {
    const at = this.offset;
    if (at + 2 > this.end) {
      this.fail();
      return 0;
    }
    this.offset = at + 2;
    return (this.bytes[at] as number) * 0x100 + (this.bytes[at + 1] as number);
  }

  u32(): number {
    const at = this.offset;
    if (at + 4 > this.end) {
      this.fail();
      return 0;
    }
    this.offset = at + 4;
    const bytes = this.bytes;
    return (
      (bytes[at] as number) * 0x100_0000 +
      (((bytes[at + 1] as number) << 16) |
        ((bytes[at + 2] as number) << 8) |
        (bytes[at + 3] as number))
    );
  }

  u48(): number {
    if (this.end - this.offset < 6) {
      this.fail();
      return 0;
    }
    return this.u16() * 0x1_0000_0000 + this.u32();
  }
}

function outOfRange(type: string): never {
  throw new AssertionFailure(`${type} out of range`);
}

export class Writer {
  #buffer: Uint8Array;
  /** Of the same bytes: a small engine writes a number by it in one step. Made when there is one to write. */
  #view: DataView | undefined;
  #length = 0;

  constructor(capacity = 256) {
    this.#buffer = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** The bytes written so far; a later write may or may not show in them. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Empty again: what was read from `bytes` before is about to be overwritten. */
  clear(): this {
    this.#length = 0;
    return this;
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
    this.#view = undefined;
  }

  put(bytes: Uint8Array): this {
    const at = this.#length;
    const end = at + bytes.length;
    if (end > this.#buffer.length) this.#grow(end);
    this.#buffer.set(bytes, at);
    this.#length = end;
    return this;
  }

  u8(value: number): this {
    if (value !== (value & 0xff)) outOfRange('u8');
    const at = this.#length;
    if (at + 1 > this.#buffer.length) this.#grow(at + 1);
    this.#buffer[at] = value;
    this.#length = at + 1;
    return this;
  }

  u16(value: number): this {
    if (value !== (value & 0xffff)) outOfRange('u16');
    const at = this.#length;
    if (at + 2 > this.#buffer.length) this.#grow(at + 2);
    this.#view ??= new DataView(this.#buffer.buffer);
    this.#view.setUint16(at, value);
    this.#length = at + 2;
    return this;
  }

  u32(value: number): this {
    if (value !== value >>> 0) outOfRange('u32');
    const at = this.#length;
    if (at + 4 > this.#buffer.length) this.#grow(at + 4);
    this.#view ??= new DataView(this.#buffer.buffer);
    this.#view.setUint32(at, value);
    this.#length = at + 4;
    return this;
  }

  u48(value: number): this {
    assert(Number.isInteger(value) && value >= 0 && value < 2 ** 48, 'u48 out of range');
    return this.u16(Math.floor(value / 0x1_0000_0000)).u32(value % 0x1_0000_0000);
  }
}
