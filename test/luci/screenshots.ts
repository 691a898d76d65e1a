/**
 * `npm run screenshots`: pictures of the pages for luci/README.md, with real daemons: a Direction Server, a
 * phone, and a laptop that moves between two networks while it sends to the phone.
 */
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { env, execPath, exit } from 'node:process';
import { callDaemon } from '../lab/control.ts';
import { mainSection } from '../main/daemon/rig.ts';
import type { Router } from './router.ts';
import { loadTool } from './tools.ts';
import { LuciWorld, nothingEnabled } from './world.ts';

const root = env['NTM_ROOT'] ?? '.';
const folder = join(root, 'luci/screenshots');
const world = new LuciWorld();

async function take(name: string, part = '#maincontent'): Promise<void> {
  const path = join(folder, `${name}.png`);
  await world.page.locator(part).first().screenshot({ path, animations: 'disabled' });
  console.log(`luci/screenshots/${name}.png ${Math.ceil(statSync(path).size / 1024)} KB`);
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** What LuCI would send along with a page in this language. */
async function textsIn(language: string): Promise<Record<string, string>> {
  const { readPo } = await loadTool();
  const file = join(root, 'luci/luci-app-ntmobile/po', language, 'ntmobile.po');
  return Object.fromEntries(
    readPo(readFileSync(file, 'utf8')).map(({ id, plural, texts }) => [
      plural === undefined ? id : `${id}\u00020`,
      texts[0] ?? '',
    ]),
  );
}

/** From one network to the other and back, with data under way and now and then nothing in between. */
async function moveAbout(peer: string): Promise<void> {
  const { namespaces } = world.rig;
  const script = `const s = require('dgram').createSocket('udp4'); s.on('error', () => {});
    setInterval(() => s.send('x'.repeat(400), 9, ${JSON.stringify(peer)}, () => {}), 20);`;
  namespaces.start('mn', [execPath, '-e', script], { stdio: 'ignore' });
  const route = (device: string, source: string) =>
    `route replace default via 203.0.113.1 dev ${device} src ${source}`;
  for (const [on, off, source, gapMs] of [
    ['wlan0', 'eth0', '203.0.113.31', 0],
    ['eth0', 'wlan0', '203.0.113.11', 150],
    ['wlan0', 'eth0', '203.0.113.31', 800],
    ['eth0', 'wlan0', '203.0.113.11', 0],
  ] as const) {
    await pause(2500);
    await namespaces.ipBatch('mn', [`link set ${off} down`]);
    await pause(gapMs);
    await namespaces.ipBatch('mn', [`link set ${on} up`, route(on, source)]);
  }
  await pause(3000);
}

async function show(router: Router, view: string, name: string, wait = 700): Promise<void> {
  await world.visit(router, view);
  await pause(wait);
  await take(name);
}

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await world.start();
  const ds = await world.directionServer();
  const phone = await world.node('cn', 'phone', ds.daemon);
  await world.rig.namespaces.ipBatch('ds-a', [
    `link add mn2 type veth peer name wlan0 netns ${world.rig.namespaces.of('mn')}`,
    'link set mn2 master br0 up',
  ]);
  await world.rig.namespaces.ipBatch('mn', ['address add 203.0.113.31/24 dev wlan0']);
  await world.newPage(1000);

  const fresh = await world.router(
    'mn',
    'laptop',
    `${mainSection(4649, 'info')}\n${nothingEnabled}`,
  );
  await show(fresh.router, 'overview', 'first-run');
  const { invite } = await ds.daemon.call('invite', { name: 'laptop' });
  await world.page.getByRole('textbox', { name: 'Invite' }).fill(invite);
  await world.page.getByRole('button', { name: 'Join' }).click();
  await world.page.getByRole('cell', { name: 'laptop.home.example' }).first().waitFor();
  const peer = (await phone.daemon.call('status')).node?.virtualIpv4 ?? '';
  await callDaemon(fresh.daemon.control, 'connect', { peer: 'phone' });
  await moveAbout(peer);

  await show(fresh.router, 'overview', 'overview');
  await show(fresh.router, 'handovers', 'handovers');
  await show(fresh.router, 'paths', 'paths', 21_000);
  await show(ds.router, 'nodes', 'nodes');
  await world.page.getByLabel('Name', { exact: true }).fill('tablet');
  await world.page.getByRole('button', { name: 'Make an invite' }).click();
  await world.page.getByRole('img', { name: 'QR code of the invite' }).waitFor();
  await take('invite', '.modal');
  await show(ds.router, 'relays', 'relays');
  await show(ds.router, 'settings', 'settings');
  Object.assign(ds.router, { language: 'ja', isDark: true, texts: await textsIn('ja') });
  await world.newPage(400);
  await show(ds.router, 'overview', 'japanese-dark-narrow');
}

try {
  await main();
} finally {
  await world.remove();
}
exit(0);
