/**
 * The life of real daemons with a path between two nodes: what a crash, an end, a removal and a wrong
 * clock do to them and to the machine they run on, and where their secrets never are.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../../src/base/bytes.ts';
import { decodeInvite } from '../../../src/protocol/invite.ts';
import type { Daemon } from '../../lab/daemon.ts';
import { dsSection, isRoot, mainSection, nodeSection, Rig } from './rig.ts';

const check = isRoot ? test : test.skip;
const rig = new Rig();
const ds = rig.daemon('ds-a', 'ds');
const mobile = rig.daemon('mn', 'mobile');
const peer = rig.daemon('cn', 'peer');
const invites: string[] = [];
let before = '';

test.before(() => (isRoot ? begin() : undefined));
test.after(() => rig.remove());

async function begin(): Promise<void> {
  await rig.build();
  before = await leftBehind();
  ds.configure(mainSection() + dsSection());
  ds.start();
  await ds.until('status', (status) => status.ds !== null, 'the Direction Server does not run');
  await Promise.all([enrol(mobile, 'mobile'), enrol(peer, 'peer')]);
}

async function enrol(daemon: Daemon, name: string): Promise<void> {
  const { invite } = await ds.call('invite', { name });
  invites.push(invite);
  daemon.configure(mainSection() + nodeSection('ntm0', `list exit_prefix '0.0.0.0/0'`));
  await daemon.join(invite);
  daemon.start();
  await registered(daemon);
}

async function registered(daemon: Daemon) {
  const good = await daemon.until(
    'status',
    ({ node }) => node?.state === 'registered' && node.directionServer.reachable === true,
    'does not register',
  );
  if (good.node === null) throw new Error('a node has the status of a node');
  const { nodeId, name, virtualIpv4, virtualIpv6 } = good.node;
  return { nodeId, name, virtualIpv4, virtualIpv6 };
}

/** What a daemon sets on the machine of the moving node. */
async function leftBehind(): Promise<string> {
  const script = `
    ip -o link | cut -d' ' -f2; ip -o -4 address; ip -4 rule; ip -6 rule;
    ip -4 route show table all; ip -6 route show table 4649 2>/dev/null; true`;
  return (await rig.run('mn', ['sh', '-c', script])).text;
}

async function connected(): Promise<void> {
  await mobile.call('connect', { peer: 'peer' });
  const ping = await rig.cli('mn', ['ping', 'peer', '--count', '1', '--control', mobile.control]);
  assert.is(ping.code, 0, ping.text);
}

check('a node that is killed comes up again with the same key, name and address', async () => {
  await connected();
  const old = await registered(mobile);
  await mobile.kill();
  mobile.start();
  assert.equal(await registered(mobile), old);
  await connected();
});

check('keys and tokens are in no log, argument, answer or file that others may read', async () => {
  const secrets: string[] = [];
  for (const line of invites) {
    const decoded = decodeInvite(line);
    assert.ok(decoded.ok);
    secrets.push(line, toHex(decoded.invite.token));
  }
  const files = [join(ds.state, 'ds.key')];
  for (const { state } of [mobile, peer]) files.push(join(state, 'node.key'));
  for (const file of files) {
    const [, secret] = /^secret ([0-9a-f]{64})$/m.exec(readFileSync(file, 'utf8')) ?? [];
    assert.ok(secret, `${file} holds a key`);
    secrets.push(secret);
  }
  const found = (text: string): boolean => secrets.some((secret) => text.includes(secret));
  const open: string[] = [];
  for (const daemon of [ds, mobile, peer]) {
    const about = `/proc/${daemon.processId}`;
    assert.match(readFileSync(`${about}/cmdline`, 'utf8'), /ntmobiled\.js/);
    assert.not(found(readFileSync(`${about}/cmdline`, 'utf8')), 'arguments');
    assert.not(found(readFileSync(`${about}/environ`, 'utf8')), 'environment');
    const log = readFileSync(daemon.logFile, 'utf8');
    assert.ok(log.length > 100);
    assert.not(found(log), 'log');
    for (const method of ['status', 'paths', 'trace', 'diagnose'] as const) {
      assert.not(found(JSON.stringify(await daemon.call(method))), method);
    }
    assert.is(statSync(daemon.state).mode & 0o777, 0o700);
    assert.is(statSync(daemon.control).mode & 0o007, 0, 'the control socket is not for others');
    for (const name of readdirSync(daemon.state)) {
      const mode = statSync(join(daemon.state, name)).mode & 0o777;
      if (mode !== 0o600) open.push(`${name} ${mode.toString(8)}`);
    }
    assert.not(found(readFileSync(daemon.configFile, 'utf8')), 'configuration');
    assert.not(existsSync(join(daemon.state, 'node.token')), 'a spent token is gone');
  }
  assert.equal(open, []);
});

