import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Prefix } from '../../src/base/ip.ts';
import type { Host } from '../sim/hosts/host.ts';
import { link } from '../sim/network/realm.ts';
import { WatchedWorld } from '../sim/watched-world.ts';
import type { DirectionServer } from '../sim/world.ts';
import { nodeSuite } from '../support/node-suite.ts';

function newWorld(pool?: Prefix): { world: WatchedWorld; ds: DirectionServer } {
  const world = new WatchedWorld({ seed: 1, suite: nodeSuite, link: link({ delayMs: 5 }) });
  const ds = world.addDs('ds', pool ? { pool } : {});
  world.startServers();
  return { world, ds };
}

/** Role `node` of a host: state and the sentence that goes with it. */
function statusOf(world: WatchedWorld, host: Host): { state: string; text: string } {
  const answer = world.call(host, 'node', 'status', {});
  if (!answer?.ok) return { state: 'none', text: host.fatal.join(' ') };
  const { state, stateText } = answer.result as { state: string; stateText: string | null };
  return { state, text: `${stateText ?? ''} ${host.fatal.join(' ')}` };
}

function nodesOf(
  world: WatchedWorld,
  ds: DirectionServer,
): { name: string; virtualIpv4: string }[] {
  const answer = world.call(ds.host, 'ds', 'nodes', {});
  assert.ok(answer?.ok);
  return answer?.ok ? (answer.result.nodes as { name: string; virtualIpv4: string }[]) : [];
}

test('a node with an invite is registered after one round trip', () => {
  const { world, ds } = newWorld();
  world.guard(() => {
    const node = world.addNode('a', ds, world.publicRealm);
    world.run(100);
    assert.is(statusOf(world, node).state, 'registered');
    assert.ok(node.virtualIp(false) && node.virtualIp(true));
  });
});

test('an invite is good for one key, and for that key again after a crash on either side', () => {
  const { world, ds } = newWorld();
  world.guard(() => {
    const token = world.invite(ds, 'a', false);
    const first = world.addNode('a', ds, world.publicRealm, { token });
    world.run(100);
    const ip = first.virtualIp(false);
    for (const each of [first, ds.host]) each.restart();
    world.run(3000);
    assert.is(first.virtualIp(false), ip);
    const thief = world.addNode('thief', ds, world.publicRealm, { token });
    world.run(3000);
    assert.is(thief.virtualIp(false), undefined);
    assert.match(statusOf(world, thief).text, /invite/i);
  });
});

test('an invite that was never made, or was revoked, is refused with a sentence', () => {
  const { world, ds } = newWorld();
  world.guard(() => {
    const unknown = world.addNode('u', ds, world.publicRealm, {
      token: new Uint8Array(16).fill(7),
    });
    const token = world.invite(ds, 'r', false);
    assert.ok(world.call(ds.host, 'ds', 'uninvite', { name: 'r' })?.ok);
    const revoked = world.addNode('r', ds, world.publicRealm, { token });
    world.run(3000);
    for (const each of [unknown, revoked]) {
      assert.is(each.virtualIp(false), undefined);
      assert.match(statusOf(world, each).text, /not known/);
    }
  });
});

test('an invite that has expired is refused', () => {
  const { world, ds } = newWorld();
  world.guard(() => {
    const token = world.invite(ds, 'late', false);
    world.run(25 * 3600 * 1000);
    // The Direction Server learns the wall clock with each control call.
    nodesOf(world, ds);
    const late = world.addNode('late', ds, world.publicRealm, { token });
    world.run(3000);
    assert.is(late.virtualIp(false), undefined);
    assert.match(statusOf(world, late).text, /expired|not known/);
  });
});

test('the second node that wants a name gets a Refusal or another name, never the same', () => {
  const { world, ds } = newWorld();
  world.guard(() => {
    world.addNode('a', ds, world.publicRealm);
    world.run(100);
    const second = world.call(ds.host, 'ds', 'invite', { name: 'a' });
    if (second?.ok) assert.unreachable('an invite for a name that is taken');
    const other = world.addNode('b', ds, world.publicRealm, { wantedName: 'a' });
    world.run(3000);
    const names = nodesOf(world, ds).map((row) => row.name);
    assert.is(names.length, new Set(names).size, names.join());
    assert.ok(other.virtualIp(false) || /name/i.test(statusOf(world, other).text));
  });
});

