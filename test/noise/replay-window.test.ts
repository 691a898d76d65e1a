import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AssertionFailure } from '../../src/base/assert.ts';
import { type Random, randomBelow } from '../../src/base/random.ts';
import { ReplayWindow } from '../../src/noise/replay-window.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** The same window, remembering every counter ever marked. */
class NaiveWindow {
  readonly size: number;
  readonly marked = new Set<number>();
  highest = -1;

  constructor(size: number) {
    this.size = size;
  }

  check(counter: number): boolean {
    return counter > this.highest - this.size && !this.marked.has(counter);
  }

  mark(counter: number): void {
    if (counter <= this.highest - this.size) return;
    this.marked.add(counter);
    this.highest = Math.max(this.highest, counter);
  }
}

/** Where the next packet comes from: near the newest, anywhere in or around the window, or far ahead. */
function nextCounter(random: Random, highest: number, size: number): number {
  const kind = randomBelow(random, 100);
  const step =
    kind < 40
      ? 1
      : kind < 60
        ? randomBelow(random, 8) - 4
        : kind < 85
          ? -randomBelow(random, size + 40)
          : kind < 95
            ? randomBelow(random, size - 1)
            : kind < 98
              ? size - 2 + randomBelow(random, 4)
              : randomBelow(random, size * 40);
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, highest + step));
}

const starts = [0, 2 ** 31 - 500, 2 ** 32 - 500, 2 ** 40, 2 ** 48 - 10_000];

for (const size of [32, 64, 1024, 8192]) {
  test(`a window of ${size} accepts what one that forgets nothing accepts`, () => {
    for (const start of starts) {
      const random = seededRandom(start + size);
      const window = new ReplayWindow(size);
      const naive = new NaiveWindow(size);
      window.mark(start);
      naive.mark(start);
      let refused = 0;
      for (let round = 0; round < 1500; round += 1) {
        const counter = nextCounter(random, naive.highest, size);
        const expected = naive.check(counter);
        assert.is(window.check(counter), expected, `${counter} after ${naive.highest}`);
        if (!expected) refused += 1;
        // Some that check are not marked: their seal was bad. Some are marked again all the same.
        if (randomBelow(random, 10) === 0) continue;
        window.mark(counter);
        naive.mark(counter);
        assert.is(window.highest, naive.highest);
      }
      assert.ok(refused > 50 && refused < 1400, `${refused} refused`);
    }
  });
}

test('every counter of a window is told apart at its edges', () => {
  const size = 1024;
  const window = new ReplayWindow(size);
  assert.is(window.highest, -1);
  assert.is(window.check(0), true);
  window.mark(0);
  assert.is(window.check(0), false);
  assert.is(window.highest, 0);
  window.mark(size - 1);
  assert.is(window.check(0), false);
  assert.is(window.check(1), true);
  window.mark(size);
  assert.is(window.check(0), false);
  assert.is(window.check(1), true);
  window.mark(size + 1);
  assert.is(window.check(1), false);
  assert.is(window.check(2), true);
});

test('a window reaches the last counter there is', () => {
  const window = new ReplayWindow(64);
  const last = Number.MAX_SAFE_INTEGER;
  window.mark(last - 1);
  assert.is(window.check(last), true);
  window.mark(last);
  assert.is(window.check(last), false);
  assert.is(window.check(last - 1), false);
  assert.is(window.check(last - 63), true);
  assert.is(window.check(last - 64), false);
});

test('a window of a size that is no power of two is refused', () => {
  for (const size of [0, 16, 33, 1000, 2 ** 21]) {
    assert.throws(
      () => new ReplayWindow(size),
      (error: unknown) => error instanceof AssertionFailure,
    );
  }
});

test.run();
