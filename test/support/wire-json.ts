/**
 * Values of messages as JSON and back, for test vectors: bytes become { "hex": … }, an absent optional
 * value becomes null. Everything else on the wire is text, a number, a flag, a list or a structure.
 */
import { fromHex, toHex } from '../../src/base/bytes.ts';

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

export function toJson(value: unknown): Json {
  if (value === undefined) return null;
  if (value instanceof Uint8Array) return { hex: toHex(value) };
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, toJson(part)]));
  }
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') {
    return value;
  }
  throw new Error(`no value of a message: ${String(value)}`);
}

/** Throws when `{ "hex": … }` holds something else. */
export function fromJson(json: Json): unknown {
  if (json === null) return undefined;
  if (Array.isArray(json)) return json.map(fromJson);
  if (typeof json !== 'object') return json;
  const entries = Object.entries(json);
  if (entries.length === 1 && entries[0]?.[0] === 'hex') {
    const bytes = fromHex(String(entries[0][1]));
    if (bytes === undefined) throw new Error('hex in a vector is not hexadecimal');
    return bytes;
  }
  return Object.fromEntries(entries.map(([name, part]) => [name, fromJson(part)]));
}
