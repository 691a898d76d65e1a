/**
 * The CipherState object of the Noise Protocol Framework (revision 34, section 5.1) for
 * ChaCha20-Poly1305: a key and the counter of the next message under it. Counters are JavaScript numbers,
 * so a key ends at 2^53 messages, long before Noise's own limit. Rekey() is left out: sessions and paths
 * are renewed by new handshakes.
 */
import { assert } from '../base/assert.ts';
import { keyLength, nonceLength, type Suite } from './suite.ts';

/** For one call of the suite at a time, which keeps nothing of it. */
const nonceInUse = new Uint8Array(nonceLength);
const nonceView = new DataView(nonceInUse.buffer);

/**
 * The nonce of this counter (section 12.3), 4 zero bytes, then 64 bits, little endian: good until the next one is
 * asked for.
 */
export function nonceOf(counter: number): Uint8Array {
  nonceView.setUint32(4, counter >>> 0, true);
  nonceView.setUint32(8, Math.floor(counter / 0x1_0000_0000), true);
  return nonceInUse;
}

export class CipherState {
  readonly #suite: Suite;
  readonly #key: Uint8Array;
  #counter: number;

  constructor(suite: Suite, key: Uint8Array, counter = 0) {
    assert(key.length === keyLength, 'a cipher key has 32 bytes');
    this.#suite = suite;
    this.#key = key;
    this.#counter = counter;
  }

  copy(): CipherState {
    return new CipherState(this.#suite, this.#key, this.#counter);
  }

  /** Counter of the next message. */
  get counter(): number {
    return this.#counter;
  }

  /** Ciphertext and the 16-byte tag. */
  encrypt(associated: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const nonce = this.#nonce();
    this.#counter += 1;
    return this.#suite.seal(this.#key, nonce, associated, plaintext);
  }

  /** The plaintext; or undefined, and the counter unchanged, when the tag is wrong. */
  decrypt(associated: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    const plaintext = this.#suite.open(this.#key, this.#nonce(), associated, ciphertext);
    if (plaintext) this.#counter += 1;
    return plaintext;
  }

  #nonce(): Uint8Array {
    assert(this.#counter < Number.MAX_SAFE_INTEGER, 'a cipher key ends before its counter does');
    return nonceOf(this.#counter);
  }
}
