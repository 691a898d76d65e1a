/** What netifd is told, by a stand-in that only writes down the calls; the ubusd between is the tests' own. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Prefix } from '../../../src/base/ip.ts';
import { Log } from '../../../src/platform/log.ts';
import { Netifd, type NetifdParts } from '../../../src/platform/ubus/netifd.ts';
import type { UbusMethod, UbusObject } from '../../../src/platform/ubus/object.ts';
import type { Json, JsonObject } from '../../../src/protocol/machine.ts';
import { Bus, until } from './bus.ts';

const settings = {
  mtu: 1400,
  addresses: ['198.18.0.5/32', 'fd00::5/128'] as Prefix[],
  routes: ['198.18.0.0/20', 'fd00::/64'] as Prefix[],
  exitRoutes: ['0.0.0.0/0'] as Prefix[],
};

/** `network.interface` with these interfaces, and what it was told. */
function network(rows: readonly JsonObject[]): { object: UbusObject; told: JsonObject[] } {
  const told: JsonObject[] = [];
  const method = (call: UbusMethod['call']): UbusMethod => ({ arguments: {}, call });
  const methods = {
    dump: method(async () => ({ status: 0, data: { interface: rows as Json } })),
    notify_proto: method(async (given) => {
      told.push(given);
      return { status: 0 };
    }),
  };
  return { object: { path: 'network.interface', methods }, told };
}

function withNetifd(bus: Bus, parts: Partial<NetifdParts> = {}) {
  const client = bus.client([]);
  const netifd = new Netifd(client, {
    device: 'ntm0',
    log: new Log({ level: 'info', write: (line) => bus.lines.push(line) }),
    readNetwork: () => undefined,
    searchDomain: async () => 'home.example',
    restore: () => {},
    withdraw: () => {},
    yieldRoutes: () => {},
    ...parts,
  });
  client.serve({ path: 'ntmobile', methods: netifd.methods });
  client.start();
  return { client, netifd };
}

test('netifd is told device, addresses, routes and domain once its handler has called', async () => {
  const bus = new Bus();
  const { object, told } = network([]);
  const handler = await bus.connected([object]);
  let yielded = 0;
  const { client, netifd } = withNetifd(bus, {
    yieldRoutes: () => {
      yielded += 1;
    },
  });
  await until(() => client.ready);
  netifd.changed(settings);
  await handler.call('ntmobile', 'interface_up', { interface: 'ntm', metric: 7, zone: 'vpn' });
  await until(() => yielded === 1);
  assert.equal(told[0], {
    interface: 'ntm',
    action: 0,
    'link-up': true,
    'address-external': true,
    ifname: 'ntm0',
    ipaddr: [{ ipaddr: '198.18.0.5', mask: '32' }],
    ip6addr: [{ ipaddr: 'fd00::5', mask: '128' }],
    routes: [{ target: '198.18.0.0', netmask: '20', metric: 7 }],
    routes6: [{ target: 'fd00::', netmask: '64', metric: 7 }],
    dns_search: ['home.example'],
    data: { zone: 'vpn' },
  });
  bus.end();
});

test('before there are addresses netifd waits, and then is told', async () => {
  const bus = new Bus();
  const { object, told } = network([]);
  const handler = await bus.connected([object]);
  const { client, netifd } = withNetifd(bus);
  await until(() => client.ready);
  await handler.call('ntmobile', 'interface_up', { interface: 'ntm' });
  assert.is(told.length, 0);
  netifd.changed(settings);
  await until(() => told.length > 0);
  assert.is(told[0]?.['data'], undefined);
  bus.end();
});

test('an interface that waits for a daemon not yet started is found, with its options', async () => {
  const bus = new Bus();
  const waiting = { interface: 'mesh', proto: 'ntmobile', up: false, pending: true };
  const { object, told } = network([{ interface: 'lan', proto: 'static', up: true }, waiting]);
  await bus.connected([object]);
  const text =
    "config interface 'mesh'\n\toption proto 'ntmobile'\n\toption zone 'far'\n\toption metric '9'\n";
  const { netifd } = withNetifd(bus, { readNetwork: () => text });
  netifd.changed(settings);
  await until(() => told.length > 0);
  assert.is(told[0]?.['interface'], 'mesh');
  assert.equal(told[0]?.['data'], { zone: 'far' });
  assert.match(JSON.stringify(told[0]?.['routes']), /"metric":9/);
  bus.end();
});

test('an interface that its owner took down is left down', async () => {
  const bus = new Bus();
  const down = { interface: 'ntm', proto: 'ntmobile', up: false, pending: false };
  const { object, told } = network([down]);
  await bus.connected([object]);
  let withdrawn = 0;
  const { client, netifd } = withNetifd(bus, {
    withdraw: () => {
      withdrawn += 1;
    },
  });
  await until(() => client.ready && withdrawn === 1);
  netifd.changed(settings);
  assert.is(withdrawn, 2);
  await client.call('network.interface', 'dump', {});
  assert.is(told.length, 0);
  bus.end();
});

