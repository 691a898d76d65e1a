import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/base/bytes.ts';
import { formatNodeId, type NodeId, parseNodeId, stamp } from '../../src/wire/ids.ts';
import { seededRandom } from '../support/seeded-random.ts';

test('a Node ID comes back from its printed form, with and without hyphens, in either case', () => {
  const random = seededRandom(41);
  for (let round = 0; round < 200; round += 1) {
    const id = toHex(random.bytes(16)) as NodeId;
    const printed = formatNodeId(id);
    assert.match(printed, /^([a-z2-7]{4}-){6}[a-z2-7]{2}$/);
    for (const text of [printed, printed.replaceAll('-', ''), printed.toUpperCase(), id]) {
      assert.is(parseNodeId(text), id, text);
    }
  }
});

test('the printed form is base32 of RFC 4648', () => {
  // "foobar" is MZXW6YTBOI in the RFC's test vectors; zero bytes follow it here.
  const id = `666f6f626172${'00'.repeat(10)}` as NodeId;
  assert.is(formatNodeId(id), 'mzxw-6ytb-oiaa-aaaa-aaaa-aaaa-aa');
  assert.is(formatNodeId('ff'.repeat(16) as NodeId), '7777-7777-7777-7777-7777-7777-74');
});

test('what is no Node ID is refused', () => {
  const printed = formatNodeId('00112233445566778899aabbccddeeff' as NodeId);
  const wrong = [
    '',
    '-',
    printed.slice(1),
    `${printed}a`,
    printed.replace('a', '0'),
    printed.replace('a', '1'),
    printed.replace('a', ' '),
    printed.replace('-', '_'),
    `${'7777-'.repeat(6)}77`, // bits behind the sixteenth byte
    '00112233445566778899aabbccddeef',
    '00112233445566778899aabbccddeegg',
    '😀'.repeat(13),
    `\u212a${'a'.repeat(25)}`, // the Kelvin sign, whose lower case is k
  ];
  assert.ok(parseNodeId(`K${'a'.repeat(25)}`));
  for (const text of wrong) assert.is(parseNodeId(text), undefined, text);
});

test('stamps order as text by boot count, then by counter', () => {
  const ordered = [stamp(0, 0), stamp(0, 0xffffffff), stamp(1, 0), stamp(1, 9), stamp(1, 10)];
  ordered.push(stamp(16, 0), stamp(0xffffffff, 0), stamp(0xffffffff, 0xffffffff));
  assert.equal([...ordered].sort(), ordered);
  for (const each of ordered) assert.is(each.length, 16);
});

test.run();
