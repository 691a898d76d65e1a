/** Queries as a server reads them, and the answers it puts together. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Ip, prefix } from '../../src/base/ip.ts';
import { headerFlags, recordClasses, recordTypes } from '../../src/dns/constants.ts';
import { decodeMessage, encodeMessage, optRecord, responseCodeOf } from '../../src/dns/message.ts';
import { encodeAnswer, type Query, readQuery, reply, truncatedReply } from '../../src/dns/query.ts';
import {
  addressRecord,
  authorityRecord,
  reverseIp,
  reverseName,
  reverseZones,
} from '../../src/dns/records.ts';
import { seededRandom } from '../support/seeded-random.ts';

function queryFor(name: string, edns = false): Uint8Array {
  return encodeMessage({
    id: 0xbeef,
    flags: headerFlags.recursionDesired,
    questions: [{ name, type: recordTypes.A, class: recordClasses.IN }],
    answers: [],
    authorities: [],
    additionals: edns ? [optRecord] : [],
  });
}

const asQuery = (bytes: Uint8Array): Query => {
  const query = readQuery(bytes);
  assert.ok(query && !(query instanceof Uint8Array));
  return query as Query;
};

const answerWith = (name: string, count: number) =>
  encodeAnswer(name.toLowerCase(), {
    code: 0,
    flags: headerFlags.authoritative,
    answers: Array.from({ length: count }, (_, index) =>
      addressRecord(name.toLowerCase(), 5, `198.18.0.${index}` as Ip),
    ),
    authorities: [],
    additionals: [],
  });

test('the name is taken in lower case and comes back as it was spelled', () => {
  const bytes = queryFor('LaPtOp.HoMe.ExAmPlE');
  const query = asQuery(bytes);
  assert.is(query.name, 'laptop.home.example');
  const message = decodeMessage(reply(bytes, query, answerWith(query.name, 1), false));
  assert.is(message?.questions[0]?.name, 'LaPtOp.HoMe.ExAmPlE');
  assert.is(message?.answers[0]?.name, 'LaPtOp.HoMe.ExAmPlE');
  assert.is(message?.flags, 0x8500);
});

test('an answer is the message as it is written in one piece, pointers into the question included', () => {
  const server = addressRecord('b.home.example', 5, '192.0.2.1' as Ip);
  const authority = authorityRecord('home.example', 'b.home.example', 7, 10);
  for (const name of ['nas.home.example', 'home.example', 'example', '', 'xhome.example']) {
    const bytes = queryFor(name);
    const records = { authorities: [authority], additionals: [server] };
    const answers = [addressRecord(name, 5, '198.18.0.1' as Ip)];
    const whole = encodeMessage({
      id: 0xbeef,
      flags: headerFlags.response | headerFlags.authoritative | headerFlags.recursionDesired,
      questions: [{ name, type: recordTypes.A, class: recordClasses.IN }],
      answers,
      ...records,
    });
    const encoded = encodeAnswer(name, {
      code: 0,
      flags: headerFlags.authoritative,
      answers,
      ...records,
    });
    assert.equal(reply(bytes, asQuery(bytes), encoded, true), whole, name);
  }
});

test('no pointer leads into the middle of a label, where an escaped dot looks like an end', () => {
  const bytes = queryFor('a\\.b.home.example');
  const encoded = encodeAnswer('a\\.b.home.example', {
    code: 0,
    flags: headerFlags.authoritative,
    answers: [addressRecord('b.home.example', 5, '192.0.2.1' as Ip)],
    authorities: [],
    additionals: [],
  });
  const message = decodeMessage(reply(bytes, asQuery(bytes), encoded, true));
  assert.is(message?.answers[0]?.name, 'b.home.example');
});

test('an answer too long for UDP is cut to nothing and says so; over TCP it is whole', () => {
  const bytes = queryFor('a.example');
  const query = asQuery(bytes);
  const long = answerWith('a.example', 100);
  const cut = decodeMessage(reply(bytes, query, long, false));
  assert.is(cut?.answers.length, 0);
  assert.ok((cut?.flags ?? 0) & headerFlags.truncated);
  const over = decodeMessage(reply(bytes, query, long, true));
  assert.is(over?.answers.length, 100);
  assert.not.ok((over?.flags ?? 0) & headerFlags.truncated);
});

test('with EDNS an answer may be longer, and has an OPT record of its own', () => {
  const bytes = queryFor('a.example', true);
  const query = asQuery(bytes);
  const message = decodeMessage(reply(bytes, query, answerWith('a.example', 40), false));
  assert.is(message?.answers.length, 40);
  assert.equal(message?.additionals, [optRecord]);
});

test('what is no query is never answered', () => {
  const bytes = queryFor('a.example');
  bytes[2] = (bytes[2] as number) | 0x80;
  assert.is(readQuery(bytes), undefined);
  for (let length = 0; length < 12; length += 1) {
    assert.is(readQuery(queryFor('a.example').subarray(0, length)), undefined);
  }
});

test('a query cut short or broken gets at most a short answer and never an exception', () => {
  const random = seededRandom(53);
  const bytes = queryFor('some.name.example', true);
  for (let length = 12; length < bytes.length; length += 1) {
    const answer = readQuery(bytes.subarray(0, length));
    assert.instance(answer, Uint8Array, `${length} bytes`);
    assert.ok((answer as Uint8Array).length <= length);
    assert.is(responseCodeOf((answer as Uint8Array)[3] as number), 1);
  }
  for (let round = 0; round < 3000; round += 1) {
    const broken = bytes.slice();
    for (const place of random.bytes(1 + (round % 5))) {
      broken[place % broken.length] = random.bytes(1)[0] as number;
    }
    const answer = readQuery(broken);
    if (answer instanceof Uint8Array) assert.ok(answer.length <= broken.length + 11);
    else if (answer) assert.ok(truncatedReply(broken, answer).length <= broken.length);
  }
});

test('other operations, other counts and pointers in a question are refused', () => {
  const code = (change: (bytes: Uint8Array) => void): number => {
    const bytes = queryFor('a.example');
    change(bytes);
    const answer = readQuery(bytes);
    return answer instanceof Uint8Array ? responseCodeOf(answer[3] as number) : -1;
  };
  const set = (at: number, value: number) => (bytes: Uint8Array) => {
    bytes[at] = value;
  };
  assert.is(code(set(2, 4 << 3)), 4, 'NOTIFY');
  assert.is(code(set(2, 5 << 3)), 4, 'UPDATE');
  assert.is(code(set(5, 0)), 1, 'no question');
  assert.is(code(set(5, 2)), 1, 'two questions');
  assert.is(code(set(7, 1)), 1, 'an answer');
  assert.is(code(set(11, 200)), 1, 'two hundred additional records');
  assert.is(code(set(12, 0xc0)), 1, 'a pointer');
});

test('reverse names lead to addresses and back', () => {
  for (const ip of ['198.18.0.4', 'fd12:3456::9'] as Ip[]) {
    assert.is(reverseIp(reverseName(ip)), ip);
  }
  for (const name of [
    '4.0.18.in-addr.arpa',
    '256.0.18.198.in-addr.arpa',
    '01.0.18.198.in-addr.arpa',
    'g.ip6.arpa',
    'arpa',
    '',
  ]) {
    assert.is(reverseIp(name), undefined, name);
  }
});

test('a pool lies in reverse zones cut at whole labels', () => {
  const zones = (ip: string, length: number) => reverseZones(prefix(ip as Ip, length));
  assert.equal(zones('198.18.0.0', 15), ['18.198.in-addr.arpa', '19.198.in-addr.arpa']);
  assert.equal(zones('198.18.16.0', 24), ['16.18.198.in-addr.arpa']);
  assert.is(zones('198.18.16.0', 20).length, 16);
  assert.equal(zones('fd00:1:2:3::', 64), ['3.0.0.0.2.0.0.0.1.0.0.0.0.0.d.f.ip6.arpa']);
});

test.run();
