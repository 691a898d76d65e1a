/** The zone of another real Direction Server, found by DNS, on the nodes page of this one's owner. */
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

test.run();
