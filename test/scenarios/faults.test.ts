import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lostBetween } from '../sim/hosts/traffic.ts';
import { restrictedNat, symmetricNat } from '../sim/network/nat.ts';
import { type Attachment, link } from '../sim/network/realm.ts';
import { linkDelayMs, PaperWorld } from '../sim/paper-world.ts';

const minute = 60_000;

test('a partition between the nodes heals and they talk again', () => {
  for (const [mobile, peer] of [
    ['G', 'G'],
    ['P(A)', 'P(B)'],
  ] as const) {
    const world = new PaperWorld({ mobile, peer });
    world.guard(() => {
      world.network.partition(['mn'], ['cn', 'rs1', 'rs2', 'dsA', 'dsB']);
      world.run(20_000);
      world.network.heal();
      world.expectLiveness();
    });
  }
});

test('two global nodes parted from each other alone go round by a Relay Server and come back', () => {
  const world = new PaperWorld({ mobile: 'G', peer: 'G' });
  world.guard(() => {
    const partedAt = world.now;
    world.network.partition(['mn'], ['cn']);
    world.run(10_000);
    assert.is(world.currentRoute(), 'relay');
    const late = world.gap(partedAt + 3000);
    assert.ok(Math.max(late.up, late.down) < 500, JSON.stringify(late));
    world.network.heal();
    world.run(10 * minute);
    assert.is(world.currentRoute(), 'direct');
  });
});

test('a Relay Server that dies for good is replaced by the other within 5 s', () => {
  const world = new PaperWorld({ mobile: 'P(A)', peer: 'P(B)' });
  world.guard(() => {
    for (const relay of world.relays) {
      const used = world.routeWatch.heardAt('cn', relay.name) > world.now - 500;
      if (used) relay.crash();
    }
    assert.is(world.relays.filter((each) => !each.process).length, 1);
    world.expectLiveness();
  });
});

test('a silent uplink is left for the other one within 3 s, without any event', () => {
  const world = new PaperWorld({ mobile: 'G', peer: 'G' });
  world.guard(() => {
    const first = world.mobile.attachments[0] as Attachment;
    world.mobile.attach(world.place('P(A)'), link({ delayMs: linkDelayMs }), false);
    world.run(3000);
    first.link = link({ loss: 1 });
    world.run(3000);
    const since = world.now;
    world.run(2000);
    assert.equal(world.lost(since), { up: 0, down: 0 });
    assert.ok(world.up.lastReceivedAt > since && world.down.lastReceivedAt > since);
  });
});

test('a NAT that was switched off and on is passed again', () => {
  for (const nat of [symmetricNat, restrictedNat]) {
    const world = new PaperWorld({ mobile: 'P(A)', peer: 'P(B)', nat });
    world.guard(() => {
      world.run(15_000);
      for (const each of world.nats) each.nat.reset();
      world.expectLiveness();
    });
  }
});

test('a NAT that forgets after 30 s is kept open while the applications are silent', () => {
  const nat = { ...symmetricNat, expiryMs: 30_000, refreshedFromOutside: false };
  const world = new PaperWorld({ mobile: 'P(A)', peer: 'P(B)', nat });
  world.guard(() => {
    world.flow.running = false;
    world.run(3 * minute);
    const again = world.traffic.start(world.peer, world.mobile, { intervalMs: 50, oneWay: true });
    const since = world.now;
    world.run(3000);
    assert.is(lostBetween(again.halves[0], since, world.now - 200), 0);
  });
});

test('keys are renewed every two minutes of use and no packet is lost by it', () => {
  for (const [mobile, peer] of [
    ['G', 'G'],
    ['P(A)', 'P(B)'],
  ] as const) {
    const world = new PaperWorld({ mobile, peer });
    world.guard(() => {
      let keys = 0;
      world.watchers.push({
        output: (_host, _role, output) => {
          if (output.kind === 'path' && output.command.op === 'key-set') keys += 1;
        },
      });
      const since = world.now;
      world.run(10 * minute);
      assert.ok(keys >= 8, `${keys} keys at both ends`);
      assert.equal(world.lost(since), { up: 0, down: 0 });
    });
  }
});

test('sessions are renewed every hour and nobody notices', () => {
  const world = new PaperWorld({ mobile: 'P(A)', peer: 'G', flow: { intervalMs: 1000 } });
  world.guard(() => {
    const since = world.now;
    world.run(150 * minute);
    assert.equal(world.lost(since), { up: 0, down: 0 });
    world.move(world.mobile, world.place('P(B)'));
    world.expectLiveness();
  });
});

test('a path that nobody uses is closed, and built again when somebody does', () => {
  const world = new PaperWorld({ mobile: 'P(A)', peer: 'P(B)' });
  world.guard(() => {
    world.flow.running = false;
    world.run(40 * minute);
    for (const host of [world.mobile, world.peer]) assert.is(host.process?.dataPath.pathCount, 0);
    for (const relay of world.relays) assert.is(relay.process?.dataPath.relayCount, 0);
    world.traffic.start(world.mobile, world.peer, { intervalMs: 100 });
    world.run(3000);
    assert.is(world.currentRoute(), 'relay');
  });
});

test('a silent uplink that was left is tried again, and taken when it works', () => {
  const world = new PaperWorld({ mobile: 'G', peer: 'G' });
  world.guard(() => {
    const first = world.mobile.attachments[0] as Attachment;
    world.mobile.attach(world.place('P(A)'), link({ delayMs: linkDelayMs }), false);
    world.run(3000);
    const whole = first.link;
    first.link = link({ loss: 1 });
    world.run(5000);
    const triedFrom = world.now;
    world.run(minute);
    assert.ok(world.lost(triedFrom).up < 3, 'the try while it is silent costs nothing');
    first.link = whole;
    const mendedAt = world.now;
    world.run(2 * minute);
    const rows = world.call(world.mobile, 'node', 'handovers', {});
    assert.ok(rows?.ok);
    const last = (rows.result['handovers'] as { to: string }[]).at(-1);
    assert.match(JSON.stringify(last), new RegExp(first.ip.replaceAll('.', '\\.')));
    assert.equal(world.lost(mendedAt), { up: 0, down: 0 });
  });
});

test.run();