test('a pool that is used up refuses the next node and loses nobody', () => {
  const { world, ds } = newWorld('198.18.0.0/29' as Prefix);
  world.guard(() => {
    const nodes: Host[] = [];
    for (let index = 0; index < 10; index += 1) {
      nodes.push(world.addNode(`n${index}`, ds, world.publicRealm));
      world.run(200);
    }
    world.run(3000);
    const held = nodes.filter((node) => node.virtualIp(false));
    assert.ok(held.length >= 4 && held.length < 10, `${held.length} of 10`);
    const without = nodes.find((node) => !node.virtualIp(false)) as Host;
    assert.match(statusOf(world, without).text, /pool/i);
    ds.host.restart();
    world.run(3000);
    for (const node of held) assert.ok(node.virtualIp(false));
  });
});

test('a node that is removed loses session, path and address at once, its peer the path', () => {
  const { world, ds } = newWorld();
  world.guard(() => {
    const a = world.addNode('a', ds, world.publicRealm);
    const b = world.addNode('b', ds, world.publicRealm);
    world.run(500);
    const flow = world.traffic.start(a, b, { intervalMs: 50 });
    world.run(2000);
    assert.ok(flow.halves[0].received > 0);
    world.oneHolder.removed(a);
    assert.ok(world.call(ds.host, 'ds', 'remove', { node: 'a' })?.ok);
    world.run(500);
    const since = world.now;
    world.run(5000);
    assert.ok(flow.halves[0].lastReceivedAt < since, 'a still reaches b');
    assert.ok(flow.halves[1].lastReceivedAt < since, 'b still reaches a');
    assert.is(b.process?.dataPath.pathCount, 0);
    a.restart();
    world.run(3000);
    assert.is(a.virtualIp(false), undefined);
    assert.match(statusOf(world, a).text, /removed|not enrolled/);
  });
});

test('a node that was renamed is found by its new name and keeps its address', () => {
  const { world, ds } = newWorld();
  world.guard(() => {
    const a = world.addNode('a', ds, world.publicRealm);
    const b = world.addNode('b', ds, world.publicRealm);
    world.run(500);
    const ip = a.virtualIp(false);
    assert.ok(world.call(ds.host, 'ds', 'rename', { node: 'a', name: 'c' })?.ok);
    let found: unknown;
    b.call('node', 'connect', { peer: 'c.ds.example' }, (answer) => {
      found = answer;
    });
    world.run(3000);
    assert.is((found as { ok: boolean } | undefined)?.ok, true, JSON.stringify(found));
    assert.is(a.virtualIp(false), ip);
  });
});

test("the name of a Relay Server is no peer's, as a name that nobody has", () => {
  const { world, ds } = newWorld();
  world.guard(() => {
    world.addRs('door', ds);
    const a = world.addNode('a', ds, world.publicRealm);
    world.run(500);
    const answers: string[] = [];
    for (const peer of ['nobody.ds.example', 'door.ds.example']) {
      a.call('node', 'connect', { peer }, (answer) => {
        answers.push(answer.ok ? 'connected' : answer.error.replace(/\S+\.ds\.example/, 'NAME'));
      });
    }
    world.run(10_000);
    assert.is(answers.length, 2, answers.join(' | '));
    assert.is(answers[1], answers[0]);
  });
});

test('to a peer that is offline or unknown a clear answer comes, and the path when it appears', () => {
  const { world, ds } = newWorld();
  world.guard(() => {
    const a = world.addNode('a', ds, world.publicRealm);
    const b = world.addNode('b', ds, world.publicRealm);
    world.run(500);
    b.stop();
    const answers: string[] = [];
    for (const peer of ['b.ds.example', 'nobody.ds.example', 'x.nowhere.example']) {
      a.call('node', 'connect', { peer }, (answer) => {
        answers.push(answer.ok ? 'connected' : answer.error);
      });
    }
    world.run(10_000);
    assert.is(answers.length, 3, answers.join(' | '));
    assert.ok(answers.every((each) => each !== 'connected'));
    world.traffic.start(a, b, { intervalMs: 200 });
    b.start();
    world.expectLiveness();
  });
});

test.run();
