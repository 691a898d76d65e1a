/** Zones of different owners: found by DNS, pinned, accepted or not, with overlapping pools, and one that floods. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint, Ip, Prefix } from '../../src/base/ip.ts';
import { recordClasses, recordTypes } from '../../src/dns/constants.ts';
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts';
import { reverseName } from '../../src/dns/records.ts';
import type { JsonObject } from '../../src/protocol/machine.ts';
import type { DsConfig } from '../../src/roles/ds/config.ts';
import type { Host } from '../sim/hosts/host.ts';
import { restrictedNat } from '../sim/network/nat.ts';
import { link } from '../sim/network/realm.ts';
import { WatchedWorld } from '../sim/watched-world.ts';
import type { DirectionServer } from '../sim/world.ts';
import { nodeSuite } from '../support/node-suite.ts';

const found = { foreignZones: [] } as const;

class TwoZones extends WatchedWorld {
  readonly a: DirectionServer;
  readonly b: DirectionServer;
  readonly one: Host;
  readonly two: Host;

  constructor(ofA: Partial<DsConfig>, ofB: Partial<DsConfig> = ofA) {
    super({ seed: 3, suite: nodeSuite, link: link({ delayMs: 5 }) });
    this.oneHolder.poolsOverlap = ofA.pool !== undefined;
    this.a = this.addDs('a', { zone: 'a.example', ...found, ...ofA });
    this.b = this.addDs('b', { zone: 'b.example', ...found, ...ofB });
    this.startServers();
    this.addRs('rsa', this.a);
    this.addRs('rsb', this.b);
    this.run(1500);
    this.one = this.addNode('one', this.a, this.addPrivate('left', restrictedNat));
    this.two = this.addNode('two', this.b, this.addPrivate('right', restrictedNat));
    this.run(1500);
  }

  /** What a person gets who asks for a path. */
  connect(peer: string, from = this.one): { ok: boolean; text: string; result: JsonObject } {
    let text = 'no answer';
    let ok = false;
    let result: JsonObject = {};
    from.call('node', 'connect', { peer }, (answer) => {
      ok = answer.ok;
      text = answer.ok ? '' : answer.error;
      if (answer.ok) result = answer.result;
    });
    this.run(9000);
    return { ok, text, result };
  }

  /** What the stub of a node says of an address. */
  nameOf(ip: string, at: Host): string | undefined {
    const question = encodeMessage({
      id: 1,
      flags: 0,
      questions: [{ name: reverseName(ip as Ip), type: recordTypes.PTR, class: recordClasses.IN }],
      answers: [],
      authorities: [],
      additionals: [],
    });
    let name: string | undefined;
    at.query('127.0.0.1:5000' as Endpoint, question, (bytes) => {
      const data = bytes && decodeMessage(bytes)?.answers[0]?.data[0];
      if (typeof data === 'string') name = data;
    });
    this.run(200);
    return name;
  }

  trust(ds: DirectionServer, name: string, more: JsonObject = {}): boolean {
    return this.call(ds.host, 'ds', 'trust', { name, ...more })?.ok === true;
  }

  zones(
    ds: DirectionServer,
  ): readonly { zone: string; policy: string; offeredKey: string | null }[] {
    const answer = this.call(ds.host, 'ds', 'status', {});
    assert.ok(answer?.ok);
    return answer.result['zones'] as never;
  }
}

test('a zone that nobody configured is found by DNS, and its nodes are reached and survive a move', () => {
  const world = new TwoZones({ foreignPolicy: 'allow' });
  world.guard(() => {
    const up = world.connect('two.b.example');
    assert.ok(up.ok, up.text);
    const flow = world.traffic.start(world.one, world.two, { intervalMs: 20, ipv6: true });
    world.run(2000);
    world.move(world.two, world.publicRealm);
    world.run(3000);
    const since = world.now;
    world.run(1000);
    for (const half of flow.halves) assert.ok(half.lastReceivedAt > since, half.from.name);
    assert.equal(
      world.zones(world.b).map(({ zone, policy }) => [zone, policy]),
      [['a.example', 'allow']],
    );
  });
});

test('what was found and pinned is known after a restart, also while the DNS says nothing', () => {
  const world = new TwoZones({ foreignPolicy: 'allow' });
  world.guard(() => {
    assert.ok(world.connect('two.b.example').ok);
    for (const ds of [world.a, world.b]) ds.host.restart();
    world.run(3000);
    assert.is(world.zones(world.a).length, 1);
    const again = world.connect('two.b.example');
    assert.ok(again.ok, again.text);
  });
});

test('where owners want to be asked, nothing goes until both have accepted the other zone', () => {
  const world = new TwoZones({ foreignPolicy: 'ask' });
  world.guard(() => {
    const first = world.connect('two.b.example');
    assert.match(first.text, /ntmobile trust ZONE/);
    assert.ok(world.trust(world.a, 'b.example'));
    const second = world.connect('two.b.example');
    assert.is(second.ok, false);
    assert.match(second.text, /ntmobile trust ZONE/, second.text);
    assert.equal(
      world.zones(world.b).map(({ zone, policy }) => [zone, policy]),
      [['a.example', 'ask']],
    );
    assert.ok(world.trust(world.b, 'a.example'));
    const third = world.connect('two.b.example');
    assert.ok(third.ok, third.text);
    assert.ok(world.trust(world.b, 'a.example', { deny: true }));
    world.run(1000);
    world.call(world.one, 'node', 'close', { peer: 'two.b.example' });
    world.run(3000);
    assert.match(world.connect('two.b.example').text, /does not allow/);
  });
});

