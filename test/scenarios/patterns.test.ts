import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { restrictedNat } from '../sim/network/nat.ts';
import {
  linkDelayMs,
  type PaperOptions,
  PaperWorld,
  packetIntervalMs,
} from '../sim/paper-world.ts';
import { type Pattern, tableOne } from '../sim/table-one.ts';

/** Four links one way round a Relay Server and back, and the interval of the probe itself. */
const hardGapMs = 8 * linkDelayMs + 2 * packetIntervalMs;
/** When only the far end sends, or both move, the Direction Server's answer is needed too. */
const silentGapMs = 16 * linkDelayMs + 2 * packetIntervalMs;

function worldOf(pattern: Pattern, options: Partial<PaperOptions> = {}): PaperWorld {
  const { from, peer, general } = pattern;
  return new PaperWorld({ seed: pattern.number, mobile: from, peer, general, ...options });
}

function title(pattern: Pattern): string {
  const peer = pattern.general ? 'G (general)' : pattern.peer;
  return `pattern ${pattern.number}: ${pattern.from} to ${pattern.to}, correspondent ${peer}`;
}

/** Patterns 12 and 15 end in one network: its clients are kept apart where the table says relay. */
function settings(pattern: Pattern): { isolated: boolean; route: string }[] {
  if (pattern.route === 'either') {
    return [
      { isolated: false, route: 'direct' },
      { isolated: true, route: 'relay' },
    ];
  }
  return [{ isolated: pattern.number === 12, route: pattern.route }];
}

for (const pattern of tableOne) {
  for (const { isolated, route } of settings(pattern)) {
    const where = isolated ? ', clients kept apart' : '';
    test(`${title(pattern)}${where}: hard move ends ${route}`, () => {
      const world = worldOf(pattern, { isolated });
      world.guard(() => {
        const movedAt = world.now;
        world.move(world.mobile, world.place(pattern.to));
        world.run(5000);
        assert.is(world.currentRoute(), route);
        const gap = world.gap(movedAt);
        assert.ok(gap.up <= hardGapMs, `up ${gap.up} ms`);
        assert.ok(gap.down <= hardGapMs, `down ${gap.down} ms`);
        const lost = world.lost(movedAt + hardGapMs);
        assert.equal(lost, { up: 0, down: 0 });
        world.expectLiveness();
      });
    });

    test(`${title(pattern)}${where}: soft move ends ${route} and loses at most one`, () => {
      const world = worldOf(pattern, { isolated });
      world.guard(() => {
        const movedAt = world.now;
        world.moveSoftly(world.mobile, world.place(pattern.to));
        world.run(7000);
        assert.is(world.currentRoute(), route);
        const lost = world.lost(movedAt - 100);
        assert.ok(lost.up <= 1, `up ${lost.up}`);
        assert.ok(lost.down <= 1, `down ${lost.down}`);
      });
    });
  }

  if (pattern.general) continue;
  test(`${title(pattern)}: the mobile node is silent, only the correspondent sends`, () => {
    const world = worldOf(pattern, { flow: { intervalMs: 0 } });
    world.guard(() => {
      world.traffic.sendOne(world.flow, 0);
      world.run(2000);
      const flow = world.traffic.start(world.peer, world.mobile, {
        intervalMs: packetIntervalMs,
        oneWay: true,
      });
      world.run(1000);
      const movedAt = world.now;
      world.move(world.mobile, world.place(pattern.to));
      world.run(3000);
      const arrivals = flow.halves[0].receivedAt.filter((at) => at > movedAt);
      const first = Math.min(...arrivals) - movedAt;
      assert.ok(first <= silentGapMs, `${first} ms`);
    });
  });
}

for (const [mobileTo, peerTo, route] of [
  ['G', 'G', 'direct'],
  ['P(A)', 'P(B)', 'relay'],
  ['P(A)', 'G', 'direct'],
  ['G', 'P(B)', 'direct'],
] as const) {
  for (const [from, peer] of [
    ['G', 'G'],
    ['P(B)', 'P(C)'],
    ['P(B)', 'G'],
  ] as const) {
    const name = `both ends move at once: ${from} to ${mobileTo} and ${peer} to ${peerTo}`;
    test(`${name}: ends ${route}`, () => {
      const world = new PaperWorld({ mobile: from, peer });
      world.guard(() => {
        const movedAt = world.now;
        world.move(world.mobile, world.place(mobileTo));
        world.move(world.peer, world.place(peerTo));
        world.run(5000);
        assert.is(world.currentRoute(), route);
        const gap = world.gap(movedAt);
        assert.ok(gap.up <= silentGapMs, `up ${gap.up} ms`);
        assert.ok(gap.down <= silentGapMs, `down ${gap.down} ms`);
        world.expectLiveness();
      });
    });
  }
}

test('behind NATs that can be punched, two private ends talk directly in the end, without loss', () => {
  const world = new PaperWorld({ nat: restrictedNat, mobile: 'P(A)', peer: 'P(B)' });
  world.guard(() => {
    const upAt = world.now;
    world.run(20_000);
    assert.is(world.currentRoute(), 'direct');
    assert.equal(world.lost(upAt), { up: 0, down: 0 });
    const movedAt = world.now;
    world.move(world.mobile, world.place('P(C)'));
    world.run(20_000);
    assert.is(world.currentRoute(), 'direct');
    assert.equal(world.lost(movedAt + hardGapMs), { up: 0, down: 0 });
  });
});

test('punching turned off at one end leaves two private ends at the Relay Server', () => {
  const world = new PaperWorld({ nat: restrictedNat, mobile: 'P(A)', peer: 'P(B)', punch: false });
  world.guard(() => {
    world.run(20_000);
    assert.is(world.currentRoute(), 'relay');
  });
});

test.run();
