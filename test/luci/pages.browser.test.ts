/** Every page in a real browser, clicked as a person does, with real daemons behind. */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { controlMethods } from '../../src/protocol/control-methods.ts';
import type { Daemon } from '../lab/daemon.ts';
import { addresses, mainSection } from '../main/daemon/rig.ts';
import type { Router } from './router.ts';
import { LuciWorld, nothingEnabled } from './world.ts';

const test = suite('LuCI pages');
const views = ['overview', 'paths', 'handovers', 'nodes', 'relays', 'settings'];
const world = new LuciWorld();
let ds: { daemon: Daemon; router: Router };
let mn: { daemon: Daemon; router: Router };
let cn: { daemon: Daemon; router: Router };

test.before.each(async () => {
  if (ds) await world.newPage();
  for (const each of [ds, mn, cn]) each?.router.reset();
});

test.after.each(() => {
  assert.equal(world.takeErrors(), []);
});

test.after(() => world.remove());

/** Waits through a restart, in which calls fail. */
async function eventually(good: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; !(await good().catch(() => false)); turn += 1) {
    assert.ok(turn < 200, 'it did not come about');
    await world.page.waitForTimeout(100);
  }
}

/** Ten datagrams from the laptop to a virtual IP: its system answers that nobody listens, so data goes both ways. */
async function sendTo(ip: string): Promise<void> {
  const script = `const s = require('dgram').createSocket('udp4'); let n = 0;
    s.on('error', () => {});
    const t = setInterval(() => {
      const isLast = ++n === 10;
      if (isLast) clearInterval(t);
      s.send('x', 9, ${JSON.stringify(ip)}, () => isLast && s.close());
    }, 50);`;
  await world.rig.namespaces.run('mn', [process.execPath, '-e', script]);
}

/** Text of the page below the menu. */
const shown = async () => (await world.page.locator('#maincontent').textContent()) ?? '';
const button = (name: string | RegExp) => world.page.getByRole('button', { name });
const rowOf = (text: string) => world.page.getByRole('row').filter({ hasText: text });

test('a Direction Server, a Relay Server and a node run', async () => {
  await world.start();
  ds = await world.directionServer();
  cn = await world.node('cn', 'phone', ds.daemon);
});

test('a router where nothing is set up offers to join a network, and says what is wrong with an invite', async () => {
  mn = await world.router('mn', 'laptop', `${mainSection(4649, 'info')}\n${nothingEnabled}`);
  const page = await world.visit(mn.router, 'overview');
  await page.getByRole('heading', { name: 'Join a network' }).waitFor();
  assert.is(await button('Join').isDisabled(), true);
  await page.getByRole('textbox', { name: 'Invite' }).fill('ntm1:AAAA');
  await page.getByText('mistyped or cut off').waitFor();
  assert.is(await button('Join').isDisabled(), true);
});

test('an invite made on the page of the Direction Server is joined with by its QR code', async () => {
  const page = await world.visit(ds.router, 'nodes');
  await page.getByLabel('Name', { exact: true }).fill('laptop');
  await button('Make an invite').click();
  const code = page.getByRole('img', { name: 'QR code of the invite' });
  const picture = await code.screenshot();
  const line = await page.getByRole('dialog').getByRole('textbox', { name: 'Invite' }).inputValue();
  assert.match(line, /^ntm1:/);
  await button('Done').click();
  await rowOf('laptop').waitFor();

  await world.visit(mn.router, 'overview');
  await page
    .getByLabel('Picture of a QR code')
    .setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: picture });
  await page.getByText('This router will join as a node.').waitFor();
  assert.is(await page.getByRole('textbox', { name: 'Invite' }).inputValue(), line);
  await button('Join').click();
  await page.getByRole('cell', { name: 'laptop.home.example' }).first().waitFor();
  const status = await mn.daemon.call('status');
  assert.is(status.node?.state, 'registered');
  assert.match(await shown(), new RegExp(status.node?.virtualIpv4 ?? 'no address'));
});

test('a picture without a code says so', async () => {
  const page = await world.visit(ds.router, 'overview');
  await page.evaluate(`L.require('ntmobile.invites').then((invites) => {
    document.getElementById('view').replaceChildren(invites.form(() => undefined));
  })`);
  const picture = await page.screenshot({ clip: { x: 0, y: 0, width: 200, height: 100 } });
  await page
    .getByLabel('Picture of a QR code')
    .setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: picture });
  await page.getByText('No QR code can be found').waitFor();
});

