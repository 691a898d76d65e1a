import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { endpoint, type Ip, prefixIp } from '../../src/base/ip.ts';
import { messages } from '../../src/wire/messages.ts';
import { Forger } from '../sim/attackers/forger.ts';
import { dsLies, lieAsRelay, lieOfDs } from '../sim/attackers/lies.ts';
import { lyingSuite } from '../sim/attackers/lying-suite.ts';
import { Racer } from '../sim/attackers/racer.ts';
import { Replayer } from '../sim/attackers/replayer.ts';
import { Dice } from '../sim/dice.ts';
import type { Host } from '../sim/hosts/host.ts';
import { link } from '../sim/network/realm.ts';
import { PaperWorld } from '../sim/paper-world.ts';
import { WatchedWorld } from '../sim/watched-world.ts';
import { nodeSuite } from '../support/node-suite.ts';
import { seededRandom } from '../support/seeded-random.ts';

/**
 * Everything that a process changed but its counters: what an attack must not cause. A hint, which is not
 * authenticated, may make a node open its session anew; then the same registration comes again, and where
 * the node was seen is noted with the new session. It may make an end ask its peer, whose answer confirms the
 * route there is.
 */
function recordDeeds(world: WatchedWorld): string[] {
  const deeds: string[] = [];
  const routeByPath = new Map<string, string>();
  world.watchers.push({
    output: (host, role, output) => {
      if (output.kind === 'path') {
        const { command } = output;
        if (command.op === 'path-count') return;
        const detail = command.op === 'path-route' ? JSON.stringify(command.route) : '';
        if (command.op === 'path-route') {
          const path = `${host.name} ${command.pathId}`;
          const isSame = routeByPath.get(path) === detail;
          routeByPath.set(path, detail);
          if (isSame) return;
        }
        deeds.push(`${host.name} ${role} ${command.op} ${detail}`);
      } else if (output.kind === 'store' && !output.name.startsWith('last-seen/')) {
        const before = JSON.stringify(host.disk(role).get(output.name));
        if (before !== JSON.stringify(output.value)) deeds.push(`${host.name} ${output.name}`);
      } else if (output.kind === 'interface') {
        const same = output.addresses.every((each) => host.holds(prefixIp(each)));
        if (!same) deeds.push(`${host.name} ${output.addresses.join(' ')}`);
      }
    },
  });
  return deeds;
}

for (const [mobile, peer] of [
  ['G', 'G'],
  ['P(A)', 'P(B)'],
] as const) {
  test(`every datagram ever seen, replayed to everybody, changes nothing: ${mobile} to ${peer}`, () => {
    const world = new PaperWorld({ mobile, peer, flow: { intervalMs: 100 } });
    const replayer = new Replayer('replayer', world, new Dice(seededRandom(3)), 0, [
      world.bystander.ip,
    ]);
    const deeds = recordDeeds(world);
    world.guard(() => {
      for (const each of [world.mobile, world.peer, ...world.ds]) each.restart();
      world.run(3000);
      world.move(world.mobile, world.place(mobile === 'G' ? 'G' : 'P(C)'));
      world.run(5000);
      replayer.active = false;
      const since = world.now;
      deeds.length = 0;
      for (const recorded of [...replayer.recorded]) {
        for (const source of [recorded.source, replayer.endpoint, world.victim]) {
          replayer.send(source, recorded.destination, recorded.bytes);
        }
        world.run(3);
      }
      world.run(1000);
      assert.equal(deeds, []);
      assert.equal(world.lost(since), { up: 0, down: 0 });
    });
  });

  test(`thousands of forged datagrams change nothing: ${mobile} to ${peer}`, () => {
    const world = new PaperWorld({ mobile, peer, flow: { intervalMs: 100 } });
    const forger = new Forger('forger', world, new Dice(seededRandom(4)), 0, [world.bystander.ip]);
    const deeds = recordDeeds(world);
    world.guard(() => {
      world.mobile.restart();
      world.run(5000);
      const since = world.now;
      deeds.length = 0;
      for (let count = 0; count < 5000; count += 1) {
        forger.forgeOne();
        world.run(2);
      }
      world.run(1000);
      assert.equal(deeds, []);
      assert.equal(world.lost(since), { up: 0, down: 0 });
    });
  });

  test(`an observer who races copies cannot keep the traffic: ${mobile} to ${peer}`, () => {
    const world = new PaperWorld({ mobile, peer, flow: { intervalMs: 50 } });
    const racer = new Racer('racer', world, new Dice(seededRandom(5)), 1);
    world.guard(() => {
      world.run(10_000);
      world.move(world.mobile, world.place(mobile === 'G' ? 'G' : 'P(C)'));
      world.run(10_000);
      racer.active = false;
      assert.ok(racer.sent > 100);
      world.expectLiveness();
    });
  });
}

