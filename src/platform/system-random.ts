/** Randomness from the system's generator, drawn in advance so that small requests are cheap. */
import { assert } from '../base/assert.ts';
import type { Random } from '../base/random.ts';

const poolBytes = 4096;
/** The engine's limit for one draw. */
const drawBytes = 65_536;

export class SystemRandom implements Random {
  readonly #pool = new Uint8Array(poolBytes);
  #used = poolBytes;

  bytes(length: number): Uint8Array {
    assert(Number.isInteger(length) && length >= 0, 'a length is a non-negative integer');
    if (length > poolBytes / 4) {
      const result = new Uint8Array(length);
      for (let offset = 0; offset < length; offset += drawBytes) {
        crypto.getRandomValues(result.subarray(offset, Math.min(length, offset + drawBytes)));
      }
      return result;
    }
    if (this.#used + length > poolBytes) {
      crypto.getRandomValues(this.#pool);
      this.#used = 0;
    }
    const end = this.#used + length;
    const result = this.#pool.slice(this.#used, end);
    // What was handed out is secret from now on; the pool keeps no copy.
    this.#pool.fill(0, this.#used, end);
    this.#used = end;
    return result;
  }
}
