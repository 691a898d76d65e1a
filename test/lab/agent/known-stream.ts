/**
 * An endless pseudo-random byte stream (xorshift, 32 bits) that both ends of a connection can make from a
 * seed, so that the receiver checks each byte as it comes.
 */
export class KnownStream {
  #state: number;
  #word = 0;
  #left = 0;
  position = 0;

  constructor(seed: number) {
    // Zero is the one state from which xorshift never moves.
    this.#state = (Math.imul(seed + 1, 0x9e3779b1) | 1) >>> 0;
  }

  nextByte(): number {
    if (this.#left === 0) {
      let x = this.#state;
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      this.#state = x >>> 0;
      this.#word = this.#state;
      this.#left = 4;
    }
    const byte = this.#word & 0xff;
    this.#word >>>= 8;
    this.#left -= 1;
    this.position += 1;
    return byte;
  }

  take(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let i = 0; i < length; i += 1) bytes[i] = this.nextByte();
    return bytes;
  }

  /** The position of the first byte of `bytes` that does not continue the stream, or undefined. */
  firstDifference(bytes: Uint8Array): number | undefined {
    for (const byte of bytes) {
      if (byte !== this.nextByte()) return this.position - 1;
    }
    return undefined;
  }
}
