/**
 * Known answers for the suite of the engine at hand, so that both suites, which never run side by side,
 * are held to the same bytes: RFC 7748 (X25519), RFC 8439 (ChaCha20-Poly1305), the vectors of BLAKE2b's
 * authors, and one digest over many seeded inputs.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AssertionFailure } from '../../src/base/assert.ts';
import { concatBytes, emptyBytes, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { randomBelow } from '../../src/base/random.ts';
import { keyLength, nonceLength, tagLength } from '../../src/noise/suite.ts';
import { lowOrderKeys } from '../support/low-order-keys.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { suite } from '../support/suite.ts';

const hex = (text: string): Uint8Array => fromHex(text.replace(/\s+/g, '')) as Uint8Array;
const textOf = (bytes: Uint8Array | undefined): string => (bytes ? toHex(bytes) : 'undefined');
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index);

test('X25519 gives the answers of RFC 7748', () => {
  const rows = [
    [
      'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
      'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    ],
    [
      '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
      'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
      '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
    ],
    [
      '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
      '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
    ],
  ] as const;
  for (const [secret, remote, shared] of rows) {
    assert.is(textOf(suite.sharedSecret(hex(secret), hex(remote))), shared);
  }
  assert.is(
    textOf(suite.publicKey(hex(rows[2][0]))),
    'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  );
});

test('X25519 gives the answer of RFC 7748 after a thousand iterations', () => {
  let secret = concatBytes(Uint8Array.of(9), new Uint8Array(31));
  let remote = secret;
  for (let index = 0; index < 1000; index += 1) {
    const shared = suite.sharedSecret(secret, remote) as Uint8Array;
    remote = secret;
    secret = shared;
  }
  assert.is(toHex(secret), '684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51');
});

test('an agreement with a public key of low order is refused', () => {
  const secret = seededRandom(1).bytes(keyLength);
  for (const key of lowOrderKeys) assert.is(suite.sharedSecret(secret, key), undefined);
});

test('BLAKE2b-512 gives the answers of its authors, in one part or many', () => {
  const abc =
    'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1' +
    '7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923';
  const nothing =
    '786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419' +
    'd25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce';
  assert.is(toHex(suite.hash(utf8('abc'))), abc);
  assert.is(toHex(suite.hash(utf8('a'), emptyBytes, utf8('bc'))), abc);
  assert.is(toHex(suite.hash(emptyBytes)), nothing);
  assert.is(toHex(suite.hash()), nothing);
  const long = seededRandom(2).bytes(10_000);
  const inParts = suite.hash(long.subarray(0, 1), long.subarray(1, 5000), long.subarray(5000));
  assert.equal(inParts, suite.hash(long));
});

test('keyed BLAKE2b gives the answers of its authors', () => {
  const key = counting(64);
  const rows = [
    [
      0,
      '10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786' +
        'b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aefcbc13fc51568',
    ],
    [
      1,
      '961f6dd1e4dd30f63901690c512e78e4b45e4742ed197c3c5e45c549fd25f2e4' +
        '187b0bc9fe30492b16b0d0bc4ef9b0f34c7003fac09a5ef1532e69430234cebd',
    ],
    [
      255,
      '142709d62e28fcccd0af97fad0f8465b971e82201dc51070faa0372aa43e9248' +
        '4be1c1e73ba10906d5d1853db6a4106e0a7bf9800d373d6dee2d46d62ef2a461',
    ],
  ] as const;
  for (const [length, expected] of rows) {
    const input = counting(length);
    assert.is(toHex(suite.keyedHash(key, 64, input)), expected);
    const middle = length >>> 1;
    const inParts = suite.keyedHash(key, 64, input.subarray(0, middle), input.subarray(middle));
    assert.is(toHex(inParts), expected);
  }
});

const sunscreen = {
  key: Uint8Array.from({ length: 32 }, (_, index) => 0x80 + index),
  nonce: hex('07000000 4041424344454647'),
  associated: hex('50515253c0c1c2c3c4c5c6c7'),
  plaintext: utf8(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, " +
      'sunscreen would be it.',
  ),
  sealed: hex(`
    d31a8d34648e60db7b86afbc53ef7ec2 a4aded51296e08fea9e2b5a736ee62d6
    3dbea45e8ca9671282fafb69da92728b 1a71de0a9e060b2905d6a5b67ecd3b36
    92ddbd7f2d778b8c9803aee328091b58 fab324e4fad675945585808b4831d7bc
    3ff4def08e4b7a9de576d26586cec64b 6116 1ae10b594f09e26a7e902ecbd0600691`),
};

test('ChaCha20-Poly1305 gives the answer of RFC 8439', () => {
  const { key, nonce, associated, plaintext, sealed } = sunscreen;
  assert.is(toHex(suite.seal(key, nonce, associated, plaintext)), toHex(sealed));
  assert.is(textOf(suite.open(key, nonce, associated, sealed)), toHex(plaintext));
});

test('sealing and opening in place give the same bytes as into a fresh array', () => {
  const { key, nonce, associated, plaintext, sealed } = sunscreen;
  const buffer = new Uint8Array(300).fill(0xee);
  const at = 16;
  buffer.set(plaintext, at);
  const end = at + plaintext.length;
  suite.sealInto(buffer.subarray(at), key, nonce, associated, buffer.subarray(at, end));
  assert.is(toHex(buffer.subarray(at, end + tagLength)), toHex(sealed));
  assert.ok(buffer.subarray(0, at).every((byte) => byte === 0xee));
  assert.ok(buffer.subarray(end + tagLength).every((byte) => byte === 0xee));
  const ciphertext = buffer.subarray(at, end + tagLength);
  assert.is(suite.openInto(buffer.subarray(at, end), key, nonce, associated, ciphertext), true);
  assert.is(toHex(buffer.subarray(at, end)), toHex(plaintext));
});

test('nothing opens with one bit changed in key, nonce, associated data or ciphertext', () => {
  const { key, nonce, associated, sealed } = sunscreen;
  const out = new Uint8Array(sealed.length - tagLength);
  const parts = [key, nonce, associated, sealed];
  for (const [which, part] of parts.entries()) {
    for (let index = 0; index < part.length; index += 1) {
      const changed = part.slice();
      changed[index] = (changed[index] as number) ^ (1 << (index & 7));
      const [k, n, a, c] = parts.map((each, at) => (at === which ? changed : each));
      const args = [k, n, a, c] as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
      assert.is(suite.open(...args), undefined);
      assert.is(suite.openInto(out, ...args), false);
    }
  }
});

test('nothing opens when bytes are missing or added', () => {
  const { key, nonce, associated, sealed } = sunscreen;
  for (let length = 0; length < sealed.length; length += 1) {
    assert.is(suite.open(key, nonce, associated, sealed.subarray(0, length)), undefined);
  }
  const longer = concatBytes(sealed, Uint8Array.of(0));
  assert.is(suite.open(key, nonce, associated, longer), undefined);
});

test('an empty plaintext and empty associated data are sealed by a tag alone', () => {
  const { key, nonce } = sunscreen;
  const sealed = suite.seal(key, nonce, emptyBytes, emptyBytes);
  assert.is(sealed.length, tagLength);
  assert.equal(suite.open(key, nonce, emptyBytes, sealed), new Uint8Array(0));
  assert.is(suite.openInto(emptyBytes, key, nonce, emptyBytes, sealed), true);
  sealed[3] = (sealed[3] as number) ^ 1;
  assert.is(suite.open(key, nonce, emptyBytes, sealed), undefined);
});

test('results do not share memory with each other or with the arguments', () => {
  const input = utf8('abc');
  const first = suite.hash(input);
  const copy = first.slice();
  suite.hash(utf8('something else')).fill(0);
  suite.keyedHash(first, 64, input).fill(0);
  assert.equal(first, copy);
  const slice = first.slice(0, 4).fill(0);
  assert.is(slice.length, 4);
  assert.equal(first, copy);
});

test('lengths that no caller may pass are refused before they are used', () => {
  const { key, nonce, plaintext } = sunscreen;
  const short = key.subarray(1);
  const wrong = [
    () => suite.publicKey(short),
    () => suite.sharedSecret(short, key),
    () => suite.sharedSecret(key, short),
    () => suite.keyedHash(key.subarray(0, 15), 32, plaintext),
    () => suite.keyedHash(key, 15, plaintext),
    () => suite.keyedHash(key, 65, plaintext),
    () => suite.seal(short, nonce, emptyBytes, plaintext),
    () => suite.seal(key, nonce.subarray(1), emptyBytes, plaintext),
    () => suite.open(key, nonce.subarray(1), emptyBytes, plaintext),
    () => suite.sealInto(new Uint8Array(plaintext.length), key, nonce, emptyBytes, plaintext),
    () => suite.openInto(new Uint8Array(3), key, nonce, emptyBytes, plaintext),
  ];
  for (const call of wrong) {
    assert.throws(call, (error: unknown) => error instanceof AssertionFailure);
  }
});

test('both suites give one digest over many seeded inputs', () => {
  const random = seededRandom(20_260_101);
  let digest = suite.hash();
  const mix = (part: Uint8Array | undefined): void => {
    digest = suite.hash(digest, part ?? Uint8Array.of(0));
  };
  for (let round = 0; round < 60; round += 1) {
    const secret = random.bytes(keyLength);
    mix(suite.publicKey(secret));
    mix(suite.sharedSecret(secret, random.bytes(keyLength)));
    const text = random.bytes(randomBelow(random, 1500));
    const associated = random.bytes(randomBelow(random, 40));
    const nonce = random.bytes(nonceLength);
    const sealed = suite.seal(secret, nonce, associated, text);
    mix(sealed);
    assert.equal(suite.open(secret, nonce, associated, sealed), text);
    const key = random.bytes(16 + randomBelow(random, 49));
    mix(suite.keyedHash(key, 16 + randomBelow(random, 49), associated, text));
  }
  assert.is(toHex(digest.subarray(0, 16)), '5c62b58bd98b34456ecc9b39ae5d6f03');
});

test.run();
