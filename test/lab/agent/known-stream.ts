/**
 * An endless pseudo-random byte stream (xorshift, 32 bits) that both ends of a connection can make from a
 * seed, so that the receiver checks each byte as it comes.
 */
export class KnownStream {
  #state: number;
  /** What was made and not yet taken: whole words are made, any number of bytes is taken. */
  #ahead = Buffer.alloc(0);
  position = 0;

  constructor(seed: number) {
    // Zero is the one state from which xorshift never moves.
    this.#state = (Math.imul(seed + 1, 0x9e3779b1) | 1) >>> 0;
  }

  take(length: number): Buffer {
    if (this.#ahead.length < length) this.#make(length);
    const bytes = this.#ahead.subarray(0, length);
    this.#ahead = this.#ahead.subarray(length);
    this.position += length;
    return bytes;
  }

  /** The position of the first byte of `bytes` that does not continue the stream, or undefined. */
  firstDifference(bytes: Uint8Array): number | undefined {
    const begin = this.position;
    const expected = this.take(bytes.length);
    if (expected.equals(bytes)) return undefined;
    return begin + bytes.findIndex((byte, index) => byte !== expected[index]);
  }

  /** The bytes at hand and at least so many in all. */
  #make(length: number): void {
    const kept = this.#ahead;
    const words = new Int32Array(Math.max(1024, Math.ceil((length - kept.length) / 4)));
    let x = this.#state;
    for (let i = 0; i < words.length; i += 1) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      words[i] = x;
    }
    this.#state = x;
    this.#ahead = Buffer.concat([kept, new Uint8Array(words.buffer)]);
  }
}
