/**
 * What keeps ntmobiled from starting: each is one sentence that names the option or the act that mends
 * it, an exit code other than 0, and files left as they were.
 */
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Daemon } from '../../lab/daemon.ts';
import { dsSection, isRoot, mainSection, nodeSection, Rig } from './rig.ts';

const check = isRoot ? test : test.skip;
const rig = new Rig();
let count = 0;

test.before(async () => {
  if (isRoot) await rig.build();
});
test.after(() => rig.remove());

/** Its folder, and a configuration in it; it is not started. */
function configured(text: string): Daemon {
  count += 1;
  const daemon = rig.daemon('mn', `start-${count}`);
  daemon.configure(text);
  return daemon;
}

const joined = `list ds_address '203.0.113.10'`;
const key = `option ds_key '${'09'.repeat(32)}'`;
const goodNode = nodeSection('ntm0', joined, key);

async function refused(daemon: Daemon, code: number, ...sentences: RegExp[]): Promise<void> {
  const ended = await rig.runDaemon('mn', daemon);
  for (const sentence of sentences) assert.match(ended.text, sentence);
  assert.is(ended.code, code, ended.text);
}

check('wrong arguments are told by both programs', async () => {
  const nothing = configured('');
  const [unknown, valueless, unknownCommand] = await Promise.all([
    rig.runDaemon('mn', nothing, ['--frobnicate']),
    rig.runDaemon('mn', nothing, ['--config']),
    rig.cli('mn', ['statsu']),
  ]);
  assert.match(unknown.text, /"--frobnicate" is not known/);
  assert.is(unknown.code, 64);
  assert.match(valueless.text, /--config needs a value/);
  assert.is(valueless.code, 64);
  assert.match(unknownCommand.text, /statsu.*status/s);
  assert.is(unknownCommand.code, 2);
});

check('a missing configuration file is told with what to do', async () => {
  const daemon = rig.daemon('mn', 'no-file');
  await refused(daemon, 78, /There is no .*ntmobile\.conf.*ntmobile join/);
});

check('all problems of a broken configuration are told at once', async () => {
  const main = `config ntmobile 'main'\n\toption port '99999'\n\toption log_level 'loud'\n`;
  const wrong = `option ds_key 'abc'`;
  const node = nodeSection('a-name-that-is-too-long', "option mtu '100'", joined, wrong);
  const broken = configured(`${main}${node}\noption out of place\n`);
  await refused(
    broken,
    78,
    /main\.port: "99999"/,
    /main\.log_level: "loud"/,
    /node\.device: "a-name-that-is-too-long"/,
    /node\.mtu: "100"/,
    /node\.ds_key: .*64 hexadecimal digits; it has 3/,
    /ntmobile\.conf, line \d+:/,
  );
});

check('a kernel module that is demanded and not there is told', async () => {
  if (existsSync('/sys/module/ntmobile')) return;
  const main = `config ntmobile 'main'\n\toption datapath 'kernel'\n`;
  const daemon = configured(`${main}${goodNode}`);
  await refused(daemon, 78, /option datapath: "kernel" cannot be had\. .*Install kmod-ntmobile/);
});

check('a configuration that is no text, or enables nothing, is told', async () => {
  const binary = configured('');
  writeFileSync(binary.configFile, Uint8Array.of(0xff, 0xfe, 0x00));
  await Promise.all([
    refused(binary, 78, /is not UTF-8 text/),
    refused(configured(mainSection()), 78, /No role is enabled\. .*ntmobile join INVITE/),
  ]);
});

check('damaged files of the state directory are named and left as they are', async () => {
  const damaged = async (name: string, content: string, role: string, sentence: RegExp) => {
    const daemon = configured(mainSection() + role);
    const file = join(daemon.state, name);
    writeFileSync(file, content, { mode: 0o600 });
    await refused(daemon, 78, sentence);
    assert.is(readFileSync(file, 'utf8'), content);
  };
  const garbage = 'this is no database, and far longer than its header would be. '.repeat(100);
  await Promise.all([
    damaged('node.key', 'secret 00\n', goodNode, /node\.key is damaged\. Restore it/),
    damaged('node.json', '{"node/registration": ', goodNode, /node\.json is damaged\. Restore/),
    damaged('boots', 'many\n', goodNode, /boots is damaged\. Write into it a number/),
    damaged('ds.sqlite', garbage, dsSection(), /ds\.sqlite cannot be used.*Restore it/),
  ]);
});

