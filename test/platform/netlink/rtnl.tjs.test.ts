import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Prefix } from '../../../src/base/ip.ts';
import { Rtnl } from '../../../src/platform/netlink/rtnl.ts';
import { linkFlags, RtnlTables } from '../../../src/platform/netlink/rtnl-tables.ts';
import { libc } from '../../../src/platform/tjs/libc.ts';
import { SystemError } from '../../../src/platform/tjs/system-error.ts';
import { UplinkWatcher } from '../../../src/platform/uplink-watcher.ts';
import { type LocalUplink, uplinksOf } from '../../../src/platform/uplinks.ts';
import { enterOwnNetwork, eventually, ip, isRoot } from '../support/own-network.ts';

const rooted = isRoot() ? test : test.skip;
const ours = (device: string) => device.startsWith('ntm');
const fail = (error: unknown) => {
  throw error;
};

test.before(async () => {
  if (!isRoot()) return;
  await enterOwnNetwork();
  await ip('link add one type veth peer name peer1');
  await ip('link add two type veth peer name peer2');
  for (const name of ['one', 'peer1', 'two', 'peer2']) await ip(`link set ${name} up`);
});

test('tables are loaded without root', () => {
  const rtnl = new Rtnl();
  const tables = new RtnlTables();
  rtnl.load(tables);
  const loopback = [...tables.linkByIndex.values()].find(({ name }) => name === 'lo');
  assert.ok(loopback && loopback.flags & linkFlags.loopback);
  rtnl.close();
});

rooted('links, addresses, routes and rules are set, found and deleted', async () => {
  const rtnl = new Rtnl();
  const index = libc.if_nametoindex('two');
  const address = '198.18.3.4/32' as Prefix;
  const address6 = 'fd00:1::4/128' as Prefix;
  const route = { destination: '198.18.0.0/15' as Prefix, table: 254, deviceIndex: index };
  const route6 = { destination: '::/0' as Prefix, table: 4649, deviceIndex: index };
  const rules = ([4, 6] as const).flatMap((family) => [
    { family, priority: 4648, table: 254, suppressPrefixLength: 0 },
    { family, priority: 4649, table: 4649, notMark: { mark: 0x4600_0000, mask: 0xff00_0000 } },
  ]);
  for (let round = 0; round < 2; round += 1) {
    rtnl.suppressLinkLocal(index);
    rtnl.setLinkUp(index, 1380);
    rtnl.addAddress(index, address);
    rtnl.addAddress(index, address6);
    rtnl.addRoute(route);
    rtnl.addRoute(route6);
    for (const rule of rules) rtnl.addRule(rule);
  }
  assert.match(await ip('link show two'), /mtu 1380/);
  const shown = await ip('address show two');
  assert.match(shown, /198\.18\.3\.4\/32/);
  assert.match(shown, /fd00:1::4\/128/);
  assert.not.match(shown, /fd00:1::4\/128[^\n]*tentative/);
  assert.match(await ip('route'), /198\.18\.0\.0\/15 dev two/);
  assert.match(await ip('-6 route show table 4649'), /default dev two/);
  for (const family of ['-4', '-6']) {
    const shownRules = await ip(`${family} rule`);
    assert.match(shownRules, /4648:\s+from all lookup main suppress_prefixlength 0/);
    assert.match(shownRules, /4649:\s+not from all fwmark 0x46000000\/0xff000000 lookup 4649/);
    assert.is(shownRules.match(/lookup 4649/g)?.length, 1);
  }
  assert.equal(rtnl.rulePriorities(4, 4649), [4649]);
  for (let round = 0; round < 2; round += 1) {
    rtnl.deleteAddress(index, address);
    rtnl.deleteAddress(index, address6);
    rtnl.deleteRoute(route);
    rtnl.deleteRoute(route6);
    for (const rule of rules) rtnl.deleteRule(rule);
  }
  assert.not.match(await ip('address show two'), /198\.18|fd00/);
  assert.equal(rtnl.rulePriorities(4, 4649), []);
  assert.equal(rtnl.rulePriorities(6, 4649), []);
  assert.not.match(await ip('route'), /198\.18/);
  rtnl.close();
});

