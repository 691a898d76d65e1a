import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../../src/base/bytes.ts';
import { type Endpoint, parseEndpoint } from '../../../src/base/ip.ts';
import { formatProblem } from '../../../src/platform/uci/options.ts';
import { type Facts, roleConfigs } from '../../../src/platform/uci/role-configs.ts';
import { readSettings, type Settings } from '../../../src/platform/uci/settings.ts';
import { encodeInvite, type Invite } from '../../../src/protocol/invite.ts';
import type { NodeId } from '../../../src/wire/ids.ts';

const key = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
const invite: Invite = {
  kind: 'node',
  endpoints: [parseEndpoint('203.0.113.10:4649') as Endpoint],
  publicKey: key,
  token: Uint8Array.from({ length: 16 }, () => 7),
  expiresAt: 1_800_000_000,
  name: 'notebook',
};
const facts: Facts = {
  dsPublicKey: undefined,
  nodeId: undefined,
  rsId: undefined,
  nodeToken: undefined,
  rsToken: undefined,
  port: 4649,
  hostName: 'Router.lan',
};

function read(...lines: readonly string[]): Settings {
  return readSettings(lines.join('\n'), '/etc/config/ntmobile');
}

function problemsOf(settings: Settings): string[] {
  return settings.problems.map(formatProblem);
}

test('without "option port" a server has the known port and a node draws one', () => {
  const ofPort = (...lines: readonly string[]) => read(...lines).port;
  const node = ["config node 'node'", "\toption enabled '1'"];
  const server = ["config rs 'rs'", "\toption enabled '1'"];
  assert.is(ofPort(...node), undefined);
  assert.is(ofPort(...node, ...server), 4649);
  assert.is(ofPort(...node, 'config rs', "\toption enabled '0'"), undefined);
  assert.is(ofPort('config ntmobile', "\toption port '4700'", ...node), 4700);
});

test('a joined node reads with all defaults', () => {
  const settings = read(
    "config node 'node'",
    "\toption enabled '1'",
    "\tlist ds_address '203.0.113.10'",
    `\toption ds_key '${toHex(key)}'`,
  );
  assert.equal(problemsOf(settings), []);
  const { node, ds, rs } = roleConfigs(settings, { ...facts, nodeToken: invite.token });
  assert.is(ds, undefined);
  assert.is(rs, undefined);
  assert.equal(node, {
    device: 'ntm0',
    mtu: 1400,
    directionServer: { endpoints: ['203.0.113.10:4649' as Endpoint], publicKey: key },
    token: invite.token,
    wantedName: '',
    exitPrefixes: [],
    peerRoutes: [],
    punch: true,
    idleSeconds: 600,
    port: 4649,
    names: { publish: false, zones: [] },
  });
});

test('a Direction Server with zones reads into its configuration', () => {
  const settings = read(
    "config ntmobile 'main'",
    "\toption port '5000'",
    "\toption log_level 'debug'",
    "config ds 'ds'",
    "\toption enabled '1'",
    "\toption zone 'Home.Example.'",
    "\tlist address '203.0.113.10'",
    "\tlist address '[2001:db8::10]:4649'",
    "\toption pool '198.18.0.0/24'",
    "config zone 'b'",
    "\toption zone 'zone-b'",
    "\toption address '203.0.113.20'",
    `\toption key '${toHex(key)}'`,
    "\tlist pool '198.18.1.0/24'",
    "\toption policy 'deny'",
  );
  assert.equal(problemsOf(settings), []);
  assert.is(settings.port, 5000);
  assert.is(settings.logLevel, 'debug');
  const { ds } = roleConfigs(settings, { ...facts, dsPublicKey: key });
  assert.is(ds?.zone, 'home.example');
  assert.equal(ds?.advertised, ['203.0.113.10:5000', '[2001:db8::10]:4649']);
  assert.is(ds?.pool, '198.18.0.0/24');
  assert.equal(ds?.foreignZones, [
    {
      zone: 'zone-b',
      endpoints: ['203.0.113.20:4649' as Endpoint],
      publicKey: key,
      pools: ['198.18.1.0/24' as never],
      policy: 'deny',
    },
  ]);
});

