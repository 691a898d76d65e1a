/** Sessions over hours and moves: renewed without a pause, followed to where their owner goes, and ended. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint } from '../../src/base/ip.ts';
import { limits } from '../../src/protocol/limits.ts';
import type { DsRole } from '../../src/roles/ds/ds-role.ts';
import type { NodeRole } from '../../src/roles/node/node-role.ts';
import type { RsRole } from '../../src/roles/rs/rs-role.ts';
import type { NodeId } from '../../src/wire/ids.ts';
import { messages } from '../../src/wire/messages.ts';
import { LinkedRoles, type Party } from './linked-roles.ts';

const home = '192.0.2.30:4649' as Endpoint;
const away = '198.51.100.9:7000' as Endpoint;

function world() {
  const linked = new LinkedRoles();
  const ds = linked.ds();
  const node = linked.node(ds, home, linked.token(ds, 'one'));
  linked.pass(1000);
  return { linked, ds, node };
}

const registration = (party: Party) => (party.machine as NodeRole).registration;
const seenAt = (ds: Party, node: Party) =>
  (ds.machine as DsRole).online((node.machine as NodeRole).nodeId)?.observed;

test('a session is renewed every hour, and the node is never gone', () => {
  const { linked, ds, node } = world();
  const sessions = new Set([registration(node).association.current]);
  for (let minute = 0; minute < 200; minute += 1) {
    linked.pass(60_000);
    assert.is((ds.machine as DsRole).onlineCount, 1, `minute ${minute}`);
    assert.is(registration(node).reachable, true);
    sessions.add(registration(node).association.current);
  }
  assert.is(sessions.size, 4);
});

test('a renewal whose messages are lost is tried again within the life of the session', () => {
  const { linked, ds, node } = world();
  let lost = 0;
  linked.passes = (_from, { bytes }) => {
    const isFirst = bytes[0] === messages.sessionInitiation.code;
    if (isFirst) lost += 1;
    return !isFirst || lost > 10;
  };
  for (let minute = 0; minute < 70; minute += 1) {
    linked.pass(60_000);
    assert.is((ds.machine as DsRole).onlineCount, 1, `minute ${minute}`);
  }
  assert.ok(lost > 10);
  assert.is(registration(node).reachable, true);
});

test('the Direction Server follows a session to the address its next request comes from', () => {
  const { linked, ds, node } = world();
  const session = registration(node).association.current;
  assert.is(seenAt(ds, node), home);
  node.seenAs = away;
  linked.pass(60_000);
  assert.is(seenAt(ds, node), away);
  assert.is(registration(node).association.current, session);
});

test('an observer who repeats a node’s messages from another address moves nothing', () => {
  const { linked, ds, node } = world();
  const observer = '203.0.113.99:4649' as Endpoint;
  let copies = 0;
  linked.passes = (from, { to, bytes }) => {
    if (from !== node || to !== ds.seenAs) return true;
    copies += 1;
    // The copy comes second: the window of the session has seen its counter.
    linked.give(ds, { kind: 'datagram', now: linked.now, from: from.seenAs, bytes });
    linked.give(ds, { kind: 'datagram', now: linked.now, from: observer, bytes });
    return false;
  };
  linked.pass(300_000);
  assert.is(seenAt(ds, node), home);
  assert.ok(ds.transmitted.every(({ to }) => to !== observer));
  linked.ask(ds, 'status', {});
  assert.ok(copies > 3);
  // The first message of all asked for the incarnation.
  assert.equal(ds.answers.at(-1)?.['counters'], { 'wrong-incarnation': 1, replayed: copies });
});

test('a node that ends says goodbye and is offline at once', () => {
  const { linked, ds, node } = world();
  linked.give(node, { kind: 'stop', now: linked.now });
  assert.is((ds.machine as DsRole).onlineCount, 0);
});

test('a removed node is told in its session, and ends for good', () => {
  const { linked, ds, node } = world();
  linked.ask(ds, 'remove', { node: 'one' });
  assert.match(node.fatals.join(), /This node was removed by the owner of the Direction Server/);
  assert.is((ds.machine as DsRole).onlineCount, 0);
  node.transmitted.length = 0;
  linked.pass(600_000);
  assert.is(registration(node).state, 'refused');
  assert.is(node.transmitted.length, 0);
});

test('a session with half its messages behind it gets a successor, and none sends beyond its last', () => {
  const { linked, node } = world();
  const before = registration(node).association.current;
  assert.ok(before);
  before.sendCounter = limits.maxMessagesPerSession / 2 - 1;
  linked.pass(120_000);
  assert.is.not(registration(node).association.current, before);
  const worn = registration(node).association.current;
  assert.ok(worn);
  worn.sendCounter = limits.maxMessagesPerSession;
  const sent = node.transmitted.length;
  registration(node).update();
  assert.is(node.transmitted.length, sent);
  linked.pass(10_000);
  assert.is.not(registration(node).association.current, worn);
  assert.is(registration(node).reachable, true);
});

test('a Direction Server has room for so many Relay Servers; one that is known comes back', () => {
  const linked = new LinkedRoles();
  const ds = linked.ds();
  const { fleet } = ds.machine as DsRole;
  const first = linked.relay(ds, home, linked.token(ds, 'rs1', true), 'rs1');
  linked.pass(1000);
  const [row] = fleet.values();
  assert.ok(row);
  for (let index = 1; index < limits.maxRelays; index += 1) {
    fleet.set({ ...row, relayId: String(index).padStart(32, '0') as NodeId });
  }
  const late = linked.relay(ds, away, linked.token(ds, 'rs2', true), 'rs2').machine as RsRole;
  linked.pass(1000);
  assert.is(late.registration.registered, false);
  assert.match(String(late.registration.stateText), /full|limit|room/i);
  const again = (first.machine as RsRole).registration;
  again.connect();
  linked.pass(1000);
  assert.is(again.registered, true);
  fleet.delete('1'.padStart(32, '0') as NodeId);
  linked.pass(120_000);
  assert.is(late.registration.registered, true);
});

test('a node waits for the answers to so many Direction Requests and asks no more meanwhile', () => {
  const { linked, node } = world();
  linked.passes = (from) => from !== node;
  const role = node.machine as NodeRole;
  for (let index = 0; index < 3 * limits.maxDirectionsInFlight; index += 1) {
    role.directions.ask({ by: 'name', name: `n${index}` }, undefined);
  }
  assert.is(role.registration.association.requests.size, limits.maxDirectionsInFlight);
});

test.run();
