/** Several Relay Servers at one Direction Server: shares, draining, one that dies, and paths that move between them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Host } from '../sim/hosts/host.ts';
import { type Flow, longestGap, lostBetween } from '../sim/hosts/traffic.ts';
import { symmetricNat } from '../sim/network/nat.ts';
import { link } from '../sim/network/realm.ts';
import { WatchedWorld } from '../sim/watched-world.ts';
import { nodeSuite } from '../support/node-suite.ts';

const intervalMs = 10;

class Fleet extends WatchedWorld {
  readonly ds = this.addDs('ds');
  readonly relays: Host[] = [];
  readonly flows: Flow[] = [];

  constructor(weights: readonly number[], pairs: number, pathLimits: readonly number[] = []) {
    super({ seed: 1, suite: nodeSuite, link: link({ delayMs: 5 }) });
    this.startServers();
    for (const [index, weight] of weights.entries()) {
      const pathLimit = pathLimits[index] ?? 100;
      this.relays.push(this.addRs(`rs${index}`, this.ds, { weight, pathLimit }));
    }
    this.run(1500);
    for (let index = 0; index < pairs; index += 1) {
      const realms = ['a', 'b'].map((side) => this.addPrivate(`${side}${index}`, symmetricNat));
      const [a, b] = realms.map((realm, side) =>
        this.addNode(`n${index}${side}`, this.ds, realm, { punch: false }),
      );
      this.run(1500);
      this.flows.push(this.traffic.start(a as Host, b as Host, { intervalMs, record: true }));
    }
    this.run(2000);
  }

  /** So many nodes behind one NAT, and a path by a Relay Server between any two of them. */
  crowd(size: number): void {
    const realm = this.addPrivate('crowd', symmetricNat);
    const nodes = Array.from({ length: size }, (_, index) =>
      this.addNode(`c${index}`, this.ds, realm, { punch: false }),
    );
    this.run(3000);
    for (const [index, a] of nodes.entries()) {
      for (const b of nodes.slice(index + 1)) {
        this.flows.push(this.traffic.start(a, b, { intervalMs: 1000, record: true }));
        this.run(30);
      }
    }
    this.run(5000);
  }

  paths(relay: Host): number {
    const answer = this.call(relay, 'rs', 'status', {});
    assert.ok(answer?.ok);
    return Number(answer.result['paths']);
  }

  lost(since: number): number {
    const halves = this.flows.flatMap((flow) => flow.halves);
    return halves.reduce((sum, half) => sum + lostBetween(half, since, this.now - 200), 0);
  }

  longest(since: number): number {
    const halves = this.flows.flatMap((flow) => flow.halves);
    return Math.max(...halves.map((half) => longestGap(half, since, this.now)));
  }
}

test('a Relay Server that is drained hands its paths over while they are in use, and none is lost', () => {
  const world = new Fleet([10, 10], 3);
  world.guard(() => {
    const [busy, other] = [...world.relays].sort((a, b) => world.paths(b) - world.paths(a));
    assert.ok(busy && other);
    assert.ok(world.paths(busy) > 0);
    const since = world.now;
    assert.ok(world.call(busy, 'rs', 'drain', {})?.ok);
    world.run(4000);
    assert.is(world.lost(since), 0);
    assert.is(world.paths(other), 3);
    busy.stop();
    const gone = world.now;
    world.run(5000);
    assert.is(world.lost(gone), 0);
  });
});

test('a Relay Server that was out of touch and comes back by a new session relays what came meanwhile', () => {
  const world = new Fleet([10], 0);
  world.guard(() => {
    const [a, b] = ['a', 'b'].map((side) =>
      world.addNode(side, world.ds, world.addPrivate(`net-${side}`, symmetricNat), {
        punch: false,
      }),
    );
    world.run(1500);
    world.network.partition(['rs0'], ['ds']);
    world.run(4000);
    const flow = world.traffic.start(a as Host, b as Host, { intervalMs, record: true });
    world.run(2000);
    assert.is(flow.halves[0].received, 0, 'nobody relays for them yet');
    world.network.heal();
    const healed = world.now;
    world.run(5000);
    assert.ok(longestGap(flow.halves[0], healed, world.now) < 4000);
    assert.is(world.paths(world.relays[0] as Host), 1);
  });
});

