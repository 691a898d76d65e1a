/** The record of a move says exactly how many packets it cost, each way, or that it does not know. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HandoverRow } from '../../src/protocol/control-results.ts';
import { messages } from '../../src/wire/messages.ts';
import type { Host } from '../sim/hosts/host.ts';
import { type LinkProfile, link, type Realm } from '../sim/network/realm.ts';
import { linkDelayMs, type PaperOptions, PaperWorld } from '../sim/paper-world.ts';
import { tableOne } from '../sim/table-one.ts';

/** A second until the losses are counted, and time for the peer's report. */
const settledMs = 4000;
const dataType = messages.capsulatedPacket.code;

interface Losses {
  readonly up: number | null;
  readonly down: number | null;
}

/** What a node has written down of its moves, in packets, the youngest first. */
function recorded(world: PaperWorld, host = world.mobile): readonly (Losses | undefined)[] {
  const answer = world.call(host, 'node', 'handovers', {});
  assert.ok(answer?.ok);
  const rows = answer.result['handovers'] as unknown as readonly HandoverRow[];
  return rows.map(
    ({ paths: [path] }) => path && { up: path.peerLostPackets, down: path.lostPackets },
  );
}

/** Everything stops, and `gapMs` later the new network is there. */
function moveAfterGap(
  world: PaperWorld,
  host: Host,
  realm: Realm,
  gapMs: number,
  profile = link({ delayMs: linkDelayMs }),
): void {
  for (const each of host.attachments) host.detach(each);
  world.queue.after(gapMs, () => host.attach(realm, profile));
}

function told(name: string, options: Partial<PaperOptions>, story: (world: PaperWorld) => void) {
  test(`${name}: the record says what was lost`, () => {
    const world = new PaperWorld({ mobile: 'P(A)', peer: 'P(B)', ...options });
    world.guard(() => {
      const since = world.now - 1000;
      story(world);
      world.run(settledMs);
      assert.equal(recorded(world)[0], world.lost(since));
    });
  });
}

for (const { number, from, to, peer, general } of tableOne) {
  if (general) continue;
  told(
    `pattern ${number}, ${from} to ${to}, correspondent ${peer}`,
    { seed: number, mobile: from, peer },
    (world) => world.move(world.mobile, world.place(to)),
  );
}

for (const [mobile, peer] of [
  ['P(A)', 'P(B)'],
  ['G', 'G'],
] as const) {
  told(`300 ms without any network, ${mobile} and ${peer}`, { mobile, peer }, (world) => {
    const since = world.now;
    moveAfterGap(world, world.mobile, world.place('P(C)'), 300);
    world.run(settledMs);
    const { up, down } = world.lost(since);
    assert.ok(up >= 15 && down >= 15, `${up} and ${down} lost in 300 ms at 20 ms`);
  });

  test(`a route of ${mobile} and ${peer} that is given up in the middle of a move: the move is recorded`, () => {
    const world = new PaperWorld({ mobile, peer });
    world.guard(() => {
      const far = link({ delayMs: 400 });
      moveAfterGap(world, world.mobile, world.place('P(C)'), 1200, far);
      world.run(2 * settledMs);
      const [record] = recorded(world);
      assert.ok((record?.down ?? 0) >= 60, JSON.stringify(record));
    });
  });
}

told('packets that overtake each other', {}, (world) => {
  const calm = link({ delayMs: linkDelayMs });
  const mixed = link({ delayMs: linkDelayMs, reordering: 0.5, reorderMs: 70 });
  const reach = (profile: LinkProfile) => {
    for (const host of [world.mobile, world.peer])
      for (const each of host.attachments) each.link = profile;
  };
  world.move(world.mobile, world.place('P(C)'), mixed);
  reach(mixed);
  world.queue.after(600, () => reach(calm));
});

