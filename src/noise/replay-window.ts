/**
 * The sliding window that tells a counter seen before from a late one (as RFC 6479 does it): one bit for
 * each of the newest `size` counters, in a ring. Checking and marking are apart, because a counter may be
 * marked only after its message was authenticated. The ring grows with the counter up to its size, since most
 * keys are gone after a few messages; then neither allocates.
 */
import { assert } from '../base/assert.ts';

export class ReplayWindow {
  readonly #size: number;
  /** One less than the counters that the ring has room for now, a power of two. */
  #mask: number;
  #words: Uint32Array;
  #highest = -1;

  /** `size` counters, a power of two from 32 on. */
  constructor(size: number) {
    assert(
      size >= 32 && size <= 2 ** 20 && (size & (size - 1)) === 0,
      'a window is a power of two',
    );
    this.#size = size;
    this.#mask = 31;
    this.#words = new Uint32Array(1);
  }

  /** The highest counter marked; -1 when there is none. */
  get highest(): number {
    return this.#highest;
  }

  /** Whether the counter, 0 to 2^53 - 1, is neither marked nor older than the window. */
  check(counter: number): boolean {
    if (counter > this.#highest) return true;
    if (counter <= this.#highest - this.#size) return false;
    // `&` takes a number modulo 2^32, of which the size of the ring is a divisor.
    const bit = counter & this.#mask;
    return (((this.#words[bit >>> 5] as number) >>> (bit & 31)) & 1) === 0;
  }

  /** Notes an authenticated counter; one that is older than the window changes nothing. */
  mark(counter: number): void {
    if (counter > this.#highest) {
      this.#advance(counter);
    } else if (counter <= this.#highest - this.#size) {
      return;
    }
    const bit = counter & this.#mask;
    this.#words[bit >>> 5] = (this.#words[bit >>> 5] as number) | (1 << (bit & 31));
  }

  /** As long as the ring is not whole, every counter so far has its own place in it, and keeps that. */
  #grow(counter: number): void {
    let places = this.#mask + 1;
    while (places < this.#size && places <= counter) places *= 2;
    const words = new Uint32Array(places >>> 5);
    words.set(this.#words);
    this.#words = words;
    this.#mask = places - 1;
  }

  /** Clears the bits of the counters passed over; they stand for ones that fall out of the window. */
  #advance(counter: number): void {
    if (counter > this.#mask && this.#mask + 1 < this.#size) this.#grow(counter);
    // Nothing is passed over, and its own bit is set by the caller: so it is with nearly every message.
    if (counter === this.#highest + 1) {
      this.#highest = counter;
      return;
    }
    const words = this.#words;
    let rest = counter - this.#highest;
    if (rest > this.#mask) {
      words.fill(0);
      rest = 0;
    }
    let bit = (this.#highest + 1) & this.#mask;
    while (rest > 0) {
      if ((bit & 31) === 0 && rest >= 32) {
        words[bit >>> 5] = 0;
        rest -= 32;
        bit = (bit + 32) & this.#mask;
      } else {
        words[bit >>> 5] = (words[bit >>> 5] as number) & ~(1 << (bit & 31));
        rest -= 1;
        bit = (bit + 1) & this.#mask;
      }
    }
    this.#highest = counter;
  }
}
