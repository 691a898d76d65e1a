import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AssertionFailure } from '../../src/base/assert.ts';
import { toHex } from '../../src/base/bytes.ts';
import { randomBelow } from '../../src/base/random.ts';
import { seededRandom } from './seeded-random.ts';

test('a seed gives the same bytes on every engine', () => {
  const random = seededRandom(1);
  assert.is(
    toHex(random.bytes(16)) + toHex(random.bytes(3)) + toHex(random.bytes(5)),
    'd4197117e52d9681b39a60e37ac1bc7c8e542c5f83e381be',
  );
  assert.is(random.bytes(0).length, 0);
});

test('neighbouring and high seeds give unrelated bytes', () => {
  const seeds = [0, 1, 2, 3, 2 ** 32, 2 ** 32 + 1, 2 ** 33, Number.MAX_SAFE_INTEGER];
  const streams = seeds.map((seed) => seededRandom(seed).bytes(4096));
  for (const [index, one] of streams.entries()) {
    for (const other of streams.slice(index + 1)) {
      let equalBits = 0;
      for (let at = 0; at < one.length; at += 1) {
        let same = ~((one[at] as number) ^ (other[at] as number)) & 0xff;
        for (; same !== 0; same >>>= 1) equalBits += same & 1;
      }
      // 16,384 of 32,768 are expected, with a standard deviation of 90.
      assert.ok(Math.abs(equalBits - 16_384) < 450, `${equalBits} equal bits`);
    }
  }
});

test('every byte value and every small integer comes as often as the others', () => {
  const random = seededRandom(6);
  const bytes = random.bytes(0x1_0000);
  const dice = Array.from({ length: 10_000 }, () => randomBelow(random, 10));
  for (const [values, kinds, most] of [
    [bytes, 256, 370],
    [dice, 10, 34],
  ] as const) {
    const counts = new Array<number>(kinds).fill(0);
    for (const value of values) counts[value] = (counts[value] as number) + 1;
    const expected = values.length / kinds;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // Beyond `most` with a chance of one in 10,000 or less.
    assert.ok(chiSquare < most, `chi square ${chiSquare}`);
  }
});

test('a seed that is no whole number is refused', () => {
  for (const seed of [-1, 0.5, Number.NaN, 2 ** 53]) {
    assert.throws(
      () => seededRandom(seed),
      (error: unknown) => error instanceof AssertionFailure,
    );
  }
});

test.run();
