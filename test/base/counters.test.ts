import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AssertionFailure, assert as promise, unreachable } from '../../src/base/assert.ts';
import { Counters } from '../../src/base/counters.ts';

test('counts add up by name and are zero before', () => {
  const counters = new Counters<'malformed' | 'replayed'>();
  assert.is(counters.get('malformed'), 0);
  counters.add('malformed');
  counters.add('malformed', 4);
  counters.add('replayed');
  assert.is(counters.get('malformed'), 5);
  assert.equal(counters.snapshot(), { malformed: 5, replayed: 1 });
});

test('a snapshot stays as it was', () => {
  const counters = new Counters<'malformed'>();
  const before = counters.snapshot();
  counters.add('malformed');
  assert.equal(before, {});
});

test('a broken promise throws what it promised', () => {
  promise(true, 'holds');
  try {
    promise(false, 'does not hold');
  } catch (error) {
    assert.instance(error, AssertionFailure);
    assert.is((error as Error).message, 'does not hold');
  }
  assert.throws(() => promise(false, 'does not hold'), /does not hold/);
  assert.throws(() => unreachable({ kind: 'new' } as never), /unexpected variant.*"new"/);
});

test.run();
