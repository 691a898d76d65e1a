/**
 * The scripts of the package `ntmobile` under busybox ash: service, set-up and its undoing, forwarding in
 * dnsmasq, protocol handler. What they call of OpenWrt are doubles here; test/openwrt/main.ts runs them
 * against the real ones.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { programFiles } from '../../openwrt/package/feed.ts';
import { feedPackage } from '../../openwrt/package/feed-package.ts';
import type { Package } from '../../openwrt/package/package-files.ts';
import { DoubleRouter } from './double-router.ts';

const root = process.env['NTM_ROOT'] ?? '.';
const isRoot = process.getuid?.() === 0;
const check = isRoot ? test : test.skip;
let router: DoubleRouter;

const firewallConfig = `
config zone
	option name 'lan'
	list network 'lan'
	option masq '0'

config zone
	option name 'wan'
	list network 'wan'
	list network 'wan6'
	option masq '1'

config rule 'mine'
	option name 'Mine'
`;
const networkConfig = `
config interface 'lan'
	option device 'br-lan'
`;
const dhcpConfig = `
config dnsmasq 'main'
	option domainneeded '1'

config dnsmasq 'guest'
	option confdir '/tmp/guest.d'
`;
const server = `
config ntmobile 'main'
	option port '4700'

config ds 'ds'
	option enabled '1'
	option zone 'home.example'

config rs 'rs'
	option enabled '1'
	option exit '1'
`;

/** The package with empty bundles: what is tested is around them. */
function daemonPackage(): Package {
  const folder = mkdtempSync(join(tmpdir(), 'ntm-bundles-'));
  for (const name of programFiles) writeFileSync(join(folder, name), '');
  const builtByName = new Map(
    programFiles.map((name) => [name, relative(root, join(folder, name))] as const),
  );
  try {
    const path = 'openwrt/ntmobile/Makefile';
    return feedPackage({ root, path, builtByName }, 'ntmobile');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test.before(() => {
  if (isRoot) router = new DoubleRouter(root, daemonPackage());
});
test.after(() => {
  if (isRoot) router.remove();
});
test.before.each(() => {
  if (!isRoot) return;
  router.run('rm -rf /tmp/* /var/run/ntmobile /etc/config/*');
  router.write('/etc/config/firewall', firewallConfig);
  router.write('/etc/config/network', networkConfig);
  router.write('/etc/config/dhcp', dhcpConfig);
  router.write('/etc/config/ntmobile', server);
  router.write('/tmp/devices', 'lan br-lan\nwan pppoe-wan\n');
});

const service = '/etc/init.d/ntmobile';
const setUp = '/usr/libexec/ntmobile/router.sh';
const dnsmasq = '/usr/libexec/ntmobile/dnsmasq.sh';

check('the shipped configuration enables nothing, and starting says so and runs nothing', () => {
  router.write(
    '/etc/config/ntmobile',
    daemonPackage().files.find(({ path }) => path === '/etc/config/ntmobile')?.content ?? '',
  );
  const { code, text } = router.run(`${service} start`);
  assert.is(code, 0);
  assert.match(text, /no role is enabled; .*ntmobile join INVITE/);
  assert.not.match(router.read('/tmp/calls'), /started|param command/);
});

check('the service runs the daemon with its log, its home in memory, and respawn', () => {
  const calls = router.calls(`${service} start`);
  assert.ok(calls.includes('param command /usr/sbin/ntmobiled --syslog /dev/log'));
  assert.ok(calls.includes('param stdout 1') && calls.includes('param stderr 1'));
  assert.ok(calls.includes('param respawn 60 5 10'));
  assert.match(
    calls.join('\n'),
    /param env TJS_HOME=\/var\/run\/ntmobile NTM_CONFIG=[0-9a-f]{32}\n/,
  );
  assert.ok(calls.includes('trigger interface.* 2000 /etc/init.d/ntmobile uplinks'));
  const engine = router.calls('/usr/sbin/ntmobiled --check');
  assert.equal(engine, [
    'tjs run /usr/share/ntmobile/ntmobiled.js --check (home /var/run/ntmobile)',
  ]);
});

check('a start with other programs, as an upgrade by apk does it, is a restart', () => {
  const again = router.calls(`${service} start`);
  assert.not.match(again.join('\n'), /restarted|no such file/);
  for (const name of ['ntmobiled', 'ntmobiled-chunk', 'ntmobiled-servers']) {
    const path = `/usr/share/ntmobile/${name}.js`;
    router.write(path, `${router.read(path)}\n`);
    assert.ok(router.calls(`${service} start`).includes('restarted'), name);
  }
});

check('the port is opened, and an exit is let out, by rules that vanish with the service', () => {
  router.calls(`${setUp} setup`);
  const rules = router.calls(`${service} start`).filter((line) => line.startsWith('rule '));
  assert.equal(rules, [
    'rule type=rule src=* proto=udp dest_port=4700 target=ACCEPT',
    'rule type=rule src=ntm proto=icmp icmp_type=echo-request target=ACCEPT',
    'rule type=rule src=ntm dest=wan proto=all target=ACCEPT',
  ]);
});

check('a router that is only a node lets in the port that the daemon has drawn, once', () => {
  router.run('rm -rf /etc/ntmobile');
  router.write('/etc/config/ntmobile', "config node 'node'\n\toption enabled '1'\n");
  const first = router.calls(`${service} start`);
  assert.is(first.filter((line) => line.includes('--prepare')).length, 1);
  assert.ok(first.includes('rule type=rule src=* proto=udp dest_port=20000 target=ACCEPT'));
  assert.match(first.join('\n'), /^nft -D port=20000 /m);
  router.calls(`${service} stop`);
  router.write('/etc/ntmobile/port', '20001\n');
  const second = router.calls(`${service} start`);
  assert.not.match(second.join('\n'), /--prepare/);
  assert.ok(second.includes('rule type=rule src=* proto=udp dest_port=20001 target=ACCEPT'));
  router.write('/etc/config/ntmobile', server);
  router.calls(`${service} stop`);
});

check('peers get through to what is exported of the LAN, and to nothing else', () => {
  router.calls(`${setUp} setup`);
  const exports = `
config export 'files'
	option host '192.168.1.20'
	option port '8080'

config export
	option prefix '192.168.2.0/24'
`;
  router.write('/etc/config/ntmobile', server + exports);
  const rules = router.calls(`${service} start`).filter((line) => line.includes('dest_ip'));
  assert.equal(rules, [
    'rule type=rule src=ntm dest=* dest_ip=192.168.1.20 proto=all target=ACCEPT',
    'rule type=rule src=ntm dest=* dest_ip=192.168.2.0/24 proto=all target=ACCEPT',
  ]);
});

check('without the zone only the port is opened, and with "option firewall 0" nothing is', () => {
  const rules = () => router.calls(`${service} start`).filter((line) => line.startsWith('rule '));
  assert.equal(rules(), ['rule type=rule src=* proto=udp dest_port=4700 target=ACCEPT']);
  router.calls('uci set ntmobile.main.firewall=0');
  const calls = router.calls(`${service} start`);
  assert.not.match(calls.join('\n'), /rule |nft -D/);
});

check('own port and exit are masqueraded on the devices of the zones that lead out', () => {
  const calls = router.calls(`${service} start`).filter((line) => line.startsWith('nft -D'));
  assert.equal(calls, [
    'nft -D port=4700 -D uplinks={ "pppoe-wan" } -f /usr/share/ntmobile/masquerade.nft',
    'nft -D uplinks={ "pppoe-wan" } -f /usr/share/ntmobile/masquerade-exit.nft',
  ]);
  assert.not.match(router.calls(`${service} reload`).join('\n'), /nft (-D|delete)/);
  router.write('/tmp/devices', 'lan br-lan\nwan pppoe-wan\nwan6 wwan0\n');
  const second = router.calls(`${service} uplinks`).join('\n');
  assert.match(second, /uplinks=\{ "pppoe-wan", "wwan0" \}/);
  assert.not.match(second, /param|restarted/);
  router.calls(`${service} stop`);
  assert.equal(router.calls(`${service} uplinks`), []);
});

check('a changed log level, zone list or export is a signal, any other change a restart', () => {
  router.calls(`${service} start`);
  const reload = () => {
    const calls = router.calls(`${service} reload`);
    return calls.filter((line) => /^(signal|restarted|started|ended)/.test(line));
  };
  assert.equal(reload(), []);
  router.write('/etc/config/ntmobile', server.replaceAll("'", '"').replaceAll('\t', '  '));
  assert.equal(reload(), []);
  router.calls('uci set ntmobile.main.log_level=debug');
  assert.equal(reload(), ['signal ntmobile * HUP']);
  router.write(
    '/etc/config/ntmobile',
    `${router.read('/etc/config/ntmobile')}\n# a remark\nconfig zone 'office'\n\toption zone 'b'\n`,
  );
  assert.equal(reload(), ['signal ntmobile * HUP']);
  assert.equal(reload(), []);
  router.write(
    '/etc/config/ntmobile',
    `${router.read('/etc/config/ntmobile')}\nconfig export 'nas'\n\toption host '192.168.1.2'\n`,
  );
  assert.equal(reload(), ['signal ntmobile * HUP']);
  router.calls('uci set ntmobile.main.port=4701');
  assert.equal(reload(), ['restarted']);
  router.calls('uci set ntmobile.ds.enabled=0; uci set ntmobile.rs.enabled=0');
  assert.equal(reload(), ['ended']);
});

check('an invite in the configuration is taken out before the digest is made', () => {
  router.write('/etc/config/ntmobile', `${server}\nconfig node 'node'\n\toption invite 'ntm1:x'\n`);
  const calls = router.calls(`${service} start`);
  const absorbed = calls.findIndex((line) => /ntmobiled\.js --prepare/.test(line));
  assert.ok(absorbed >= 0 && absorbed < calls.findIndex((line) => line.startsWith('param env')));
  router.write('/etc/config/ntmobile', server);
  assert.not.match(router.calls(`${service} start`).join('\n'), /--prepare/);
});

check('stopping takes back forwarding and masquerade', () => {
  router.calls(`${service} start`);
  router.write('/tmp/lines', forwards('home.example'));
  router.calls(`${dnsmasq} apply /tmp/lines`);
  const calls = router.calls(`${service} stop`);
  assert.ok(calls.includes('nft delete table inet ntmobile'));
  assert.ok(calls.includes('dnsmasq restart'));
  assert.not.ok(router.has('/tmp/dnsmasq.main.d/ntmobile.conf'));
});

check('set-up adds interface and zone once, beside what the owner has', () => {
  const first = router.run(`${setUp} setup`);
  assert.is(first.code, 0);
  assert.match(first.text, /Added the interface "ntm"\..*Added the firewall zone "ntm"\./s);
  const files = () => ['network', 'firewall'].map((name) => router.read(`/etc/config/${name}`));
  const made = files();
  assert.match(made[0] ?? '', /config interface 'ntm'\n\toption proto 'ntmobile'/);
  assert.match(made[1] ?? '', /config rule 'mine'/);
  assert.match(made[1] ?? '', /config forwarding 'ntm_lan'/);
  router.write('/tmp/handlers', '{ "ntmobile": {} }');
  assert.is(router.run(`${setUp} setup`).text, '');
  assert.equal(files(), made);
  router.calls('uci set firewall.ntm.input=ACCEPT; uci delete firewall.ntm_lan');
  const asked = router.calls(`${setUp} setup; rm /tmp/handlers`);
  assert.equal(asked, ['ubus list network', 'ubus call network get_proto_handlers']);
  assert.match(router.read('/etc/config/firewall'), /option input 'ACCEPT'/);
  assert.not.match(router.read('/etc/config/firewall'), /ntm_lan/);
});

check('set-up leaves a zone "ntm" of the owner alone, whatever its section is called', () => {
  const own = `${firewallConfig}\nconfig zone\n\toption name 'ntm'\n\toption input 'DROP'\n`;
  router.write('/etc/config/firewall', own);
  router.run(`${setUp} setup`);
  assert.is(router.read('/etc/config/firewall'), own);
  router.run(`${setUp} remove`);
  assert.is(router.read('/etc/config/firewall'), own);
});

check('removal takes back what set-up made and no interface of another protocol', () => {
  const before = router.run('uci export firewall; uci export network').text;
  router.run(`${setUp} setup`);
  const { text } = router.run(`${setUp} remove`);
  assert.match(text, /Removed the firewall zone "ntm"\..*Removed the interface "ntm"\./s);
  assert.is(router.run('uci export firewall; uci export network').text, before);
  router.write('/etc/config/network', "config interface 'ntm'\n\toption proto 'static'\n");
  assert.is(router.run(`${setUp} remove`).text, '');
  assert.match(router.read('/etc/config/network'), /static/);
});

check('a running router takes the set-up over at once, or says what is needed for it', () => {
  router.write('/tmp/handlers', '{ "ntmobile": {} }');
  router.write('/var/run/fw4.state', '');
  const calls = router.calls(`${setUp} setup`);
  assert.ok(calls.includes('firewall reload') && calls.includes('network reload'));
  router.run(`${setUp} remove; rm /tmp/handlers`);
  const { text } = router.run(`${setUp} setup`);
  assert.match(text, /service network restart/);
  assert.match(router.run(`${setUp} setup`).text, /^The interface shows up after "service network/);
  router.run('rm /var/run/fw4.state');
});

check('the uci-defaults script sets up and succeeds, so that it is run once', () => {
  const { code, text } = router.run('cd /etc/uci-defaults && . ./90_ntmobile');
  assert.is(code, 0);
  assert.match(text, /Added the interface/);
});

const forwards = (...zones: readonly string[]) =>
  zones.map((zone) => `server=/${zone}/127.0.0.1#5649\nrebind-domain-ok=/${zone}/\n`).join('');

check('zones go to every dnsmasq in volatile files, which restart it only when they change', () => {
  const apply = (text: string) => {
    router.write('/var/run/ntmobile/dnsmasq.conf', text);
    return router.calls(`${dnsmasq} apply /var/run/ntmobile/dnsmasq.conf`);
  };
  assert.equal(apply(`# Made.\n${forwards('home.example', '18.198.in-addr.arpa')}`), [
    'dnsmasq restart',
  ]);
  const first = router.read('/tmp/dnsmasq.main.d/ntmobile.conf');
  assert.is(first, forwards('home.example', '18.198.in-addr.arpa'));
  assert.is(router.read('/tmp/guest.d/ntmobile.conf'), first);
  assert.equal(apply(forwards('home.example', '18.198.in-addr.arpa')), []);
  assert.equal(apply(forwards('home.example')), ['dnsmasq restart']);
  assert.equal(router.calls(`${dnsmasq} clear`), ['dnsmasq restart']);
  assert.not.ok(router.has('/tmp/guest.d/ntmobile.conf'));
  assert.equal(router.calls(`${dnsmasq} clear`), []);
  assert.is(router.read('/etc/config/dhcp'), dhcpConfig);
});

check('only lines that lead a zone here reach dnsmasq', () => {
  const odd = 'no-resolv\nserver=1.2.3.4\nserver=/a/x y\ndhcp-script=/bin/sh\n';
  router.write('/tmp/lines', `${odd}${forwards('home.example')}`);
  router.run(`${dnsmasq} apply /tmp/lines`);
  assert.is(router.read('/tmp/dnsmasq.main.d/ntmobile.conf'), forwards('home.example'));
  assert.is(router.run(`${dnsmasq} frob`).code, 2);
});

const handler = 'cd /lib/netifd/proto && ./ntmobile.sh';

check('the protocol handler tells netifd what it takes', () => {
  const { text } = router.run(`${handler} dump`);
  assert.match(text, /string device\nstring zone\nint metric\n/);
  assert.match(text, /no_device=1 available=1 no_proto_task=1/);
});

check('an interface that goes up or down is told to the daemon, and no daemon is no error', () => {
  const setup = `${handler} setup ntm '{"device":"ntm0","zone":"ntm","metric":10}'`;
  assert.equal(router.calls(setup), [
    'ubus -t 5 call ntmobile interface_up {"interface":"ntm","device":"ntm0","zone":"ntm","metric":10}',
  ]);
  assert.equal(router.calls(`${handler} setup ntm '{}'`), [
    'ubus -t 5 call ntmobile interface_up {"interface":"ntm"}',
  ]);
  assert.equal(router.calls(`${handler} teardown ntm '{}'`), [
    'ubus -t 5 call ntmobile interface_down {"interface":"ntm"}',
  ]);
  router.write('/tmp/no-ubus', '');
  assert.is(router.run(`${handler} setup ntm '{}'`).code, 0);
  assert.is(router.run(`${handler} teardown ntm '{}'`).code, 0);
});

test.run();
