/**
 * Invites that are good for nothing, names and addresses that are taken, and a Direction Server that
 * cannot be reached or cannot write: final where nothing will change, tried again where it may.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../../src/base/bytes.ts';
import type { StatusResult } from '../../../src/protocol/control-results.ts';
import { decodeInvite, encodeInvite, type Invite } from '../../../src/protocol/invite.ts';
import type { Daemon } from '../../lab/daemon.ts';
import { dsSection, isRoot, mainSection, nodeSection, Rig } from './rig.ts';

const check = isRoot ? test : test.skip;
const rig = new Rig();
const ds = rig.daemon('ds-a', 'ds');
/** Its pool holds two addresses: one for `first`, one for whoever comes second. */
const first = rig.daemon('mn', 'first');

test.before(() => (isRoot ? begin() : undefined));
test.after(() => rig.remove());

async function begin(): Promise<void> {
  await rig.build();
  ds.configure(mainSection() + dsSection('198.18.0.0/30'));
  ds.start();
  await ds.until('status', (status) => status.ds !== null, 'the Direction Server does not run');
  first.configure(mainSection() + nodeSection());
  await first.join(await invite('first'));
  first.start();
  await registered(first);
}

async function invite(name: string, hours = 24, relay = false): Promise<string> {
  return (await ds.call('invite', { name, hours, relay })).invite;
}

function registered(daemon: Daemon) {
  return daemon.until('status', ({ node }) => node?.state === 'registered', 'does not register');
}

let count = 0;
/** A node on its own port and device, so that many run in one namespace. */
function another(label: string, host: 'mn' | 'cn' = 'cn'): Daemon {
  count += 1;
  const daemon = rig.daemon(host, label);
  daemon.configure(mainSection(5000 + count) + nodeSection(`ntm${count}`));
  return daemon;
}

function changed(line: string, change: (invite: Invite) => Invite): string {
  const decoded = decodeInvite(line);
  if (!decoded.ok) throw new Error(decoded.error);
  return encodeInvite(change(decoded.invite));
}

async function joinRefused(line: string, more: readonly string[], sentence: RegExp): Promise<void> {
  const daemon = another(`join-${count}`);
  const before = readFileSync(daemon.configFile, 'utf8');
  const ended = await rig.join(daemon, line, more);
  assert.match(ended.text, sentence);
  assert.is(ended.code, 1, ended.text);
  assert.is(readFileSync(daemon.configFile, 'utf8'), before);
}

check('a mistyped, expired or foreign invite is refused before anything is written', async () => {
  const good = await invite('typed');
  const letter = good[40] === 'A' ? 'B' : 'A';
  const mistyped = good.slice(0, 40) + letter + good.slice(41);
  const old = changed(good, (each) => ({ ...each, expiresAt: 1_760_000_000 }));
  await Promise.all([
    joinRefused(mistyped, [], /mistyped or cut off: its checksum is wrong\. Copy the whole line/),
    joinRefused('hello', [], /This is no invite/),
    joinRefused(old, [], /expired \d+ days ago\. .*If the clock of this device .* --force/),
    joinRefused(good, ['--relay'], /This invite is for a node\. Ask for one for a Relay Server/),
  ]);
  await ds.call('uninvite', { name: 'typed' });
});

check('an invite in the wrong section of the configuration is told with its option', async () => {
  const daemon = another('wrong-section');
  const line = await invite('misplaced', 24, true);
  daemon.configure(`${mainSection(5999)}${nodeSection('ntm99', `option invite '${line}'`)}`);
  const ended = await rig.runDaemon('cn', daemon);
  assert.match(ended.text, /node\.invite: .*Relay Server/);
  assert.is(ended.code, 78);
  await ds.call('uninvite', { name: 'misplaced' });
});

/** Joins without a look at the expiry, starts, and expects the end that nothing but its owner mends. */
async function startRefused(
  label: string,
  line: string,
  sentence: RegExp,
  ...name: readonly string[]
): Promise<void> {
  const daemon = another(label);
  const joined = await rig.join(daemon, line, ['--force', ...name]);
  assert.is(joined.code, 0, joined.text);
  daemon.start();
  assert.is(await daemon.ended(), 1, label);
  assert.match(readFileSync(daemon.logFile, 'utf8'), sentence);
}

