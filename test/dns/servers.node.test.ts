/**
 * The Direction Server among real name servers: BIND delegates its zone to it, another BIND and Unbound find it
 * from the root, a third BIND takes its names as dynamic updates; dnsmasq stands before the stub of a node. What
 * each says is read with dig. Needs root.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addresses, dsSection, isRoot, mainSection, nodeSection, Rig } from '../main/daemon/rig.ts';
import { answers, Bind, dig, eventually, Unbound } from './name-servers.ts';

const check = isRoot ? test : test.skip;
const rig = new Rig();
const ds = rig.daemon('ds-a', 'ds');
const laptop = rig.daemon('cn', 'laptop');
const quiet = rig.daemon('mn', 'quiet');
/** What programs on the host of `quiet` see in /etc: a forwarder on itself, and nobody else to ask. */
const etc = `/etc/netns/${rig.namespaces.of('mn')}`;
const keyFile = join(rig.folder, 'update.key');
const forwardFile = join(rig.folder, 'forward.conf');
const key = `key "ntm-updates" { algorithm hmac-sha256; secret "${Buffer.alloc(32, 7).toString('base64')}"; };\n`;
const soa = 'SOA ns.test. hostmaster.test. 1 3600 600 604800 1';

const parent = new Bind(rig, 'parent', {
  host: 'mn',
  ip: addresses.mn,
  probe: 'example',
  files: {
    'root.db': `$TTL 60
.                        ${soa}
.                        NS ns.test.
ns.test.                 A ${addresses.mn}
example.                 NS ns.test.
0.18.198.in-addr.arpa.   NS ns.home.example.
`,
    'example.db': `$TTL 60
@        ${soa}
@        NS ns.test.
home     NS ns.home
ns.home  A ${addresses['ds-a']}
`,
  },
  more: `zone "." { type primary; file "root.db"; };
    zone "example" { type primary; file "example.db"; };`,
});

const resolver = new Bind(rig, 'resolver', {
  host: 'cn',
  ip: '127.0.0.1',
  recursive: true,
  probe: 'example',
  files: { 'hints.db': `. 60 NS ns.test.\nns.test. 60 A ${addresses.mn}\n` },
  more: 'zone "." { type hint; file "hints.db"; };',
});

const unbound = new Unbound(rig, 'unbound', {
  host: 'cn',
  ip: '127.0.0.3',
  probe: 'example',
  hints: `. 60 NS ns.test.\nns.test. 60 A ${addresses.mn}\n`,
});
const resolvers = [resolver, unbound];

const primary = new Bind(rig, 'primary', {
  host: 'mn',
  ip: addresses.mn,
  port: 5354,
  probe: 'home.example',
  files: {
    'home.db': `$TTL 60
@        ${soa}
@        NS ns.test.
printer  TXT "the operator's own"
`,
  },
  more: `${key} zone "home.example" { type primary; file "home.db"; allow-update { key "ntm-updates"; }; };`,
});

/** What leaves for the primary has the daemon's mark, so that it stays out of the exit routes. */
const countMarks = `table ip marks {
  chain output {
    type filter hook output priority filter;
    tcp dport 5354 meta mark and 0xff000000 == 0x46000000 counter accept comment "marked"
    tcp dport 5354 counter comment "plain"
  }
}
`;

test.before(() => (isRoot ? begin() : undefined));
test.after(async () => {
  await rig.remove();
  rmSync(etc, { recursive: true, force: true });
});

async function begin(): Promise<void> {
  mkdirSync(etc, { recursive: true });
  writeFileSync(join(etc, 'resolv.conf'), 'nameserver 127.0.0.1\n');
  writeFileSync(keyFile, key, { mode: 0o600 });
  await rig.build();
  await Promise.all([parent.start(), primary.start()]);
  await rig.namespaces.run('ds-a', ['nft', '-f', '-'], countMarks);
  ds.configure(`${mainSection()}${dsSection()}	option dns '1'
	option dns_rate '0'
	option update_server '${addresses.mn}:5354'
	option update_key_file '${keyFile}'
`);
  ds.start();
  await ds.until('status', (status) => status.ds !== null, 'the Direction Server does not run');
  await Promise.all(resolvers.map((each) => each.start()));
  const publishing = `	option publish '1'
	option dns_forward_file '${forwardFile}'
	list dns_upstream '127.0.0.1'
	list dns_zone 'elsewhere.example'
`;
  for (const [daemon, name, more] of [
    [laptop, 'laptop', publishing],
    [quiet, 'quiet', ''],
  ] as const) {
    daemon.configure(mainSection() + nodeSection() + more);
    const { invite } = await ds.call('invite', { name });
    await rig.join(daemon, invite);
    daemon.start();
    await daemon.until('status', ({ node }) => node?.state === 'registered', 'does not register');
  }
}