test('node and Relay Server beside a Direction Server use it without an invite', () => {
  const settings = read(
    "config ds 'ds'",
    '\toption enabled 1',
    '\toption zone home',
    '\tlist address 203.0.113.10',
    "config rs 'rs'",
    '\toption enabled 1',
    '\tlist address 203.0.113.10',
    '\toption exit 1',
    "config node 'node'",
    '\toption enabled 1',
  );
  assert.equal(problemsOf(settings), []);
  const nodeId = 'a'.repeat(32) as NodeId;
  const rsId = 'b'.repeat(32) as NodeId;
  const { ds, rs, node } = roleConfigs(settings, { ...facts, dsPublicKey: key, nodeId, rsId });
  assert.equal(ds?.localNodes, [{ nodeId, name: 'router' }]);
  assert.equal(ds?.localRelays, [rsId]);
  assert.equal(node?.directionServer, { endpoints: ds?.advertised ?? [], publicKey: key });
  assert.is(node?.wantedName, 'router');
  assert.is(rs?.device, 'ntm1');
  assert.is(rs?.token, undefined);
});

test('an invite in the section serves address, key, token and name', () => {
  const settings = read(
    "config node 'node'",
    '\toption enabled 1',
    `\toption invite '${encodeInvite(invite)}'`,
  );
  assert.equal(problemsOf(settings), []);
  const { node } = roleConfigs(settings, facts);
  assert.equal(node?.token, invite.token);
  assert.equal(node?.directionServer, { endpoints: invite.endpoints, publicKey: key });
  assert.is(node?.wantedName, 'notebook');
});

test('all problems of a broken configuration are told at once, with section and option', () => {
  const problems = problemsOf(
    read(
      "config ntmobile 'main'",
      '\toption port 70000',
      '\toption log_level loud',
      "config ds 'ds'",
      '\toption enabled 1',
      '\tlist address server.example',
      '\toption pool 198.18.0.1/20',
      'config zone',
      '\toption zone b',
      '\tlist address 127.0.0.1',
      '\toption key abc',
      "config node 'node'",
      '\toption enabled maybe',
      '\toption device eth0',
      '\tlist exit_prefix 10.0.0.0/40',
      '\tlist exit_prefix 10.1.2.3',
      '\toption name -a-',
      '\toption mtu 100',
      'config rs',
      '\toption enabled 1',
      '\toption device ntm1',
      '\toption device_',
    ),
  );
  const expected = [
    /^\/etc\/config\/ntmobile, line 22: "option device_" has no value/,
    /^main\.port: "70000" must be a whole number from 1 to 65535\.$/,
    /^main\.log_level: "loud" must be one of error, warn, info, debug\.$/,
    /^ds\.zone: is missing: give the domain/,
    /^ds\.address: "server.example" must be an IP address.*Names are not resolved/,
    /^ds\.pool: "198.18.0.1\/20" must be written 198.18.0.0\/20\.$/,
    /^@zone\[0\]\.address: "127.0.0.1" is no address that other machines can send to\.$/,
    /^@zone\[0\]\.key: .*64 hexadecimal digits; it has 3/,
    /^@rs\[0\]\.address: is missing: give the address/,
    /^node\.enabled: "maybe" must be 1 or 0\.$/,
    /^node\.name: "-a-" must be 1 to 63 letters/,
    /^node\.device: "eth0" must begin with ntm/,
    /^node\.mtu: "100" must be a whole number from 1280 to 9000\.$/,
    /^node\.exit_prefix: "10.0.0.0\/40" has a length above 32\. "10.1.2.3" must be written 10.1.2.3\/32\.$/,
  ];
  assert.is(problems.length, expected.length, problems.join('\n'));
  for (const [index, pattern] of expected.entries()) assert.match(problems[index] ?? '', pattern);
});

