/** DNS messages: what is written is read, names come compressed, and hostile bytes do nothing but fail. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex, Reader } from '../../src/base/bytes.ts';
import type { Ip } from '../../src/base/ip.ts';
import { recordClasses, recordTypes } from '../../src/dns/constants.ts';
import {
  type DnsMessage,
  decodeMessage,
  encodeMessage,
  isResponseTo,
  optRecord,
} from '../../src/dns/message.ts';
import { isWithin, labelsOf, nameInZone, readName } from '../../src/dns/name.ts';
import { addressRecord, authorityRecord, ntmRecordOf } from '../../src/dns/records.ts';
import { seededRandom } from '../support/seeded-random.ts';

const zone = 'home.example';
const whole: DnsMessage = {
  id: 0x1234,
  flags: 0x8400,
  questions: [{ name: `laptop.${zone}`, type: recordTypes.A, class: recordClasses.IN }],
  answers: [
    addressRecord(`laptop.${zone}`, 5, '198.18.0.4' as Ip),
    addressRecord(`laptop.${zone}`, 5, 'fd00::4' as Ip),
    ntmRecordOf(`laptop.${zone}`, 60, Uint8Array.of(1, 2, 3)),
  ],
  authorities: [authorityRecord(zone, `ns.${zone}`, 7, 10)],
  additionals: [optRecord],
};

test('a message is read as it was written', () => {
  assert.equal(decodeMessage(encodeMessage(whole)), whole);
});

test('names are written once and pointed to, whatever their spelling', () => {
  const questions = [{ name: `LapTop.${zone}`, type: recordTypes.A, class: recordClasses.IN }];
  const bytes = encodeMessage({ ...whole, questions });
  const text = String.fromCharCode(...bytes).toLowerCase();
  assert.is(text.split('laptop').length, 2);
  assert.is(text.split('example').length, 2);
});

test('a message cut short at any byte is refused', () => {
  const bytes = encodeMessage(whole);
  for (let length = 0; length < bytes.length; length += 1) {
    assert.is(decodeMessage(bytes.subarray(0, length)), undefined, `${length} bytes`);
  }
});

test('a message with a byte behind it is refused', () => {
  assert.is(decodeMessage(Uint8Array.of(...encodeMessage(whole), 0)), undefined);
});

test('broken messages never throw, and what they say can be written again', () => {
  const random = seededRandom(4649);
  const bytes = encodeMessage(whole);
  for (let round = 0; round < 3000; round += 1) {
    const broken = bytes.slice();
    for (const place of random.bytes(1 + (round % 4))) {
      broken[place % broken.length] = random.bytes(1)[0] as number;
    }
    const message = decodeMessage(broken);
    if (message) assert.equal(decodeMessage(encodeMessage(message)), message);
  }
});

test('counts beyond what a message may hold are refused before anything is read', () => {
  const bytes = encodeMessage(whole);
  for (const at of [4, 6, 8, 10]) {
    const broken = bytes.slice();
    broken[at] = 0xff;
    assert.is(decodeMessage(broken), undefined, `count at ${at}`);
  }
});

const nameOf = (hex: string, offset = 0): string | undefined => {
  const reader = new Reader(fromHex(hex) as Uint8Array, offset);
  const name = readName(reader);
  return reader.ok ? name : undefined;
};

test('compression pointers lead backwards or nowhere', () => {
  assert.is(nameOf('0161 00 c000'.replaceAll(' ', ''), 3), 'a');
  assert.is(nameOf('c000'), undefined, 'to itself');
  assert.is(nameOf('c002c000'), undefined, 'forwards');
  assert.is(nameOf('c002c000', 2), undefined, 'a loop of two');
  assert.is(nameOf('0161c000'), undefined, 'into its own beginning');
  assert.is(nameOf('c0'), undefined, 'half a pointer');
  assert.is(nameOf('4061'), undefined, 'a label type that does not exist');
});

test('a chain of pointers cannot make a name longer than names are', () => {
  // Each name is a label of 63 bytes and a pointer to the one before.
  const bytes: number[] = [0];
  let before = 0;
  for (let index = 0; index < 10; index += 1) {
    const at = bytes.length;
    bytes.push(63, ...new Array<number>(63).fill(0x61), 0xc0 | (before >> 8), before & 0xff);
    before = at;
  }
  const reader = new Reader(Uint8Array.from(bytes), before);
  readName(reader);
  assert.is(reader.ok, false);
});

test('labels with dots and bytes that cannot be printed survive as text', () => {
  const name = nameOf('03612e62 02005c 00'.replaceAll(' ', ''));
  assert.is(name, 'a\\.b.\\000\\\\');
  assert.equal(labelsOf(name as string), ['a.b', '\0\\']);
});

test('what cannot be a name has no labels', () => {
  for (const text of [
    'a..b',
    '.a',
    `${'a'.repeat(64)}.b`,
    'a\\',
    'a\\999',
    'ü\u0100',
    `${'ab.'.repeat(90)}a`,
  ]) {
    assert.is(labelsOf(text), undefined, text);
  }
});

test('zones hold themselves and what is below them', () => {
  assert.ok(isWithin('home.example', 'home.example'));
  assert.ok(isWithin('a.home.example', 'home.example'));
  assert.not.ok(isWithin('ahome.example', 'home.example'));
  assert.is(nameInZone('a.home.example', 'home.example'), 'a');
  assert.is(nameInZone('home.example', 'home.example'), undefined);
});

test('only the answer to the very question is one', () => {
  const request = encodeMessage({ ...whole, flags: 0, answers: [], authorities: [] });
  const response = encodeMessage({ ...whole, flags: 0x8400 });
  assert.ok(isResponseTo(request, response));
  assert.not.ok(isResponseTo(request, request), 'a query');
  assert.not.ok(isResponseTo(request, encodeMessage({ ...whole, id: 1 })), 'another number');
  const other = [{ name: 'x.example', type: recordTypes.A, class: recordClasses.IN }];
  assert.not.ok(isResponseTo(request, encodeMessage({ ...whole, questions: other })));
  for (let length = 0; length < 12; length += 1) {
    assert.not.ok(isResponseTo(request, response.subarray(0, length)));
  }
});

test.run();