told('packets that come twice', {}, (world) => {
  const double = link({ delayMs: linkDelayMs, duplication: 1 });
  for (const each of world.peer.attachments) each.link = double;
  world.move(world.mobile, world.place('P(C)'), double);
});

told('new keys in the middle of the move', {}, (world) => {
  // Two minutes of use wear a key; two of the three seconds that the world has run were of use.
  world.run(117_900);
  moveAfterGap(world, world.mobile, world.place('P(C)'), 200);
});

test('a soft move has cost nothing, and its record says so', () => {
  const world = new PaperWorld({ mobile: 'P(A)', peer: 'P(B)' });
  world.guard(() => {
    world.moveSoftly(world.mobile, world.place('P(C)'));
    world.run(settledMs);
    assert.equal(recorded(world)[0], { up: 0, down: 0 });
  });
});

test('one control message of a move lost: the record is right, or leaves open what the peer lost', () => {
  for (const [mobile, peer, to] of [
    ['P(A)', 'P(B)', 'P(C)'],
    ['G', 'G', 'P(A)'],
    ['P(A)', 'P(B)', 'G'],
  ] as const) {
    let unknown = 0;
    for (let lost = 0; lost < 30; lost += 1) {
      const world = new PaperWorld({ mobile, peer });
      world.guard(() => {
        let position = -1;
        const since = world.now - 1000;
        world.network.intercept = ({ bytes }) => {
          if (bytes[0] === dataType) return false;
          position += 1;
          return position === lost;
        };
        world.move(world.mobile, world.place(to));
        world.run(settledMs);
        const [record] = recorded(world);
        const right = world.lost(since);
        if (record?.up === null) unknown += 1;
        assert.equal(record, { up: record?.up === null ? null : right.up, down: right.down });
      }, `message ${lost} lost, ${mobile} to ${to}`);
    }
    assert.ok(unknown <= 3, `${unknown} of 30 unknown`);
  }
});

test('both ends move at once, and each record has what that end lost', () => {
  const world = new PaperWorld({ mobile: 'P(A)', peer: 'P(B)' });
  world.guard(() => {
    const since = world.now - 1000;
    world.move(world.mobile, world.place('P(C)'));
    world.move(world.peer, world.place('P(A)'));
    world.run(settledMs);
    const { up, down } = world.lost(since);
    assert.is(recorded(world)[0]?.down, down);
    assert.is(recorded(world, world.peer)[0]?.down, up);
  });
});

test('two moves within a second: their records have together what was lost', () => {
  const world = new PaperWorld({ mobile: 'P(A)', peer: 'P(B)' });
  world.guard(() => {
    const since = world.now - 1000;
    moveAfterGap(world, world.mobile, world.place('P(C)'), 100);
    world.run(500);
    moveAfterGap(world, world.mobile, world.place('G'), 200);
    world.run(settledMs);
    const [second, first] = recorded(world);
    const { up, down } = world.lost(since);
    assert.is((first?.down ?? 0) + (second?.down ?? 0), down);
    assert.is((first?.up ?? 0) + (second?.up ?? 0), up);
    assert.ok((first?.down ?? 0) >= 5 && (second?.down ?? 0) >= 10);
  });
});

test('with nothing sent nothing is told of losses, and one way alone is counted alone', () => {
  for (const oneWay of [false, true]) {
    const world = new PaperWorld({ mobile: 'P(A)', peer: 'P(B)' });
    world.guard(() => {
      world.flow.running = false;
      world.run(1000);
      if (oneWay) {
        world.traffic.start(world.peer, world.mobile, { intervalMs: 20, oneWay: true });
        world.run(500);
      }
      moveAfterGap(world, world.mobile, world.place('P(C)'), 200);
      world.run(settledMs + 2000);
      const [record] = recorded(world);
      assert.ok(record);
      assert.is(record.up, null);
      if (oneWay) assert.ok((record.down ?? 0) >= 10);
      else assert.is(record.down, null);
    });
  }
});

test.run();
