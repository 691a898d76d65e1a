import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Ip, Prefix } from '../../src/base/ip.ts';
import {
  type Address,
  addressFlags,
  linkFlags,
  type OutwardRoute,
} from '../../src/platform/netlink/rtnl-tables.ts';
import { type LocalUplink, uplinksOf, urgencyOf } from '../../src/platform/uplinks.ts';

const running = linkFlags.up | linkFlags.running;
const names = ['', 'lo', 'eth0', 'wwan0', 'ntm0', 'wg0'];

function link(index: number, flags: number = running): [number, { name: string; flags: number }] {
  return [index, { name: names[index] as string, flags }];
}

function address(deviceIndex: number, ip: string, flags = 0, scope = 0): Address {
  return { deviceIndex, ip: ip as Ip, prefixLength: ip.includes(':') ? 64 : 24, scope, flags };
}

function route(family: 4 | 6, deviceIndexes: number[], metric = 0, to?: string): OutwardRoute {
  const destination = (to ?? (family === 4 ? '0.0.0.0/0' : '::/0')) as Prefix;
  return { family, destination, metric, deviceIndexes, gateway: true };
}

function ids(
  links: [number, { name: string; flags: number }][],
  addresses: Address[],
  routes: OutwardRoute[],
): string[] {
  const tables = { linkByIndex: new Map(links), addresses, routes };
  const list = uplinksOf(tables, (device) => device.startsWith('ntm'));
  return list.map(({ id, usable }) => (usable ? id : `(${id})`));
}

test('the default route with the lowest metric comes first, then the number of the device', () => {
  const links = [link(2), link(3), link(5)];
  const addresses = [address(5, '10.5.0.2'), address(3, '10.3.0.2'), address(2, '10.2.0.2')];
  assert.equal(ids(links, addresses, [route(4, [2], 100), route(4, [3], 50), route(4, [5], 100)]), [
    'wwan0/10.3.0.2',
    'eth0/10.2.0.2',
    'wg0/10.5.0.2',
  ]);
});

test('a device with only a route to some network is usable and comes after default routes', () => {
  const links = [link(2), link(3)];
  const addresses = [address(2, '10.2.0.2'), address(3, '10.3.0.2')];
  const routes = [route(4, [2], 0, '10.99.0.0/16'), route(4, [3], 1000)];
  assert.equal(ids(links, addresses, routes), ['wwan0/10.3.0.2', 'eth0/10.2.0.2']);
});

test('an address without a way out of its own family is listed and not usable', () => {
  const addresses = [address(2, '10.2.0.2'), address(2, '2001:db8::2'), address(3, '10.3.0.2')];
  assert.equal(ids([link(2), link(3)], addresses, [route(6, [2], 1024)]), [
    'eth0/2001:db8::2',
    '(eth0/10.2.0.2)',
    '(wwan0/10.3.0.2)',
  ]);
});

test('every device of a route over several ways is usable', () => {
  const addresses = [address(2, '10.2.0.2'), address(3, '10.3.0.2')];
  assert.equal(ids([link(2), link(3)], addresses, [route(4, [2, 3])]), [
    'eth0/10.2.0.2',
    'wwan0/10.3.0.2',
  ]);
});

test('loopback, our own device, links that are down or without carrier are left out', () => {
  const links = [
    link(1, running | linkFlags.loopback),
    link(2, linkFlags.up),
    link(3, linkFlags.running),
    link(4),
  ];
  const addresses = [1, 2, 3, 4, 5].map((index) => address(index, `192.0.2.${index}`));
  assert.equal(ids(links, addresses, [route(4, [1, 2, 3, 4, 5])]), []);
});

test('addresses that are local, tentative, duplicate or deprecated are left out', () => {
  const { tentative, deprecated, dadFailed, optimistic } = addressFlags;
  const addresses = [
    address(2, 'fe80::1', 0, 253),
    address(2, '169.254.1.1', 0, 253),
    address(2, '2001:db8::1', tentative),
    address(2, '2001:db8::2', deprecated),
    address(2, '2001:db8::3', dadFailed | tentative),
    address(2, '2001:db8::4', tentative | optimistic),
    address(2, '2001:db8::5'),
  ];
  assert.equal(ids([link(2)], addresses, [route(4, [2]), route(6, [2])]), [
    'eth0/2001:db8::4',
    'eth0/2001:db8::5',
  ]);
});

test('primary before secondary addresses, and global before private IPv6', () => {
  const addresses = [
    address(2, '192.0.2.9', addressFlags.secondary),
    address(2, '192.0.2.2'),
    address(2, 'fd00::2'),
    address(2, '2001:db8::2'),
  ];
  assert.equal(ids([link(2)], addresses, [route(4, [2]), route(6, [2])]), [
    'eth0/192.0.2.2',
    'eth0/192.0.2.9',
    'eth0/2001:db8::2',
    'eth0/fd00::2',
  ]);
});

function list(...texts: string[]): LocalUplink[] {
  return texts.map((text) => {
    const id = text.replace(/[()]/g, '');
    const [device = '', ip = ''] = id.split('/');
    return { id, device, ip: ip as Ip, usable: id === text, deviceIndex: 2 };
  });
}

test('what a handover waits for is told at once, the rest soon, the same never', () => {
  const cases: [string[], string[], string][] = [
    [[], [], 'unchanged'],
    [['a/1', '(b/2)'], ['a/1', '(b/2)'], 'unchanged'],
    [[], ['a/1'], 'now'],
    [[], ['(a/1)'], 'soon'],
    [['(a/1)'], ['a/1'], 'now'],
    [['a/1'], ['a/1', 'b/2'], 'now'],
    [['a/1', 'b/2'], ['b/2'], 'now'],
    [['a/1', 'b/2'], ['b/2', '(a/1)'], 'now'],
    [['a/1', 'b/2'], ['a/1'], 'soon'],
    [['a/1', 'b/2'], ['b/2', 'a/1'], 'soon'],
    [['(a/1)'], [], 'soon'],
  ];
  for (const [told, current, expected] of cases) {
    const label = `${told.join()} to ${current.join()}`;
    assert.is(urgencyOf(list(...told), list(...current)), expected, label);
  }
});

test.run();
