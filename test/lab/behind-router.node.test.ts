/**
 * Rows of the lab with real hosts behind a router that is a node: a node behind a node at the same Direction and
 * Relay Server, hosts without NTMobile that reach peers, and peers that reach what the router exports.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { TcpRecord } from './agent/calls.ts';
import { lan, RouterWorld } from './router-world.ts';

const check = process.getuid?.() === 0 ? test : test.skip;
const world = new RouterWorld();
const ip = { router: '', notebook: '', friend: '', router6: '' };
/** The LAN as the friend knows it, whose own network may have the same addresses. */
const mapped = { prefix: '10.77.10.0/24', plain: '10.77.10.20', notebook: '10.77.10.11' };
const mapped6 = { prefix: 'fd77:10::/64', plain: 'fd77:10::20' };

test.before(async () => {
  if (process.getuid?.() !== 0) return;
  await world.build();
  await world.startServer();
  const route = `
config route 'home'
	option prefix '${lan.prefix}'
	option via 'router'

config route 'mapped'
	option prefix '${mapped.prefix}'
	option via 'router'

config route 'mapped6'
	option prefix '${mapped6.prefix}'
	option via 'router'
`;
  const exported = `
config export 'files'
	option host '${lan.plain}'
	list proto 'tcp'
	option port '8080'
	option host_port '9000'

config export 'lan'
	option prefix '${lan.plain}/32'
	option keep_source '1'

config export 'files6'
	option host '${lan.plain6}'
	list proto 'tcp'
	option port '8081'
	option host_port '9001'

config export 'mapped'
	option prefix '${lan.prefix}'
	option seen_as '${mapped.prefix}'

config export 'mapped6'
	option prefix '${lan.prefix6}'
	option seen_as '${mapped6.prefix}'
`;
  ip.friend = (await world.startNode('friend', route)).four;
  ({ four: ip.router, six: ip.router6 } = await world.startNode('router', exported));
  ip.notebook = (await world.startNode('notebook', '')).four;
});

test.after(() => world.remove());

function assertWhole([client, server]: readonly [TcpRecord, TcpRecord]): void {
  assert.is(client.error, null);
  assert.is(server.error, null);
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    assert.ok(from.sentBytes > 0);
    assert.is(to.wrongAt, null);
    assert.is(to.receivedBytes, from.sentBytes);
    assert.is(to.receivedHash, from.sentHash);
  }
}

check(
  'router: a node behind a node at the same servers has other ports, and both keep theirs apart',
  async () => {
    const router = await world.observed('router');
    const notebook = await world.observed('notebook');
    assert.is(router, `${world.outside}:4649`);
    const [address, seen] = notebook.split(':');
    assert.is(address, world.outside);
    assert.ok(Number(seen) >= 40_960 && Number(seen) <= 49_151, notebook);
    for (const from of ['router', 'notebook'] as const) {
      await world.daemon(from).call('connect', { peer: 'friend' });
      assert.ok(await world.reaches(from, ip.friend), `${from} to friend`);
    }
    assert.ok(await world.reaches('friend', ip.router));
    assert.ok(await world.reaches('friend', ip.notebook));
    assert.ok(await world.reaches('notebook', ip.router), 'notebook to router');
  },
);

check('router: both go on after the router has moved to its other uplink', async () => {
  await world.move();
  for (const from of ['router', 'notebook'] as const) {
    assert.ok(await world.reaches(from, ip.friend), `${from} to friend`);
  }
  assert.ok(await world.reaches('friend', ip.notebook));
});

check(
  'router: a host without NTMobile reaches a peer, and its connection survives a move',
  async () => {
    const ports = { listen: 21_001, connect: 21_001 };
    assertWhole(await world.transfer('plain', 'friend', ip.friend, ports));
  },
);

check(
  'router: an exported port at the virtual IP leads to a host on the LAN, moves included',
  async () => {
    const ports = { listen: 9000, connect: 8080 };
    assertWhole(await world.transfer('friend', 'plain', ip.router, ports));
  },
);

check(
  'router: an exported host is reached at its own address by who has a route, moves included',
  async () => {
    const ports = { listen: 21_003, connect: 21_003 };
    assertWhole(await world.transfer('friend', 'plain', lan.plain, ports));
  },
);

check('router: the same by IPv6', async () => {
  const ports = { listen: 9001, connect: 8081 };
  assertWhole(await world.transfer('friend', 'plain', ip.router6, ports));
});

check(
  'router: a network that is seen as another one is reached there, moves included',
  async () => {
    assert.ok(await world.reaches('friend', mapped.notebook));
    for (const [port, address] of [
      [21_004, mapped.plain],
      [21_005, mapped6.plain],
    ] as const) {
      const ports = { listen: port, connect: port };
      assertWhole(await world.transfer('friend', 'plain', address, ports));
    }
  },
);

check(
  'router: what is not exported is not reached, though the firewall would let it pass',
  async () => {
    assert.ok(await world.reaches('friend', lan.plain));
    assert.not(await world.reaches('friend', lan.notebook));
  },
);

check('router: the table of the exports goes with the daemon', async () => {
  const tables = () => world.sh('router', 'nft list tables');
  assert.match(await tables(), /ntmobile_export/);
  await world.daemon('router').stop();
  assert.not.match(await tables(), /ntmobile_export/);
});

test.run();