test('copies raced in the name of a bystander flood nobody', () => {
  const world = new PaperWorld({
    mobile: 'P(A)',
    peer: 'P(B)',
    flow: { intervalMs: 2, length: 1200 },
  });
  world.guard(() => {
    const racer = new Racer('racer', world, new Dice(seededRandom(6)), 0);
    world.network.taps.push(({ fate, origin, datagram }) => {
      if (fate !== 'sent' || origin === 'racer' || world.now % 7 !== 0) return;
      racer.send(world.victim, datagram.destination, datagram.bytes);
    });
    world.run(5000);
    world.move(world.mobile, world.place('P(C)'));
    world.run(5000);
  });
});

for (const lie of dsLies) {
  test(`a Direction Server that lies about ${lie} lets nobody read, forge or be flooded`, () => {
    const world = new WatchedWorld({ seed: 1, suite: nodeSuite, link: link({ delayMs: 5 }) });
    world.guard(() => {
      const setting = {
        lie,
        share: 1,
        dice: new Dice(seededRandom(8)),
        victim: world.victim,
        stolenIp: '198.18.16.2' as Ip,
      };
      const liar = world.addDs('dsA', { suite: lyingSuite(nodeSuite, lieOfDs(setting)) });
      const honest = world.addDs('dsB');
      world.startServers();
      world.addRs('rs1', liar);
      world.addRs('rs2', honest);
      world.run(500);
      const a = world.addNode('a', liar, world.publicRealm);
      const b = world.addNode('b', honest, world.publicRealm);
      const c = world.addNode('c', honest, world.publicRealm);
      world.run(1000);
      world.traffic.start(a, b, { intervalMs: 50 });
      const between = world.traffic.start(b, c, { intervalMs: 50 });
      world.run(15_000);
      // The pair of the honest zone talks as ever.
      assert.ok(between.halves[0].received > 200 && between.halves[1].received > 200);
    });
  });
}

test('a path between nodes that is direct is not redirected by a Direction Server gone bad', () => {
  const world = new WatchedWorld({ seed: 1, suite: nodeSuite, link: link({ delayMs: 5 }) });
  world.guard(() => {
    const setting = {
      lie: 'candidates' as const,
      share: 0,
      dice: new Dice(seededRandom(8)),
      victim: world.victim,
      stolenIp: '198.18.16.2' as Ip,
    };
    const ds = world.addDs('dsA', { suite: lyingSuite(nodeSuite, lieOfDs(setting)) });
    world.startServers();
    world.addRs('rs1', ds);
    const a = world.addNode('a', ds, world.publicRealm);
    const b = world.addNode('b', ds, world.publicRealm);
    world.run(1000);
    const flow = world.traffic.start(a, b, { intervalMs: 50 });
    world.run(3000);
    setting.share = 1;
    const before = flow.halves.map((half) => half.sent - half.received);
    world.move(a, world.publicRealm);
    world.run(10_000);
    const after = flow.halves.map((half) => half.sent - half.received);
    assert.ok((after[0] as number) - (before[0] as number) <= 3, `up ${after[0]}`);
    assert.ok((after[1] as number) - (before[1] as number) <= 3, `down ${after[1]}`);
  });
});

test('a Relay Server that drops, turns back and spoils makes nobody read or believe anything', () => {
  const world = new PaperWorld({ mobile: 'P(A)', peer: 'P(B)' });
  world.guard(() => {
    for (const relay of world.relays) {
      lieAsRelay(relay, new Dice(seededRandom(9)), 0.5, world.victim);
    }
    world.run(20_000);
    const { received, sent } = world.up;
    assert.ok(received > sent * 0.3 && received < sent * 0.9, `${received} of ${sent}`);
    for (const relay of world.relays) relay.alterTransmission = undefined;
    world.expectLiveness();
  });
});

test('a flood of junk costs servers nothing but a counter and a few bytes of answer', () => {
  const world = new PaperWorld({ mobile: 'P(A)', peer: 'P(B)' });
  world.guard(() => {
    const random = seededRandom(10);
    const flooder = new Racer('flooder', world, new Dice(random), 0);
    const targets = [...world.ds, ...world.relays].map((host: Host) =>
      endpoint(host.uplinks[0]?.ip as Ip, 4649),
    );
    const codes = Object.values(messages).map((row) => row.code);
    let answered = 0;
    world.network.taps.push(({ fate, at, datagram }) => {
      if (fate === 'delivered' && at === 'flooder') answered += datagram.bytes.length;
    });
    let sentBytes = 0;
    const since = world.now;
    for (let count = 0; count < 20_000; count += 1) {
      const bytes = random.bytes(20 + (count % 1200));
      bytes[0] = codes[count % codes.length] as number;
      bytes[1] = 0x10;
      sentBytes += bytes.length;
      flooder.send(flooder.endpoint, targets[count % targets.length] as never, bytes);
      if (count % 20 === 0) world.run(1);
    }
    world.run(1000);
    assert.ok(answered * 5 < sentBytes, `${answered} bytes for ${sentBytes}`);
    assert.equal(world.lost(since), { up: 0, down: 0 });
  });
});

test.run();
