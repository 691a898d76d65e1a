import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { randomBelow } from '../../src/base/random.ts';
import { Alarm, Timers } from '../../src/base/timers.ts';
import { isEngineSlow } from '../support/engine.ts';
import { seededRandom } from '../support/seeded-random.ts';

type Name = 'probe' | 'retransmit' | 'idle';
const names: readonly Name[] = ['probe', 'retransmit', 'idle'];

interface OracleRow {
  readonly name: Name;
  readonly key: string;
  readonly at: number;
  readonly order: number;
}

/** The same promises, kept by looking at every row each time. */
class Oracle {
  rows: OracleRow[] = [];
  #order = 0;

  set(name: Name, key: string, at: number): void {
    this.clear(name, key);
    this.#order += 1;
    this.rows.push({ name, key, at, order: this.#order });
  }

  clear(name: Name, key: string): void {
    this.rows = this.rows.filter((row) => row.name !== name || row.key !== key);
  }

  at(name: Name, key: string): number | undefined {
    return this.rows.find((row) => row.name === name && row.key === key)?.at;
  }

  first(): OracleRow | undefined {
    const sorted = [...this.rows].sort((a, b) => a.at - b.at || a.order - b.order);
    return sorted[0];
  }

  take(now: number): OracleRow | undefined {
    const first = this.first();
    if (!first || first.at > now) return undefined;
    this.clear(first.name, first.key);
    return first;
  }
}

function compareWithOracle(seed: number, operations: number, keys: number): number {
  const random = seededRandom(seed);
  const timers = new Timers<Name>();
  const oracle = new Oracle();
  let now = 0;
  let taken = 0;
  for (let count = 0; count < operations; count += 1) {
    const name = names[randomBelow(random, names.length)] as Name;
    const key = `k${randomBelow(random, keys)}`;
    const kind = randomBelow(random, 10);
    if (kind < 5) {
      const at = now + randomBelow(random, 40);
      timers.set(name, key, at);
      oracle.set(name, key, at);
    } else if (kind < 7) {
      timers.clear(name, key);
      oracle.clear(name, key);
    } else {
      now += randomBelow(random, 8);
      const due = timers.take(now);
      const expected = oracle.take(now);
      assert.equal(due, expected && { name: expected.name, key: expected.key });
      if (due) taken += 1;
    }
    const first = oracle.first();
    const deadline = timers.deadline();
    assert.is(deadline?.at, first?.at);
    assert.is(deadline?.why, first?.name);
    assert.is(timers.size, oracle.rows.length);
    assert.is(timers.at(name, key), oracle.at(name, key));
  }
  return taken;
}

test('timers do what a list searched from end to end would do', () => {
  const operations = isEngineSlow ? 300 : 3000;
  for (const [seed, keys] of [
    [1, 2],
    [2, 5],
    [3, 20],
    [4, 60],
  ] as const) {
    const taken = compareWithOracle(seed, operations, keys);
    assert.ok(taken > operations / 20, `${taken} taken of ${operations}`);
  }
});

test('timers due at the same moment come in the order they were last set', () => {
  const timers = new Timers<Name>();
  for (const key of ['a', 'b', 'c', 'd']) timers.set('probe', key, 10);
  timers.set('probe', 'b', 10);
  const order = [1, 2, 3, 4].map(() => timers.take(10)?.key);
  assert.equal(order, ['a', 'c', 'd', 'b']);
  assert.is(timers.take(10), undefined);
});

test('a timer is taken once, when due and not before', () => {
  const timers = new Timers<Name>();
  timers.set('idle', 'x', 100);
  assert.is(timers.take(99.9), undefined);
  assert.equal(timers.take(100), { name: 'idle', key: 'x' });
  assert.is(timers.take(1e9), undefined);
  assert.is(timers.deadline(), undefined);
  assert.is(timers.at('idle', 'x'), undefined);
});

test('an alarm knows the first timer of all parts, whatever they set, move, clear or take', () => {
  const random = seededRandom(7);
  const alarm = new Alarm();
  assert.is(alarm.deadline(), undefined);
  const parts = Array.from({ length: 4 }, () => new Timers<Name>(alarm));
  assert.is(alarm.deadline(), undefined);
  for (let step = 0; step < (isEngineSlow ? 300 : 3000); step += 1) {
    const part = parts[randomBelow(random, parts.length)] as Timers<Name>;
    const name = names[randomBelow(random, names.length)] as Name;
    const key = String(randomBelow(random, 3));
    const kind = randomBelow(random, 4);
    if (kind < 2) part.set(name, key, randomBelow(random, 100));
    else if (kind === 2) part.clear(name, key);
    else part.take(randomBelow(random, 100));
    const firsts = parts.flatMap((each) => each.deadline()?.at ?? []);
    const expected = firsts.length > 0 ? Math.min(...firsts) : undefined;
    assert.is(alarm.deadline()?.at, expected);
  }
});

test('the same key under two names is two timers', () => {
  const timers = new Timers<Name>();
  timers.set('idle', 'x', 1);
  timers.set('probe', 'x', 2);
  timers.clear('idle', 'x');
  timers.clear('idle', 'never set');
  assert.is(timers.deadline()?.at, 2);
  assert.is(timers.deadline()?.why, 'probe');
  assert.is(timers.size, 1);
});

test('keys may hold anything, also a space', () => {
  const timers = new Timers<Name>();
  timers.set('idle', 'a b', 1);
  timers.set('idle', 'a', 2);
  timers.set('idle', '', 3);
  assert.equal(
    [1, 2, 3].map(() => timers.take(9)?.key),
    ['a b', 'a', ''],
  );
});

test('a time that is not finite is a broken promise', () => {
  const timers = new Timers<Name>();
  for (const at of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    assert.throws(() => timers.set('idle', 'x', at), /finite/);
  }
  assert.is(timers.size, 0);
});

test.run();
