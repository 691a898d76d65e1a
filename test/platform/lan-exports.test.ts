import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Prefix } from '../../src/base/ip.ts';
import { exportRules } from '../../src/platform/lan-exports.ts';
import { readSettings } from '../../src/platform/uci/settings.ts';

const addresses = ['198.18.0.5/32', 'fd00::5/128'] as Prefix[];

function rules(text: string, closed = true): string[] {
  const node = `config ds\n\toption enabled 1\n\toption zone z\n\tlist address 203.0.113.1\nconfig node\n\toption enabled 1\n`;
  const { node: settings, problems } = readSettings(`${node}${text}`, 'test');
  assert.equal(problems, []);
  const given = { device: 'ntm0', exports: settings?.exports ?? [], closed };
  return exportRules(given, addresses).split('\n');
}

const has = (lines: readonly string[], line: string) => assert.ok(lines.includes(line), line);

test('a port of the virtual IP leads to a port of the host, which sees the router', () => {
  const lines = rules(
    'config export\n\toption host 192.168.1.2\n\toption port 8080\n\toption host_port 80\n',
  );
  for (const proto of ['tcp', 'udp']) {
    has(lines, `iifname "ntm0" ip daddr 198.18.0.5 ${proto} dport 8080 dnat ip to 192.168.1.2:80`);
  }
  has(lines, 'iifname "ntm0" ip daddr 192.168.1.2 ct status dnat masquerade');
});

test('without a port the whole virtual IP is the host, by IPv6 too', () => {
  const lines = rules('config export\n\toption host fd12::2\n\toption keep_source 1\n');
  has(lines, 'iifname "ntm0" ip6 daddr fd00::5 dnat ip6 to fd12::2');
  assert.not(lines.some((line) => line.includes('masquerade')));
});

test('an exported prefix passes and nothing else, unless the device leads to an exit', () => {
  const text = 'config export\n\toption prefix 192.168.1.0/24\n';
  const lines = rules(text);
  const pass = lines.indexOf('iifname "ntm0" ip daddr 192.168.1.0/24 accept');
  assert.ok(pass > 0 && lines.indexOf('iifname "ntm0" drop') > pass);
  assert.not(rules(text, false).includes('iifname "ntm0" drop'));
});

test('a prefix that is seen as another is reached there one for one, and not at its own addresses', () => {
  const four = 'config export\n\toption prefix 192.168.1.0/24\n\toption seen_as 10.77.1.0/24\n';
  const six =
    'config export\n\toption prefix fd12::/64\n\toption seen_as fd77::/64\n\toption keep_source 1\n';
  const lines = rules(four + six);
  has(lines, 'iifname "ntm0" ip daddr 10.77.1.0/24 dnat ip prefix to 192.168.1.0/24');
  has(lines, 'iifname "ntm0" ip daddr 192.168.1.0/24 ct status dnat masquerade');
  has(lines, 'iifname "ntm0" ip6 daddr fd77::/64 dnat ip6 prefix to fd12::/64');
  assert.not(lines.some((line) => /daddr (192|fd12).* accept|fd12.*masquerade/.test(line)));
});

test('the table replaces the one that a killed daemon left', () => {
  const [make, remove, again] = rules('config export\n\toption host 192.168.1.2\n');
  assert.is(make, 'table inet ntmobile_export {}');
  assert.is(remove, 'delete table inet ntmobile_export');
  assert.is(again, 'table inet ntmobile_export {');
});

test.run();
