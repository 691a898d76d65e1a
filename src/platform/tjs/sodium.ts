/**
 * The suite of cryptography over libsodium. Every length that C relies on is checked here. What is hashed
 * is first brought together in one buffer, since a call costs more than a copy. libsodium clears the
 * output of an `openInto` that fails: a datagram opened in place is then gone.
 */
import { assert } from '../../base/assert.ts';
import { keyLength, nonceLength, type Suite, tagLength } from '../../noise/suite.ts';
import { bind, LibraryMissing } from './ffi.ts';
import type { Bound } from './ffi-types.ts';

export const libraryNames = ['libsodium.so.23', 'libsodium.so.26', 'libsodium.so'] as const;
const hashLength = 64;

/** In C's order; the lengths of messages are `unsigned long long`. */
const symbols = {
  sodium_init: ['int'],
  crypto_scalarmult: ['int', 'buffer', 'buffer', 'buffer'],
  crypto_scalarmult_base: ['int', 'buffer', 'buffer'],
  crypto_generichash: ['int', 'buffer', 'size', 'buffer', 'u64', 'buffer', 'size'],
  crypto_aead_chacha20poly1305_ietf_encrypt: [
    'int',
    ...(['buffer', 'buffer', 'buffer', 'u64', 'buffer', 'u64'] as const),
    ...(['buffer', 'buffer', 'buffer'] as const),
  ],
  crypto_aead_chacha20poly1305_ietf_decrypt: [
    'int',
    ...(['buffer', 'buffer', 'buffer', 'buffer', 'u64', 'buffer', 'u64'] as const),
    ...(['buffer', 'buffer'] as const),
  ],
} as const;

type Sodium = Bound<typeof symbols>;

/** libsodium is not there; the message says what to install. */
export class SodiumMissing extends Error {
  override readonly name = 'SodiumMissing';
}

function load(names: readonly string[]): Sodium {
  try {
    // All numbers are lengths of arrays.
    const sodium = bind(names, symbols, true);
    assert(sodium.sodium_init() >= 0, 'libsodium starts');
    return sodium;
  } catch (cause) {
    if (!(cause instanceof LibraryMissing)) throw cause;
    const how = 'opkg install libsodium, apk add libsodium or apt-get install libsodium23';
    throw new SodiumMissing(`libsodium is not installed: ${how}`, { cause });
  }
}

/** One call for all lengths: this is done for every datagram. What is empty may have no address and is null to C. */
function checkCipher(key: Uint8Array, nonce: Uint8Array, room: number): void {
  assert(
    key.length === keyLength && nonce.length === nonceLength && room >= 0,
    'a cipher key has 32 bytes, a nonce 12, and the result must fit in',
  );
}

class SodiumSuite implements Suite {
  readonly #sodium: Sodium;
  #joined = new Uint8Array(2048);

  constructor(sodium: Sodium) {
    this.#sodium = sodium;
  }

  publicKey(secretKey: Uint8Array): Uint8Array {
    assert(secretKey.length === keyLength, 'a secret key has 32 bytes');
    const publicKey = new Uint8Array(keyLength);
    this.#sodium.crypto_scalarmult_base(publicKey, secretKey);
    return publicKey;
  }

  sharedSecret(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
    assert(secretKey.length === keyLength, 'a secret key has 32 bytes');
    assert(publicKey.length === keyLength, 'a public key has 32 bytes');
    const shared = new Uint8Array(keyLength);
    const result = this.#sodium.crypto_scalarmult(shared, secretKey, publicKey);
    return result === 0 ? shared : undefined;
  }

  hash(...parts: readonly Uint8Array[]): Uint8Array {
    return this.#genericHash(hashLength, parts, null);
  }

  keyedHash(key: Uint8Array, length: number, ...parts: readonly Uint8Array[]): Uint8Array {
    assert(key.length >= 16 && key.length <= 64, 'a hash key has 16 to 64 bytes');
    assert(length >= 16 && length <= 64, 'a hash has 16 to 64 bytes');
    return this.#genericHash(length, parts, key);
  }

  #genericHash(length: number, parts: readonly Uint8Array[], key: Uint8Array | null): Uint8Array {
    let input = parts[0] ?? null;
    let total = input === null ? 0 : input.length;
    const count = parts.length;
    if (count > 1) {
      for (let index = 1; index < count; index += 1) total += (parts[index] as Uint8Array).length;
      if (total > this.#joined.length) this.#joined = new Uint8Array(total * 2);
      const joined = this.#joined;
      input = joined;
      let at = 0;
      for (let index = 0; index < count; index += 1) {
        const part = parts[index] as Uint8Array;
        joined.set(part, at);
        at += part.length;
      }
    }
    const out = new Uint8Array(length);
    const from = total > 0 ? input : null;
    const keySize = key === null ? 0 : key.length;
    const result = this.#sodium.crypto_generichash(out, length, from, total, key, keySize);
    assert(result === 0, 'BLAKE2b takes any input');
    return out;
  }

  seal(
    key: Uint8Array,
    nonce: Uint8Array,
    associated: Uint8Array,
    plaintext: Uint8Array,
  ): Uint8Array {
    const out = new Uint8Array(plaintext.length + tagLength);
    this.sealInto(out, key, nonce, associated, plaintext);
    return out;
  }

  open(
    key: Uint8Array,
    nonce: Uint8Array,
    associated: Uint8Array,
    ciphertext: Uint8Array,
  ): Uint8Array | undefined {
    if (ciphertext.length < tagLength) return undefined;
    const out = new Uint8Array(ciphertext.length - tagLength);
    return this.openInto(out, key, nonce, associated, ciphertext) ? out : undefined;
  }

  sealInto(
    out: Uint8Array,
    key: Uint8Array,
    nonce: Uint8Array,
    associated: Uint8Array,
    plaintext: Uint8Array,
  ): void {
    const { length } = plaintext;
    checkCipher(key, nonce, out.length - length - tagLength);
    this.#sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
      out,
      null,
      length > 0 ? plaintext : null,
      length,
      associated.length > 0 ? associated : null,
      associated.length,
      null,
      nonce,
      key,
    );
  }

  openInto(
    out: Uint8Array,
    key: Uint8Array,
    nonce: Uint8Array,
    associated: Uint8Array,
    ciphertext: Uint8Array,
  ): boolean {
    const length = ciphertext.length - tagLength;
    if (length < 0) return false;
    checkCipher(key, nonce, out.length - length);
    const result = this.#sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
      out.length > 0 ? out : null,
      null,
      null,
      ciphertext,
      ciphertext.length,
      associated.length > 0 ? associated : null,
      associated.length,
      nonce,
      key,
    );
    return result === 0;
  }
}

/** The suite over the first of these libraries that is there; throws SodiumMissing. */
export function sodiumSuite(names: readonly string[] = libraryNames): Suite {
  return new SodiumSuite(load(names));
}