check('an unknown, expired, spent or revoked invite and a taken name end the daemon', async () => {
  const secondMs = 1 / 3600 / 10;
  const expired = await invite('expired', secondMs);
  const revoked = await invite('revoked');
  await ds.call('uninvite', { name: 'revoked' });
  const unknown = changed(await invite('unknown'), (each) => ({
    ...each,
    token: new Uint8Array(16).fill(7),
  }));
  const relay = changed(await invite('relay', 24, true), (each) => ({ ...each, kind: 'node' }));
  const spent = await invite('second');
  const second = another('second', 'mn');
  await second.join(spent);
  second.start();
  await registered(second);
  await Promise.all([
    startRefused('unknown', unknown, /This invite is not known\. Ask for a new one/),
    startRefused('expired', expired, /This invite has expired\. Ask for a new one/),
    startRefused('revoked', revoked, /This invite is not known\. Ask for a new one/),
    startRefused('spent', spent, /already used by another device\. Ask for a new one/),
    startRefused(
      'name-taken',
      await invite('free'),
      /This name belongs to another node\. Choose another/,
      '--name',
      'first',
    ),
    startRefused('kind', relay, /This invite is for the other role.*Ask for a new one/),
  ]);
  const { nodes } = await ds.call('nodes');
  assert.equal(nodes.map(({ name }) => name).sort(), ['first', 'second']);
});

check('a refused node gets in with a good invite, and only once there is an address', async () => {
  const third = rig.daemon('cn', 'name-taken');
  const joined = await rig.join(third, await invite('third'), ['--force']);
  assert.is(joined.code, 0, joined.text);
  third.start();
  const waiting = await third.until(
    'status',
    ({ node }) => /pool of virtual IPs is used up\. Enlarge "pool"/.test(node?.stateText ?? ''),
    'was not told that the pool is used up',
  );
  assert.is(waiting.node?.state, 'registering');
  const doctor = await rig.cli('ds-a', ['doctor', '--control', ds.control]);
  assert.match(doctor.text, /All 2 addresses of 198\.18\.0\.0\/30 are given out/);

  const second = rig.daemon('mn', 'second');
  const address = (await second.call('status').catch(() => undefined))?.node?.virtualIpv4;
  await ds.call('remove', { node: 'second' });
  const { node } = await registered(third);
  assert.is(node?.name, 'third');
  assert.is(node?.virtualIpv4, address ?? node?.virtualIpv4);
  const tellings = readFileSync(third.logFile, 'utf8').match(/refuses for now: The pool/g);
  assert.is(tellings?.length, 1);
  await third.stop();
});

check('a duplicate name is refused at the Direction Server with a sentence', async () => {
  const control = ['--control', ds.control];
  const [again, renamed] = await Promise.all([
    rig.cli('ds-a', ['invite', 'first', ...control]),
    rig.cli('ds-a', ['rename', 'third', 'first', ...control]),
  ]);
  for (const ended of [again, renamed]) {
    assert.match(ended.text, /This name belongs to another node\. Choose another one/);
    assert.is(ended.code, 1);
  }
});

check('a wrong key of the Direction Server is told as what to compare', async () => {
  const daemon = another('wrong-key');
  const joined = await rig.join(daemon, await invite('wrong-key'), ['--force']);
  assert.is(joined.code, 0, joined.text);
  const text = readFileSync(daemon.configFile, 'utf8');
  const wrong = text.replace(/[0-9a-f]{64}/, toHex(new Uint8Array(32).fill(9)));
  assert.is.not(wrong, text);
  writeFileSync(daemon.configFile, wrong);
  daemon.start();
  const unheard = (status: StatusResult) => status.ds?.counters['bad-mac'] ?? 0;
  const before = unheard(await ds.call('status'));
  await daemon.until('status', ({ node }) => node?.state === 'registering', 'does not try');
  await ds.until('status', (status) => unheard(status) > before, 'hears nothing of it');
  const told =
    /warn: node: The Direction Server does not answer at 203\.0\.113\.10:4649\. "ntmobile doctor"/;
  await daemon.until('status', () => told.test(readFileSync(daemon.logFile, 'utf8')), 'is silent');
  const doctor = await rig.cli('cn', ['doctor', '--control', daemon.control]);
  assert.match(doctor.text, /ds_key/);
  assert.is(doctor.code, 1);
  await daemon.stop();
});

