import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { holds, pageOf, pageWish } from '../../src/protocol/list-page.ts';

const rows = ['a', 'b', 'c', 'd', 'e'];

test('without a wish the list is whole', () => {
  assert.equal(pageOf(pageWish({}), rows), rows);
});

test('a page begins and ends where it was asked to', () => {
  assert.equal(pageOf(pageWish({ first: 1, count: 2 }), rows), ['b', 'c']);
  assert.equal(pageOf(pageWish({ first: 4, count: 2 }), rows), ['e']);
  assert.equal(pageOf(pageWish({ first: 9 }), rows), []);
});

test('a wish that makes no sense is no wish', () => {
  assert.equal(pageOf(pageWish({ first: -1, count: -5 }), rows), rows);
  assert.equal(pageOf(pageWish({ first: 1.7, count: Number.NaN }), rows), ['b', 'c', 'd', 'e']);
});

test('letters are looked for in every text, whatever their case', () => {
  const wish = pageWish({ match: ' LAP ' });
  assert.is(holds(wish, [null, undefined, 'my-laptop']), true);
  assert.is(holds(wish, [null, 'phone']), false);
  assert.is(holds(pageWish({}), []), true);
});

test.run();
