/**
 * Randomness that repeats: xoshiro128** (Blackman and Vigna, 2018), its state filled from the seed by
 * splitmix32, so that neighbouring seeds give unrelated runs. For tests only; nothing here is secret.
 */
import { assert } from '../../src/base/assert.ts';
import type { Random } from '../../src/base/random.ts';

/** The source of one seed, an integer of which 53 bits count. */
export function seededRandom(seed: number): Random {
  assert(Number.isSafeInteger(seed) && seed >= 0, 'a seed is a whole number');
  let mixed = (seed >>> 0) ^ Math.imul(Math.floor(seed / 0x1_0000_0000), 0x9e3779b1);
  const split = (): number => {
    mixed = (mixed + 0x9e3779b9) | 0;
    let value = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    value = Math.imul(value ^ (value >>> 15), 0x735a2d97);
    return value ^ (value >>> 15);
  };
  let a = split();
  let b = split();
  let c = split();
  // A state of zeros would stay that way.
  let d = split() | 1;

  const next = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };

  return {
    bytes(length) {
      const bytes = new Uint8Array(length);
      for (let index = 0; index < length; ) {
        let word = next();
        for (let stop = Math.min(index + 4, length); index < stop; index += 1) {
          bytes[index] = word;
          word >>>= 8;
        }
      }
      return bytes;
    },
  };
}
