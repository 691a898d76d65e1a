import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BoundedMap } from '../../src/base/bounded-map.ts';
import { randomBelow } from '../../src/base/random.ts';
import { seededRandom } from '../support/seeded-random.ts';

test('a full map refuses a new key, takes a known one, and changes nothing by refusing', () => {
  const map = new BoundedMap<string, number>(2);
  assert.ok(map.set('a', 1));
  assert.not(map.full);
  assert.ok(map.set('b', 2));
  assert.ok(map.full);
  assert.not(map.set('c', 3));
  assert.equal(
    [...map],
    [
      ['a', 1],
      ['b', 2],
    ],
  );
  assert.ok(map.set('a', 9));
  assert.is(map.get('a'), 9);
  assert.ok(map.delete('b'));
  assert.not(map.delete('b'));
  assert.ok(map.set('c', 3));
});

test('an evicting set drops the oldest entry and says which', () => {
  const map = new BoundedMap<string, number>(2);
  assert.is(map.setEvicting('a', 1), undefined);
  assert.is(map.setEvicting('b', 2), undefined);
  assert.equal(map.setEvicting('c', 3), ['a', 1]);
  assert.equal([...map.keys()], ['b', 'c']);
});

test('an evicting set of a known key makes it the youngest and drops nothing', () => {
  const map = new BoundedMap<string, number>(2);
  map.setEvicting('a', 1);
  map.setEvicting('b', 2);
  assert.is(map.setEvicting('a', 3), undefined);
  assert.equal(map.setEvicting('c', 4), ['b', 2]);
  assert.equal(
    [...map],
    [
      ['a', 3],
      ['c', 4],
    ],
  );
});

test('a plain set of a known key keeps its age', () => {
  const map = new BoundedMap<string, number>(2);
  map.setEvicting('a', 1);
  map.setEvicting('b', 2);
  map.set('a', 3);
  assert.equal(map.setEvicting('c', 4), ['a', 3]);
});

test('no sequence of operations takes it over its limit or away from a plain list', () => {
  const random = seededRandom(61);
  for (const limit of [1, 2, 7]) {
    const map = new BoundedMap<number, number>(limit);
    let rows: [number, number][] = [];
    for (let count = 0; count < 800; count += 1) {
      const key = randomBelow(random, limit * 2);
      const known = rows.find(([each]) => each === key);
      const kind = randomBelow(random, 8);
      if (kind < 3) {
        assert.is(map.set(key, count), known !== undefined || rows.length < limit);
        if (known) known[1] = count;
        else if (rows.length < limit) rows.push([key, count]);
      } else if (kind < 6) {
        rows = rows.filter((row) => row !== known);
        const evicted = rows.length >= limit ? rows.shift() : undefined;
        rows.push([key, count]);
        assert.equal(map.setEvicting(key, count), evicted);
      } else {
        rows = rows.filter((row) => row !== known);
        assert.is(map.delete(key), known !== undefined);
      }
      assert.equal([...map], rows);
      assert.equal(
        [...map.values()],
        rows.map(([, value]) => value),
      );
      assert.equal([map.size, map.full], [rows.length, rows.length >= limit]);
      assert.is(
        map.has(key),
        rows.some(([each]) => each === key),
      );
    }
    map.clear();
    assert.is(map.size, 0);
  }
});

test('a limit below one is a broken promise', () => {
  for (const limit of [0, -1, Number.NaN]) {
    assert.throws(() => new BoundedMap(limit), /at least one/);
  }
});

test.run();
