/** What a handshake does with messages and keys that are not the right ones. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { AssertionFailure } from '../../src/base/assert.ts';
import { concatBytes, emptyBytes, equalBytes, utf8 } from '../../src/base/bytes.ts';
import {
  Handshake,
  type HandshakeOptions,
  type Pattern,
  type TransportKeys,
} from '../../src/noise/handshake-state.ts';
import { generateKeyPair } from '../../src/noise/keys.ts';
import { keyLength, type Suite, tagLength } from '../../src/noise/suite.ts';
import { lowOrderKeys } from '../support/low-order-keys.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { suite } from '../support/suite.ts';

const random = seededRandom(4649);
const draw = () => generateKeyPair(suite, random);
const keys = { initiator: draw(), responder: draw(), stranger: draw() };
const psk = random.bytes(keyLength);
const prologue = utf8('prologue');
const question = utf8('question');
const answer = utf8('answer');
const patterns: readonly Pattern[] = ['IK', 'KK', 'KKpsk0'];

type Changes = Partial<HandshakeOptions>;

function initiatorOf(pattern: Pattern, changes: Changes = {}): Handshake {
  return new Handshake({
    suite,
    pattern,
    initiator: true,
    prologue,
    keys: keys.initiator,
    ephemeral: draw(),
    remoteStatic: keys.responder.publicKey,
    ...(pattern === 'KKpsk0' && { psk }),
    ...changes,
  });
}

function responderOf(pattern: Pattern, changes: Changes = {}): Handshake {
  return new Handshake({
    suite,
    pattern,
    initiator: false,
    prologue,
    keys: keys.responder,
    ephemeral: draw(),
    ...(pattern !== 'IK' && { remoteStatic: keys.initiator.publicKey }),
    ...(pattern === 'KKpsk0' && { psk }),
    ...changes,
  });
}

function finish(initiator: Handshake, responder: Handshake): void {
  assert.equal(responder.readMessage(initiator.writeMessage(question)), question);
  assert.equal(initiator.readMessage(responder.writeMessage(answer)), answer);
}

function withBit(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice();
  changed[bit >>> 3] = (changed[bit >>> 3] as number) ^ (1 << (bit & 7));
  return changed;
}

/** Cut at every length, longer by a byte, and with one bit changed in every byte. */
function damaged(message: Uint8Array): Uint8Array[] {
  const all = [concatBytes(message, Uint8Array.of(0)), new Uint8Array(70_000)];
  for (let length = 0; length < message.length; length += 1) {
    all.push(message.subarray(0, length), withBit(message, length * 8 + ((length * 5) & 7)));
  }
  // X25519 does not look at this bit; the handshake must.
  all.push(withBit(message, 31 * 8 + 7));
  return all;
}

/** The suite with another X25519. */
function withAgreement(sharedSecret: Suite['sharedSecret']): Suite {
  return {
    publicKey: (...args) => suite.publicKey(...args),
    sharedSecret,
    hash: (...args) => suite.hash(...args),
    keyedHash: (...args) => suite.keyedHash(...args),
    seal: (...args) => suite.seal(...args),
    open: (...args) => suite.open(...args),
    sealInto: (...args) => suite.sealInto(...args),
    openInto: (...args) => suite.openInto(...args),
  };
}

