import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Reader } from '../../src/base/bytes.ts';
import { messageRow } from '../../src/wire/codec.ts';
import { dropReasons } from '../../src/wire/drops.ts';
import type { Fields } from '../../src/wire/fields.ts';
import {
  firstMessageLength,
  maxControlDatagram,
  pathHeaderLength,
  sessionHeaderLength,
  tagBytes,
} from '../../src/wire/header.ts';
import type { Framing } from '../../src/wire/message-row.ts';
import type { MessageName } from '../../src/wire/messages.ts';
import { refusalName, refusals } from '../../src/wire/refusals.ts';
import { messageNames } from '../fuzz/messages.ts';

const transactionLength = 4;
const plainHeaderLength = 4;
const macLength = 16;

function most(fields: Fields): number {
  return Object.values(fields).reduce((sum, field) => sum + field.most, 0);
}

test('every message has a code of its own and every title stands once', () => {
  const rows = messageNames.map(messageRow);
  assert.is(new Set(rows.map((row) => row.code)).size, rows.length);
  assert.is(new Set(rows.map((row) => row.title)).size, rows.length);
  for (const { code } of rows) assert.ok(code > 0 && code < 0x100);
});

test('every answer is a message of the same framing, and no answer has an answer', () => {
  for (const name of messageNames) {
    const { answer, framing } = messageRow(name);
    if (answer === undefined || answer === 'none') continue;
    assert.ok(messageNames.includes(answer as MessageName), `${name}: ${answer}`);
    assert.is(messageRow(answer as MessageName).framing, framing, name);
    assert.is(messageRow(answer as MessageName).answer, undefined, name);
  }
});

test('the messages that the paper names are there', () => {
  const titles = messageNames.map((name) => messageRow(name).title);
  const paper = [
    'Registration Request',
    'Registration Response',
    'NTM Update Request',
    'NTM Update Response',
    'Direction Request',
    'Route Direction',
    'Relay Direction',
    'Tunnel Request',
    'Tunnel Response',
    'Capsulated Packet',
  ];
  for (const title of paper) assert.ok(titles.includes(title), title);
});

test('the longest form of every control message fits a datagram', () => {
  const around: Readonly<Partial<Record<Framing, number>>> = {
    plain: plainHeaderLength,
    sealed: sessionHeaderLength + transactionLength + tagBytes,
    tunnel: pathHeaderLength + macLength,
    path: pathHeaderLength + tagBytes,
  };
  for (const name of messageNames) {
    const { framing, fields } = messageRow(name);
    const overhead = around[framing];
    if (overhead === undefined) continue;
    assert.ok(most(fields) + overhead <= maxControlDatagram, `${name}: ${most(fields) + overhead}`);
  }
});

test('the answer to a first message is never longer than the first message may be', () => {
  // Around a payload: header, fields, macs, the ephemeral key with its tag, and the payload's own.
  const own = Object.entries(messageRow('sessionResponse').fields)
    .filter(([name]) => name !== 'noise')
    .reduce((sum, [, field]) => sum + field.most, 0);
  const around = plainHeaderLength + own + 2 * macLength + 32 + 16 + 1 + transactionLength;
  for (const name of messageNames) {
    const { framing, fields, answer } = messageRow(name);
    if (framing !== 'sealed' || answer === undefined) continue;
    const answerRow = messageRow(answer as MessageName);
    assert.ok(around + most(answerRow.fields) <= firstMessageLength, answer);
    assert.ok(most(fields) > 0);
  }
});

test('an answer before authentication is no longer than the shortest that can cause it', () => {
  const hint = plainHeaderLength + most(messageRow('hint').fields);
  const cookie = plainHeaderLength + most(messageRow('cookie').fields);
  const causes = {
    capsulatedPacket: pathHeaderLength + tagBytes,
    tunnelRequest: pathHeaderLength + 8 + 8 + 2 + macLength,
    sealed: sessionHeaderLength + transactionLength + tagBytes,
  };
  for (const [cause, length] of Object.entries(causes)) assert.ok(hint <= length, cause);
  assert.ok(cookie <= firstMessageLength);
});

test('a field that takes all that is left stands last, and only in first messages', () => {
  for (const name of messageNames) {
    const { framing, fields } = messageRow(name);
    const types = Object.values(fields);
    types.forEach((type, index) => {
      if (!type.description.startsWith('the remaining bytes')) return;
      assert.is(framing, 'first', name);
      assert.is(index, types.length - 1, name);
    });
  }
});

test('reading any message from nothing fails unless it has no fields', () => {
  for (const name of messageNames) {
    const { fields } = messageRow(name);
    for (const [field, type] of Object.entries(fields)) {
      const reader = new Reader(new Uint8Array(0));
      type.read(reader);
      assert.is(reader.ok, type.least === 0, `${name}.${field}`);
    }
  }
});

test('notes are about fields that exist', () => {
  for (const name of messageNames) {
    const { fields, notes } = messageRow(name);
    for (const field of Object.keys(notes ?? {})) assert.ok(field in fields, `${name}.${field}`);
  }
});

test('every refusal has a code of its own, found by it, and a sentence that fits the message', () => {
  const codes = Object.entries(refusals).map(([name, { code, text }]) => {
    assert.is(refusalName(code), name);
    assert.ok(text.length <= 200 && /^[A-Z].*\.$/.test(text), text);
    return code;
  });
  assert.is(new Set(codes).size, codes.length);
  assert.is(refusalName(0), undefined);
  assert.is(refusalName(255), undefined);
});

test('drop reasons stand once each', () => {
  assert.is(new Set(dropReasons).size, dropReasons.length);
});

test.run();