test('a netifd that begins anew is told again', async () => {
  const bus = new Bus();
  const up = { interface: 'ntm', proto: 'ntmobile', up: false, pending: true };
  const first = network([up]);
  const one = await bus.connected([first.object]);
  const { netifd } = withNetifd(bus);
  netifd.changed(settings);
  await until(() => first.told.length > 0);
  one.stop();
  await until(() => !bus.ubusd.paths.includes('network.interface'));
  const second = network([up]);
  await bus.connected([second.object]);
  await until(() => second.told.length > 0);
  assert.is(second.told[0]?.['interface'], 'ntm');
  bus.end();
});

test('an interface whose section is gone is ours again, one that was put down has no addresses until it is up', async () => {
  for (const [rows, wanted] of [
    [[], ['restored']],
    [
      [{ interface: 'ntm', proto: 'ntmobile', up: false, pending: false }],
      ['withdrawn', 'restored'],
    ],
  ] as const) {
    const bus = new Bus();
    const known: JsonObject[] = [];
    const handler = await bus.connected([network(known).object]);
    const done: string[] = [];
    const { client } = withNetifd(bus, {
      restore: () => done.push('restored'),
      withdraw: () => done.push('withdrawn'),
    });
    await until(() => client.ready);
    await handler.call('ntmobile', 'interface_up', { interface: 'ntm' });
    known.push(...rows);
    await handler.call('ntmobile', 'interface_down', { interface: 'ntm' });
    await until(() => done.length === 1);
    await handler.call('ntmobile', 'interface_up', { interface: 'ntm' });
    assert.equal(done, wanted);
    bus.end();
  }
});

/** What netifd was told of the link each time. */
function links(told: readonly JsonObject[]): Json[] {
  return told.map((given) => given['link-up'] ?? null);
}

test('a netifd that still holds the device of a killed daemon for ours takes it down and up', async () => {
  const bus = new Bus();
  const up = { interface: 'ntm', proto: 'ntmobile', up: true, pending: false };
  const first = network([up]);
  const one = await bus.connected([first.object]);
  const { netifd } = withNetifd(bus);
  netifd.changed(settings);
  await until(() => first.told.length > 1);
  assert.equal(links(first.told), [false, true]);
  assert.match(JSON.stringify(first.told[1]), /198\.18\.0\.5/);
  one.stop();
  await until(() => !bus.ubusd.paths.includes('network.interface'));
  const second = network([up]);
  await bus.connected([second.object]);
  await until(() => second.told.length > 0);
  assert.equal(links(second.told), [true]);
  bus.end();
});

test('a device that was made anew is told as another one, unless it was put down', async () => {
  const bus = new Bus();
  const rows: JsonObject[] = [];
  const { object, told } = network(rows);
  const handler = await bus.connected([object]);
  const done: string[] = [];
  const { client, netifd } = withNetifd(bus, { withdraw: () => done.push('withdrawn') });
  await until(() => client.ready);
  netifd.remade();
  netifd.changed(settings);
  await client.call('network.interface', 'dump', {});
  assert.is(told.length, 0);
  await handler.call('ntmobile', 'interface_up', { interface: 'ntm', metric: 7 });
  await until(() => links(told).includes(true));
  told.length = 0;
  netifd.remade();
  await until(() => told.length > 1);
  assert.equal(links(told), [false, true]);
  assert.match(JSON.stringify(told[1]), /"metric":7/);
  rows.push({ interface: 'ntm', proto: 'ntmobile', up: false, pending: false });
  await handler.call('ntmobile', 'interface_down', { interface: 'ntm' });
  await until(() => done.length === 1);
  told.length = 0;
  netifd.remade();
  await client.call('network.interface', 'dump', {});
  assert.is(done.length, 2);
  assert.is(told.length, 0);
  bus.end();
});

test('another device than the daemon has is an error of the interface and of the call', async () => {
  const bus = new Bus();
  const { object, told } = network([]);
  const handler = await bus.connected([object]);
  const { client } = withNetifd(bus);
  await until(() => client.ready);
  const given = { interface: 'ntm', device: 'ntm7' };
  const failed = await handler.call('ntmobile', 'interface_up', given).catch((error) => error);
  assert.is(failed.status, 9);
  assert.equal(told, [{ interface: 'ntm', action: 3, error: ['NTM_DEVICE'] }]);
  assert.ok(bus.lines.some((line) => /The device is ntm0: correct "option device"/.test(line)));
  bus.end();
});

test('at the end netifd learns that the device goes', async () => {
  const bus = new Bus();
  const { object, told } = network([]);
  const handler = await bus.connected([object]);
  const { client, netifd } = withNetifd(bus);
  await until(() => client.ready);
  await netifd.lost();
  assert.is(told.length, 0);
  await handler.call('ntmobile', 'interface_up', { interface: 'ntm' });
  await netifd.lost();
  assert.equal(told, [{ interface: 'ntm', action: 0, 'link-up': false }]);
  bus.end();
});

test.run();
