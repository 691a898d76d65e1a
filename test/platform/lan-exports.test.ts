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

test('the table replaces the one that a killed daemon left', () => {
  const [make, remove, again] = rules('config export\n\toption host 192.168.1.2\n');
  assert.is(make, 'table inet ntmobile_export {}');
  assert.is(remove, 'delete table inet ntmobile_export');
  assert.is(again, 'table inet ntmobile_export {');
});

test.run();
