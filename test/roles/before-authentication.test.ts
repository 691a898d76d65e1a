/**
 * What strangers get from a role (protocol.md 4 and 9): never more than they sent, never a handshake for
 * junk, a cookie under load, and nothing changed by an unauthenticated hint but one new try.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/base/bytes.ts';
import type { Endpoint } from '../../src/base/ip.ts';
import type { Suite } from '../../src/noise/suite.ts';
import { encodeFirst, noCookie } from '../../src/protocol/first-message.ts';
import { decodePlain } from '../../src/protocol/plain-message.ts';
import type { DsRole } from '../../src/roles/ds/ds-role.ts';
import type { NodeRole } from '../../src/roles/node/node-role.ts';
import { messageRow } from '../../src/wire/codec.ts';
import { isDrop } from '../../src/wire/drops.ts';
import { firstMessageLength } from '../../src/wire/header.ts';
import { type Incarnation, noIncarnation, type PathId } from '../../src/wire/ids.ts';
import { type MessageName, messages, type Values } from '../../src/wire/messages.ts';
import { messageNames, randomBody, randomValues } from '../fuzz/messages.ts';
import { isEngineSlow } from '../support/engine.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { suite } from '../support/suite.ts';
import { LinkedRoles, type Party } from './linked-roles.ts';

const stranger = '203.0.113.66:4649' as Endpoint;
const random = seededRandom(5);

function world(counted: Suite = suite) {
  const linked = new LinkedRoles(counted);
  const ds = linked.ds();
  const relay = linked.relay(ds, '192.0.2.20:4649' as Endpoint, linked.token(ds, 'rs', true));
  const node = linked.node(ds, '192.0.2.30:4649' as Endpoint, linked.token(ds, 'one'));
  linked.pass(1000);
  assert.is((node.machine as NodeRole).registration.state, 'registered');
  assert.is((ds.machine as DsRole).fleet.size, 1);
  return { linked, ds, relay, node };
}

/** What `party` transmits because of one datagram, or of a notice of one. */
function caused(linked: LinkedRoles, party: Party, bytes: Uint8Array) {
  party.transmitted.length = 0;
  // So slowly that no rate limit hides an answer.
  linked.pass(20);
  party.transmitted.length = 0;
  const input = {
    kind: 'datagram',
    now: linked.now,
    from: stranger,
    bytes: bytes.slice(),
  } as const;
  if (bytes[0] === messages.capsulatedPacket.code) {
    const pathId = toHex(bytes.slice(8, 16)) as PathId;
    const notice = {
      notice: 'unknown-path',
      pathId,
      from: stranger,
      length: bytes.length,
    } as const;
    linked.give(party, { kind: 'notice', now: linked.now, notice });
  } else {
    linked.give(party, input);
  }
  return party.transmitted.slice();
}

function initiation(party: Party, incarnation: Incarnation): Uint8Array {
  const noise = random.bytes(firstMessageLength - 60);
  const values = {
    ...randomValues('sessionInitiation', random),
    receiverIncarnation: incarnation,
    noise,
  } as Values<'sessionInitiation'>;
  return encodeFirst(suite, 'sessionInitiation', values, party.keys.publicKey, noCookie);
}

/** A message as an attacker makes it who knows the table and the receiver's public key. */
function made(name: MessageName, party: Party): Uint8Array {
  const { code, framing } = messageRow(name);
  if (name === 'sessionInitiation') return initiation(party, noIncarnation);
  if (name === 'sessionResponse') {
    const values = randomValues(name, random);
    return encodeFirst(suite, name, values as Values<typeof name>, party.keys.publicKey, noCookie);
  }
  const head = framing === 'plain' ? 4 : framing === 'sealed' ? 20 : 16;
  const body = randomBody(name, random);
  const tail = framing === 'plain' ? 0 : 16;
  const bytes = new Uint8Array(head + body.length + tail);
  if (framing === 'sealed') bytes.set(random.bytes(8), 4);
  if (head === 16) bytes.set(random.bytes(8), 8);
  bytes.set([code, 0x10]);
  bytes.set(body, head);
  bytes.set(random.bytes(tail), head + body.length);
  return bytes;
}

for (const role of ['ds', 'relay', 'node'] as const) {
  test(`no answer of a ${role} to a stranger is longer than its cause, whatever the message`, () => {
    const all = world();
    const party = all[role];
    const answered = new Set<MessageName>();
    const rounds = isEngineSlow ? 1 : 5;
    for (const name of messageNames) {
      for (let round = 0; round < rounds; round += 1) {
        const whole = made(name, party);
        const longer = new Uint8Array(whole.length + 100);
        longer.set(whole);
        const lengths = [2, 8, 16, 28, 29, 30, 36, 48, 64].filter((each) => each < whole.length);
        const cuts = lengths.map((length) => whole.subarray(0, length));
        for (const bytes of [whole, longer, ...cuts]) {
          const answers = caused(all.linked, party, bytes).filter(({ to }) => to === stranger);
          assert.ok(answers.length <= 1, `${answers.length} answers to ${name}`);
          const length = answers[0]?.bytes.length ?? 0;
          assert.ok(length <= bytes.length, `${length} bytes for ${bytes.length} of ${name}`);
          if (length > 0) answered.add(name);
        }
      }
    }
    assert.ok(answered.size > 0, 'there is an answer to be judged');
  });
}

interface Cost {
  agreements: number;
  openings: number;
  hashes: number;
}