test('the overview shows each role that runs, its servers, and what doctor finds', async () => {
  const page = await world.visit(mn.router, 'overview');
  for (const text of [
    /reachable for/,
    /behind a NAT|the address is its own/,
    /203\.0\.113\.11 on eth0, in use/,
  ]) {
    assert.match(await shown(), text);
  }
  assert.is(await page.getByRole('heading', { name: 'Relay Server', exact: true }).count(), 0);
  await page.getByText(/checks are good|All checks/).click();
  assert.match(await shown(), /Registered as laptop\.home\.example/);
  await world.visit(ds.router, 'overview');
  for (const name of ['Node', 'Direction Server', 'Relay Server', 'Daemon']) {
    assert.is(await page.getByRole('heading', { name, exact: true }).count(), 1, name);
  }
  assert.is(await page.getByRole('meter', { name: 'Virtual IPs in use' }).count(), 1);
});

test('a path is built, measured and closed from the paths page', async () => {
  const page = await world.visit(mn.router, 'paths');
  await page.getByLabel('Build a path to').fill('phone');
  await button('Connect').click();
  await page.getByText(/Path to phone\.home\.example: direct/).waitFor();
  await rowOf('phone').waitFor();
  await rowOf('203.0.113.12:4649').waitFor();
  await button('Ping phone.home.example').click();
  await page.getByText(/phone\.home\.example answers after/).waitFor();
  await page.getByLabel('Look for a name or address').fill('nobody');
  await page.getByText('No paths. One is built').waitFor();
  await page.getByLabel('Look for a name or address').fill('PHONE');
  await rowOf('phone').waitFor();
  await button('Close the path to phone.home.example').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  assert.is((await mn.daemon.call('paths')).total, 1);
  await button('Close the path to phone.home.example').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
  await page.getByText('No paths. One is built').waitFor();
  assert.is((await mn.daemon.call('paths')).total, 0);
});

test('a peer that is not there is told in the words of the daemon', async () => {
  const page = await world.visit(mn.router, 'paths');
  await page.getByLabel('Build a path to').fill('nobody');
  await page.keyboard.press('Enter');
  await page.getByText('No such node.').waitFor();
});

test('a move is a mark in the picture and a row, and its paths are shown by the keyboard', async () => {
  await mn.daemon.call('connect', { peer: 'phone' });
  const peer = (await mn.daemon.call('paths')).paths[0]?.virtualIpv4 ?? '';
  await sendTo(peer);
  await world.rig.namespaces.ipBatch('mn', [`address del ${addresses.mn}/24 dev eth0`]);
  await sendTo(peer);
  await world.rig.namespaces.ipBatch('mn', [
    'address add 203.0.113.21/24 dev eth0',
    'route add default via 203.0.113.1',
  ]);
  await mn.daemon.until('handovers', ({ total }) => total > 0, 'no move');
  await sendTo(peer);
  await mn.daemon.until(
    'handovers',
    ({ handovers }) => (handovers[0]?.paths.length ?? 0) > 0,
    'no move',
  );
  const page = await world.visit(mn.router, 'handovers');
  const { handovers } = await mn.daemon.call('handovers');
  // How many of the ten are lost depends on how busy the machine is; the page says what the record does.
  const { number, lostPackets = null, peerLostPackets = null } = handovers[0] ?? {};
  const losses = [
    ...(lostPackets === null ? [] : [`${lostPackets} in`]),
    ...(peerLostPackets === null ? [] : [`${peerLostPackets} out`]),
  ];
  const told = (text: string | null) => (text ?? '').replaceAll('\u00a0', ' ');
  const row = told(await rowOf('203.0.113.21').first().textContent());
  assert.match(row, /203\.0\.113\.11 on eth0/);
  assert.ok(row.includes(losses.join(', ') || '-'), row);
  const mark = page.getByRole('button', { name: new RegExp(`^Move ${number},`) });
  const label = told(await mark.getAttribute('aria-label'));
  assert.ok(label.endsWith(`, lost: ${losses.join(', ') || '-'}`), label);
  await mark.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: /^Move \d+, / }).waitFor();
  await page
    .getByRole('table', { name: /^Paths of move/ })
    .getByText('phone.home.example')
    .waitFor();
});

