import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint, Ip, Prefix } from '../../../src/base/ip.ts';
import { endpointValues, ipOf } from '../../../src/platform/kernel-path/endpoint-values.ts';
import {
  type ModulePathCommand,
  moduleRequest,
} from '../../../src/platform/kernel-path/module-commands.ts';
import {
  dropCounts,
  pathNotice,
  pathStats,
} from '../../../src/platform/kernel-path/module-notices.ts';
import { WideRoutes } from '../../../src/platform/kernel-path/wide-routes.ts';
import { commands } from '../../../src/platform/netlink/ntmobile-table.ts';
import type { PathId } from '../../../src/wire/ids.ts';

const pathId = '1122334455667788' as PathId;
const peer = '192.0.2.9:4649' as Endpoint;
const relay = '[2001:db8::1]:4649' as Endpoint;

function requestOf(command: ModulePathCommand) {
  return moduleRequest(command, {
    ifindex: 7,
    mark: 0x4649,
    now: 1000,
    uplink: (id) =>
      id === 'eth0/192.0.2.2' ? { deviceIndex: 3, ip: '192.0.2.2' as Ip } : undefined,
    addresses: () => ['198.18.0.2' as Ip],
  });
}

test('a route names endpoint, device, mark and what is left of its times', () => {
  const asked = requestOf({
    op: 'path-route',
    pathId,
    route: { remote: peer, uplink: 'eth0/192.0.2.2' },
    also: { remote: relay, uplink: 'gone' },
    alsoUntil: 1300.4,
    relayed: false,
    unverified: { budgetBytes: 1000, until: 400, fallback: relay },
    relays: [relay],
  });
  assert.is(asked.command, 'pathSet');
  const { route, also, alsoMs, unverified, relay: relays } = asked.values;
  assert.equal(route, {
    remote: { ipv4: 0xc0000209, port: 4649 },
    uplink: 3,
    local: { ipv4: 0xc0000202 },
    mark: 0x4649,
  });
  assert.is(also?.uplink, undefined);
  assert.is(alsoMs, 300);
  assert.equal(unverified, { budget: 1000, ms: 0, fallback: endpointValues(relay) });
  assert.equal(relays, [endpointValues(relay)]);
});

test('every command has its request, and epochs are those of the header', () => {
  const key = new Uint8Array(32);
  const list: readonly [ModulePathCommand, string][] = [
    [{ op: 'key-set', pathId, epoch: 5, sendKey: key, receiveKey: key, suite: 'none' }, 'keySet'],
    [{ op: 'key-use', pathId, epoch: 5 }, 'keyUse'],
    [{ op: 'key-delete', pathId, epoch: 5 }, 'keyDel'],
    [{ op: 'path-delete', pathId }, 'pathDel'],
    [{ op: 'relay-new', pathId, idleMs: 0.4 }, 'relayNew'],
    [{ op: 'relay-leg', pathId, side: 1, endpoint: undefined }, 'relayLeg'],
    [{ op: 'relay-delete', pathId }, 'relayDel'],
    [{ op: 'flush' }, 'flush'],
  ];
  for (const [command, name] of list) {
    const asked = requestOf(command);
    assert.is(asked.command, name);
    assert.is(asked.values.ifindex, 7);
    if ('epoch' in command) assert.is(asked.values.epoch, 1);
    if ('suite' in command) assert.is(asked.values.suite, 2);
  }
});

test('notices of the module are those of a data path', () => {
  const uplinkAt = (index: number) => (index === 3 ? 'eth0/192.0.2.2' : undefined);
  const values = { ifindex: 7, pathId, endpoint: endpointValues(peer), uplink: 3, length: 60 };
  const notice = (command: number) => pathNotice({ command, values }, uplinkAt);
  assert.equal(notice(commands.movedNtf), {
    notice: 'moved',
    pathId,
    remote: peer,
    uplink: 'eth0/192.0.2.2',
  });
  assert.equal(notice(commands.wrongSourceNtf), {
    notice: 'unknown-path',
    pathId,
    from: peer,
    length: 60,
    uplink: 'eth0/192.0.2.2',
  });
  assert.equal(notice(commands.idleNtf), { notice: 'idle', pathId });
  assert.is(notice(999), undefined);
  const destination = { ipv6: new Uint8Array(16).fill(0xfd) };
  const noPath = pathNotice({ command: commands.noPathNtf, values: { destination } }, uplinkAt);
  assert.equal(noPath, { notice: 'no-path', destination: ipOf(destination) });
});

test('figures of the module are those of a path; drops have the names of the drop list', () => {
  const values = { pathId, sentPackets: 2, receivedAgoMs: 10, drops: { badSeal: 3, tooBig: 0 } };
  const stats = pathStats(values, 100);
  assert.is(stats.sentPackets, 2);
  assert.is(stats.lastReceivedAt, 90);
  assert.is(stats.lastSentAt, 0);
  assert.equal(dropCounts(values), { 'bad-seal': 3 });
});

function pathNew(id: string, ...peerPrefixes: string[]): ModulePathCommand & { op: 'path-new' } {
  return {
    op: 'path-new',
    pathId: id as PathId,
    side: 0,
    kind: 'exit',
    peerPrefixes: peerPrefixes as Prefix[],
    excludedPrefixes: [],
    globalOnly: false,
    idleMs: 0,
  };
}

test('a wide prefix goes by way of an address of its path, made up where it has none', () => {
  const routes = new WideRoutes();
  const lan = pathNew('0a', '198.18.0.2/32', '192.168.7.0/24', '2001:db8:7::/48');
  assert.equal(routes.addressesFor(lan), ['198.18.0.2', 'fe80::1']);
  assert.is(routes.note(lan), true);
  assert.is(routes.via('192.168.7.0/24' as Prefix), '198.18.0.2');
  assert.is(routes.via('2001:db8:7::/48' as Prefix), 'fe80::1');
  assert.is(routes.via('192.168.0.0/16' as Prefix), undefined);
  const host = pathNew('0b', '198.18.0.3/32');
  assert.equal(routes.addressesFor(host), ['198.18.0.3']);
  assert.is(routes.note(host), false);
});

test('a path to a peer with an alias tells the alias and the address of the peer', () => {
  const alias = { alias4: '198.19.252.1' as Ip, peer4: '198.18.0.1' as Ip };
  const asked = requestOf({ ...pathNew('0a', '198.19.252.1/32'), alias });
  assert.is(asked.command, 'pathNew');
  assert.is(asked.values.alias4, 0xc613fc01);
  assert.is(asked.values.peer4, 0xc6120001);
  const without = requestOf(pathNew('0a', '198.18.0.2/32'));
  assert.is(without.values.alias4, undefined);
  assert.is(without.values.peer4, undefined);
});

test('a new exit gets a prefix when its key is used, and the one before gets it back', () => {
  const routes = new WideRoutes();
  const [first, second] = [pathNew('0a', '0.0.0.0/0'), pathNew('0b', '0.0.0.0/0')];
  const any = '0.0.0.0/0' as Prefix;
  for (const each of [first, second]) {
    routes.addressesFor(each);
    routes.note(each);
  }
  const [one, two] = [routes.addressesFor(first)[0], routes.addressesFor(second)[0]];
  assert.is.not(one, two);
  assert.is(routes.via(any), one);
  assert.is(routes.note({ op: 'key-use', pathId: second.pathId, epoch: 0 }), true);
  assert.is(routes.via(any), two);
  assert.is(routes.note({ op: 'path-delete', pathId: second.pathId }), true);
  assert.is(routes.via(any), one);
});

test.run();
