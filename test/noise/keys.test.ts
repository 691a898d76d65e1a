import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyBytes, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import {
  deriveKey,
  directKey,
  generateKeyPair,
  isUsablePublicKey,
  legKey,
  macOver,
  nodeIdOf,
  pathKeys,
  pathPsk,
  receiverMacKey,
} from '../../src/noise/keys.ts';
import type { PathId } from '../../src/wire/ids.ts';
import { lowOrderKeys } from '../support/low-order-keys.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { suite } from '../support/suite.ts';

const commonKey = Uint8Array.from({ length: 32 }, (_, index) => index);
const pathId = '0123456789abcdef' as PathId;
const otherPathId = '0123456789abcdee' as PathId;

test('a key pair is drawn from the given randomness alone', () => {
  const pair = generateKeyPair(suite, seededRandom(1));
  assert.is(pair.secretKey.length, 32);
  assert.equal(pair.publicKey, suite.publicKey(pair.secretKey));
  assert.equal(generateKeyPair(suite, seededRandom(1)), pair);
  assert.not.equal(generateKeyPair(suite, seededRandom(2)), pair);
});

test('a Node ID is the first 16 bytes of BLAKE2b-512 of the public key', () => {
  assert.is(nodeIdOf(suite, utf8('abc')), 'ba80a53f981c4d0d6a2797b69f12f6e9');
});

test('public keys of low order are told from usable ones', () => {
  for (const key of lowOrderKeys) assert.is(isUsablePublicKey(suite, key), false);
  const random = seededRandom(3);
  for (let round = 0; round < 5; round += 1) {
    assert.is(isUsablePublicKey(suite, generateKeyPair(suite, random).publicKey), true);
  }
});

test('a derived key depends on key, label and where each part of the context ends', () => {
  const [a, ab, b, bc, c] = ['a', 'ab', 'b', 'bc', 'c'].map(utf8) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const all = [
    deriveKey(suite, commonKey, 'label'),
    deriveKey(suite, commonKey, 'labe', utf8('l')),
    deriveKey(suite, commonKey, 'label', emptyBytes),
    deriveKey(suite, commonKey, 'label', a, bc),
    deriveKey(suite, commonKey, 'label', ab, c),
    deriveKey(suite, commonKey, 'label', a, b, c),
    deriveKey(suite, commonKey.slice().reverse(), 'label'),
  ].map(toHex);
  assert.is(new Set(all).size, all.length);
  assert.ok(all.every((key) => key.length === 64));
});

test('a mac covers its parts as one text and has 16 bytes', () => {
  const mac = macOver(suite, commonKey, utf8('header'), utf8('body'));
  assert.is(mac.length, 16);
  assert.equal(mac, macOver(suite, commonKey, utf8('headerbody')));
  assert.not.equal(mac, macOver(suite, commonKey, utf8('headerbodY')));
  assert.not.equal(mac, deriveKey(suite, commonKey, '').subarray(0, 16));
});

test('the keys of a path differ by side, path and use', () => {
  const psk = pathPsk(suite, commonKey, pathId);
  const transport = { send: suite.hash(psk).slice(0, 32), receive: suite.hash(psk).slice(32) };
  const { data, control } = pathKeys(suite, transport);
  const all = [
    commonKey,
    legKey(suite, commonKey, pathId, 0),
    legKey(suite, commonKey, pathId, 1),
    legKey(suite, commonKey, otherPathId, 0),
    psk,
    pathPsk(suite, commonKey, otherPathId),
    directKey(suite, psk),
    receiverMacKey(suite, commonKey),
    transport.send,
    transport.receive,
    data.send,
    data.receive,
    control.send,
    control.receive,
  ].map(toHex);
  assert.is(new Set(all).size, all.length);
  assert.ok(all.every((key) => key.length === 64));
});

test('what one end of a path sends with, the other receives with', () => {
  const here = { send: fromHex('aa'.repeat(32)) as Uint8Array, receive: commonKey };
  const one = pathKeys(suite, here);
  const other = pathKeys(suite, { send: here.receive, receive: here.send });
  assert.equal(one.data.send, other.data.receive);
  assert.equal(one.data.receive, other.data.send);
  assert.equal(one.control.send, other.control.receive);
  assert.equal(one.control.receive, other.control.send);
});

test('derived keys are the same bytes wherever they are computed', () => {
  const psk = pathPsk(suite, commonKey, pathId);
  const rows = [
    ['psk', psk],
    ['leg 0', legKey(suite, commonKey, pathId, 0)],
    ['leg 1', legKey(suite, commonKey, pathId, 1)],
    ['direct', directKey(suite, psk)],
    ['receiver mac', receiverMacKey(suite, commonKey)],
    ['data', pathKeys(suite, { send: psk, receive: commonKey }).data.send],
    ['control', pathKeys(suite, { send: psk, receive: commonKey }).control.send],
    ['mac', macOver(suite, commonKey, utf8('abc'))],
  ] as const;
  assert.equal(
    rows.map(([name, key]) => `${name} ${toHex(key).slice(0, 32)}`),
    [
      'psk c795180653d4b6191a4ac29217ff8bb4',
      'leg 0 3ec0ac9731a6349448af16304941ae17',
      'leg 1 940977f9200f201128a64b168edc926e',
      'direct 2109664f534a03873c785e9d4644eaad',
      'receiver mac c7e8c397a00b9ceaa86757000b234233',
      'data 0c852d88cbd70f1592fe3e3871f96b6d',
      'control 12776e1fcd5032505431600506bd3e45',
      'mac 1a64be47e4729d951c302ee543f97cf3',
    ],
  );
});

test.run();