test('nodes are renamed and removed, after a question', async () => {
  const page = await world.visit(ds.router, 'nodes');
  await button('Rename laptop').click();
  await page.getByLabel('New name').fill('phone');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByText('This name belongs to another node').waitFor();
  await page.getByLabel('New name').fill('notebook');
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await rowOf('notebook').waitFor();
  assert.ok((await ds.daemon.call('nodes')).nodes.some(({ name }) => name === 'notebook'));
  await button('Remove phone').click();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  assert.ok((await ds.daemon.call('nodes')).nodes.some(({ name }) => name === 'phone'));
  await button('Remove phone').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await rowOf('phone').first().waitFor({ state: 'detached' });
  assert.not.ok((await ds.daemon.call('nodes')).nodes.some(({ name }) => name === 'phone'));
});

test('an invite that is revoked is gone', async () => {
  await ds.daemon.call('invite', { name: 'guest' });
  const page = await world.visit(ds.router, 'nodes');
  await button('Revoke the invite for guest').click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('No invites are open.').waitFor();
  assert.equal((await ds.daemon.call('invites')).invites, []);
});

test('the relays page shows load and capacity', async () => {
  await world.visit(ds.router, 'relays');
  const fleet = world.page.getByRole('table', { name: 'Relay Servers of this network' });
  assert.match(
    (await fleet.textContent()) ?? '',
    /relayonline203\.0\.113\.10:4649\d+ of at most 4096 paths/,
  );
  await button('Drain').click();
  await world.page.getByRole('dialog').getByRole('button', { name: 'Drain' }).click();
  await button('Take paths again').waitFor();
  assert.is((await ds.daemon.call('status')).rs?.draining, true);
  await button('Take paths again').click();
  await button('Drain').waitFor();
  assert.is((await ds.daemon.call('status')).rs?.draining, false);
  await world.visit(mn.router, 'relays');
  await world.page.getByText('neither a Relay Server nor a Direction Server').waitFor();
});

test('settings say what is wrong in the words of the daemon, and reach it when they are right', async () => {
  const page = await world.visit(mn.router, 'settings');
  const node = page.locator('.cbi-section[aria-label="Node"]');
  await node.getByLabel('Name', { exact: true }).fill('not a name');
  await button('Save & Apply').click();
  await page.getByRole('dialog').getByText('"not a name" must be 1 to 63 letters').waitFor();
  await button('Dismiss').click();
  assert.is(await node.getByLabel('MTU', { exact: true }).isVisible(), false);
  await node.getByRole('link', { name: 'Advanced' }).click();
  await node.getByLabel('MTU', { exact: true }).fill('1300');
  await node.getByRole('link', { name: 'General' }).click();
  await node.getByLabel('Name', { exact: true }).fill('laptop');
  await button('Save & Apply').click();
  await eventually(async () => (await mn.daemon.call('status')).node?.mtu === 1300);
});

test('settings that do not fit together are not saved', async () => {
  const page = await world.visit(ds.router, 'settings');
  const server = page.locator('.cbi-section[aria-label="Direction Server"]');
  const before = readFileSync(ds.daemon.configFile, 'utf8');
  await server.getByLabel('Domain', { exact: true }).fill('');
  await button('Save & Apply').click();
  await page.getByRole('dialog').getByText('ds.zone: is missing').waitFor();
  assert.is(readFileSync(ds.daemon.configFile, 'utf8'), before);
});

test('an account that may only read sees every page and can change nothing', async () => {
  for (const view of ['overview', 'paths', 'handovers', 'relays', 'nodes']) {
    ds.router.mayWrite = false;
    const page = await world.visit(ds.router, view);
    await page.waitForTimeout(200);
    assert.not.match(await shown(), /may not/, view);
  }
  assert.is(await button('Make an invite').isDisabled(), true);
  const refused = await world.page.evaluate(() => {
    const { L } = globalThis as unknown as { L: { require(name: string): Promise<unknown> } };
    return L.require('ntmobile.calls')
      .then((calls) =>
        (calls as { ask(m: string, g: object): Promise<unknown> }).ask('remove', { node: 'x' }),
      )
      .catch((error: { reason: string }) => error.reason);
  });
  assert.is(refused, 'denied');
  assert.not.ok(ds.router.asked.includes('remove'));
});

test('a daemon that does not answer and one that is older leave the pages standing', async () => {
  mn.router.isBusy = true;
  const page = await world.visit(mn.router, 'paths');
  await page.getByText('does not answer at the moment').waitFor();
  mn.router.isBusy = false;
  mn.router.hidden = ['handovers'];
  await world.visit(mn.router, 'handovers');
  await page.getByText('older than this page').waitFor();
});

test('while an answer is awaited nothing more is asked', async () => {
  mn.router.delayMs = 7000;
  await world.visit(mn.router, 'paths');
  mn.router.asked.length = 0;
  await world.page.waitForTimeout(6500);
  assert.is(mn.router.asked.filter((method) => method === 'paths').length <= 1, true);
});

