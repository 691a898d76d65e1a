/** Keys of paths and sessions are in no log, trace, answer, event or stored value of any role. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/base/bytes.ts';
import type { Endpoint } from '../../src/base/ip.ts';
import type { Suite } from '../../src/noise/suite.ts';
import { suite } from '../support/suite.ts';
import { LinkedRoles, type Party } from './linked-roles.ts';

const inside = '192.168.1.2:4649' as Endpoint;

/** The real suite, which notes every key that anything is sealed or hashed under. */
function listening(keys: Set<string>): Suite {
  const note = (key: Uint8Array): Uint8Array => {
    keys.add(toHex(key));
    return key;
  };
  return {
    publicKey: (secretKey) => suite.publicKey(note(secretKey)),
    sharedSecret: (secretKey, publicKey) => suite.sharedSecret(note(secretKey), publicKey),
    hash: (...parts) => suite.hash(...parts),
    keyedHash: (key, length, ...parts) => suite.keyedHash(note(key), length, ...parts),
    seal: (key, ...given) => suite.seal(note(key), ...given),
    open: (key, ...given) => suite.open(note(key), ...given),
    sealInto: (out, key, ...given) => suite.sealInto(out, note(key), ...given),
    openInto: (out, key, ...given) => suite.openInto(out, note(key), ...given),
  };
}

function said({ logs, stored, answers, events, fatals }: Party): string {
  return JSON.stringify([logs, [...stored], answers, events, fatals]);
}

test('no key shows in what roles say or keep while they build and use a path', () => {
  const keys = new Set<string>();
  const linked = new LinkedRoles(listening(keys));
  const ds = linked.ds();
  const relay = linked.relay(ds, '192.0.2.20:4649' as Endpoint, linked.token(ds, 'rs', true));
  const one = linked.node(ds, '192.0.2.30:4649' as Endpoint, linked.token(ds, 'one'));
  const outside = '198.51.100.1:1000' as Endpoint;
  const two = linked.node(ds, inside, linked.token(ds, 'two'), outside);
  linked.pass(1000);
  linked.ask(one, 'connect', { peer: 'two' });
  linked.pass(3000);
  const installed = [one, two].flatMap(({ paths }) => paths.filter(({ op }) => op === 'key-set'));
  assert.ok(installed.length >= 2, 'a path was built');
  for (const command of installed) {
    if (command.op !== 'key-set') continue;
    keys.add(toHex(command.sendKey));
    keys.add(toHex(command.receiveKey));
  }
  const all = [ds, relay, one, two];
  // What proves that a first message is for its receiver is keyed with what everybody knows.
  for (const party of all) keys.delete(toHex(party.keys.publicKey));
  assert.ok(keys.size > 15);
  for (const party of all) {
    for (const method of ['status', 'paths', 'trace', 'diagnose']) linked.ask(party, method, {});
    const text = said(party);
    assert.ok(text.length > 200);
    for (const key of keys) assert.not(text.includes(key), 'a key is told');
  }
});

test.run();
