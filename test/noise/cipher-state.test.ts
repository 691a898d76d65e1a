import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyBytes, toHex, utf8 } from '../../src/base/bytes.ts';
import { CipherState, nonceOf } from '../../src/noise/cipher-state.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { suite } from '../support/suite.ts';

test('a nonce is 4 zero bytes and the counter in little endian', () => {
  const rows = [
    [0, '000000000000000000000000'],
    [1, '000000000100000000000000'],
    [0x1_0203_0405, '000000000504030201000000'],
    [2 ** 48 - 1, '00000000ffffffffffff0000'],
    [Number.MAX_SAFE_INTEGER, '00000000ffffffffffff1f00'],
  ] as const;
  for (const [counter, expected] of rows) assert.is(toHex(nonceOf(counter)), expected);
});

test('messages open in their order, and a forged one does not disturb it', () => {
  const key = seededRandom(7).bytes(32);
  const sender = new CipherState(suite, key);
  const receiver = new CipherState(suite, key);
  const first = sender.encrypt(emptyBytes, utf8('first'));
  const second = sender.encrypt(emptyBytes, utf8('second'));
  assert.is.not(
    toHex(first),
    toHex(new CipherState(suite, key, 1).encrypt(emptyBytes, utf8('first'))),
  );
  assert.is(receiver.decrypt(emptyBytes, second), undefined);
  assert.is(receiver.counter, 0);
  assert.equal(receiver.decrypt(emptyBytes, first), utf8('first'));
  assert.is(receiver.decrypt(emptyBytes, first), undefined);
  assert.equal(receiver.copy().decrypt(emptyBytes, second), utf8('second'));
  assert.is(receiver.counter, 1);
  assert.equal(receiver.decrypt(emptyBytes, second), utf8('second'));
});

test('a counter at its end is refused instead of used twice', () => {
  const state = new CipherState(suite, new Uint8Array(32), Number.MAX_SAFE_INTEGER - 1);
  state.encrypt(emptyBytes, emptyBytes);
  assert.throws(() => state.encrypt(emptyBytes, emptyBytes), /before its counter/);
});

test.run();
