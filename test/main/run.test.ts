import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/base/bytes.ts';
import { type Endpoint, parseEndpoint } from '../../src/base/ip.ts';
import { runCommandLine } from '../../src/main/cli/run.ts';
import { encodeInvite, type Invite } from '../../src/protocol/invite.ts';
import type { ControlCall } from '../../src/protocol/machine.ts';
import { MemorySystem } from './memory-system.ts';
import { node, path, sampleDaemon, server } from './sample-daemon.ts';

const configPath = '/etc/config/ntmobile';
const tokenPath = '/etc/ntmobile/node.token';
const invite: Invite = {
  kind: 'node',
  endpoints: [parseEndpoint('203.0.113.10:4649') as Endpoint],
  publicKey: Uint8Array.from({ length: 32 }, (_, index) => index + 1),
  token: Uint8Array.from({ length: 16 }, () => 0xab),
  expiresAt: 1_790_086_400,
  name: 'notebook',
};

function run(system: MemorySystem, line: string): Promise<number> {
  return runCommandLine(line.split(' ').filter(Boolean), system, '0.1.0');
}

function withDaemon(...daemon: Parameters<typeof sampleDaemon>): MemorySystem {
  const system = new MemorySystem();
  system.daemon = sampleDaemon(...daemon);
  return system;
}

test('status shows every role that runs', async () => {
  const system = withDaemon();
  assert.is(await run(system, 'status'), 0);
  for (const part of [
    /ntmobiled 0\.1\.0, up 1 min 30 s, UDP port 4649/,
    /data path +user-space: The kernel module is not loaded\./,
    /Node notebook\.home\.example/,
    /virtual IPs +198\.18\.0\.5 {2}fd00::5/,
    /Direction Server +203\.0\.113\.10:4649 {2}reachable for 2 h, 12 ms/,
    /NAT +behind NAT, seen as 198\.51\.100\.7:61000/,
    /192\.168\.1\.2 on eth0, in use/,
    /10\.0\.0\.2 on wlan0, no way out/,
    /Direction Server of home\.example/,
    /pool +198\.18\.0\.0\/24, 3 of 254 in use/,
    /zone zone-b +not reachable/,
    /Relay Server r1\.home\.example/,
  ]) {
    assert.match(system.text, part);
  }
});

test('status of a daemon with one role is silent about the others', async () => {
  const system = withDaemon(['node']);
  await run(system, 'status');
  assert.not.match(system.text, /Direction Server of|Relay Server r1/);
  const json = withDaemon(['node']);
  await run(json, 'status --json');
  const status = JSON.parse(json.text);
  assert.is(status.ds, null);
  assert.is(status.node.name, 'notebook');
});

test('paths of a node and legs of a Relay Server stand in tables of their own', async () => {
  const system = withDaemon();
  assert.is(await run(system, 'paths'), 0);
  assert.match(
    system.text,
    /phone\.home\.example +198\.18\.0\.6 +relay r1 +up +chacha20 +203.*21 ms +1 min 5 s +123 KB +999 B +2/,
  );
  assert.match(
    system.text,
    /Relayed for others:\n.*\n0011223344556677 +198\.51\.100\.7:61000 +192\.0\.2\.9:4649/,
  );
});

test('handovers tell when, why, from, to and how long', async () => {
  const system = withDaemon();
  assert.is(await run(system, 'handovers'), 0);
  assert.match(
    system.text,
    /1 h +uplink lost +192\.168\.1\.2 \(eth0\) +10\.0\.0\.2 \(wlan0\) +1 direct>relay +18 ms +23 ms +3 +-$/,
  );
});

test('nodes, invites and trace are shown in order', async () => {
  const nodes = withDaemon();
  await run(nodes, 'nodes');
  assert.match(nodes.text, /a-relay +relay, exit[\s\S]*notebook +node +online/);
  const invites = withDaemon();
  await run(invites, 'invites');
  assert.match(invites.text, /phone +node +2026-09-21 16:15 UTC +2 hours/);
  const trace = withDaemon();
  await run(trace, 'trace --json');
  const ages = JSON.parse(trace.text).trace.map((row: { agoMs: number }) => row.agoMs);
  assert.equal(ages, [1500, 1000, 500]);
  const last = withDaemon();
  await run(last, 'trace --last 1');
  assert.match(last.text, /^ *AGO.*\n *500 ms +node +x +203/);
  assert.is(last.text.split('\n').length, 2);
});