function counting(): { counted: Suite; cost: Cost } {
  const cost = { agreements: 0, openings: 0, hashes: 0 };
  const counted: Suite = {
    publicKey: (secretKey) => suite.publicKey(secretKey),
    hash: (...parts) => suite.hash(...parts),
    seal: (...given) => suite.seal(...given),
    sealInto: (...given) => suite.sealInto(...given),
    openInto: (...given) => suite.openInto(...given),
    sharedSecret: (secretKey, publicKey) => {
      cost.agreements += 1;
      return suite.sharedSecret(secretKey, publicKey);
    },
    open: (key, nonce, associated, ciphertext) => {
      cost.openings += 1;
      return suite.open(key, nonce, associated, ciphertext);
    },
    keyedHash: (key, length, ...parts) => {
      cost.hashes += 1;
      return suite.keyedHash(key, length, ...parts);
    },
  };
  return { counted, cost };
}

test('a flood of junk costs at most a hash a datagram, no handshake and no answer', () => {
  const { counted, cost } = counting();
  const { linked, ds } = world(counted);
  Object.assign(cost, { agreements: 0, openings: 0, hashes: 0 });
  ds.transmitted.length = 0;
  const flood = isEngineSlow ? 300 : 5000;
  for (let count = 0; count < flood; count += 1) {
    const junk = random.bytes(count % 3 === 0 ? firstMessageLength : 40 + (count % 100));
    junk[0] = (messages.sessionInitiation.code + (count % 2)) as number;
    junk[1] = 0x10;
    linked.arrive(ds, junk, stranger);
  }
  assert.equal([cost.agreements, cost.openings], [0, 0]);
  assert.ok(cost.hashes <= flood, `${cost.hashes} hashes for ${flood} datagrams`);
  assert.equal(ds.transmitted, []);
});

test('under load a cookie is asked for before any handshake, and who brings it gets in', () => {
  const { counted, cost } = counting();
  const { linked, ds } = world(counted);
  linked.pass(1000 - (linked.now % 1000));
  linked.arrive(ds, initiation(ds, noIncarnation), stranger);
  const hint = decodePlain('hint', ds.transmitted.at(-1)?.bytes ?? new Uint8Array(0));
  assert.ok(!isDrop(hint) && hint.reason === 'stale-first-message');
  Object.assign(cost, { agreements: 0 });
  ds.transmitted.length = 0;
  const flood = isEngineSlow ? 230 : 500;
  for (let count = 0; count < flood; count += 1) {
    const from = `203.0.113.66:${1000 + count}` as Endpoint;
    linked.arrive(ds, initiation(ds, hint.incarnation), from);
  }
  const cookies = ds.transmitted.filter(({ bytes }) => bytes[0] === messages.cookie.code);
  assert.is(cookies.length, flood - 199, 'one more had asked for the incarnation');
  assert.ok(cookies.every(({ bytes }) => bytes.length <= firstMessageLength));
  assert.ok(cost.agreements <= 199, `${cost.agreements} agreements`);

  const node = linked.node(ds, '192.0.2.40:4649' as Endpoint, linked.token(ds, 'two'));
  // Still within the second of the flood: the cookie alone lets it in, then the right incarnation.
  linked.pass(900);
  assert.is((node.machine as NodeRole).registration.state, 'registered');
  const sent = node.transmitted.map(({ bytes }) => bytes[0]);
  assert.ok(sent.filter((type) => type === messages.sessionInitiation.code).length >= 2);
});

test('a forged hint about a session causes at most two new tries a second and changes nothing', () => {
  const { linked, ds, node } = world();
  const { registration } = node.machine as NodeRole;
  const session = registration.association.current;
  assert.ok(session);
  // All that is sent gets lost, so that a new try cannot replace the session.
  linked.passes = () => false;
  node.transmitted.length = 0;
  const forged = new Uint8Array(29);
  forged.set([messages.hint.code, 0x10]);
  for (let byte = 0; byte < 8; byte += 1) {
    forged[5 + byte] = Number.parseInt(session.remoteId.slice(byte * 2, byte * 2 + 2), 16);
  }
  for (let count = 0; count < 200; count += 1) linked.arrive(node, forged, stranger);
  const first = messages.sessionInitiation.code;
  const tries = node.transmitted.filter(({ bytes }) => bytes[0] === first);
  assert.ok(tries.length >= 1 && tries.length <= 2, `${tries.length} tries`);
  assert.ok(tries.every(({ to }) => to === ds.seenAs));
  assert.is(registration.association.current, session);
  assert.is(registration.state, 'registered');
});

test('a replayed first message and a replayed sealed message change nothing', () => {
  const { linked, ds, node } = world();
  const replayed = node.transmitted.map(({ bytes }) => bytes);
  assert.ok(replayed.length >= 2);
  const before = JSON.stringify([...ds.stored]);
  const online = (ds.machine as DsRole).online((node.machine as NodeRole).nodeId);
  const at = online?.observed;
  for (const bytes of replayed) linked.arrive(ds, bytes, stranger);
  assert.is(JSON.stringify([...ds.stored]), before);
  assert.is((ds.machine as DsRole).online((node.machine as NodeRole).nodeId)?.observed, at);
  assert.is((ds.machine as DsRole).onlineCount, 1);
  linked.pass(60_000);
  assert.is((ds.machine as DsRole).online((node.machine as NodeRole).nodeId)?.observed, at);
});

test.run();