for (const pattern of patterns) {
  test(`${pattern}: both ends have the same keys, and no two handshakes do`, () => {
    const seen: Uint8Array[] = [];
    for (let round = 0; round < 3; round += 1) {
      const initiator = initiatorOf(pattern);
      const responder = responderOf(pattern);
      finish(initiator, responder);
      const [one, other]: [TransportKeys, TransportKeys] = [initiator.split(), responder.split()];
      assert.equal(one.send, other.receive);
      assert.equal(one.receive, other.send);
      assert.equal(initiator.handshakeHash, responder.handshakeHash);
      for (const key of [one.send, one.receive]) {
        assert.is(key.length, keyLength);
        assert.not(seen.some((before) => equalBytes(before, key)));
        seen.push(key);
      }
    }
  });

  test(`${pattern}: a damaged message is not read and the true one still is`, () => {
    const initiator = initiatorOf(pattern);
    const responder = responderOf(pattern);
    const first = initiator.writeMessage(question);
    for (const bytes of damaged(first)) {
      assert.is(responder.readMessage(bytes), undefined);
      assert.is(responder.finished, false);
    }
    if (pattern === 'IK') assert.is(responder.remoteStatic, undefined);
    assert.equal(responder.readMessage(first), question);
    assert.equal(responder.remoteStatic, keys.initiator.publicKey);
    const second = responder.writeMessage(answer);
    for (const bytes of damaged(second)) assert.is(initiator.readMessage(bytes), undefined);
    assert.equal(initiator.readMessage(second), answer);
    assert.equal(initiator.split().send, responder.split().receive);
  });

  test(`${pattern}: another prologue or another responder key reads nothing`, () => {
    const message = initiatorOf(pattern).writeMessage(question);
    const wrong: Changes[] = [
      { prologue: utf8('prologuE') },
      { prologue: emptyBytes },
      { keys: keys.stranger },
    ];
    for (const changes of wrong) {
      assert.is(responderOf(pattern, changes).readMessage(message), undefined);
    }
    assert.equal(responderOf(pattern).readMessage(message), question);
  });

  test(`${pattern}: who does not have the responder's secret cannot answer`, () => {
    const initiator = initiatorOf(pattern);
    const first = initiator.writeMessage(question);
    const pretender = responderOf(pattern, {
      keys: { secretKey: keys.stranger.secretKey, publicKey: keys.responder.publicKey },
    });
    assert.is(pretender.readMessage(first), undefined);
    const meantForAnother = initiatorOf(pattern, { remoteStatic: keys.stranger.publicKey });
    const stranger = responderOf(pattern, { keys: keys.stranger });
    stranger.readMessage(meantForAnother.writeMessage(question));
    assert.is(initiator.readMessage(stranger.writeMessage(answer)), undefined);
    assert.is(initiator.finished, false);
  });

  test(`${pattern}: messages out of turn, repeated or after the end are not read`, () => {
    const initiator = initiatorOf(pattern);
    const responder = responderOf(pattern);
    const first = initiator.writeMessage(question);
    assert.is(initiator.readMessage(first), undefined);
    assert.equal(responder.readMessage(first), question);
    assert.is(responder.readMessage(first), undefined);
    const second = responder.writeMessage(answer);
    assert.is(responder.readMessage(second), undefined);
    assert.equal(initiator.readMessage(second), answer);
    assert.is(initiator.readMessage(second), undefined);
    assert.ok(initiator.finished && responder.finished);
  });

  test(`${pattern}: an ephemeral key of low order is refused`, () => {
    const responder = responderOf(pattern);
    const length = initiatorOf(pattern).writeMessage(question).length;
    for (const key of lowOrderKeys) {
      const message = concatBytes(key, random.bytes(length - keyLength));
      assert.is(responder.readMessage(message), undefined);
    }
  });

  test(`${pattern}: towards a static key of low order, nobody can read the message`, () => {
    // The reader takes every agreement with a key of low order as zero, which is what it comes to.
    const nothing = new Uint8Array(keyLength);
    const isVoid = (key: Uint8Array) =>
      [nothing, ...lowOrderKeys].some((each) => equalBytes(each, key));
    const gullible = withAgreement((secretKey, publicKey) =>
      isVoid(secretKey) || isVoid(publicKey) ? nothing : suite.sharedSecret(secretKey, publicKey),
    );
    for (const publicKey of lowOrderKeys.slice(0, 4)) {
      const message = initiatorOf(pattern, { remoteStatic: publicKey }).writeMessage(question);
      const reader = responderOf(pattern, {
        suite: gullible,
        keys: { secretKey: nothing, publicKey },
      });
      assert.is(reader.readMessage(message), undefined);
    }
  });
}

test('KK and KKpsk0: an initiator with another static key is not read', () => {
  for (const pattern of ['KK', 'KKpsk0'] as const) {
    const message = initiatorOf(pattern, { keys: keys.stranger }).writeMessage(question);
    assert.is(responderOf(pattern).readMessage(message), undefined);
    const other = responderOf(pattern, { remoteStatic: keys.stranger.publicKey });
    assert.equal(other.readMessage(message), question);
  }
});

test('KKpsk0: another pre-shared key reads nothing', () => {
  const message = initiatorOf('KKpsk0').writeMessage(question);
  assert.is(responderOf('KKpsk0', { psk: withBit(psk, 0) }).readMessage(message), undefined);
  assert.is(responderOf('KK').readMessage(message), undefined);
  assert.equal(responderOf('KKpsk0').readMessage(message), question);
});

test('messages have the length of their pattern and payloads of any length pass', () => {
  const overhead = { IK: 2 * keyLength + 2 * tagLength, KK: 48, KKpsk0: 48 };
  for (const pattern of patterns) {
    for (const length of [0, 1, 1044, 5000]) {
      const payload = random.bytes(length);
      const message = initiatorOf(pattern).writeMessage(payload);
      assert.is(message.length, overhead[pattern] + length);
      assert.equal(responderOf(pattern).readMessage(message), payload);
    }
  }
});

test('what a handshake is given is not changed, and what it read may be overwritten', () => {
  const initiator = initiatorOf('IK');
  const responder = responderOf('IK');
  const first = initiator.writeMessage(question);
  const copy = first.slice();
  const payload = responder.readMessage(first) as Uint8Array;
  assert.equal(first, copy);
  first.fill(0);
  payload.fill(0);
  assert.equal(initiator.readMessage(responder.writeMessage(answer)), answer);
  assert.equal(responder.remoteStatic, keys.initiator.publicKey);
});

test('a handshake with options that are not its pattern’s, or used too early, is our own fault', () => {
  const wrong = [
    () =>
      new Handshake({
        suite,
        pattern: 'IK',
        initiator: true,
        prologue,
        keys: draw(),
        ephemeral: draw(),
      }),
    () => responderOf('IK', { remoteStatic: keys.initiator.publicKey }),
    () => initiatorOf('KK', { psk }),
    () => initiatorOf('KKpsk0', { psk: psk.subarray(1) }),
    () => initiatorOf('KK', { remoteStatic: psk.subarray(1) }),
    () => responderOf('KK').writeMessage(question),
    () => initiatorOf('KK').split(),
    () => initiatorOf('KK').handshakeHash,
    () => initiatorOf('KK').writeMessage(new Uint8Array(65_536)),
  ];
  for (const call of wrong) {
    assert.throws(call, (error: unknown) => error instanceof AssertionFailure);
  }
});

test.run();
