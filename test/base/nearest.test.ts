import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { editDistance, nearest } from '../../src/base/nearest.ts';

test('distances count insertions, deletions, substitutions and swaps of neighbours', () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['', '', 0],
    ['abc', 'abc', 0],
    ['abc', 'ab', 1],
    ['ab', 'abc', 1],
    ['abc', 'axc', 1],
    ['abc', 'acb', 1],
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
  ];
  for (const [left, right, distance] of cases) {
    assert.is(editDistance(left, right), distance, `${left} ${right}`);
    assert.is(editDistance(right, left), distance, `${right} ${left}`);
  }
});

test('the nearest word is suggested only when it is near', () => {
  const words = ['status', 'paths', 'ping'];
  assert.is(nearest('stauts', words), 'status');
  assert.is(nearest('PATHS', words), 'paths');
  assert.is(nearest('pin', words), 'ping');
  assert.is(nearest('xyz', words), undefined);
});

test.run();
