import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { randomBelow } from '../../src/base/random.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { EventQueue } from './event-queue.ts';

test('things are done by time and then in the order in which they were asked for', () => {
  const random = seededRandom(3);
  const queue = new EventQueue(100);
  const asked: { at: number; order: number }[] = [];
  const done: { at: number; order: number }[] = [];
  const ask = (): void => {
    const at = Math.max(queue.now, 90 + randomBelow(random, 300));
    const row = { at, order: asked.length };
    asked.push(row);
    queue.at(at, () => {
      assert.is(queue.now, at);
      done.push(row);
      if (asked.length < 3000) ask();
    });
  };
  for (let count = 0; count < 1000; count += 1) ask();
  for (let until = 110; until <= 400; until += 10) {
    queue.runUntil(until);
    assert.is(queue.now, until);
  }
  asked.sort((left, right) => left.at - right.at || left.order - right.order);
  assert.equal(done, asked);
  assert.is(queue.size, 0);
  assert.is(queue.executed, asked.length);
});

test.run();
