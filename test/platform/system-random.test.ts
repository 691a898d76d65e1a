import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SystemRandom } from '../../src/platform/system-random.ts';

test('every length is served and nothing is handed out twice', () => {
  const random = new SystemRandom();
  const seen = new Set<string>();
  for (let round = 0; round < 1000; round += 1) seen.add(random.bytes(16).join());
  assert.is(seen.size, 1000);
  for (const length of [0, 1, 1023, 1024, 1025, 4096, 5000, 70_000]) {
    assert.is(random.bytes(length).length, length);
  }
  const large = random.bytes(140_000);
  for (let start = 0; start < large.length; start += 10_000) {
    assert.ok(large.subarray(start, start + 10_000).some((byte) => byte !== 0));
  }
  assert.throws(() => random.bytes(-1));
});

test('what was handed out stays as it was', () => {
  const random = new SystemRandom();
  const first = random.bytes(32);
  const copy = first.slice();
  for (let round = 0; round < 500; round += 1) random.bytes(32);
  assert.equal(first, copy);
});

test.run();