test('every call carries the wall clock of the daemon, and the arguments of the command', async () => {
  const asked: ControlCall[] = [];
  await run(withDaemon(['ds'], {}, asked), 'invite phone --relay --hours 2');
  assert.equal(asked[0], {
    method: 'invite',
    arguments: { name: 'phone', relay: true, hours: 2, unixSeconds: 1_790_000_000 },
  });
});

test('an invite is the line alone for a program, and has a QR code for a person', async () => {
  const piped = withDaemon();
  await run(piped, 'invite phone');
  assert.is(piped.text, 'ntm1:AAAA');
  const seen = withDaemon();
  seen.isTerminal = true;
  await run(seen, 'invite phone');
  assert.match(seen.text, /for one use until 2026-09-22 14:13 UTC/);
  assert.match(seen.text, /[▀▄█]{7}/);
  const plain = withDaemon();
  plain.isTerminal = true;
  await run(plain, 'invite phone --no-qr');
  assert.not.match(plain.text, /[▀▄█]/);
});

test('what the daemon refuses is told by its sentence, exit 1', async () => {
  const system = withDaemon();
  assert.is(await run(system, 'remove nobody'), 1);
  assert.equal(system.errors, ['ntmobile: No such node.']);
  const json = withDaemon();
  assert.is(await run(json, 'remove nobody --json'), 1);
  assert.equal(JSON.parse(json.text), { error: 'No such node.' });
});

test('a question to a role that does not run says so', async () => {
  const system = withDaemon(['node']);
  assert.is(await run(system, 'nodes'), 1);
  assert.match(system.errors[0] ?? '', /runs no Direction Server/);
});

test('without a daemon commands end with 69, wrong usage with 2', async () => {
  const system = new MemorySystem();
  assert.is(await run(system, 'status'), 69);
  assert.match(system.errors[0] ?? '', /not running/);
  assert.is(await run(system, 'statsu'), 2);
  assert.is(await run(system, 'ping a --count none'), 2);
  assert.match(system.errors.at(-1) ?? '', /"--count none" must be a number from 1/);
});

test('ping prints each round trip and a summary', async () => {
  const system = withDaemon();
  assert.is(await run(system, 'ping phone --count 3 --interval 0.5'), 0);
  assert.is(system.output.length, 5);
  assert.match(system.output[0] ?? '', /^PING phone\.home\.example \(198\.18\.0\.6\) by direct$/);
  assert.match(system.output[1] ?? '', /seq=1 route=direct time=1\.25 ms/);
  assert.match(
    system.output[4] ?? '',
    /3 sent, 3 received, 0 % lost, min\/avg\/max 1\.25\/1\.25\/1\.25 ms/,
  );
  assert.is(system.sleptMs, 1000);
});

test('a peer that never answers makes ping fail, with every probe told', async () => {
  const system = withDaemon(['node'], { 'node ping': new Error('No answer within 2 s.') });
  assert.is(await run(system, 'ping phone --count 2'), 1);
  assert.match(system.text, /seq=2: No answer within 2 s\.\n--- .*2 sent, 0 received, 100 % lost$/);
});

test('joining writes configuration and token, and says what to do next', async () => {
  const system = new MemorySystem();
  assert.is(await run(system, `join ${encodeInvite(invite)}`), 0);
  assert.is(system.fileByPath.get(tokenPath), `${toHex(invite.token)}\n`);
  const config = system.fileByPath.get(configPath) ?? '';
  assert.match(config, /option enabled '1'/);
  assert.not.ok(config.includes(toHex(invite.token)));
  assert.not.ok(system.text.includes(toHex(invite.token)));
  assert.match(
    system.text,
    /join as a node as "notebook"[\s\S]*Next: start \(or restart\) ntmobiled/,
  );
});

test('joining reads the invite from standard input and takes a name and other places', async () => {
  const system = new MemorySystem();
  system.input = `  ${encodeInvite(invite)}\n`;
  system.isOpenWrt = true;
  assert.is(await run(system, 'join - --name lap --config /tmp/c --state /tmp/s --json'), 0);
  assert.ok(system.fileByPath.has('/tmp/s/node.token'));
  assert.match(system.fileByPath.get('/tmp/c') ?? '', /option name 'lap'/);
  assert.is(JSON.parse(system.text).name, 'lap');
});

