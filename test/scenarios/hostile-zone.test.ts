/** The Direction Server of a trusted zone that floods: it harms its own zone and nobody else. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { limits } from '../../src/protocol/limits.ts';
import type { JsonObject } from '../../src/protocol/machine.ts';
import { type NodeId, parseNodeId } from '../../src/wire/ids.ts';
import { HostileZone, type Target } from '../sim/attackers/hostile-zone.ts';
import { Dice } from '../sim/dice.ts';
import { liveBytes } from '../sim/heap.ts';
import type { Host } from '../sim/hosts/host.ts';
import { restrictedNat } from '../sim/network/nat.ts';
import { link } from '../sim/network/realm.ts';
import { WatchedWorld } from '../sim/watched-world.ts';
import { fastSuite } from '../support/fast-suite.ts';
import { seededRandom } from '../support/seeded-random.ts';

const perMs = 3;

class Flooded extends WatchedWorld {
  readonly hostile = new HostileZone('hostile', this, new Dice(seededRandom(11)));
  readonly a = this.addDs('a', {
    foreignZones: [this.hostile.asConfigured],
    foreignPolicy: 'allow',
  });
  readonly b = this.addDs('b', { foreignZones: [], foreignPolicy: 'allow' });
  readonly nodes: Host[] = [];

  constructor() {
    super({ seed: 4, suite: fastSuite, link: link({ delayMs: 5 }) });
    this.startServers();
    this.addRs('rsa', this.a);
    this.addRs('rsb', this.b);
    this.run(1500);
    for (const [name, ds] of [
      ['one', this.a],
      ['two', this.a],
      ['three', this.b],
    ] as const) {
      this.nodes.push(this.addNode(name, ds, this.addPrivate(`${name}-lan`, restrictedNat)));
    }
    this.run(2000);
    this.hostile.open(this.a);
    this.run(500);
    assert.ok(this.hostile.inSession);
  }

  status(host: Host, role: string): JsonObject {
    const answer = this.call(host, role, 'status', {});
    assert.ok(answer?.ok);
    return answer.result;
  }

  get target(): Target {
    const one = this.nodes[0] as Host;
    const nodeId = parseNodeId(String(this.status(one, 'node')['nodeId'])) as NodeId;
    return { nodeId, name: 'one.a.example', zone: this.a.zone };
  }

  rateLimited(): number {
    const counters = this.status(this.a.host, 'ds')['counters'] as Record<string, number>;
    return counters['rate-limited'] ?? 0;
  }

  flood(ms: number): void {
    const { target } = this;
    for (let at = 0; at < ms; at += 1) {
      for (let count = 0; count < perMs; count += 1) this.hostile.say(target);
      this.run(1);
    }
  }

  /** Whether a node gets a path by name, while the flood goes on. */
  connects(from: Host, peer: string): void {
    let outcome = 'no answer';
    from.call('node', 'connect', { peer }, (answer) => {
      outcome = answer.ok ? 'up' : answer.error;
    });
    this.flood(3000);
    assert.is(outcome, 'up', peer);
  }
}

test('while a zone floods, nodes of others register, find each other and move as ever', () => {
  const world = new Flooded();
  world.guard(() => {
    const [one, two, three] = world.nodes as [Host, Host, Host];
    world.connects(one, 'two');
    const flows = [
      world.traffic.start(one, two, { intervalMs: 50, ipv6: true }),
      world.traffic.start(one, three, { intervalMs: 50, ipv6: true }),
    ];
    world.connects(one, 'three.b.example');
    const before = world.rateLimited();
    const { sent, sentBytes, receivedBytes } = world.hostile;
    world.flood(1000);
    world.move(one, world.addPrivate('elsewhere', restrictedNat));
    world.flood(2000);
    const four = world.addNode('four', world.a, world.publicRealm);
    world.flood(1500);
    assert.is(world.status(four, 'node')['state'], 'registered');
    world.connects(four, 'one');
    world.connects(three, 'one.a.example');
    const since = world.now;
    world.flood(1000);
    for (const half of flows.flatMap(({ halves }) => halves)) {
      assert.ok(half.lastReceivedAt > since, `${half.from.name} is heard`);
    }
    const said = world.hostile.sent - sent;
    assert.ok(world.rateLimited() - before > said * 0.75, `${world.rateLimited()} of ${said}`);
    assert.ok(world.hostile.receivedBytes - receivedBytes < world.hostile.sentBytes - sentBytes);
    world.expectLiveness();
  });
});

test('a zone that floods leaves no memory behind, and a node keeps room for others', () => {
  const world = new Flooded();
  world.guard(() => {
    const [one] = world.nodes as [Host];
    const round = () => {
      world.flood(3000);
      world.run(1000);
    };
    round();
    round();
    const before = liveBytes();
    round();
    const grown = liveBytes() - before;
    assert.ok(grown < 400_000, `${grown} bytes by ${perMs * 3000} messages`);
    assert.ok(Number(world.status(one, 'node')['paths']) <= limits.maxPathsPerZoneAndNode);
  });
});

test('a zone that floods in the name of a bystander has nobody flooded', () => {
  const world = new Flooded();
  world.guard(() => {
    // The invariants watch what the bystander gets.
    world.hostile.source = world.victim;
    world.flood(3000);
    world.run(3000);
    world.hostile.source = world.hostile.endpoint;
    world.connects(world.nodes[0] as Host, 'two');
  });
});

test('made-up zones that greet keep nobody from finding a real one', () => {
  const world = new Flooded();
  world.guard(() => {
    const stranger = new HostileZone('stranger', world, new Dice(seededRandom(12)));
    let outcome = 'no answer';
    for (let count = 0; count < 400; count += 1) {
      stranger.greetAs(`zone${count}.example`, world.a);
      world.run(10);
      if (count !== 260) continue;
      (world.nodes[0] as Host).call('node', 'connect', { peer: 'three.b.example' }, (answer) => {
        outcome = answer.ok ? 'up' : answer.error;
      });
    }
    assert.is(outcome, 'up');
  });
});

test.run();
