/** The nodes page of a Direction Server with five hundred real nodes: what a load and a turn cost. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Daemon } from '../lab/daemon.ts';
import { addresses } from '../main/daemon/rig.ts';
import type { Router } from './router.ts';
import { LuciWorld } from './world.ts';

const test = suite('LuCI with 500 nodes');
const world = new LuciWorld();
let ds: { daemon: Daemon; router: Router };

test('five hundred real nodes enrol', async () => {
  await world.start();
  ds = await world.directionServer('198.18.0.0/20');
  await world.crowd('mn', addresses.mn, ds.daemon, 500);
  assert.is((await ds.daemon.call('status')).ds?.nodesOnline, 501);
});

test.after.each(() => {
  assert.equal(world.takeErrors(), []);
});

test.after(() => world.remove());

test('a page load and a turn on 500 nodes stay under 100 KB', async () => {
  const { router } = ds;
  router.servedBytes = 0;
  router.daemonMs = 0;
  await world.visit(router, 'nodes');
  // The test's own client stands in for LuCI's, which every page of the router shares.
  const client = await (await fetch(new URL('/client.js', router.url('nodes')))).arrayBuffer();
  const loaded = router.servedBytes - 2 * client.byteLength;
  const loadMs = router.daemonMs;
  router.servedBytes = 0;
  router.daemonMs = 0;
  router.asked.length = 0;
  while (!router.asked.includes('status')) await world.page.waitForTimeout(100);
  await world.page.waitForTimeout(300);
  const turn = router.servedBytes;
  const report = `load ${loaded} bytes, ${loadMs.toFixed(0)} ms of the daemon; turn ${turn} bytes, ${router.daemonMs.toFixed(0)} ms`;
  console.log(report);
  assert.is(loaded < 100_000 && turn < 100_000, true, report);
});

test('one page of them is shown, the next is a click away, and any is found by its name', async () => {
  const page = await world.visit(ds.router, 'nodes');
  const rows = page.getByRole('table', { name: 'Nodes' }).getByRole('row');
  assert.is(await rows.count(), 51);
  await page.getByText('1 to 50 of 501').waitFor();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('51 to 100 of 501').waitFor();
  await page.getByLabel('Look for a name or address').fill('node-417');
  await rows.filter({ hasText: 'node-417' }).waitFor();
  assert.is(await rows.count(), 2);
  await page.getByLabel('Which nodes').selectOption('offline');
  await page.getByText('No nodes. Make an invite').waitFor();
});

test('a turn takes neither the focus nor the row from under the reader', async () => {
  const page = await world.visit(ds.router, 'nodes');
  const rename = page.getByRole('button', { name: 'Rename node-003' });
  await rename.focus();
  ds.router.asked.length = 0;
  while (!ds.router.asked.includes('status')) await page.waitForTimeout(100);
  await page.waitForTimeout(300);
  assert.is(
    await page.evaluate(`document.activeElement.getAttribute('aria-label')`),
    'Rename node-003',
  );
});

test.run();