test('an owner who denies other zones has none looked up, and refuses who comes', () => {
  const world = new TwoZones({ foreignPolicy: 'allow' }, { foreignPolicy: 'deny' });
  world.guard(() => {
    assert.is(world.connect('two.b.example').ok, false);
    assert.is(world.zones(world.b).length, 0);
    assert.match(world.connect('one.a.example', world.two).text, /No Direction Server is known/);
  });
});

test('a zone whose key has changed is refused until its new key is accepted', () => {
  const world = new TwoZones({ foreignPolicy: 'allow' });
  world.guard(() => {
    assert.ok(world.connect('two.b.example').ok);
    world.b.host.crash();
    const other = world.addDs('b2', { zone: 'b.example', ...found, foreignPolicy: 'allow' });
    other.host.start();
    world.zoneInDns.set('b.example', other);
    world.run(1000);
    world.addNode('three', other, world.publicRealm);
    world.run(2000);
    // The other server asks for a path to us: that makes its key known, and it is not the pinned one.
    const intruder = world.hostByName.get('three') as Host;
    assert.is(world.connect('one.a.example', intruder).ok, false);
    assert.ok(world.zones(world.a)[0]?.offeredKey);
    assert.match(world.connect('three.b.example').text, /another key/);
    assert.ok(world.trust(world.a, 'b.example'));
    const after = world.connect('three.b.example');
    assert.ok(after.ok, after.text);
  });
});

test('a name that is another device than before is refused until that is accepted', () => {
  const world = new TwoZones({ foreignPolicy: 'allow' });
  world.guard(() => {
    assert.ok(world.connect('two.b.example').ok);
    assert.ok(world.call(world.b.host, 'ds', 'rename', { node: 'two', name: 'former' })?.ok);
    world.addNode('fresh', world.b, world.publicRealm);
    world.run(1500);
    assert.ok(world.call(world.b.host, 'ds', 'rename', { node: 'fresh', name: 'two' })?.ok);
    world.call(world.one, 'node', 'close', { peer: 'two.b.example' });
    world.run(3000);
    assert.match(world.connect('two.b.example').text, /another node than before/);
    assert.ok(world.trust(world.a, 'two.b.example'));
    assert.ok(world.connect('two.b.example').ok);
  });
});

test('zones with the same pool: peers have an alias, even one with our own address, and both ends move', () => {
  const pool = '198.18.0.0/24' as Prefix;
  const world = new TwoZones({ foreignPolicy: 'allow', pool });
  world.guard(() => {
    assert.is(world.one.virtualIp(false), world.two.virtualIp(false));
    const there = world.connect('two.b.example');
    assert.ok(there.ok, there.text);
    const aliasOfTwo = String(there.result['virtualIpv4']);
    assert.is.not(aliasOfTwo, world.two.virtualIp(false));
    const back = world.connect('one.a.example', world.two);
    const aliasOfOne = String(back.result['virtualIpv4']);
    assert.is(world.nameOf(aliasOfTwo, world.one), 'two.b.example');
    // The address that two has in its own zone is one's here.
    assert.is(world.nameOf(String(world.one.virtualIp(false)), world.one), 'one.a.example');
    const flow = world.traffic.start(world.one, world.two, {
      intervalMs: 20,
      aliases: [aliasOfOne, aliasOfTwo],
    });
    world.run(1000);
    world.move(world.one, world.publicRealm);
    world.move(world.two, world.publicRealm);
    world.run(3000);
    const since = world.now;
    world.run(1000);
    for (const half of flow.halves) assert.ok(half.lastReceivedAt > since, half.from.name);
    world.one.restart();
    world.run(3000);
    const again = world.connect('two.b.example');
    assert.is(again.result['virtualIpv4'], aliasOfTwo, 'the alias stays the same');
    world.call(world.one, 'node', 'close', { peer: 'two.b.example' });
    world.run(1000);
    assert.is(world.nameOf(aliasOfTwo, world.one), 'two.b.example', 'and its name');
  });
});

test('an exit that is a node of another zone with the same pool tells the two owners of an address apart', () => {
  const pool = '198.18.0.0/24' as Prefix;
  const world = new TwoZones({ foreignPolicy: 'deny', pool });
  world.guard(() => {
    const general = world.addGeneral('general');
    const exitPrefixes = [`${general.virtualIp(false)}/32` as Prefix];
    const guest = world.addNode('guest', world.a, world.addPrivate('inn', restrictedNat), {
      exitPrefixes,
    });
    const peer = world.addNode('peer', world.b, world.addPrivate('far', restrictedNat));
    world.run(1500);
    const both = world.addNode('both', world.b, world.publicRealm, { started: false });
    world.addRsAt(both, 'exit', world.a, { exit: true });
    both.start();
    world.run(1500);
    assert.is(guest.virtualIp(false), peer.virtualIp(false));
    const flows = [
      world.traffic.start(guest, general, { intervalMs: 20 }),
      world.traffic.start(peer, both, { intervalMs: 20 }),
    ];
    world.run(3000);
    world.move(guest, world.publicRealm);
    world.move(peer, world.publicRealm);
    world.run(3000);
    const since = world.now;
    world.run(1000);
    for (const { halves } of flows)
      for (const { from, to, lastReceivedAt } of halves)
        assert.ok(lastReceivedAt > since, `${from.name} to ${to.name}`);
  });
});

test.run();
