import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeTimersSafe } from '../../../src/platform/tjs/timers.ts';

makeTimersSafe();

const pause = (waitMs: number) => new Promise<void>((resolve) => setTimeout(resolve, waitMs));

test('a timer may be cleared while it fires, and right afterwards', async () => {
  const fired: string[] = [];
  const first = setTimeout(() => {
    clearTimeout(first);
    fired.push('first');
  }, 1);
  const second = setTimeout(() => {
    fired.push('second');
    void Promise.resolve().then(() => clearTimeout(second));
  }, 2);
  await pause(30);
  clearTimeout(first);
  clearTimeout(second);
  assert.equal(fired, ['first', 'second']);
});

test('a timer that is cleared in time never fires', async () => {
  let fired = false;
  const timer = setTimeout(() => {
    fired = true;
  }, 5);
  clearTimeout(timer);
  await pause(30);
  assert.not.ok(fired);
});

test.run();
