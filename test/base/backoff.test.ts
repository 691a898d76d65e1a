import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { backoffMs } from '../../src/base/backoff.ts';
import type { Random } from '../../src/base/random.ts';
import { seededRandom } from '../support/seeded-random.ts';

const options = { firstMs: 250, mostMs: 8000 };

test('each wait doubles up to the most and lies within a quarter of its base', () => {
  const random = seededRandom(71);
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const base = Math.min(8000, 250 * 2 ** attempt);
    const waits = Array.from({ length: 300 }, () => backoffMs(options, attempt, random));
    const least = Math.min(...waits);
    const most = Math.max(...waits);
    assert.ok(least >= Math.round(base * 0.75), `${least} of ${base}`);
    assert.ok(most <= Math.round(base * 1.25), `${most} of ${base}`);
    // Three hundred draws that all stayed in the middle would be no jitter.
    assert.ok(least < base * 0.8 && most > base * 1.2, `${least}..${most} of ${base}`);
    for (const wait of waits) assert.ok(Number.isInteger(wait));
  }
});

test('the bounds themselves are reached', () => {
  const lowest: Random = { bytes: (length) => new Uint8Array(length) };
  assert.is(backoffMs(options, 0, lowest), 188);
  const highest: Random = {
    bytes: (length) => {
      const bytes = new Uint8Array(length);
      bytes[length - 2] = 500 >>> 8;
      bytes[length - 1] = 500 & 0xff;
      return bytes;
    },
  };
  assert.is(backoffMs(options, 0, highest), 313);
  assert.is(backoffMs(options, 99, highest), 10_000);
});

test('a first wait above the most is cut to it', () => {
  const random = seededRandom(72);
  for (let round = 0; round < 50; round += 1) {
    assert.ok(backoffMs({ firstMs: 9000, mostMs: 1000 }, 0, random) <= 1250);
  }
});

test.run();
