/**
 * The suite of cryptography under Node, for tests and the simulator: X25519, ChaCha20-Poly1305 and
 * BLAKE2b-512 of node:crypto, keyed BLAKE2b of @noble/hashes. It shares no code with the daemon's, so
 * that agreement of the two means something. Imported keys are kept, since importing one costs as much
 * as using it.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from 'node:crypto';
import { blake2b } from '@noble/hashes/blake2.js';
import { assert } from '../../src/base/assert.ts';
import { BoundedMap } from '../../src/base/bounded-map.ts';
import { isZero } from '../../src/base/bytes.ts';
import { keyLength, nonceLength, type Suite, tagLength } from '../../src/noise/suite.ts';

const cipher = 'chacha20-poly1305';
const cipherOptions = { authTagLength: tagLength } as const;
/** A handshake agrees twice with each key of the other end. */
const keptPublicKeys = new BoundedMap<string, KeyObject>(256);
const keptPrivateKeys = new BoundedMap<string, KeyObject>(32_768);

/** A Buffer's `slice` does not copy, so none leaves this module. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The only import of a raw key that is quick; its `x` must be there and is not looked at. */
function privateKey(secretKey: Uint8Array): KeyObject {
  assert(secretKey.length === keyLength, 'a secret key has 32 bytes');
  const buffer = bufferOf(secretKey);
  const name = buffer.toString('latin1');
  let key = keptPrivateKeys.get(name);
  if (!key) {
    const d = buffer.toString('base64url');
    key = createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', x: d, d }, format: 'jwk' });
    keptPrivateKeys.setEvicting(name, key);
  }
  return key;
}

function publicKeyObject(publicKey: Uint8Array): KeyObject {
  assert(publicKey.length === keyLength, 'a public key has 32 bytes');
  const x = bufferOf(publicKey).toString('base64url');
  let key = keptPublicKeys.get(x);
  if (!key) {
    key = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' });
    keptPublicKeys.setEvicting(x, key);
  }
  return key;
}

function checkCipher(key: Uint8Array, nonce: Uint8Array): void {
  assert(key.length === keyLength, 'a cipher key has 32 bytes');
  assert(nonce.length === nonceLength, 'a nonce has 12 bytes');
}

function publicKey(secretKey: Uint8Array): Uint8Array {
  const { x } = privateKey(secretKey).export({ format: 'jwk' });
  return plain(Buffer.from(x as string, 'base64url'));
}

function sharedSecret(secretKey: Uint8Array, remoteKey: Uint8Array): Uint8Array | undefined {
  const keys = { privateKey: privateKey(secretKey), publicKey: publicKeyObject(remoteKey) };
  let shared: Uint8Array;
  try {
    shared = plain(diffieHellman(keys));
  } catch {
    // OpenSSL refuses a result of zero; nothing else can go wrong with two well-formed keys.
    return undefined;
  }
  return isZero(shared) ? undefined : shared;
}

function hash(...parts: readonly Uint8Array[]): Uint8Array {
  const running = createHash('blake2b512');
  for (const part of parts) running.update(part);
  return plain(running.digest());
}

function keyedHash(key: Uint8Array, length: number, ...parts: readonly Uint8Array[]): Uint8Array {
  assert(key.length >= 16 && key.length <= 64, 'a hash key has 16 to 64 bytes');
  assert(length >= 16 && length <= 64, 'a hash has 16 to 64 bytes');
  const running = blake2b.create({ key, dkLen: length });
  for (const part of parts) running.update(part);
  return running.digest();
}

function sealInto(
  out: Uint8Array,
  key: Uint8Array,
  nonce: Uint8Array,
  associated: Uint8Array,
  plaintext: Uint8Array,
): void {
  checkCipher(key, nonce);
  const { length } = plaintext;
  assert(out.length >= length + tagLength, 'the tag must fit in');
  const sealing = createCipheriv(cipher, key, nonce, cipherOptions);
  sealing.setAAD(associated, { plaintextLength: length });
  const ciphertext = sealing.update(plaintext);
  sealing.final();
  out.set(ciphertext);
  out.set(sealing.getAuthTag(), length);
}

function open(
  key: Uint8Array,
  nonce: Uint8Array,
  associated: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  checkCipher(key, nonce);
  const length = ciphertext.length - tagLength;
  if (length < 0) return undefined;
  const opening = createDecipheriv(cipher, key, nonce, cipherOptions);
  opening.setAAD(associated, { plaintextLength: length });
  opening.setAuthTag(ciphertext.subarray(length));
  const plaintext = opening.update(ciphertext.subarray(0, length));
  try {
    opening.final();
  } catch {
    return undefined;
  }
  return plain(plaintext);
}

export const nodeSuite: Suite = {
  publicKey,
  sharedSecret,
  hash,
  keyedHash,
  seal(key, nonce, associated, plaintext) {
    const out = new Uint8Array(plaintext.length + tagLength);
    sealInto(out, key, nonce, associated, plaintext);
    return out;
  },
  open,
  sealInto,
  openInto(out, key, nonce, associated, ciphertext) {
    assert(out.length >= ciphertext.length - tagLength, 'the plaintext must fit in');
    const plaintext = open(key, nonce, associated, ciphertext);
    if (plaintext) out.set(plaintext);
    return plaintext !== undefined;
  },
};
