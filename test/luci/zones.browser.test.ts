/** The zone of another real Direction Server, found by DNS, on the nodes page of this one's owner. */
import { mkdirSync, rmSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Daemon } from '../lab/daemon.ts';
import { addresses, mainSection, nodeSection, port } from '../main/daemon/rig.ts';
import type { Router } from './router.ts';
import { LuciWorld } from './world.ts';

const test = suite('LuCI and other zones');
const world = new LuciWorld();
const dnsOfWork = `${addresses.cn}:5300`;
let home: { daemon: Daemon; router: Router };
let work: Daemon;

/** The owner of work.example has accepted home.example already, by its key. */
function workConfig(keyOfHome: string): string {
  return `${mainSection(port, 'info')}
config ds 'ds'
	option enabled '1'
	option zone 'work.example'
	list address '${addresses.cn}:${port}'
	option pool '198.18.1.0/24'
	option dns '1'
	list dns_listen '${dnsOfWork}'

config zone 'home'
	option zone 'home.example'
	list address '${addresses['ds-a']}:${port}'
	option key '${keyOfHome}'
	list pool '198.18.0.0/24'
${nodeSection('ntm0', "option name 'desk'")}`;
}

test.before(async () => {
  await world.start();
  home = await world.directionServer('198.18.0.0/24', `list dns_upstream '${dnsOfWork}'`);
  work = world.rig.daemon('cn', 'work');
  work.configure(workConfig((await home.daemon.call('status')).ds?.publicKey ?? ''));
  work.start();
  await work.until('status', ({ node }) => node?.state === 'registered', 'no desk');
});

test.after(async () => {
  await world.remove();
  assert.equal(world.takeErrors(), []);
});

const refusalOf = (peer: string) =>
  home.daemon.call('connect', { peer }).then(
    () => '',
    (error: Error) => error.message,
  );
const policyOfWork = async () =>
  (await home.daemon.call('status')).ds?.zones.find(({ zone }) => zone === 'work.example')?.policy;

test('a zone that DNS found waits for its owner’s click, is reached after it, and no more after another', async () => {
  const page = await world.visit(home.router, 'nodes');
  const zones = page.getByRole('table', { name: 'Other zones' });
  const row = zones.getByRole('row').filter({ hasText: 'work.example' });
  const button = (name: string) => row.getByRole('button', { name });
  const answer = (name: string) => page.getByRole('dialog').getByRole('button', { name });
  await zones.getByText('No other zone is known.').waitFor();

  assert.match(await refusalOf('desk.work.example'), /has to accept the other zone first/);
  await row.filter({ hasText: 'not accepted yet' }).waitFor();
  await button('Accept work.example').click();
  const key = (await work.call('status')).ds?.publicKey ?? 'no key';
  await page.getByRole('dialog').getByText(key, { exact: true }).waitFor();
  await answer('Cancel').click();
  assert.is(await policyOfWork(), 'ask');

  await button('Accept work.example').click();
  await answer('Accept').click();
  await row.getByText('allowed', { exact: true }).waitFor();
  await button('Accept work.example').waitFor({ state: 'detached' });
  assert.is(await policyOfWork(), 'allow');
  assert.is(await refusalOf('desk.work.example'), '');
  const { paths } = await home.daemon.call('paths');
  assert.equal(
    paths.map(({ peerName }) => peerName),
    ['desk.work.example'],
  );
  await row.getByText('reachable', { exact: true }).waitFor();

  await button('Refuse work.example').click();
  await answer('Refuse').click();
  await row.getByText('not allowed', { exact: true }).waitFor();
  await button('Refuse work.example').waitFor({ state: 'detached' });
  assert.is(await policyOfWork(), 'deny');
  await home.daemon.until('paths', ({ total }) => total === 0, 'the path stays');
  assert.match(await refusalOf('desk.work.example'), /does not allow paths to or from that zone/);
});

/** The same zone with another key: its owner's new server, or somebody else's. */
async function replaceKeyOfWork(): Promise<string> {
  await work.kill();
  rmSync(work.state, { recursive: true });
  mkdirSync(work.state, { mode: 0o700 });
  work.start();
  await work.until('status', ({ node }) => node?.state === 'registered', 'no desk');
  return (await work.call('status')).ds?.publicKey ?? '';
}

test('a zone with another key than before is refused until its new key is accepted', async () => {
  await home.daemon.call('trust', { name: 'work.example' });
  assert.is(await refusalOf('desk.work.example'), '');
  const before = (await work.call('status')).ds?.publicKey ?? '';
  await home.daemon.call('close', { peer: 'desk.work.example' });
  const after = await replaceKeyOfWork();
  assert.is.not(after, before);
  const offered = () => home.daemon.call('status').then(({ ds }) => ds?.zones[0]?.offeredKey);
  // It shows itself by asking for a path to us.
  await work.call('connect', { peer: 'server.home.example' }).catch(() => undefined);
  await home.daemon.until('status', ({ ds }) => ds?.zones[0]?.offeredKey === after, 'no new key');

  const page = await world.visit(home.router, 'nodes');
  const zones = page.getByRole('table', { name: 'Other zones' });
  const row = zones.getByRole('row').filter({ hasText: 'work.example' });
  const button = (name: string) => row.getByRole('button', { name });
  const dialog = page.getByRole('dialog');
  await row.getByText('another key than before', { exact: true }).waitFor();
  assert.match(await refusalOf('desk.work.example'), /another key than before/);

  await button('Refuse work.example').click();
  await dialog.getByRole('button', { name: 'Refuse' }).click();
  await row.getByText('not allowed', { exact: true }).waitFor();
  await button('Refuse work.example').waitFor({ state: 'detached' });
  assert.is(await policyOfWork(), 'deny');
  assert.is(await offered(), after);

  await button('Accept work.example').click();
  await dialog.getByText('It has another key than before.').waitFor();
  await dialog.getByText(after, { exact: true }).waitFor();
  assert.is(await dialog.getByText(before, { exact: true }).count(), 0);
  await dialog.getByRole('button', { name: 'Accept' }).click();
  await row.getByText('DNS', { exact: true }).waitFor();
  await row.getByText('allowed', { exact: true }).waitFor();
  assert.is(await offered(), null);
  // The zone is no obstacle any more; its desk is a new device too, and that is a question of its own.
  assert.match(await refusalOf('desk.work.example'), /another node than before/);
  await home.daemon.call('trust', { name: 'desk.work.example' });
  assert.is(await refusalOf('desk.work.example'), '');
});

test.run();
