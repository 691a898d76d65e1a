import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fastSuite as suite } from '../support/fast-suite.ts';
import { seededRandom } from '../support/seeded-random.ts';

const random = seededRandom(11);

test('two ends agree on a secret, a third does not', () => {
  for (let count = 0; count < 50; count += 1) {
    const [a, b, c] = [random.bytes(32), random.bytes(32), random.bytes(32)];
    const shared = suite.sharedSecret(a, suite.publicKey(b));
    assert.equal(shared, suite.sharedSecret(b, suite.publicKey(a)));
    assert.not.equal(shared, suite.sharedSecret(c, suite.publicKey(a)));
  }
});

test('what was sealed opens, in place too', () => {
  for (const length of [0, 1, 3, 4, 63, 64, 65, 1400]) {
    const [key, nonce, associated] = [random.bytes(32), random.bytes(12), random.bytes(16)];
    const plaintext = random.bytes(length);
    const sealed = suite.seal(key, nonce, associated, plaintext);
    assert.equal(suite.open(key, nonce, associated, sealed), plaintext);
    const buffer = new Uint8Array(length + 16);
    buffer.set(plaintext);
    suite.sealInto(buffer, key, nonce, associated, buffer.subarray(0, length));
    assert.equal(buffer, sealed);
    assert.ok(suite.openInto(buffer.subarray(0, length), key, nonce, associated, buffer));
    assert.equal(buffer.subarray(0, length), plaintext);
  }
});

test('a bit turned in key, nonce, associated data or ciphertext never opens', () => {
  const parts = [random.bytes(32), random.bytes(12), random.bytes(16)];
  const [key, nonce, associated] = parts as [Uint8Array, Uint8Array, Uint8Array];
  const sealed = suite.seal(key, nonce, associated, random.bytes(70));
  for (const part of [key, nonce, associated, sealed]) {
    for (let bit = 0; bit < part.length * 8; bit += 1) {
      part[bit >>> 3] = (part[bit >>> 3] as number) ^ (1 << (bit & 7));
      assert.is(suite.open(key, nonce, associated, sealed), undefined);
      part[bit >>> 3] = (part[bit >>> 3] as number) ^ (1 << (bit & 7));
    }
  }
  assert.ok(suite.open(key, nonce, associated, sealed));
});

test('a hash is that of the concatenation', () => {
  const bytes = random.bytes(100);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const [head, tail] = [bytes.subarray(0, cut), bytes.subarray(cut)];
    assert.equal(suite.hash(head, tail), suite.hash(bytes));
    assert.equal(suite.keyedHash(head, 16, tail), suite.keyedHash(head, 16, tail.slice()));
  }
  assert.not.equal(suite.hash(new Uint8Array(3)), suite.hash(new Uint8Array(4)));
});

test.run();