check(
  'with the Direction Server away a node waits, says so, and registers when it is back',
  async () => {
    await first.stop();
    await ds.stop();
    assert.is(await ds.ended(), 0);
    first.start();
    await first.until('status', ({ node }) => node?.state === 'registering', 'does not try');
    const doctor = await rig.cli('mn', ['doctor', '--control', first.control]);
    assert.match(doctor.text, /203\.0\.113\.10:4649.*UDP port 4649 is let through/s);
    assert.is(doctor.code, 1);
    ds.start();
    const { node } = await registered(first);
    assert.is(node?.virtualIpv4, '198.18.0.1');
  },
);

check(
  'on a full disk nothing is promised, and what was promised is there after a crash',
  async () => {
    const small = '/run/ntm-state';
    const script = `mkdir -p ${small} && mount -t tmpfs -o size=400k tmpfs ${small} && exec sleep 1000`;
    const holder = rig.namespaces.start('ds-a', ['sh', '-c', script], { stdio: 'ignore' });
    const engine = join(rig.folder, 'in-small');
    const enter = `exec nsenter -m -t ${holder.pid} -- '${rig.programs.engine}' "$@"`;
    writeFileSync(engine, `#!/bin/sh\n${enter}\n`, { mode: 0o755 });
    const server = rig.daemon('ds-a', 'small', { engine });
    rmSync(server.state, { recursive: true });
    // Its state directory is a link into what only its own mount namespace shows.
    await rig.run('ds-a', ['ln', '-s', small, server.state]);
    server.configure(mainSection(4700) + dsSection('198.18.0.0/24', 4700));
    const mounted = () => rig.run('ds-a', ['grep', '-q', small, `/proc/${holder.pid}/mounts`]);
    while ((await mounted()).code !== 0);
    server.start();
    await server.until(
      'status',
      (status) => status.ds !== null,
      'the Direction Server does not run',
    );
    const kept = (await server.call('invite', { name: 'kept' })).invite;
    const held = (await server.call('invite', { name: 'held' })).invite;
    const keeper = another('kept', 'mn');
    await rig.join(keeper, kept);
    keeper.start();
    await registered(keeper);

    const inside = `/proc/${holder.pid}/root${small}`;
    await rig.run('ds-a', ['dd', 'if=/dev/zero', `of=${inside}/ballast`, 'bs=1k', 'status=none']);
    // What the database has room for in its own files it may still promise.
    for (let index = 0; index < 500; index += 1) {
      const more = await server.call('invite', { name: `more-${index}` }).catch(() => undefined);
      if (!more) break;
    }
    const refused = await rig.cli('ds-a', ['invite', 'late', '--control', server.control]);
    assert.match(refused.text, /could not be written to disk/);
    assert.is(refused.code, 1);
    const node = another('held', 'mn');
    await rig.join(node, held);
    node.start();
    const heldBack = ({ daemon }: { daemon: { counters: Readonly<Record<string, number>> } }) =>
      (daemon.counters['driver effects-held-back'] ?? 0) > 2;
    await server.until('status', heldBack, 'nothing was held back');
    await node.until('status', (each) => each.node?.state === 'registering', 'does not wait');
    assert.match(server.logTail(), /the state cannot be written.*Free disk space/);

    rmSync(join(inside, 'ballast'));
    const { node: status } = await registered(node);
    await server.kill();
    server.start();
    await server.until('status', (each) => each.ds?.nodes === 2, 'an enrolment was lost');
    const { nodes } = await server.call('nodes');
    const addressesByName = Object.fromEntries(nodes.map((row) => [row.name, row.virtualIpv4]));
    assert.is(addressesByName['held'], status?.virtualIpv4);
    assert.is(addressesByName['kept'], '198.18.0.1');
  },
);

test.run();