test('a role with a problem does not keep the others from starting', () => {
  const settings = read(
    "config ds 'ds'",
    '\toption enabled 1',
    '\toption zone home',
    '\tlist address 203.0.113.10',
    "config node 'node'",
    '\toption enabled 1',
    '\toption mtu 5',
  );
  assert.is(settings.node, undefined);
  assert.is(settings.ds?.zone, 'home');
  assert.is(settings.problems.length, 1);
});

test('a node that knows no Direction Server is told to join', () => {
  const [problem] = problemsOf(read("config node 'node'", '\toption enabled 1'));
  assert.match(problem ?? '', /^node\.invite: .*ntmobile join INVITE/);
});

test('half of a Direction Server is told as the half that is missing', () => {
  const start = ["config node 'node'", '\toption enabled 1'];
  const [noKey] = problemsOf(read(...start, '\tlist ds_address 203.0.113.10'));
  assert.match(noKey ?? '', /^node\.ds_key: is missing/);
  const [noAddress] = problemsOf(read(...start, `\toption ds_key ${toHex(key)}`));
  assert.match(noAddress ?? '', /^node\.ds_address: is missing/);
});

test('a damaged invite and one for the other role are problems of that option', () => {
  const start = ["config node 'node'", '\toption enabled 1'];
  const line = encodeInvite(invite);
  const [damaged] = problemsOf(read(...start, `\toption invite '${line.slice(0, -3)}'`));
  assert.match(damaged ?? '', /^node\.invite: The invite is mistyped or cut off/);
  const relayLine = encodeInvite({ ...invite, kind: 'relay' });
  const [foreign] = problemsOf(read(...start, `\toption invite '${relayLine}'`));
  assert.match(foreign ?? '', /^node\.invite: This invite is for a Relay Server/);
});

test('unknown names are warned of, with the name that was meant', () => {
  const settings = read(
    "config node 'node'",
    '\toption enabled 1',
    '\toption divice ntm3',
    `\toption invite '${encodeInvite(invite)}'`,
    'config nodes',
  );
  assert.equal(problemsOf(settings), []);
  assert.equal(settings.warnings.map(formatProblem), [
    '@nodes[0]: Sections of type "nodes" are not known. Did you mean "node"?',
    'node.divice: is not known and ignored. Did you mean "device"?',
  ]);
});

test('two sections of one role, two equal zones and one device for two roles are problems', () => {
  const problems = problemsOf(
    read(
      "config ds 'ds'",
      '\toption enabled 1',
      '\toption zone home',
      '\tlist address 203.0.113.10',
      "config ds 'other'",
      "config zone 'z'",
      '\toption zone home',
      '\tlist address 203.0.113.11',
      `\toption key ${toHex(key)}`,
      "config rs 'rs'",
      '\toption enabled 1',
      '\toption exit 1',
      '\toption device ntm0',
      '\tlist address 203.0.113.10',
      "config node 'node'",
      '\toption enabled 1',
    ),
  );
  assert.is(problems.length, 3, problems.join('\n'));
  assert.match(problems[0] ?? '', /^other: There is a second section of type "ds"/);
  assert.match(problems[1] ?? '', /^z\.zone: "home" is taken/);
  assert.match(problems[2] ?? '', /^rs\.device: "ntm0" is the device of the node too/);
});

test('a configuration without an enabled role says how to begin', () => {
  assert.match(problemsOf(read(''))[0] ?? '', /No role is enabled.*ntmobile join/);
  assert.match(problemsOf(read("config node 'node'"))[0] ?? '', /No role is enabled/);
});

test('a disabled section is not judged', () => {
  const settings = read(
    "config node 'node'",
    '\toption device 5',
    "config ds 'ds'",
    '\toption enabled 1',
    '\toption zone home',
    '\tlist address 203.0.113.10',
  );
  assert.equal(problemsOf(settings), []);
});

test.run();