test('a drained Relay Server stays so over a restart, and takes paths again when told', () => {
  const world = new Fleet([100, 1], 0);
  world.guard(() => {
    const [strong, weak] = world.relays as [Host, Host];
    world.call(strong, 'rs', 'drain', {});
    strong.restart();
    world.run(1500);
    const realm = world.addPrivate('late', symmetricNat);
    const pair = ['one', 'two'].map((name) => world.addNode(name, world.ds, realm, {})) as [
      Host,
      Host,
    ];
    world.run(1500);
    world.traffic.start(...pair);
    world.run(2000);
    assert.is(world.paths(weak), 1);
    assert.is(world.paths(strong), 0);
    const back = world.call(strong, 'rs', 'drain', { off: true });
    assert.ok(back?.ok);
    assert.is(back.result['draining'], false);
  });
});

test('a Relay Server that dies loses its paths to another within 3 s', () => {
  const world = new Fleet([10, 10], 3);
  world.guard(() => {
    const [busy, other] = [...world.relays].sort((a, b) => world.paths(b) - world.paths(a));
    assert.ok(busy && other);
    const since = world.now;
    busy.crash();
    world.run(3000);
    assert.is(world.paths(other), 3);
    const after = world.now;
    world.run(3000);
    assert.is(world.lost(after), 0);
    assert.ok(world.longest(since) < 3000, `${world.longest(since)} ms`);
  });
});

test('a Relay Server that is only cut off for a while comes back and gets paths again', () => {
  const world = new Fleet([10, 10], 2);
  world.guard(() => {
    const [first] = world.relays as [Host, Host];
    world.network.partition([first.name], ['ds']);
    const since = world.now;
    world.run(10_000);
    assert.is(world.lost(since), 0, 'a path goes elsewhere without a pause');
    world.network.heal();
    world.run(3000);
    assert.is(world.call(first, 'rs', 'status', {})?.ok, true);
    assert.is(first.fatal.length, 0);
    world.call(world.relays[1] as Host, 'rs', 'drain', {});
    world.run(3000);
    assert.is(world.paths(first), 2);
  });
});

test('of two Relay Servers the one with the greater weight has the greater share', () => {
  const world = new Fleet([30, 10], 0);
  world.guard(() => {
    const shares = world.relays.map((relay) => world.paths(relay));
    assert.equal(shares, [0, 0]);
    world.crowd(14);
    const [heavy, light] = world.relays.map((relay) => world.paths(relay)) as [number, number];
    assert.is(heavy + light, 91);
    assert.ok(heavy > 2 * light, `${heavy} and ${light}`);
  });
});

test('Relay Servers of equal weight are filled alike, however many paths each may have, and none above that', () => {
  const world = new Fleet([10, 10], 0, [15, 60]);
  world.guard(() => {
    world.crowd(9);
    const [small, large] = world.relays.map((relay) => world.paths(relay)) as [number, number];
    assert.is(small + large, 36);
    // To a tenth of what each may have, which is the step in which load counts.
    assert.ok(Math.abs(small / 15 - large / 60) <= 0.2, `${small} and ${large}`);
  });
});

test('what no Relay Server may take any more gets no path by one, and the others keep theirs', () => {
  const world = new Fleet([10, 30], 0, [6, 12]);
  world.guard(() => {
    world.crowd(8);
    assert.equal(
      world.relays.map((relay) => world.paths(relay)),
      [6, 12],
    );
    const since = world.now;
    world.run(3000);
    const alive = world.flows.filter(({ halves }) =>
      halves.every((half) => half.lastReceivedAt > since),
    );
    assert.ok(alive.length >= 18, `${alive.length} of ${world.flows.length}`);
  });
});

test.run();