check('an end by SIGTERM is 0 and leaves no device, route, rule or socket', async () => {
  const during = await leftBehind();
  assert.match(during, /ntm0/);
  assert.match(during, /4649:.*lookup 4649/);
  await mobile.stop();
  assert.is(await mobile.ended(), 0);
  assert.is(await leftBehind(), before);
  assert.not(existsSync(mobile.control));
  const status = await rig.cli('mn', ['status', '--control', mobile.control]);
  assert.match(status.text, /ntmobiled/);
  assert.is(status.code, 69);
  mobile.start();
  await registered(mobile);
  await connected();
});

/** The daemon with a wall clock that begins `offsetMs` away and goes at `rate`. */
function withClock(label: string, offsetMs: number, rate: number): string {
  const program = join(rig.folder, `clock-${label}.js`);
  const script = `
    const RealDate = Date;
    const begin = RealDate.now();
    const now = () => Math.round(begin + ${offsetMs} + (RealDate.now() - begin) * ${rate});
    globalThis.Date = class extends RealDate {
      constructor(...given) {
        super(...(given.length === 0 ? [now()] : given));
      }
      static now() {
        return now();
      }
    };
    await import(${JSON.stringify(rig.programs.daemon)});`;
  writeFileSync(program, script);
  return program;
}

check('clocks that are a year off or run backwards keep nobody out', async () => {
  const yearMs = 365 * 86_400_000;
  const server = rig.daemon('ds-a', 'ds', { daemon: withClock('behind', -yearMs, -1000) });
  const moved = rig.daemon('mn', 'mobile', { daemon: withClock('ahead', yearMs, 5000) });
  const old = await registered(mobile);
  await Promise.all([mobile.kill(), peer.kill(), ds.kill()]);
  for (const daemon of [server, moved, peer]) daemon.start();
  await registered(peer);
  assert.equal(await registered(moved), old);
  await connected();

  const { invite } = await server.call('invite', { name: 'late' });
  const late = rig.daemon('mn', 'late', { daemon: withClock('backwards', 0, -10_000) });
  late.configure(mainSection(5000) + nodeSection('ntm5'));
  const careful = await rig.join(late, invite);
  assert.match(careful.text, /If the clock of this device .* is wrong, set it or add --force/);
  assert.is(careful.code, 1);
  assert.is((await rig.join(late, invite, ['--force'])).code, 0);
  late.start();
  assert.is((await registered(late)).name, 'late');
  const ping = await rig.cli('mn', ['ping', 'peer', '--count', '1', '--control', late.control]);
  assert.is(ping.code, 0, ping.text);
  await late.stop();
});

check('a node that is removed while connected ends, says why, and its path goes', async () => {
  await mobile.until('paths', ({ paths }) => paths.length > 0, 'has no path');
  await rig.cli('ds-a', ['remove', 'peer', '--control', ds.control]);
  assert.is(await peer.ended(), 1);
  assert.match(readFileSync(peer.logFile, 'utf8'), /This node was removed by the owner/);
  await mobile.until('paths', ({ paths }) => paths.length === 0, 'keeps the path');
  const link = await rig.run('cn', ['ip', 'link', 'show', 'ntm0']);
  assert.is.not(link.code, 0, 'its device is gone');
  const again = await rig.runDaemon('cn', peer);
  assert.match(again.text, /This node was removed by the owner/);
  assert.is(again.code, 1);
});

test.run();