check('a node alone draws a port, and keeps it; preparing draws it without a start', async () => {
  const daemon = configured(goodNode);
  const ended = await rig.runDaemon('mn', daemon, ['--prepare']);
  assert.is(ended.code, 0, ended.text);
  const file = join(daemon.state, 'port');
  const port = Number(readFileSync(file, 'utf8'));
  assert.ok(port >= 16_384 && port < 32_768, String(port));
  for (let start = 0; start < 2; start += 1) {
    daemon.start();
    const status = await daemon.until('status', () => true, 'the node does not start');
    assert.is(status.daemon.port, port);
    await daemon.stop();
  }
  assert.is(Number(readFileSync(file, 'utf8')), port);
});

check('with a broken role beside it a valid role runs, and says what is broken', async () => {
  const daemon = configured(mainSection() + dsSection() + nodeSection('ntm0', `option mtu '1'`));
  daemon.start();
  const { daemon: status } = await daemon.until(
    'status',
    ({ ds, node }) => ds?.zone === 'home.example' && node === null,
    'the Direction Server does not run alone',
  );
  assert.match(status.problems.join('\n'), /node\.mtu: "1"/);

  const twin = configured('');
  const lines = mainSection(4700) + dsSection();
  twin.configure(lines);
  const files = ['--config', twin.configFile, '--control', twin.control];
  const [samePort, sameState, sameControl, doctor] = await Promise.all([
    rig.runDaemon('mn', configured(mainSection() + dsSection())),
    rig.runDaemon('mn', daemon, files),
    rig.runDaemon('mn', configured(lines), ['--control', daemon.control]),
    rig.cli('mn', ['doctor', '--control', daemon.control]),
  ]);
  assert.match(samePort.text, /option port: UDP port 4649 is in use/);
  assert.is(samePort.code, 78);
  assert.match(sameState.text, /Another ntmobiled uses .*--state/);
  assert.is(sameState.code, 78);
  assert.match(sameControl.text, /Another ntmobiled already listens at .*--control/);
  assert.is(sameControl.code, 78);
  assert.match(doctor.text, /node\.mtu: "1"/);
  assert.is(doctor.code, 1);
  await daemon.call('status');
  await daemon.stop();
  assert.is(await daemon.ended(), 0);
});

check(
  'without the right to make a device, or without TUN, the act that mends it is named',
  async () => {
    const nobody = configured(mainSection() + goodNode);
    chmodSync(dirname(dirname(nobody.state)), 0o755);
    await rig.run('mn', ['chown', '-R', '65534', dirname(nobody.state)]);
    const user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    const unprivileged = await rig.runDaemon('mn', nobody, ['--control', '/tmp/unused.sock'], user);
    assert.match(unprivileged.text, /ntm0 may not be made: run ntmobiled as root/);
    assert.is(unprivileged.code, 77);

    const closed = configured(mainSection() + goodNode);
    const shut = await rig.runDaemon('mn', closed, ['--control', '/tmp/unused.sock'], user);
    assert.match(shut.text, /state: Permission denied.* Run ntmobiled as root, .*--state/);
    assert.is(shut.code, 77);
    assert.is(statSync(closed.state).uid, 0);

    const script = 'mount -t tmpfs tmpfs /dev/net && exec "$@"';
    const hidden = ['unshare', '--mount', 'sh', '-c', script, 'sh'];
    const tunless = await rig.runDaemon('mn', configured(mainSection() + goodNode), [], hidden);
    assert.match(tunless.text, /There is no \/dev\/net\/tun\. .*kmod-tun/);
    assert.is(tunless.code, 78);
  },
);

check('a device name that another program holds, or that is no TUN device, is told', async () => {
  await rig.namespaces.ipBatch('mn', ['link add ntm7 type bridge', 'tuntap add ntm8 mode tap']);
  const bridge = configured(mainSection() + nodeSection('ntm7', joined, key));
  await refused(bridge, 78, /option device: ntm7 exists and is no TUN device.*Choose another name/);
  const tap = configured(mainSection() + nodeSection('ntm8', joined, key));
  await refused(tap, 78, /option device: ntm8 .*Choose another name/);
});

test.run();
