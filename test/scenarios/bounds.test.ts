import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Forger } from '../sim/attackers/forger.ts';
import { Replayer } from '../sim/attackers/replayer.ts';
import { Stranger } from '../sim/attackers/stranger.ts';
import { Dice } from '../sim/dice.ts';
import { liveBytes } from '../sim/heap.ts';
import { PaperWorld } from '../sim/paper-world.ts';
import { fastSuite } from '../support/fast-suite.ts';
import { seededRandom } from '../support/seeded-random.ts';

/**
 * Growth of live memory by a second round of the same, once a first has filled what is bounded. The
 * cheap suite has no caches of its own, which would be counted.
 */
function growth(round: () => void): number {
  round();
  round();
  const before = liveBytes();
  round();
  return liveBytes() - before;
}

test('replayed and forged datagrams by the thousand leave no memory behind', () => {
  const world = new PaperWorld({
    mobile: 'P(A)',
    peer: 'P(B)',
    flow: { intervalMs: 1000, record: false },
    suite: fastSuite,
  });
  const replayer = new Replayer('replayer', world, new Dice(seededRandom(1)), 0, [
    world.bystander.ip,
  ]);
  const forger = new Forger('forger', world, new Dice(seededRandom(2)), 0, [world.bystander.ip]);
  world.guard(() => {
    for (const each of [world.mobile, world.peer, ...world.ds, ...world.relays]) each.restart();
    world.run(3000);
    replayer.active = false;
    forger.active = false;
    const grown = growth(() => {
      for (let count = 0; count < 4000; count += 1) {
        replayer.replayOne();
        forger.forgeOne();
        if (count % 10 === 0) world.run(5);
      }
      world.run(2000);
    });
    assert.ok(grown < 400_000, `${grown} bytes by 8,000 datagrams`);
    world.expectLiveness();
  });
});

test('strangers who open sessions without an invite leave no memory behind', () => {
  const world = new PaperWorld({
    mobile: 'P(A)',
    peer: 'P(B)',
    flow: { intervalMs: 1000, record: false },
    suite: fastSuite,
  });
  const stranger = new Stranger('stranger', world, new Dice(seededRandom(3)));
  world.guard(() => {
    const ds = world.directionServers[0] as (typeof world.directionServers)[number];
    const grown = growth(() => {
      for (let count = 0; count < 400; count += 1) {
        stranger.call(ds.keys.publicKey, ds.endpoints);
        world.run(40);
      }
      world.run(15_000);
    });
    assert.ok(stranger.answered > 500, `${stranger.answered} answers`);
    assert.ok(grown < 400 * 500, `${grown} bytes by 400 strangers`);
    world.expectLiveness();
  });
});

test('a thousand moves of one node leave no memory behind', () => {
  const world = new PaperWorld({
    mobile: 'G',
    peer: 'P(B)',
    flow: { intervalMs: 100, record: false },
  });
  world.guard(() => {
    const places = ['G', 'P(A)', 'P(C)', 'P(B)'] as const;
    const grown = growth(() => {
      for (let count = 0; count < 300; count += 1) {
        world.move(world.mobile, world.place(places[count % places.length] as 'G'));
        world.run(1000);
      }
    });
    assert.ok(grown < 1_500_000, `${grown} bytes by 300 moves`);
    world.flow.running = false;
  });
});

test.run();
