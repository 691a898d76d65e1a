import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/base/bytes.ts';
import { messageRow } from '../../src/wire/codec.ts';
import type { MessageName, Values } from '../../src/wire/messages.ts';
import { traceMessage } from '../../src/wire/trace.ts';
import { messageNames, randomValues } from '../fuzz/messages.ts';
import { seededRandom } from '../support/seeded-random.ts';

const secretFields = [
  'legKey',
  'legKey0',
  'legKey1',
  'psk',
  'token',
  'noise',
  'cookie',
  'echoedMac',
  'inner',
];

/** Every value in a message by the name it stands under, structures and lists opened. */
function leaves(name: string, value: unknown): (readonly [string, unknown])[] {
  if (Array.isArray(value)) return value.flatMap((item) => leaves(name, item));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) {
    return [[name, value]];
  }
  return Object.entries(value).flatMap(([part, inner]) => leaves(part, inner));
}

test('a trace names the message and each of its fields, on one line', () => {
  const random = seededRandom(31);
  for (const name of messageNames) {
    const line = traceMessage(name, randomValues(name, random));
    assert.ok(line.startsWith(messageRow(name).title), line);
    for (const field of Object.keys(messageRow(name).fields)) {
      assert.ok(line.includes(` ${field}=`), `${name}: ${line}`);
    }
    assert.not(/[\r\n]/.test(line));
  }
});

test('no trace holds any four bytes of a secret', () => {
  const random = seededRandom(32);
  const seen = new Set<string>();
  for (const name of messageNames) {
    for (let round = 0; round < 6; round += 1) {
      const values = randomValues(name, random);
      const line = traceMessage(name, values as Values<MessageName>);
      for (const [field, value] of leaves(name, values)) {
        if (!secretFields.includes(field)) continue;
        const hex = value instanceof Uint8Array ? toHex(value) : String(value ?? '');
        if (hex.length > 0) seen.add(field);
        for (let at = 0; at + 8 <= hex.length; at += 2) {
          assert.not(line.includes(hex.slice(at, at + 8)), `${name}.${field}: ${line}`);
        }
      }
    }
  }
  assert.equal([...seen].sort(), [...secretFields].sort());
});

test('a trace reads as it is meant to', () => {
  const values = {
    receiver: '0123456789abcdef',
    echoedMac: new Uint8Array(16),
    cookie: new Uint8Array(16),
  } as Values<'cookie'>;
  const line = traceMessage('cookie', values);
  assert.is(line, 'Cookie receiver=01234567 echoedMac=<16 bytes> cookie=<16 bytes>');
  const confirm = { incarnation: 'ffeeddcc00112233', stamp: '0000000300000011', token: '00' };
  assert.is(
    traceMessage('tunnelConfirm', confirm as Values<'tunnelConfirm'>),
    'Tunnel Confirm incarnation=ffeeddcc stamp=3.17 token=<8 bytes>',
  );
  const close = {
    targetId: '00000000000000000000000000000000',
    pathId: 'aabbccdd00000000',
    issuerKey: new Uint8Array(32).fill(0x5a),
    reason: 'idle',
  } as Values<'pathCloseRequest'>;
  assert.is(
    traceMessage('pathCloseRequest', close),
    'Path Close Request targetId=aaaa-aaaa pathId=aabbccdd issuerKey=5a5a5a5a reason=idle',
  );
});

test.run();