test('bad invites are refused, each with its own sentence, and nothing is written', async () => {
  const line = encodeInvite(invite);
  const cases: readonly (readonly [string, RegExp])[] = [
    ['join hello', /no invite: .*starts with "ntm1:"/],
    [`join ${line.slice(0, -5)}`, /mistyped or cut off/],
    [
      `join ${encodeInvite({ ...invite, expiresAt: 1_780_000_000 })}`,
      /expired 115 days ago.*--force/,
    ],
    [`join ${line} --relay`, /for a node\. Ask for one for a Relay Server/],
    [`join ${line} --name -x-`, /cannot be a name/],
  ];
  for (const [command, sentence] of cases) {
    const system = new MemorySystem();
    assert.ok((await run(system, command)) > 0, command);
    assert.match(system.errors[0] ?? '', sentence);
    assert.is(system.fileByPath.size, 0);
  }
});

test('an expired invite is taken with --force, or by a clock that was never set', async () => {
  const line = encodeInvite({ ...invite, expiresAt: 1_780_000_000 });
  const forced = new MemorySystem();
  assert.is(await run(forced, `join ${line} --force`), 0);
  const atBoot = new MemorySystem();
  atBoot.now = 1000;
  assert.is(await run(atBoot, `join ${line}`), 0);
});

test('joining a second network needs to leave the first', async () => {
  const system = new MemorySystem();
  await run(system, `join ${encodeInvite(invite)}`);
  const other = encodeInvite({ ...invite, publicKey: new Uint8Array(32).fill(9) });
  assert.is(await run(system, `join ${other}`), 1);
  assert.match(system.errors[0] ?? '', /belongs to another network.*"ntmobile leave"/);
  assert.is(await run(system, 'leave'), 0);
  assert.not.ok(system.fileByPath.has(tokenPath));
  assert.is(await run(system, `join ${other}`), 0);
});

const routerScript = '/usr/libexec/ntmobile/router.sh';

test('joining on a router does everything and shows it, and leaving takes it back', async () => {
  const system = withDaemon(['node']);
  system.isOpenWrt = true;
  const added = { out: 'Added the interface "ntm".\n' };
  system.answerByCommand.set(`${routerScript} setup`, added);
  assert.is(await run(system, `join ${encodeInvite(invite)}`), 0);
  assert.equal(system.commands, [
    `${routerScript} setup`,
    '/etc/init.d/ntmobile enable',
    '/etc/init.d/ntmobile restart',
  ]);
  assert.match(
    system.text,
    /\nAdded the interface "ntm"\.\n[\s\S]*Registered as notebook\.home\.example/,
  );
  assert.match(system.text, /"ntmobile leave" takes all of this back/);
  system.commands.length = 0;
  assert.is(await run(system, 'leave --json'), 0);
  assert.equal(system.commands, [
    '/etc/init.d/ntmobile stop',
    '/etc/init.d/ntmobile disable',
    `${routerScript} remove`,
  ]);
  const { done } = JSON.parse(system.output.at(-1) ?? '') as { done: string[] };
  assert.match(done[0] ?? '', /^Stopped the service/);
});

test('leaving a router that stays a Direction Server only restarts the service', async () => {
  const system = new MemorySystem();
  const ds = "config ds 'ds'\n\toption enabled 1\n\toption zone z\n\tlist address 203.0.113.1\n";
  system.fileByPath.set(configPath, ds);
  await run(system, `join ${encodeInvite(invite)}`);
  system.isOpenWrt = true;
  assert.is(await run(system, 'leave'), 0);
  assert.equal(system.commands, ['/etc/init.d/ntmobile restart', `${routerScript} remove`]);
});

test('on a router without an answer the way on is told, and a failing step is named', async () => {
  const system = new MemorySystem();
  system.isOpenWrt = true;
  assert.is(await run(system, `join ${encodeInvite(invite)}`), 0);
  assert.match(system.text, /has not answered yet\. "ntmobile doctor"/);
  const failed = { code: 1, err: 'uci: I/O error\n' };
  system.answerByCommand.set(`${routerScript} setup`, failed);
  assert.is(await run(system, `join ${encodeInvite(invite)}`), 1);
  assert.match(
    system.errors[0] ?? '',
    /is written, but ".*router\.sh setup" failed: uci: I\/O error\./,
  );
});

test('with files of its own a command leaves the router alone', async () => {
  const system = new MemorySystem();
  system.isOpenWrt = true;
  await run(system, `join ${encodeInvite(invite)} --config /tmp/c`);
  assert.equal(system.commands, []);
});

