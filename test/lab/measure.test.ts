import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { flowFigures, spreadOf, steadyRate } from './measure.ts';

const every10Ms = (count: number): number[] => Array.from({ length: count }, (_, i) => i * 10);

function arrivals(sentAt: readonly number[], lost: readonly number[]) {
  return [...sentAt.entries()]
    .filter(([sequence]) => !lost.includes(sequence))
    .map(([sequence, at]) => [sequence, at + 1, 1] as const);
}

test('nothing missing is a silence of one interval', () => {
  const sentAt = every10Ms(100);
  const figures = flowFigures({ sentAt }, { received: arrivals(sentAt, []) }, 500);
  assert.equal(figures, { interruptionMs: 10, sent: 50, lost: 0 });
});

test('a lost datagram counts as lost and lengthens the silence', () => {
  const sentAt = every10Ms(100);
  const figures = flowFigures({ sentAt }, { received: arrivals(sentAt, [60, 61]) }, 500);
  assert.equal(figures, { interruptionMs: 30, sent: 50, lost: 2 });
});

test('a silence that began just before the move counts whole', () => {
  const sentAt = every10Ms(100);
  const figures = flowFigures({ sentAt }, { received: arrivals(sentAt, [49, 50, 51]) }, 500);
  assert.is(figures.interruptionMs, 40);
  assert.is(figures.lost, 2);
});

test('what was lost long before the move does not count', () => {
  const sentAt = every10Ms(100);
  const figures = flowFigures({ sentAt }, { received: arrivals(sentAt, [10, 11, 12]) }, 500);
  assert.equal(figures, { interruptionMs: 10, sent: 50, lost: 0 });
});

test('a receiver that hears nothing after the move has no figure', () => {
  const sentAt = every10Ms(100);
  const received = arrivals(sentAt, []).filter(([, at]) => at < 500);
  const figures = flowFigures({ sentAt }, { received }, 500);
  assert.equal(figures, { interruptionMs: undefined, sent: 50, lost: 50 });
});

test('reordered datagrams are not lost', () => {
  const sentAt = every10Ms(10);
  const [first, second, ...rest] = arrivals(sentAt, []);
  assert.ok(first && second);
  const figures = flowFigures({ sentAt }, { received: [second, first, ...rest] }, 0);
  assert.is(figures.lost, 0);
});

test('a rate is that of the last two thirds of its time', () => {
  const arrivedBy100Ms = [9, 9, 100, 700, 50, 50, 50, 50, 800];
  assert.is(steadyRate({ firstAt: 1000, arrivedBy100Ms }, 1200, 1800), 500);
});

test('nothing that came is a rate of nothing', () => {
  assert.is(steadyRate({ firstAt: 1000, arrivedBy100Ms: [5] }, 1300, 1600), 0);
});

test('the spread is minimum, median and maximum', () => {
  assert.equal(spreadOf([30, 10, 20]), { min: 10, median: 20, max: 30 });
  assert.equal(spreadOf([30, 10, 20, 40]), { min: 10, median: 25, max: 40 });
  assert.equal(spreadOf([7]), { min: 7, median: 7, max: 7 });
  assert.is(spreadOf([]), undefined);
});

test.run();
