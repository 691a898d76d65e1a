import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/base/bytes.ts';
import { randomBelow } from '../../src/base/random.ts';
import type { MessageName } from '../../src/wire/messages.ts';
import {
  decodeAs,
  examine,
  messageNames,
  mutate,
  mutations,
  randomBody,
} from '../fuzz/messages.ts';
import { isEngineSlow } from '../support/engine.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** Sample bodies of every message: more under an engine that is quick. */
const samples = isEngineSlow ? 1 : 10;
const mutants = isEngineSlow ? 1500 : 40_000;
/** The only field that takes whatever is left ends these two. */
const endsOpen: readonly MessageName[] = ['sessionInitiation', 'sessionResponse'];
const openFieldsLength = 24;

function eachSample(seed: number, check: (name: MessageName, body: Uint8Array) => void): number {
  const random = seededRandom(seed);
  let count = 0;
  for (const name of messageNames) {
    for (let sample = 0; sample < samples; sample += 1) {
      check(name, randomBody(name, random));
      count += 1;
    }
  }
  return count;
}

test('a body cut short at any length is dropped as malformed', () => {
  let cuts = 0;
  let expected = 0;
  eachSample(11, (name, body) => {
    const leastWhole = endsOpen.includes(name) ? openFieldsLength : body.length;
    expected += leastWhole;
    for (let length = 0; length < body.length; length += 1) {
      const verdict = examine(name, body.slice(0, length));
      const outcome = length < leastWhole ? 'malformed' : 'decoded';
      if (verdict.outcome !== outcome) {
        assert.equal(verdict, { outcome }, `${name} cut at ${length} of ${toHex(body)}`);
      }
      if (verdict.outcome === 'malformed') cuts += 1;
    }
  });
  assert.is(cuts, expected);
  assert.ok(cuts > 1000);
});

test('a body with extensions cut short decodes only where an extension ends', () => {
  const extensions = Uint8Array.of(0, 9, 0, 2, 1, 2, 0, 0, 0, 0);
  const ends = [0, 6, 10];
  eachSample(12, (name, body) => {
    const values = decodeAs(name, body);
    if (endsOpen.includes(name) || name === 'cookie' || name === 'hint') return;
    if (name === 'capsulatedPacket') return;
    const whole = new Uint8Array(body.length + extensions.length);
    whole.set(body);
    whole.set(extensions, body.length);
    for (let length = 0; length <= extensions.length; length += 1) {
      const decoded = decodeAs(name, whole.slice(0, body.length + length));
      if (ends.includes(length)) assert.equal(decoded, values, name);
      else assert.equal(decoded, { drop: 'bad-extension' }, name);
    }
  });
});

test('a body with any one bit flipped is another valid message or a drop, never a throw', () => {
  const counts = { bits: 0, dropped: 0, taken: 0 };
  eachSample(13, (name, body) => {
    counts.bits += body.length * 8;
    const before = toHex(body);
    for (let bit = 0; bit < body.length * 8; bit += 1) {
      const at = bit >>> 3;
      body[at] = (body[at] as number) ^ (1 << (bit & 7));
      const { outcome, fault } = examine(name, body);
      if (fault !== undefined) assert.unreachable(`${name}, bit ${bit} of ${before}: ${fault}`);
      if (outcome === 'decoded') counts.taken += 1;
      else counts.dropped += 1;
      body[at] = (body[at] as number) ^ (1 << (bit & 7));
    }
    assert.is(toHex(body), before);
  });
  assert.is(counts.dropped + counts.taken, counts.bits);
  assert.ok(counts.dropped > 0 && counts.taken > 0, JSON.stringify(counts));
});

test('mutated messages of every kind are decoded or dropped for a reason', () => {
  const random = seededRandom(14);
  const reasons = new Map<string, number>();
  for (let count = 0; count < mutants; count += 1) {
    const name = messageNames[randomBelow(random, messageNames.length)] as MessageName;
    const body = mutate(randomBody(name, random), random);
    const { outcome, fault } = examine(name, body);
    if (fault !== undefined) assert.unreachable(`${name} ${toHex(body)}: ${fault}`);
    reasons.set(outcome, (reasons.get(outcome) ?? 0) + 1);
  }
  const seen = [...reasons.keys()].sort();
  assert.equal(seen, ['bad-extension', 'decoded', 'malformed', 'trailing-bytes']);
});

test('random bytes are decoded or dropped for a reason, as any message', () => {
  const random = seededRandom(15);
  for (const name of messageNames) {
    for (const length of [0, 1, 2, 3, 7, 16, 64, 200, 1452]) {
      const zeros = new Uint8Array(length);
      for (const body of [random.bytes(length), zeros, zeros.slice().fill(0xff)]) {
        assert.is(examine(name, body).fault, undefined, `${name} ${toHex(body)}`);
      }
    }
  }
});

test('the check of the fuzzer finds a body that does not come back as it was', () => {
  const body = Uint8Array.of(0, 0, 0, 7);
  assert.equal(examine('routeDirectionAcknowledgement', body), { outcome: 'decoded' });
  // Told other bytes than the decoder, it sees what a decoder that alters values would leave.
  Object.defineProperty(body, 'subarray', { value: () => Uint8Array.of(0, 0, 0, 8) });
  const { outcome, fault } = examine('routeDirectionAcknowledgement', body);
  assert.equal([outcome, fault], ['fault', 'became 00000007']);
});

test('every mutation changes most bodies it is given and leaves its input alone', () => {
  const random = seededRandom(16);
  for (const [kind, mutation] of Object.entries(mutations)) {
    let changed = 0;
    for (let round = 0; round < 40; round += 1) {
      const body = randomBody('updateRequest', random);
      const before = toHex(body);
      if (toHex(mutation(body, random)) !== before) changed += 1;
      assert.is(toHex(body), before, kind);
    }
    assert.ok(changed >= 20, `${kind} changed ${changed} of 40`);
  }
});

test.run();