test('texts of a hostile daemon are text on every page', async () => {
  const hostile = '<img src=x onerror="window.pwned=1"><b>';
  for (const { router } of [ds, mn]) {
    for (const view of [...views, 'status']) {
      router.hostileText = hostile;
      const page = await world.visit(router, view);
      await page.waitForTimeout(150);
      assert.is(await page.locator('#maincontent img, #maincontent b').count(), 0, view);
    }
  }
  ds.router.hostileText = hostile;
  const page = await world.visit(ds.router, 'nodes');
  await button(/^Rename notebook/).click();
  await button('Cancel').click();
  await button(/^Remove notebook/).click();
  assert.is(await page.locator('#modal_overlay img').count(), 0);
  assert.is(await page.evaluate('window.pwned'), undefined);
});

test('on a narrow screen no page is wider than the screen', async () => {
  for (const view of views) {
    const page = await world.newPage(360);
    await world.visit(ds.router, view);
    await page.waitForTimeout(100);
    const over = await page.evaluate<number>(
      'document.documentElement.scrollWidth - window.innerWidth',
    );
    assert.is(over <= 0, true, `${view} is ${over} px too wide`);
  }
});

test('whoever does not see the page is told what each field and button is', async () => {
  for (const view of views) {
    const page = await world.visit(ds.router, view);
    const nameless = await page.evaluate(`
      [...document.querySelectorAll('#view input, #view select, #view textarea, #view button')]
        .filter((node) => !node.labels?.length && !node.getAttribute('aria-label') && !node.textContent.trim())
        .map((node) => node.outerHTML)`);
    assert.equal(nameless, [], view);
  }
});

test('the status overview has one line with state and last move', async () => {
  const page = await world.visit(mn.router, 'status');
  const line = (await page.locator('#view').textContent()) ?? '';
  assert.match(line, /^registered/);
  assert.match(line, /Node (laptop|notebook)/);
});

test('the pages name the arguments of each method as the control table does', async () => {
  const page = await world.visit(mn.router, 'overview');
  const methods = await page.evaluate<Record<string, string[]>>(
    `L.require('ntmobile.calls').then((calls) => calls.methods)`,
  );
  for (const [name, given] of Object.entries(methods)) {
    const row = controlMethods[name as keyof typeof controlMethods];
    assert.ok(row, name);
    for (const argument of given) assert.ok(argument in row.arguments, `${name} ${argument}`);
  }
});

test('a network of one’s own is started with two fields', async () => {
  await cn.daemon.stop();
  const fresh = await world.router(
    'cn',
    'fresh',
    `${mainSection(4649, 'info')}\n${nothingEnabled}`,
  );
  const page = await world.visit(fresh.router, 'overview');
  await page.getByLabel('Domain').fill('office.example');
  await page.locator('#ntmobile-address-ds').fill('192.168.1.1');
  await page.getByText('not seen from the Internet').waitFor();
  await page.locator('#ntmobile-address-ds').fill(addresses.cn);
  await button('Start the network').click();
  await page.getByRole('heading', { name: 'Direction Server', exact: true }).waitFor();
  const status = await fresh.daemon.until(
    'status',
    ({ rs }) => rs?.state === 'registered',
    'no RS',
  );
  assert.is(status.ds?.zone, 'office.example');
  assert.is(status.node?.zone, 'office.example');
  await fresh.daemon.stop();
});

test('while the daemon is down every page says so, and a button starts it', async () => {
  await mn.daemon.stop();
  for (const view of ['paths', 'handovers', 'nodes', 'relays', 'overview']) {
    const page = await world.visit(mn.router, view);
    await page.getByRole('heading', { name: 'NTMobile is not running' }).waitFor();
  }
  await button('Start it').click();
  await world.page.getByRole('cell', { name: /^(laptop|notebook)\.home\.example$/ }).waitFor();
  assert.is((await mn.daemon.call('status')).node?.state, 'registered');
});

test('a configuration that keeps the daemon down is told with its mistakes', async () => {
  await mn.daemon.stop();
  mn.daemon.configure("config node 'node'\n\toption enabled '1'\n\toption mtu '<b>5'\n");
  const page = await world.visit(mn.router, 'overview');
  await page.getByText('node.mtu: "<b>5" must be a whole number from 1280 to 9000.').waitFor();
  assert.is(await page.getByRole('link', { name: 'Correct the settings' }).count(), 1);
});

test.run();
