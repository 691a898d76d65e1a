/**
 * A cheap stand-in for cryptography, for worlds of ten thousand nodes: the same contract as the real
 * suite, none of its strength. Keys agree as in Diffie-Hellman over a small field, hashes are mixing, and a
 * wrong key, nonce, associated data or ciphertext never opens. For simulation only, by an option.
 */
import type { Suite } from '../../src/noise/suite.ts';
import { tagLength } from '../../src/noise/suite.ts';

/** Four lanes of 32 bits, mixed a byte or a word at a time. */
class Mixer {
  a = 0;
  b = 0;
  c = 0;
  d = 0;
  /** Bytes that do not fill a word yet, and how many. */
  rest = 0;
  filled = 0;
  length = 0;

  begin(): void {
    this.a = 0x9e3779b9 | 0;
    this.b = 0x243f6a88;
    this.c = 0xb7e15162 | 0;
    this.d = 0x6a09e667;
    this.rest = 0;
    this.filled = 0;
    this.length = 0;
  }

  word(value: number): void {
    this.a = Math.imul(this.a ^ value, 0x85ebca6b);
    this.b = Math.imul(this.b ^ (this.a >>> 15), 0xc2b2ae35);
    this.c = (this.c + this.b) | 0;
    this.d = Math.imul((this.d ^ this.c ^ (this.b >>> 13)) | 0, 0x27d4eb2f);
    this.a = (this.a + this.d) | 0;
  }

  /** How the bytes are cut into parts makes no difference. */
  bytes(bytes: Uint8Array): void {
    let { rest, filled } = this;
    const { length } = bytes;
    for (let index = 0; index < length; ) {
      if (filled === 0 && index + 4 <= length) {
        this.word(
          (bytes[index] as number) |
            ((bytes[index + 1] as number) << 8) |
            ((bytes[index + 2] as number) << 16) |
            ((bytes[index + 3] as number) << 24),
        );
        index += 4;
        continue;
      }
      rest |= (bytes[index] as number) << (filled * 8);
      filled += 1;
      index += 1;
      if (filled < 4) continue;
      this.word(rest);
      rest = 0;
      filled = 0;
    }
    this.rest = rest;
    this.filled = filled;
    this.length += length;
  }

  end(): void {
    this.word(this.rest);
    this.word(this.length);
  }

  fill(out: Uint8Array, from: number, length: number): void {
    for (let index = 0; index < length; index += 1) {
      if ((index & 3) === 0) this.word(index + 0x5bd1e995);
      out[from + index] = (this.d >>> ((index & 3) * 8)) & 0xff;
    }
  }
}

/** One thing is mixed at a time. */
const mixer = new Mixer();

function digest(length: number, ...parts: readonly Uint8Array[]): Uint8Array {
  mixer.begin();
  for (const part of parts) mixer.bytes(part);
  mixer.end();
  const out = new Uint8Array(length);
  mixer.fill(out, 0, length);
  return out;
}

/** Diffie-Hellman modulo 2^31 - 1, eight times over, is agreement enough for a simulator. */
const prime = 0x7fff_ffffn;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % prime;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % prime;
    square = (square * square) % prime;
  }
  return result;
}

function secretNumber(secretKey: Uint8Array): bigint {
  const view = new DataView(secretKey.buffer, secretKey.byteOffset);
  return BigInt(view.getUint32(0) >>> 1) + 2n;
}

const publicHead = 4;
/** The rest of a public key tells keys apart; what agrees stands in the head alone. */
function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  const out = digest(32, secretKey);
  new DataView(out.buffer).setUint32(0, Number(power(7n, secretNumber(secretKey))));
  return out;
}

/** Under way in one call. The key stream is one short mask: nobody reads the marker through it. */
const mask = new Uint8Array(16);
const ownTag = new Uint8Array(tagLength);

/** Mask of key and nonce; what is mixed in afterwards makes the tag. */
function begin(key: Uint8Array, nonce: Uint8Array): void {
  mixer.begin();
  mixer.bytes(key);
  mixer.bytes(nonce);
  mixer.fill(mask, 0, mask.length);
}

function putTag(
  out: Uint8Array,
  at: number,
  associated: Uint8Array,
  body: Uint8Array,
  length: number,
): void {
  mixer.bytes(associated);
  mixer.bytes(body.length === length ? body : body.subarray(0, length));
  mixer.word(length);
  mixer.end();
  mixer.fill(out, at, tagLength);
}

function putMasked(from: Uint8Array, to: Uint8Array, length: number): void {
  for (let index = 0; index < length; index += 1) {
    to[index] = (from[index] as number) ^ (mask[index & 15] as number);
  }
}

export const fastSuite: Suite = {
  publicKey: publicKeyOf,
  sharedSecret: (secretKey, publicKey) => {
    const head = new DataView(publicKey.buffer, publicKey.byteOffset).getUint32(0);
    const shared = power(BigInt(head), secretNumber(secretKey));
    if (shared === 0n) return undefined;
    const bytes = new Uint8Array(publicHead);
    new DataView(bytes.buffer).setUint32(0, Number(shared));
    return digest(32, bytes);
  },
  hash: (...parts) => digest(64, ...parts),
  keyedHash: (key, length, ...parts) => digest(length, key, ...parts),
  seal: (key, nonce, associated, plaintext) => {
    const out = new Uint8Array(plaintext.length + tagLength);
    fastSuite.sealInto(out, key, nonce, associated, plaintext);
    return out;
  },
  open: (key, nonce, associated, ciphertext) => {
    if (ciphertext.length < tagLength) return undefined;
    const out = new Uint8Array(ciphertext.length - tagLength);
    return fastSuite.openInto(out, key, nonce, associated, ciphertext) ? out : undefined;
  },
  sealInto: (out, key, nonce, associated, plaintext) => {
    const { length } = plaintext;
    begin(key, nonce);
    putMasked(plaintext, out, length);
    putTag(out, length, associated, out, length);
  },
  openInto: (out, key, nonce, associated, ciphertext) => {
    const length = ciphertext.length - tagLength;
    begin(key, nonce);
    putTag(ownTag, 0, associated, ciphertext, length);
    for (let index = 0; index < tagLength; index += 1) {
      if (ciphertext[length + index] !== ownTag[index]) return false;
    }
    putMasked(ciphertext, out, length);
    return true;
  },
};
