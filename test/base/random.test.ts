import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Random, randomBelow } from '../../src/base/random.ts';
import { isEngineSlow } from '../support/engine.ts';
import { seededRandom } from '../support/seeded-random.ts';

test('every integer below the limit is drawn about equally often, and no other', () => {
  const random = seededRandom(81);
  const each = isEngineSlow ? 200 : 2000;
  for (const limit of [1, 2, 3, 7, 10]) {
    const counts = new Array<number>(limit).fill(0);
    for (let draw = 0; draw < each * limit; draw += 1) {
      const value = randomBelow(random, limit);
      counts[value] = (counts[value] as number) + 1;
    }
    assert.is(counts.length, limit);
    for (const count of counts) {
      assert.ok(Math.abs(count - each) < 6 * Math.sqrt(each), `${limit}: ${counts}`);
    }
  }
});

test('large limits are drawn over their whole range', () => {
  const ones: Random = { bytes: (length) => new Uint8Array(length).fill(0xff) };
  assert.is(randomBelow(ones, 2 ** 31), 2 ** 31 - 1);
  const random = seededRandom(82);
  const draws = Array.from({ length: 200 }, () => randomBelow(random, 2 ** 31));
  assert.ok(Math.max(...draws) > 2 ** 31 * 0.9 && Math.min(...draws) < 2 ** 31 * 0.1);
});

test('a limit that allows no integer is a broken promise', () => {
  const random = seededRandom(83);
  for (const limit of [0, -1, Number.NaN, 2 ** 31 + 1]) {
    assert.throws(() => randomBelow(random, limit), /below/);
  }
});

test.run();
