/** What is libsodium's own; what it computes is tested with the other suites in test/noise. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyBytes } from '../../../src/base/bytes.ts';
import { SodiumMissing, sodiumSuite } from '../../../src/platform/tjs/sodium.ts';
import { seededRandom } from '../../support/seeded-random.ts';

test('a missing library is named together with what installs it', () => {
  assert.throws(
    () => sodiumSuite(['libsodium.so.0']),
    (error: unknown) =>
      error instanceof SodiumMissing &&
      error.message.startsWith('libsodium is not installed: opkg install libsodium'),
  );
});

test('a library that is not libsodium is no libsodium', () => {
  assert.throws(
    () => sodiumSuite(['libc.so.6', 'libc.so']),
    (error: unknown) => error instanceof SodiumMissing,
  );
});

test('two suites of one process hash and seal side by side', () => {
  const random = seededRandom(5);
  const [one, other] = [sodiumSuite(), sodiumSuite()];
  const [key, nonce] = [random.bytes(32), random.bytes(12)];
  for (const length of [0, 1, 2047, 2048, 2049, 70_000]) {
    const text = random.bytes(length);
    assert.equal(one.hash(key, text), other.hash(key, text));
    const sealed = one.seal(key, nonce, emptyBytes, text);
    assert.equal(other.open(key, nonce, emptyBytes, sealed), text);
  }
});

test.run();