/** Asks the Direction Server itself. */
const ask = (...words: string[]): Promise<string> =>
  dig(rig, 'cn', [`@${addresses['ds-a']}`, '+norecurse', ...words]);
/** Asks the stub of `laptop`, and dnsmasq before it. */
const askStub = (...words: string[]): Promise<string> =>
  dig(rig, 'cn', ['@127.0.0.1', '-p', '5649', ...words]);
const askDnsmasq = (...words: string[]): Promise<string> =>
  dig(rig, 'cn', ['@127.0.0.2', ...words]);

async function virtualIp(daemon: typeof laptop): Promise<string> {
  return (await daemon.call('status')).node?.virtualIpv4 ?? '';
}

check('a resolver finds names from the root, and says what the Direction Server says', async () => {
  for (const [name, type] of [
    ['laptop.home.example', 'TYPE65400'],
    ['quiet.home.example', 'TYPE65400'],
    ['home.example', 'TYPE65400'],
    ['home.example', 'NS'],
    ['ns.home.example', 'A'],
    ['laptop.home.example', 'A'],
  ] as const) {
    const direct = answers(await ask(name, type));
    assert.ok(direct.length > 0, `${name} ${type}`);
    for (const each of resolvers) {
      assert.equal(answers(await each.dig(name, type)), direct, `${name} ${type}`);
      assert.equal(answers(await each.dig('+tcp', name, type)), direct, `${name} ${type}`);
    }
  }
});

check('a node has an address in the DNS only if its owner publishes it', async () => {
  assert.equal(answers(await ask('laptop.home.example', 'A')), [
    `laptop.home.example. A ${addresses.cn}`,
  ]);
  assert.match(await ask('quiet.home.example', 'A'), /NOERROR[\s\S]*ANSWER: 0, AUTHORITY: 1/);
  for (const each of resolvers) {
    assert.match(await each.dig('quiet.home.example', 'A'), /status: NOERROR[\s\S]*ANSWER: 0/);
  }
});

check('virtual IPs have names, from the root too', async () => {
  const ip = await virtualIp(quiet);
  assert.match(answers(await ask('-x', ip)).join(), / PTR quiet\.home\.example\.$/);
  for (const each of resolvers) {
    assert.match(answers(await each.dig('-x', ip)).join(), / PTR quiet\.home\.example\.$/);
    assert.match(await each.dig('-x', '198.18.0.250'), /status: NXDOMAIN/);
  }
});

check('what is not there is denied with authority, and nothing is asked of others', async () => {
  assert.match(
    await ask('nobody.home.example', 'A'),
    /flags: qr aa; [\s\S]*NXDOMAIN|NXDOMAIN[\s\S]*flags: qr aa;/,
  );
  assert.match(
    await ask('nobody.home.example', 'A'),
    /AUTHORITY SECTION:\nhome\.example\.\s+10\s+IN\s+SOA/,
  );
  for (const each of resolvers) {
    assert.match(await each.dig('nobody.home.example', 'A'), /status: NXDOMAIN/);
  }
  assert.match(await ask('+recurse', 'example', 'NS'), /status: REFUSED[\s\S]*flags: qr rd;/);
  assert.match(await ask('home.example', 'AXFR'), /Transfer failed/);
  assert.match(await ask('-c', 'CH', 'version.bind', 'TXT'), /status: REFUSED/);
});

check('TCP, EDNS and the spelling of a name are as dig wants them', async () => {
  const spelled = 'LaPtOp.HoMe.ExAmPlE';
  for (const how of ['+tcp', '+notcp', '+noedns', '+bufsize=4096', '+nocookie', '+dnssec']) {
    const text = await ask(how, spelled, 'TYPE65400');
    assert.match(
      text,
      new RegExp(`status: NOERROR[\\s\\S]*${spelled}\\.\\s+60\\s+IN\\s+TYPE65400`),
      how,
    );
    assert.not.match(text, /WARNING|malformed|mismatch/, how);
  }
  assert.match(await ask('home.example', 'SOA'), /EDNS: version: 0, flags:; udp: 1232/);
  assert.match(
    await ask('+edns=1', '+noednsnegotiation', 'home.example', 'SOA'),
    /status: BADVERS/,
  );
  assert.not.match(await ask('+noedns', 'home.example', 'SOA'), /OPT PSEUDOSECTION/);
});

