/**
 * The SymmetricState object of the Noise Protocol Framework (revision 34, sections 4.3 and 5.2) with
 * BLAKE2b-512: the handshake hash h, the chaining key ck and the cipher key k. Values are replaced, never
 * changed in place, so that a copy is cheap and a message that does not open can be forgotten. k is derived
 * only when something is sealed with it: most keys are replaced unused, and each costs two hashes.
 */
import { assert } from '../base/assert.ts';
import { emptyBytes, utf8 } from '../base/bytes.ts';
import { CipherState } from './cipher-state.ts';
import { keyLength, type Suite } from './suite.ts';

const hashLength = 64;
const blockLength = 128;
const firstOutput = Uint8Array.of(1);
const secondOutput = Uint8Array.of(2);
const thirdOutput = Uint8Array.of(3);

/** A key of HMAC (RFC 2104) as the two blocks that stand before what is hashed. */
interface HmacKey {
  readonly inner: Uint8Array;
  readonly outer: Uint8Array;
}

/** The key is a hash; it is combined by words, since on a small engine bytes would cost more than the hashing. */
function hmacKey(key: Uint8Array): HmacKey {
  const inner = new Uint8Array(blockLength).fill(0x36);
  const outer = new Uint8Array(blockLength).fill(0x5c);
  inner.set(key);
  const innerWords = new Uint32Array(inner.buffer);
  const outerWords = new Uint32Array(outer.buffer);
  for (let index = 0; index < hashLength / 4; index += 1) {
    const word = innerWords[index] as number;
    innerWords[index] = word ^ 0x36363636;
    outerWords[index] = word ^ 0x5c5c5c5c;
  }
  return { inner, outer };
}

function hmac(suite: Suite, key: HmacKey, data: Uint8Array, more?: Uint8Array): Uint8Array {
  const inner = more ? suite.hash(key.inner, data, more) : suite.hash(key.inner, data);
  return suite.hash(key.outer, inner);
}

/** The HKDF output that becomes k: HMAC(source, previous || output). */
interface KeySource {
  readonly source: HmacKey;
  readonly previous: Uint8Array;
  readonly output: Uint8Array;
}

export class SymmetricState {
  readonly #suite: Suite;
  #hash: Uint8Array;
  #chainingKey: Uint8Array;
  /** At most one of these two is set; neither before the first key is mixed in. */
  #keySource: KeySource | undefined;
  #cipher: CipherState | undefined;

  constructor(suite: Suite, hash: Uint8Array, chainingKey: Uint8Array) {
    this.#suite = suite;
    this.#hash = hash;
    this.#chainingKey = chainingKey;
  }

  /** InitializeSymmetric. */
  static initialize(suite: Suite, protocolName: string): SymmetricState {
    const name = utf8(protocolName);
    assert(name.length <= hashLength, 'a protocol name is no longer than a hash');
    const hash = new Uint8Array(hashLength);
    hash.set(name);
    return new SymmetricState(suite, hash, hash);
  }

  copy(): SymmetricState {
    const copy = new SymmetricState(this.#suite, this.#hash, this.#chainingKey);
    copy.#keySource = this.#keySource;
    copy.#cipher = this.#cipher?.copy();
    return copy;
  }

  /** 64 bytes that name everything said so far. */
  get handshakeHash(): Uint8Array {
    return this.#hash;
  }

  mixHash(data: Uint8Array): void {
    this.#hash = this.#suite.hash(this.#hash, data);
  }

  /** The first step of HKDF: its temp_key. */
  #extract(input: Uint8Array): HmacKey {
    return hmacKey(hmac(this.#suite, hmacKey(this.#chainingKey), input));
  }

  mixKey(input: Uint8Array): void {
    const source = this.#extract(input);
    this.#chainingKey = hmac(this.#suite, source, firstOutput);
    this.#setKey({ source, previous: this.#chainingKey, output: secondOutput });
  }

  mixKeyAndHash(input: Uint8Array): void {
    const source = this.#extract(input);
    this.#chainingKey = hmac(this.#suite, source, firstOutput);
    const mixed = hmac(this.#suite, source, this.#chainingKey, secondOutput);
    this.mixHash(mixed);
    this.#setKey({ source, previous: mixed, output: thirdOutput });
  }

  #setKey(source: KeySource): void {
    this.#keySource = source;
    this.#cipher = undefined;
  }

  #currentCipher(): CipherState | undefined {
    if (this.#keySource) {
      const { source, previous, output } = this.#keySource;
      const key = hmac(this.#suite, source, previous, output).subarray(0, keyLength);
      this.#cipher = new CipherState(this.#suite, key);
      this.#keySource = undefined;
    }
    return this.#cipher;
  }

  /** The ciphertext with its tag; the plaintext itself before the first key. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#currentCipher()?.encrypt(this.#hash, plaintext) ?? plaintext;
    this.mixHash(ciphertext);
    return ciphertext;
  }

  /** The plaintext; undefined, and nothing mixed in, when the tag is wrong. */
  decryptAndHash(ciphertext: Uint8Array): Uint8Array | undefined {
    const cipher = this.#currentCipher();
    const plaintext = cipher ? cipher.decrypt(this.#hash, ciphertext) : ciphertext.slice();
    if (plaintext) this.mixHash(ciphertext);
    return plaintext;
  }

  /** The transport keys, 32 bytes each: from the initiator, then from the responder. */
  split(): readonly [Uint8Array, Uint8Array] {
    const source = this.#extract(emptyBytes);
    const first = hmac(this.#suite, source, firstOutput);
    const second = hmac(this.#suite, source, first, secondOutput);
    return [first.slice(0, keyLength), second.slice(0, keyLength)];
  }
}
