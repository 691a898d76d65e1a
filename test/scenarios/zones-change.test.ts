/** The owner of a Direction Server adds and removes another zone while everything runs. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PathRow } from '../../src/protocol/control-results.ts';
import type { ForeignZone } from '../../src/protocol/foreign-zone.ts';
import type { Host } from '../sim/hosts/host.ts';
import { link } from '../sim/network/realm.ts';
import { WatchedWorld } from '../sim/watched-world.ts';
import type { DirectionServer } from '../sim/world.ts';
import { nodeSuite } from '../support/node-suite.ts';

function zoneOf({ zone, endpoints, keys, pool }: DirectionServer): ForeignZone {
  const { publicKey } = keys;
  return { zone, endpoints, publicKey, pools: pool ? [pool] : [], policy: 'allow' };
}

function tell(world: WatchedWorld, { host }: DirectionServer, zones: readonly ForeignZone[]): void {
  host.process?.feedAll({ kind: 'zones', now: world.now, zones });
}

function peersOf(world: WatchedWorld, host: Host): (string | null)[] {
  const answer = world.call(host, 'node', 'paths', {});
  const rows = answer?.ok ? (answer.result['paths'] as unknown as PathRow[]) : [];
  return rows.filter(({ state }) => state === 'up').map(({ peerName }) => peerName);
}

test('nodes reach a zone that was added without a restart, and lose only the one that was removed', () => {
  const world = new WatchedWorld({ seed: 1, suite: nodeSuite, link: link({ delayMs: 5 }) });
  const [here, there] = ['here', 'there'].map((name) => world.addDs(name, { foreignZones: [] }));
  if (!here || !there) throw new Error('both servers are made');
  world.startServers();
  world.guard(() => {
    const a = world.addNode('a', here, world.publicRealm);
    const c = world.addNode('c', here, world.publicRealm);
    world.addNode('b', there, world.publicRealm);
    world.run(1000);
    world.call(a, 'node', 'connect', { peer: 'c.here.example' });
    world.call(a, 'node', 'connect', { peer: 'b.there.example' });
    world.run(3000);
    assert.equal(peersOf(world, a), ['c.here.example']);
    tell(world, here, [zoneOf(there)]);
    tell(world, there, [zoneOf(here)]);
    // Until the next NTM Updates, which tell the nodes that there are other zones.
    world.run(200_000);
    world.call(a, 'node', 'connect', { peer: 'c.here.example' });
    world.call(a, 'node', 'connect', { peer: 'b.there.example' });
    world.run(3000);
    assert.equal(peersOf(world, a).sort(), ['b.there.example', 'c.here.example']);
    tell(world, here, []);
    world.run(3000);
    assert.equal(peersOf(world, a), ['c.here.example']);
    assert.equal(peersOf(world, c), ['a.here.example']);
  });
});

test.run();
