import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { messages } from '../../src/wire/messages.ts';
import { PaperWorld, type Place } from '../sim/paper-world.ts';

const dataType = messages.capsulatedPacket.code;
const observedMs = 3000;

type Story = readonly [string, { mobile: Place; peer: Place }, (world: PaperWorld) => void];
const stories: readonly Story[] = [
  ['a hard move G to P(A)', { mobile: 'G', peer: 'G' }, (w) => w.move(w.mobile, w.place('P(A)'))],
  [
    'a hard move P(A) to P(C), peer P(B)',
    { mobile: 'P(A)', peer: 'P(B)' },
    (w) => w.move(w.mobile, w.place('P(C)')),
  ],
  [
    'a hard move P(A) to G, peer P(B)',
    { mobile: 'P(A)', peer: 'P(B)' },
    (w) => w.move(w.mobile, w.place('G')),
  ],
  [
    'both ends moving',
    { mobile: 'G', peer: 'P(B)' },
    (w) => {
      w.move(w.mobile, w.place('P(A)'));
      w.move(w.peer, w.place('P(C)'));
    },
  ],
  [
    'a restart of both Direction Servers and a move',
    { mobile: 'P(A)', peer: 'P(B)' },
    (w) => {
      for (const each of w.ds) each.restart();
      w.move(w.mobile, w.place('P(C)'));
    },
  ],
  [
    'a restart of the Relay Servers',
    { mobile: 'P(A)', peer: 'P(B)' },
    (w) => {
      for (const each of w.relays) each.restart();
    },
  ],
];

/** Drops the control datagrams of these positions, counted from the call on; how many there were. */
function dropControl(world: PaperWorld, isDropped: (position: number) => boolean): () => number {
  let position = 0;
  world.network.intercept = (datagram) => {
    if (datagram.bytes[0] === dataType) return false;
    position += 1;
    return isDropped(position - 1);
  };
  return () => position;
}

for (const [name, placement, act] of stories) {
  test(`any single control message lost in ${name} delays, never wedges`, () => {
    const rehearsal = new PaperWorld({ ...placement, flow: { intervalMs: 50 } });
    const counted = dropControl(rehearsal, () => false);
    act(rehearsal);
    rehearsal.run(observedMs);
    const total = counted();
    assert.ok(total >= 4, `only ${total} control messages`);
    for (let lost = 0; lost < total; lost += 1) {
      const world = new PaperWorld({ ...placement, flow: { intervalMs: 50 } });
      world.guard(() => {
        dropControl(world, (position) => position === lost);
        act(world);
        world.expectLiveness();
      }, `message ${lost} of ${total} lost`);
    }
  });
}

test('any single control message lost between start and first data delays, never wedges', () => {
  const build = (lost: number): { world: PaperWorld; total: number } => {
    const world = new PaperWorld({ mobile: 'P(A)', peer: 'P(B)', flow: { intervalMs: 50 } });
    world.mobile.crash();
    world.peer.crash();
    const counted = dropControl(world, (position) => position === lost);
    world.mobile.start();
    world.peer.start();
    world.run(observedMs);
    return { world, total: counted() };
  };
  const { total } = build(-1);
  assert.ok(total >= 8, `only ${total} control messages`);
  for (let lost = 0; lost < total; lost += 1) {
    const { world } = build(lost);
    world.guard(() => world.expectLiveness(), `message ${lost} of ${total} lost`);
  }
});

test.run();