check('an answer too long for UDP comes over TCP', async () => {
  const wide = rig.daemon('ds-a', 'wide');
  // Nothing in them is alike, so that compression does not help.
  const long = ['a', 'b', 'c', 'd'].map((letter) =>
    [60, 60, 50].map((length) => letter.repeat(length)).join('.'),
  );
  const names = long.map((name) => `	list dns_ns '${name}'\n`).join('');
  const section = dsSection('198.18.1.0/24', 4650).replace('home.example', 'wide.example');
  const listen = `${addresses['ds-a']}:5300`;
  wide.configure(
    `${mainSection(4650)}${section}	option dns '1'\n	list dns_listen '${listen}'\n${names}`,
  );
  wide.start();
  await wide.until('status', (status) => status.ds !== null, 'does not run');
  const askWide = (...words: string[]) =>
    dig(rig, 'cn', [`@${addresses['ds-a']}`, '-p', '5300', 'wide.example', 'NS', ...words]);
  await eventually('no answer', async () => /NOERROR/.test(await askWide()));
  assert.match(await askWide('+noedns', '+ignore'), /flags: qr aa tc [\s\S]*ANSWER: 0/);
  assert.is(answers(await askWide('+noedns')).length, 4);
  assert.match(await askWide('+noedns'), /Truncated, retrying in TCP mode/);
  assert.is(answers(await askWide('+bufsize=1232', '+notcp', '+ignore')).length, 4);
  await wide.stop();
});

check('hostile packets get nothing, or less than they cost, and the server goes on', async () => {
  const script = `
    const question = Buffer.from('1234010000010000000000000468 6f6d65'.replaceAll(' ', '') , 'hex');
    const good = Buffer.concat([Buffer.from('123401000001000000000001', 'hex'),
      Buffer.from('04686f6d65076578616d706c650000060001', 'hex'), Buffer.from('0000290200000000000000', 'hex')]);
    const packets = [];
    for (let length = 0; length < good.length; length += 1) packets.push(good.subarray(0, length));
    for (let at = 0; at < 12; at += 1) for (const value of [0xff, 0x80, 0x01]) {
      const broken = Buffer.from(good); broken[at] = value; packets.push(broken);
    }
    const head = Buffer.from('123401000001000000000000', 'hex');
    for (const name of ['c00c', 'c00d', 'c0ff', 'c0', '3f41', '40414100', '01' + '41c00c', '80', 'ff'])
      packets.push(Buffer.concat([head, Buffer.from(name + '00010001', 'hex')]));
    packets.push(Buffer.concat([head, Buffer.alloc(1800, 1)]));
    packets.push(Buffer.concat([Buffer.from('1234010000010000000000ff', 'hex'), good.subarray(12, 30)]));
    const socket = require('node:dgram').createSocket('udp4');
    let longest = 0, count = 0;
    socket.on('message', (bytes) => { count += 1; longest = Math.max(longest, bytes.length); });
    for (const packet of packets) socket.send(packet, 53, '${addresses['ds-a']}');
    setTimeout(() => { console.log(JSON.stringify({ sent: packets.length, count, longest })); process.exit(); }, 1500);`;
  const { text } = await rig.run('cn', [process.execPath, '-e', script]);
  const { sent, count, longest } = JSON.parse(text);
  assert.ok(sent > 80);
  assert.ok(count < sent, 'silence for what is no query');
  assert.ok(longest <= 512, String(longest));
  assert.match(await ask('home.example', 'SOA'), /status: NOERROR/);
  const half = `const s = require('node:net').connect(53, '${addresses['ds-a']}', () => { s.write(Buffer.from([255, 255, 1])); setTimeout(() => process.exit(), 300); }); s.on('error', () => 0);`;
  await rig.run('cn', [process.execPath, '-e', half]);
  assert.match(await ask('+tcp', 'home.example', 'SOA'), /status: NOERROR/);
});

