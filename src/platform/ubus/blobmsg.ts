/**
 * The typed values of ubus ("blobmsg"): named fields with their type in the head of each, nested as tables
 * and arrays. Decoding keeps type and order, so that encoding gives the same bytes; depth and number of
 * fields are bounded. JSON goes in and out: a whole number becomes int32 where it fits, else int64.
 */
import { assert } from '../../base/assert.ts';
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import type { Json, JsonObject } from '../../protocol/machine.ts';

export const blobmsgTypes = {
  unspec: 0,
  array: 1,
  table: 2,
  string: 3,
  int64: 4,
  int32: 5,
  int16: 6,
  int8: 7,
  double: 8,
} as const;

export type BlobmsgContent =
  | { readonly type: 'unspec'; readonly value: null }
  /** Elements have empty names. */
  | { readonly type: 'array' | 'table'; readonly value: readonly BlobmsgField[] }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'int64'; readonly value: bigint }
  | { readonly type: 'int32' | 'int16' | 'double'; readonly value: number }
  /** A truth value, 0 or 1; other programs also keep small numbers in it. */
  | { readonly type: 'int8'; readonly value: number };

export type BlobmsgField = { readonly name: string } & BlobmsgContent;

const maxDepth = 32;
const maxFields = 65_536;
const extended = 0x8000_0000;
const maxLength = 0xff_ffff;

const padded = (length: number): number => (length + 3) & ~3;

interface Budget {
  fields: number;
}

/** The fields, or undefined when the bytes are not well-formed or beyond the bounds. */
export function decodeFields(bytes: Uint8Array): readonly BlobmsgField[] | undefined {
  return decodeList(bytes, 0, { fields: maxFields });
}

function decodeList(bytes: Uint8Array, depth: number, budget: Budget): BlobmsgField[] | undefined {
  if (depth > maxDepth) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: BlobmsgField[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    budget.fields -= 1;
    if (budget.fields < 0 || bytes.length - offset < 8) return undefined;
    const head = view.getUint32(offset);
    const length = head & maxLength;
    const nameLength = view.getUint16(offset + 4);
    const valueAt = padded(2 + nameLength + 1) + 4;
    if (head < extended || length < valueAt || length > bytes.length - offset) return undefined;
    const nameEnd = offset + 6 + nameLength;
    const name = fromUtf8(bytes.subarray(offset + 6, nameEnd));
    if (name === undefined || bytes[nameEnd] !== 0) return undefined;
    const type = (head >>> 24) & 0x7f;
    const value = bytes.subarray(offset + valueAt, offset + length);
    const content = decodeContent(type, value, depth, budget);
    if (!content) return undefined;
    fields.push({ name, ...content });
    offset += padded(length);
  }
  return fields;
}

function decodeContent(
  type: number,
  bytes: Uint8Array,
  depth: number,
  budget: Budget,
): BlobmsgContent | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const has = (length: number): boolean => bytes.length === length;
  switch (type) {
    case blobmsgTypes.unspec:
      return has(0) ? { type: 'unspec', value: null } : undefined;
    case blobmsgTypes.array:
    case blobmsgTypes.table: {
      const value = decodeList(bytes, depth + 1, budget);
      return value && { type: type === blobmsgTypes.array ? 'array' : 'table', value };
    }
    case blobmsgTypes.string: {
      if (bytes.length === 0 || bytes[bytes.length - 1] !== 0) return undefined;
      const value = fromUtf8(bytes.subarray(0, -1));
      return value === undefined ? undefined : { type: 'string', value };
    }
    case blobmsgTypes.int64:
      return has(8) ? { type: 'int64', value: view.getBigInt64(0) } : undefined;
    case blobmsgTypes.int32:
      return has(4) ? { type: 'int32', value: view.getInt32(0) } : undefined;
    case blobmsgTypes.int16:
      return has(2) ? { type: 'int16', value: view.getInt16(0) } : undefined;
    case blobmsgTypes.int8:
      return has(1) ? { type: 'int8', value: view.getUint8(0) } : undefined;
    case blobmsgTypes.double:
      return has(8) ? { type: 'double', value: view.getFloat64(0) } : undefined;
    default:
      return undefined;
  }
}

export function encodeFields(fields: readonly BlobmsgField[]): Uint8Array {
  const parts = fields.map(encodeField);
  const list = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    list.set(part, offset);
    offset += part.length;
  }
  return list;
}

/** With its padding. */
function encodeField(field: BlobmsgField): Uint8Array {
  const name = utf8(field.name);
  const value = encodeContent(field);
  const valueAt = padded(2 + name.length + 1) + 4;
  const length = valueAt + value.length;
  assert(name.length <= 0xffff && length <= maxLength, 'a value fits a blobmsg field');
  const bytes = new Uint8Array(padded(length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, extended + blobmsgTypes[field.type] * 0x100_0000 + length);
  view.setUint16(4, name.length);
  bytes.set(name, 6);
  bytes.set(value, valueAt);
  return bytes;
}

function encodeContent(content: BlobmsgContent): Uint8Array {
  const number = (length: number, set: (view: DataView) => void): Uint8Array => {
    const bytes = new Uint8Array(length);
    set(new DataView(bytes.buffer));
    return bytes;
  };
  switch (content.type) {
    case 'unspec':
      return new Uint8Array(0);
    case 'array':
    case 'table':
      return encodeFields(content.value);
    case 'string':
      return utf8(`${content.value}\0`);
    case 'int64':
      return number(8, (view) => view.setBigInt64(0, content.value));
    case 'int32':
      return number(4, (view) => view.setInt32(0, content.value));
    case 'int16':
      return number(2, (view) => view.setInt16(0, content.value));
    case 'int8':
      return number(1, (view) => view.setUint8(0, content.value));
    case 'double':
      return number(8, (view) => view.setFloat64(0, content.value));
  }
}

/** Of two fields with one name the last counts. An int64 that no number holds becomes its digits. */
export function jsonOfFields(fields: readonly BlobmsgField[]): JsonObject {
  return Object.fromEntries(fields.map((field) => [field.name, jsonOfContent(field)]));
}

function jsonOfContent(content: BlobmsgContent): Json {
  switch (content.type) {
    case 'array':
      return content.value.map(jsonOfContent);
    case 'table':
      return jsonOfFields(content.value);
    case 'int8':
      return content.value !== 0;
    case 'int64': {
      const value = Number(content.value);
      return Number.isSafeInteger(value) ? value : String(content.value);
    }
    default:
      return content.value;
  }
}

export function fieldsOfJson(object: JsonObject): BlobmsgField[] {
  return Object.entries(object).map(([name, value]) => ({ name, ...contentOfJson(value) }));
}

function contentOfJson(value: Json): BlobmsgContent {
  if (value === null) return { type: 'unspec', value };
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'boolean') return { type: 'int8', value: value ? 1 : 0 };
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) return { type: 'double', value };
    if (value === (value | 0)) return { type: 'int32', value };
    return { type: 'int64', value: BigInt(value) };
  }
  if (Array.isArray(value)) {
    const elements = value as readonly Json[];
    return { type: 'array', value: elements.map((each) => ({ name: '', ...contentOfJson(each) })) };
  }
  return { type: 'table', value: fieldsOfJson(value as JsonObject) };
}
