import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Host } from '../sim/hosts/host.ts';
import { PaperWorld, type Place } from '../sim/paper-world.ts';

const placements: readonly (readonly [Place, Place])[] = [
  ['G', 'G'],
  ['P(A)', 'G'],
  ['P(A)', 'P(B)'],
];
/** Issue and protocol.md section 4: recovery needs no timer longer than 2 s once traffic flows. */
const recoveryMs = 2000;

function longestSince(world: PaperWorld, since: number): number {
  const gap = world.gap(since);
  return Math.max(gap.up, gap.down);
}

type Victim = readonly [string, (world: PaperWorld) => Host];
const nodes: readonly Victim[] = [
  ['the mobile node', (world) => world.mobile],
  ['the correspondent', (world) => world.peer],
];
const servers: readonly Victim[] = [
  ['the Direction Server of the mobile node', (world) => world.ds[0] as Host],
  ['the Direction Server of the correspondent', (world) => world.ds[1] as Host],
  ['the first Relay Server', (world) => world.relays[0] as Host],
  ['the second Relay Server', (world) => world.relays[1] as Host],
];

for (const [mobile, peer] of placements) {
  for (const [name, pick] of [...nodes, ...servers]) {
    for (const downMs of [0, 3000]) {
      const what = `${name} crashes in the middle of a transfer, ${mobile} to ${peer}`;
      test(`${what}: after ${downMs} ms it starts again and traffic is back in 2 s`, () => {
        const world = new PaperWorld({ mobile, peer });
        world.guard(() => {
          const victim = pick(world);
          victim.crash();
          world.run(downMs);
          const startedAt = world.now;
          victim.start();
          world.run(recoveryMs);
          const since = world.now;
          world.run(1000);
          assert.ok(longestSince(world, since) < 200, `gap ${longestSince(world, since)} ms`);
          assert.ok(world.up.lastReceivedAt > startedAt);
          world.expectLiveness();
        });
      });
    }
  }

  for (const [name, pick] of servers.slice(0, 2)) {
    test(`${name} is away, ${mobile} to ${peer}: a path that works is not touched`, () => {
      const world = new PaperWorld({ mobile, peer });
      world.guard(() => {
        const crashedAt = world.now;
        pick(world).crash();
        world.run(30_000);
        pick(world).start();
        world.run(10_000);
        assert.equal(world.lost(crashedAt - 100), { up: 0, down: 0 });
      });
    });
  }

  test(`all servers restart together, ${mobile} to ${peer}: traffic is back in 2 s`, () => {
    const world = new PaperWorld({ mobile, peer });
    world.guard(() => {
      const all = [...world.ds, ...world.relays];
      for (const each of all) each.crash();
      world.run(500);
      for (const each of all) each.start();
      world.run(recoveryMs);
      const since = world.now;
      world.run(2000);
      assert.ok(longestSince(world, since) < 200, `gap ${longestSince(world, since)} ms`);
      world.expectLiveness();
    });
  });

  test(`everybody restarts together, ${mobile} to ${peer}: names, addresses and paths come back`, () => {
    const world = new PaperWorld({ mobile, peer });
    world.guard(() => {
      const before = [world.mobile.virtualIp(false), world.peer.virtualIp(false)];
      const all = [...world.hostByName.values()];
      for (const each of all) each.crash();
      world.run(1000);
      for (const each of all) each.start();
      world.expectLiveness();
      const after = [world.mobile.virtualIp(false), world.peer.virtualIp(false)];
      assert.equal(after, before);
    });
  });
}

test('the node moves while its Direction Server is away, and the path goes on', () => {
  for (const [from, to] of [
    ['G', 'P(A)'],
    ['P(A)', 'P(B)'],
  ] as const) {
    const world = new PaperWorld({ mobile: from });
    world.guard(() => {
      (world.ds[0] as Host).crash();
      const movedAt = world.now;
      world.move(world.mobile, world.place(to));
      world.run(10_000);
      const gap = world.gap(movedAt);
      assert.ok(Math.max(gap.up, gap.down) < 200, `gap ${JSON.stringify(gap)}`);
      (world.ds[0] as Host).start();
      world.expectLiveness();
    });
  }
});

test('power that goes after any number of effects loses no enrolment and no address', () => {
  for (let effects = 0; effects < 25; effects += 1) {
    const world = new PaperWorld({ mobile: 'P(A)', peer: 'P(B)' });
    world.guard(() => {
      const ds = world.directionServers[0] as (typeof world.directionServers)[number];
      ds.host.process?.limitEffects(effects);
      const late = tryToAdd(world, 'late');
      world.run(3000);
      if (!ds.host.process) ds.host.start();
      else ds.host.process.limitEffects(Number.POSITIVE_INFINITY);
      world.run(8000);
      if (late) assert.ok(late.virtualIp(false), `after ${effects} effects`);
      world.expectLiveness();
    });
  }
});

/** The Direction Server may lose power while it makes the invite; then there is no such node. */
function tryToAdd(world: PaperWorld, name: string): Host | undefined {
  const ds = world.directionServers[0] as (typeof world.directionServers)[number];
  const token = world.tryInvite(ds, name, false);
  return token && world.addNode(name, ds, world.place('G'), { token });
}

test('idle nodes are back in a second when their Direction Server has crashed and started again', () => {
  const world = new PaperWorld({ mobile: 'P(A)', peer: 'P(B)' });
  world.guard(() => {
    world.flow.running = false;
    world.run(700_000);
    for (const ds of world.ds) {
      ds.crash();
      ds.start();
    }
    world.run(1000);
    for (const ds of world.ds) {
      const answer = world.call(ds, 'ds', 'nodes', {});
      assert.ok(answer?.ok);
      const rows = answer.result['nodes'] as { kind: string; online: boolean }[];
      assert.ok(rows.length > 0);
      assert.ok(
        rows.every((row) => row.kind !== 'node' || row.online),
        JSON.stringify(rows),
      );
    }
  });
});

test.run();
