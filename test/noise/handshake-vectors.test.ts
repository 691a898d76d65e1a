/**
 * The published vectors of the three patterns, as sent by one end and read by the other: every message of
 * the handshake and of the transport after it, and the handshake hash.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyBytes, fromHex, toHex } from '../../src/base/bytes.ts';
import { CipherState } from '../../src/noise/cipher-state.ts';
import { Handshake, type Pattern } from '../../src/noise/handshake-state.ts';
import type { KeyPair } from '../../src/noise/suite.ts';
import { suite } from '../support/suite.ts';
import published from '../vectors/noise.json' with { type: 'json' };

type Vector = (typeof published.vectors)[number];

const hex = (text: string): Uint8Array => fromHex(text) as Uint8Array;

function keyPair(secret: string): KeyPair {
  return { secretKey: hex(secret), publicKey: suite.publicKey(hex(secret)) };
}

function patternOf(vector: Vector): Pattern {
  const [, pattern, ...rest] = vector.protocol_name.split('_');
  assert.equal(rest, ['25519', 'ChaChaPoly', 'BLAKE2b']);
  return pattern as Pattern;
}

function endsOf(vector: Vector): { readonly initiator: Handshake; readonly responder: Handshake } {
  const { init_psks: initPsks = [], resp_psks: respPsks = [] } = vector;
  const common = { suite, pattern: patternOf(vector) };
  const psk = (psks: readonly string[]) => (psks[0] === undefined ? {} : { psk: hex(psks[0]) });
  const remote = (key: string | undefined) => (key === undefined ? {} : { remoteStatic: hex(key) });
  return {
    initiator: new Handshake({
      ...common,
      initiator: true,
      prologue: hex(vector.init_prologue),
      keys: keyPair(vector.init_static),
      ephemeral: keyPair(vector.init_ephemeral),
      ...remote(vector.init_remote_static),
      ...psk(initPsks),
    }),
    responder: new Handshake({
      ...common,
      initiator: false,
      prologue: hex(vector.resp_prologue),
      keys: keyPair(vector.resp_static),
      ephemeral: keyPair(vector.resp_ephemeral),
      ...remote(vector.resp_remote_static),
      ...psk(respPsks),
    }),
  };
}

function transportOf(handshake: Handshake) {
  const { send, receive } = handshake.split();
  return { send: new CipherState(suite, send), receive: new CipherState(suite, receive) };
}

test('the vectors are of the patterns that sessions and paths use', () => {
  const patterns = published.vectors.map(patternOf).sort();
  assert.equal(patterns, ['IK', 'KK', 'KKpsk0']);
});

for (const vector of published.vectors) {
  test(`${vector.protocol_name} gives the published messages`, () => {
    const { initiator, responder } = endsOf(vector);
    for (const [index, message] of vector.messages.slice(0, 2).entries()) {
      const [writer, reader] = index === 0 ? [initiator, responder] : [responder, initiator];
      assert.is(writer.finished, false);
      const written = writer.writeMessage(hex(message.payload));
      assert.is(toHex(written), message.ciphertext);
      assert.equal(reader.readMessage(written), hex(message.payload));
    }
    assert.ok(initiator.finished && responder.finished);
    assert.is(toHex(initiator.handshakeHash), vector.handshake_hash);
    assert.is(toHex(responder.handshakeHash), vector.handshake_hash);
    assert.equal(responder.remoteStatic, keyPair(vector.init_static).publicKey);
    assert.equal(initiator.remoteStatic, keyPair(vector.resp_static).publicKey);

    const ends = [transportOf(initiator), transportOf(responder)] as const;
    assert.ok(vector.messages.length > 4);
    for (const [index, message] of vector.messages.slice(2).entries()) {
      const [writer, reader] = index % 2 === 0 ? ends : ([ends[1], ends[0]] as const);
      const written = writer.send.encrypt(emptyBytes, hex(message.payload));
      assert.is(toHex(written), message.ciphertext);
      assert.equal(reader.receive.decrypt(emptyBytes, written), hex(message.payload));
    }
  });
}

test.run();