rooted('what the kernel refuses is an error with its words and number', () => {
  const rtnl = new Rtnl();
  assert.throws(
    () => rtnl.setLinkUp(9999, 1400),
    (error: unknown) => error instanceof SystemError && error.is('ENODEV'),
  );
  const nowhere = { destination: '10.9.0.0/16' as Prefix, table: 254, deviceIndex: 9999 };
  assert.throws(() => rtnl.addRoute(nowhere), /add route 10\.9\.0\.0\/16: .+/);
  rtnl.close();
});

rooted('a move is told as the kernel makes it, and tables equal a fresh load', async () => {
  const rtnl = new Rtnl();
  const told: (readonly LocalUplink[])[] = [];
  const watcher = new UplinkWatcher(rtnl, ours, {
    changed: (list) => told.push(list),
    failed: fail,
  });
  const last = () => told[told.length - 1] ?? watcher.current;
  const usable = () => last().flatMap(({ id, usable }) => (usable ? [id] : []));
  const shows = (...ids: string[]) => eventually(() => usable().join() === ids.join());
  assert.equal(watcher.current, []);

  await ip('address add 192.0.2.2/24 dev one');
  await eventually(() => last().length === 1);
  assert.equal(usable(), []);
  await ip('route add default via 192.0.2.1');
  await shows('one/192.0.2.2');

  await ip('address add 198.51.100.2/24 dev two');
  await ip('route add default via 198.51.100.1 metric 50');
  await shows('one/192.0.2.2', 'two/198.51.100.2');

  await ip('address add 2001:db8::2/64 dev two nodad');
  await ip('-6 route add default via 2001:db8::1 metric 20');
  await shows('one/192.0.2.2', 'two/2001:db8::2', 'two/198.51.100.2');

  await ip('route replace default via 198.51.100.1 dev two');
  await shows('two/198.51.100.2', 'two/2001:db8::2');
  await ip('link set two down');
  await shows();
  await ip('link set two up');
  await ip('route add default via 192.0.2.1 metric 5');
  await shows('one/192.0.2.2');
  await ip('link set peer1 down');
  await shows();
  await ip('link set peer1 up');
  await shows('one/192.0.2.2');
  await ip('address del 192.0.2.2/24 dev one');
  await shows();

  const fresh = new RtnlTables();
  rtnl.load(fresh);
  assert.equal([...watcher.tables.routes], [...fresh.routes]);
  assert.equal(uplinksOf(watcher.tables, ours), uplinksOf(fresh, ours));
  for (const [index, list] of told.entries()) assert.not.equal(list, told[index - 1]);
  watcher.close();
  rtnl.close();
});

rooted('an address of our own device is no uplink', async () => {
  const rtnl = new Rtnl();
  await ip('link add ntm9 type veth peer name peer9');
  await ip('link set peer9 up');
  await ip('link set ntm9 up');
  await ip('address add 198.18.0.9/32 dev ntm9');
  const tables = new RtnlTables();
  rtnl.load(tables);
  assert.ok(uplinksOf(tables, () => false).some(({ device }) => device === 'ntm9'));
  assert.not.ok(uplinksOf(tables, ours).some(({ device }) => device === 'ntm9'));
  rtnl.close();
});

rooted('a burst of more notifications than the queue holds ends in the true tables', async () => {
  const rtnl = new Rtnl();
  const index = libc.if_nametoindex('two');
  let list: readonly LocalUplink[] = [];
  const watcher = new UplinkWatcher(rtnl, ours, {
    changed: (uplinks) => {
      list = uplinks;
    },
    failed: fail,
  });
  for (let count = 0; count < 2000; count += 1) {
    const address = `10.7.${count >> 8}.${count & 255}/32` as Prefix;
    rtnl.addAddress(index, address);
    if (count !== 1234) rtnl.deleteAddress(index, address);
  }
  await eventually(() => list.some(({ id }) => id === 'two/10.7.4.210'));
  const fresh = new RtnlTables();
  rtnl.load(fresh);
  assert.equal(uplinksOf(watcher.tables, ours), uplinksOf(fresh, ours));
  await ip('address add 10.8.0.1/32 dev two');
  await eventually(() => list.some(({ id }) => id === 'two/10.8.0.1'));
  watcher.close();
  rtnl.close();
});

test.run();