check(
  'dnsmasq before the stub: names and addresses both ways, and nothing else passes',
  async () => {
    await eventually('no lines for dnsmasq', async () => {
      try {
        return readFileSync(forwardFile, 'utf8').includes('server=/home.example/127.0.0.1#5649');
      } catch {
        return false;
      }
    });
    const listen = ['--listen-address=127.0.0.2', '--bind-interfaces', '--no-resolv', '--no-hosts'];
    const upstream = ['--server=127.0.0.1', '--stop-dns-rebind', '--user=root', '--pid-file='];
    const words = ['dnsmasq', '--keep-in-foreground', ...listen, ...upstream];
    rig.namespaces.start('cn', [...words, `--conf-file=${forwardFile}`], { stdio: 'ignore' });
    await eventually('dnsmasq does not answer', async () =>
      /NOERROR/.test(await askDnsmasq('example', 'NS')),
    );
    const ip = await virtualIp(quiet);
    await eventually('no answer by name', async () =>
      answers(await askDnsmasq('quiet.home.example', 'A'))
        .join()
        .endsWith(ip),
    );
    assert.match(answers(await askDnsmasq('quiet.home.example', 'AAAA')).join(), /AAAA fd/);
    assert.match(answers(await askDnsmasq('-x', ip)).join(), /PTR quiet\.home\.example\./);
    assert.match(await askDnsmasq('nobody.home.example', 'A'), /status: NXDOMAIN/);
    const { paths } = await laptop.call('paths');
    assert.is(paths.filter((path) => path.peerName === 'quiet.home.example').length, 1);
    assert.match(await askStub('example', 'NS'), /status: REFUSED/);
  },
);

check(
  'the record of a name can be looked at, and a Direction Server found by its zone',
  async () => {
    const record = await laptop.call('resolve', { name: 'quiet' });
    assert.is(record.name, 'quiet.home.example');
    assert.is(record.source, 'direction-server');
    assert.is(record.virtualIpv4, await virtualIp(quiet));
    assert.equal(record.dsAddresses, [`${addresses['ds-a']}:4649`]);
    const { ds: own } = await ds.call('status');
    const zone = await laptop.call('resolve', { name: 'home.example' });
    assert.is(zone.publicKey, own?.publicKey);
    const shown = await rig.cli('cn', ['resolve', 'quiet', '--control', laptop.control]);
    assert.match(
      shown.text,
      /Name: +quiet\.home\.example\n[\s\S]*Told by: +the own Direction Server/,
    );
    const nobody = await rig.cli('cn', ['resolve', 'nobody', '--control', laptop.control]);
    assert.match(nobody.text, /There is no node of that name/);
    assert.is(nobody.code, 1);
  },
);

check('a name of a zone that only the owner named is looked up through the system', async () => {
  assert.match(await askStub('nobody.elsewhere.example', 'A'), /status: NXDOMAIN/);
});

check('a system that names nobody to ask is told how to', async () => {
  const { text } = await rig.cli('mn', ['doctor', '--control', quiet.control]);
  assert.match(text, /names no name server but forwarders on itself[\s\S]*list dns_upstream/);
  const other = await rig.cli('cn', ['doctor', '--control', laptop.control]);
  assert.not.match(other.text, /names no name server/);
});

check('the primary server gets every name, signed, and loses it with the node', async () => {
  const at = async (name: string, type: string) => answers(await primary.dig(name, type)).join();
  await eventually('no names at the primary', async () =>
    /TYPE65400/.test(await at('laptop.home.example', 'TYPE65400')),
  );
  await eventually('no published address at the primary', async () =>
    (await at('laptop.home.example', 'A')).endsWith(addresses.cn),
  );
  assert.match(await at('quiet.home.example', 'TYPE65400'), /TYPE65400/);
  await ds.call('rename', { node: 'quiet', name: 'silent' });
  await eventually('a renamed node keeps its old name', async () =>
    /NXDOMAIN/.test(await primary.dig('quiet.home.example', 'TYPE65400')),
  );
  await primary.stop();
  await ds.call('remove', { node: 'silent' });
  await eventually('the outage is not noticed', async () =>
    /could not be given to the primary server/.test(readFileSync(ds.logFile, 'utf8')),
  );
  // What it had is lost, as after a restore of an old backup: all of it comes again.
  await primary.start();
  await eventually(
    'no names after an outage',
    async () => /TYPE65400/.test(await at('laptop.home.example', 'TYPE65400')),
    30_000,
  );
  assert.match(await primary.dig('silent.home.example', 'TYPE65400'), /NXDOMAIN/);
  assert.match(await at('printer.home.example', 'TXT'), /the operator's own/);
  const counted = await rig.namespaces.run('ds-a', ['nft', 'list', 'table', 'ip', 'marks']);
  assert.match(counted, /counter packets [1-9]\d* .*"marked"/);
  assert.match(counted, /counter packets 0 .*"plain"/);
});

test.run();
