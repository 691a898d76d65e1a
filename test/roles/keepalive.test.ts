/** How often a node says that it is there: as seldom as its NAT allows, and sooner when it was too seldom. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Endpoint, endpointIp } from '../../src/base/ip.ts';
import type { DsRole } from '../../src/roles/ds/ds-role.ts';
import type { NodeRole } from '../../src/roles/node/node-role.ts';
import { dsAt, LinkedRoles, type Party } from './linked-roles.ts';

const inside = '192.168.1.2:4649' as Endpoint;
const outside = (port: number) => `198.51.100.1:${port}` as Endpoint;
const minute = 60_000;

function world(local: Endpoint, seenAs = local) {
  const linked = new LinkedRoles();
  const ds = linked.ds();
  const node = linked.node(ds, local, linked.token(ds, 'one'), seenAs);
  linked.pass(1000);
  assert.is((node.machine as NodeRole).registration.state, 'registered');
  return { linked, ds, node };
}

/** Milliseconds between the datagrams of the node while `ms` pass. */
function gaps(linked: LinkedRoles, node: Party, ms: number): number[] {
  node.transmitted.length = 0;
  linked.pass(ms);
  const times = node.transmitted.map(({ at }) => at);
  return times.slice(1).map((at, index) => at - (times[index] as number));
}

test('a node with a global address says so every 50 seconds, and no more', () => {
  const { linked, node } = world('198.51.100.7:4649' as Endpoint);
  assert.equal(gaps(linked, node, 4 * minute), [50_000, 50_000, 50_000, 50_000].slice(0, 3));
});

test('behind a NAT that holds its mapping the pause grows from 20 to 55 seconds', () => {
  const { linked, node } = world(inside, outside(1000));
  const all = gaps(linked, node, 30 * minute);
  assert.is(all[0], 20_000);
  for (let index = 1; index < all.length; index += 1) {
    assert.ok((all[index] as number) >= (all[index - 1] as number), 'it never shrinks');
  }
  assert.is(all.at(-1), 55_000);
});

test('when the NAT forgot the mapping the pause shrinks, down to ten seconds and not below', () => {
  const { linked, node, ds } = world(inside, outside(1000));
  linked.pass(10 * minute);
  const before = Math.max(...gaps(linked, node, 3 * minute));
  assert.ok(before > 20_000);
  let port = 2000;
  let last = 0;
  // A NAT that forgets after 8 seconds: every later datagram leaves by another port.
  linked.passes = (from) => {
    if (from === node && linked.now - last > 8000) {
      port += 1;
      node.seenAs = outside(port);
    }
    if (from === node) last = linked.now;
    return true;
  };
  const after = gaps(linked, node, 20 * minute);
  assert.ok(Math.min(...after) >= 10_000);
  assert.is(after.at(-1), 10_000);
  assert.is((ds.machine as DsRole).onlineCount, 1);
});

test('a server that is silent is asked for ever, less than once a second, and found when it is back', () => {
  const { linked, node, ds } = world('198.51.100.7:4649' as Endpoint);
  linked.passes = (_from, { to }) => to !== dsAt;
  linked.pass(2 * minute);
  const { registration } = node.machine as NodeRole;
  assert.is(registration.reachable, false);
  const all = gaps(linked, node, 2 * minute);
  assert.ok(Math.max(...all) <= 10_000, 'it never gives up');
  assert.ok(all.length < 120, `${all.length} datagrams in two minutes`);
  linked.passes = () => true;
  linked.pass(10_000);
  assert.is(registration.reachable, true);
  assert.is((ds.machine as DsRole).onlineCount, 1);
});

test('a node whose only uplink went and came back counts as registered again', () => {
  const { linked, node } = world(inside, outside(1000));
  const { registration } = node.machine as NodeRole;
  const ip = endpointIp(inside);
  const uplink = { id: `eth0/${ip}`, device: 'eth0', ip, usable: true };
  linked.give(node, { kind: 'uplinks', now: linked.now, uplinks: [] });
  linked.passes = () => false;
  linked.pass(2 * minute);
  assert.is(registration.state, 'no-uplink');
  linked.passes = () => true;
  linked.give(node, { kind: 'uplinks', now: linked.now, uplinks: [uplink] });
  linked.pass(5000);
  assert.is(registration.state, 'registered');
});

test.run();
