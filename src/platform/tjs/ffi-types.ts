/**
 * The C types that calls are made of, what TypeScript makes of a signature, and the checks of
 * values before C sees them: a wild number in a length would end the process.
 */
import { AssertionFailure, assert } from '../../base/assert.ts';
import { pointerBytes } from './ffi-engine.ts';

/**
 * `buffer` is any pointer: a Uint8Array, a `Pinned` one, or null. `string` is NUL-terminated UTF-8.
 */
export type ArgumentType = 'int' | 'uint' | 'u16' | 'u64' | 'size' | 'ulong' | 'buffer' | 'string';
export type ReturnType = 'void' | 'int' | 'uint' | 'size' | 'ssize';
/** The result, then the arguments; `'...'` stands before the variable ones. */
export type Signature = readonly [ReturnType, ...(ArgumentType | '...')[]];

declare const pinned: unique symbol;
/** A buffer whose address was taken for good; see `pin`. */
export interface Pinned {
  readonly [pinned]: true;
}

type ArgumentOf<T> = T extends 'buffer'
  ? Uint8Array | Pinned | null
  : T extends 'string'
    ? string
    : number;
type ArgumentsOf<T extends readonly unknown[]> = T extends readonly [infer First, ...infer Rest]
  ? First extends '...'
    ? ArgumentsOf<Rest>
    : [ArgumentOf<First>, ...ArgumentsOf<Rest>]
  : [];
type FunctionOf<S> = S extends readonly [infer Returns, ...infer Args]
  ? (...values: ArgumentsOf<Args>) => Returns extends 'void' ? undefined : number
  : never;
export type Bound<Symbols extends Readonly<Record<string, Signature>>> = {
  readonly [Name in keyof Symbols]: FunctionOf<Symbols[Name]>;
};

const encoder = new TextEncoder();

export function cString(text: string): Uint8Array {
  assert(!text.includes('\0'), 'a C string holds no NUL');
  return encoder.encode(`${text}\0`);
}

export interface Shape {
  readonly returns: ReturnType;
  readonly args: readonly ArgumentType[];
  readonly fixed: number | undefined;
}

export function shapeOf([returns, ...rest]: Signature): Shape {
  const marker = rest.indexOf('...');
  const args = rest.filter((type): type is ArgumentType => type !== '...');
  return { returns, args, fixed: marker < 0 ? undefined : marker };
}

const longBits = pointerBytes * 8;
/** Exclusive limits; 64-bit values stop where numbers stop being exact. */
const limitByType: Readonly<Partial<Record<ArgumentType, number>>> = {
  u16: 2 ** 16,
  uint: 2 ** 32,
  u64: 2 ** 53,
  size: Math.min(2 ** longBits, 2 ** 53),
  ulong: Math.min(2 ** longBits, 2 ** 53),
};

export function checkNumber(type: ArgumentType, value: unknown): void {
  const number = value as number;
  const limit = limitByType[type];
  if (type === 'int') {
    if (Number.isInteger(value) && number >= -(2 ** 31) && number < 2 ** 31) return;
  } else if (limit !== undefined) {
    if (Number.isSafeInteger(value) && number >= 0 && number < limit) return;
  }
  throw new AssertionFailure(`a C function was given ${String(value)} for ${type}`);
}