test('leaving without a network says so', async () => {
  const system = new MemorySystem();
  assert.is(await run(system, 'leave'), 1);
  assert.match(system.errors[0] ?? '', /has joined no network/);
});

test('a broken configuration is not edited: all its problems, exit 78', async () => {
  const system = new MemorySystem();
  system.fileByPath.set(configPath, "config node 'node'\n\tset a b\n\toption x\n");
  assert.is(await run(system, `join ${encodeInvite(invite)}`), 78);
  assert.is(system.errors.length, 2);
  assert.match(system.errors[0] ?? '', /line 2: "set" is not known/);
  assert.match(system.errors[1] ?? '', /line 3: "option x" has no value/);
});

test('doctor finds nothing wrong where nothing is', async () => {
  const system = withDaemon(['node']);
  await run(system, `join ${encodeInvite(invite)}`);
  system.output.length = 0;
  assert.is(await run(system, 'doctor'), 0);
  assert.match(system.text, /All is well\.$/);
  assert.match(system.text, /NAT +Behind one, seen as 198\.51\.100\.7:61000/);
});

test('doctor with the daemon down tells of configuration, machine and port', async () => {
  const system = new MemorySystem();
  system.isRoot = false;
  system.now = 5000;
  system.tun = {
    finding: 'There is no usable /dev/net/tun (ENOENT).',
    act: 'Load the TUN driver.',
  };
  system.sodium = 'libsodium is not installed';
  system.fileByPath.set(
    configPath,
    `config ntmobile 'main'\n\toption prot 5\nconfig node 'node'\n\toption enabled 1\n\toption invite '${encodeInvite(invite)}'\n`,
  );
  system.fileByPath.set(tokenPath, 'damaged');
  system.fileByPath.set('/etc/ntmobile/port', '20000\n');
  system.fileByPath.set('/proc/net/udp', 'head\n 1: 00000000:4E20 00000000:0000 07\n');
  assert.is(await run(system, 'doctor'), 1);
  for (const part of [
    /warn {2}Configuration +main\.prot: .*Did you mean "port"/,
    /warn {2}Rights/,
    /FAIL {2}libsodium +libsodium is not installed/,
    /FAIL {2}TUN device +There is no usable/,
    /warn {2}Clock +1970-01-01 01:23 UTC cannot be right/,
    /FAIL {2}Invite +\/etc\/ntmobile\/node\.token is damaged/,
    /FAIL {2}Daemon +ntmobiled is not running/,
    /FAIL {2}UDP port +Another program holds UDP port 20000/,
    /5 checks failed\.$/,
  ]) {
    assert.match(system.text, part);
  }
});

test('doctor names unreachable servers, refusals, dead paths and a full pool, each with an act', async () => {
  const away = { ...server, reachable: false, sinceMs: 120_000 };
  const dead = { ...path, state: 'silent' };
  const checksOf = async (changed: Parameters<typeof sampleDaemon>[1]): Promise<string[]> => {
    const system = withDaemon(['node'], changed);
    system.fileByPath.set(configPath, '');
    await run(system, 'doctor --json');
    const checks = JSON.parse(system.text).checks as {
      check: string;
      state: string;
      finding: string;
      act: string | null;
    }[];
    return checks
      .filter((row) => row.state !== 'ok' && row.check !== 'Configuration')
      .map((row) => `${row.check}: ${row.finding} ${row.act}`);
  };
  const unreachable = await checksOf({
    'node status': { ...node, directionServer: away, relays: [] },
  });
  assert.match(
    unreachable[0] ?? '',
    /Direction Server: 203.*does not answer for 2 min\. .*UDP port 4649/,
  );
  assert.match(unreachable[1] ?? '', /Relay Servers: The Direction Server names none/);
  const refused = await checksOf({
    'node status': { ...node, state: 'refused', stateText: 'This invite has expired.' },
  });
  assert.match(refused[0] ?? '', /Registration: This invite has expired\. Ask its owner/);
  const silent = await checksOf({ 'node paths': { paths: [dead] } });
  assert.match(
    silent[0] ?? '',
    /Path to phone\.home\.example: Data is sent and nothing comes back/,
  );
  const noUplink = await checksOf({ 'node status': { ...node, uplinks: [] } });
  assert.match(noUplink[0] ?? '', /Uplink: No address of this device/);
});

test.run();
