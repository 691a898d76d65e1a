/**
 * What the protocol asks of cryptography: X25519, ChaCha20-Poly1305 and BLAKE2b, synchronous, as one
 * interface. The daemon's implementation is libsodium; tests under Node use an independent second one,
 * and both must pass the published Noise vectors.
 */

export interface KeyPair {
  /** 32 bytes; never logged, never in a message. */
  readonly secretKey: Uint8Array;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

export interface Suite {
  /** X25519 public key of a 32-byte secret. */
  publicKey(secretKey: Uint8Array): Uint8Array;
  /** X25519; undefined when the result is all zero (a low-order point). */
  sharedSecret(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined;
  /** BLAKE2b-512 of the concatenation: 64 bytes. */
  hash(...parts: readonly Uint8Array[]): Uint8Array;
  /** Keyed BLAKE2b (RFC 7693) with a key of 16..64 bytes and a result of `length` 16..64 bytes. */
  keyedHash(key: Uint8Array, length: number, ...parts: readonly Uint8Array[]): Uint8Array;
  /** ChaCha20-Poly1305 (RFC 8439), 12-byte nonce: ciphertext, then the 16-byte tag. */
  seal(
    key: Uint8Array,
    nonce: Uint8Array,
    associated: Uint8Array,
    plaintext: Uint8Array,
  ): Uint8Array;
  /** The plaintext, or undefined when the tag is wrong. */
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    associated: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array | undefined;
  /** Like `seal`, into `out`, which holds at least plaintext.length + 16 bytes and may begin where the plaintext begins. */
  sealInto(
    out: Uint8Array,
    key: Uint8Array,
    nonce: Uint8Array,
    associated: Uint8Array,
    plaintext: Uint8Array,
  ): void;
  /** Like `open`, into `out` (at least ciphertext.length - 16 bytes, may begin where the ciphertext begins); false when the tag is wrong. */
  openInto(
    out: Uint8Array,
    key: Uint8Array,
    nonce: Uint8Array,
    associated: Uint8Array,
    ciphertext: Uint8Array,
  ): boolean;
}

export const keyLength = 32;
export const tagLength = 16;
export const nonceLength = 12;
