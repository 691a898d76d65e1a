/** What a changed configuration does to a daemon that runs. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { applySettings, withLive } from '../../../src/main/daemon/reload.ts';
import { readSettings, type Settings } from '../../../src/platform/uci/settings.ts';

const base = `
config ntmobile 'main'
	option log_level 'info'
config ds 'ds'
	option enabled '1'
	option zone 'home.example'
	list address '203.0.113.10'
config node 'node'
	option enabled '1'
`;
const zone = `
config zone 'office'
	option zone 'office.example'
	list address '203.0.113.20'
	option key '${'ab'.repeat(32)}'
`;

const read = (text: string): Settings => readSettings(text, 'test');

function apply(after: string, before = base) {
  const done: string[] = [];
  const result = applySettings(read(before), read(after), {
    setLogLevel: (level) => done.push(`level ${level}`),
    setZones: ({ zones }) => done.push(`zones ${zones.map((each) => each.zone)}`),
    setExports: ({ exports }) => done.push(`exports ${exports.length}`),
  });
  return { done, ...result };
}

test('nothing changed is nothing done', () => {
  assert.equal(apply(base), { done: [], applied: [], pending: [], problems: [] });
});

test('log level, zones and exports take effect at once', () => {
  const exported = "config export 'nas'\n\toption host '192.168.1.2'\n";
  const { done, pending, problems } = apply(base.replace('info', 'debug') + zone + exported);
  assert.equal(done, ['level debug', 'zones office.example', 'exports 1']);
  assert.equal([pending, problems], [[], []]);
  assert.equal(apply(base, base + zone).done, ['zones ']);
});

test('what takes a restart is told by its section, and left', () => {
  const { done, pending } = apply(base.replace('home.example', 'away.example'));
  assert.equal(done, []);
  assert.equal(pending, ['What has changed in section "ds" takes a restart.']);
});

test('with a mistake the rest takes effect and the mistake is told', () => {
  const { done, pending, problems } = apply(base.replace('info', 'warn').replace('home.', '-.'));
  assert.equal(done, ['level warn']);
  assert.equal(pending, []);
  assert.match(problems[0] ?? '', /^ds\.zone: /);
});

test('a second reload compares with what runs', () => {
  const after = read(base.replace('home.example', 'away.example').replace('info', 'debug') + zone);
  const now = withLive(read(base), after);
  assert.is(now.logLevel, 'debug');
  assert.is(now.ds?.zone, 'home.example');
  assert.is(now.ds?.zones.length, 1);
});

test.run();
