import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import { encodeBody, messageRow } from '../../src/wire/codec.ts';
import type { MessageName, Values } from '../../src/wire/messages.ts';
import { decodeAs, messageNames } from '../fuzz/messages.ts';
import { fromJson, type Json, toJson } from '../support/wire-json.ts';
import vectors from '../vectors/wire.json' with { type: 'json' };

interface Vector {
  readonly message: MessageName;
  readonly code: number;
  readonly body: string;
  readonly values: Json;
}

const all = vectors as unknown as readonly Vector[];

test('every message with fields has two vectors of its code', () => {
  for (const name of messageNames) {
    const own = all.filter((vector) => vector.message === name);
    const { code, fields } = messageRow(name);
    assert.is(own.length, Object.keys(fields).length > 0 ? 2 : 0, name);
    for (const vector of own) assert.is(vector.code, code, name);
  }
});

test('the bytes of every vector decode to its values', () => {
  for (const { message, body, values } of all) {
    const decoded = decodeAs(message, fromHex(body) as Uint8Array);
    assert.equal(toJson(decoded), values, message);
  }
});

test('the values of every vector encode to its bytes', () => {
  for (const { message, body, values } of all) {
    const encoded = encodeBody(message, fromJson(values) as Values<MessageName>);
    assert.is(toHex(encoded), body, message);
  }
});

test('a vector written by hand from the protocol page decodes as the page says', () => {
  const body = [
    '000102030405060708090a0b0c0d0e0f', // probe and challenge, 8 bytes each
    '01', // an observed endpoint follows
    '06', // of IPv6
    '20010db8000000000000000000000001',
    '1229', // port 4649
  ].join('');
  assert.equal(decodeAs('pathAnswer', fromHex(body) as Uint8Array), {
    probe: '0001020304050607',
    challenge: '08090a0b0c0d0e0f',
    observed: '[2001:db8::1]:4649',
  });
});

test.run();
