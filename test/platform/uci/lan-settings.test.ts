import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatProblem } from '../../../src/platform/uci/options.ts';
import { readSettings } from '../../../src/platform/uci/settings.ts';

const node = `
config ds 'ds'
	option enabled '1'
	option zone 'home.example'
	list address '203.0.113.10'

config node 'node'
	option enabled '1'
`;

const read = (more: string) => readSettings(node + more, '/etc/config/ntmobile');
const problems = (more: string) => read(more).problems.map(formatProblem);

test('exports and routes are read with their node', () => {
  const settings = read(`
config export 'files'
	option host '192.168.1.20'
	list proto 'tcp'
	option port '8080'
	option host_port '80'
config export
	option prefix '192.168.2.0/24'
	option keep_source '1'
config route 'office'
	option prefix '10.1.0.0/16'
	option via 'Gate.Office.Example'
`);
  assert.equal(settings.problems, []);
  const [files, all] = settings.node?.exports ?? [];
  assert.is(files?.host, '192.168.1.20');
  assert.equal([files?.port, files?.host_port, files?.keep_source], [8080, 80, false]);
  assert.equal([all?.prefix, all?.keep_source], ['192.168.2.0/24', true]);
  assert.equal(settings.node?.routes, [{ prefix: '10.1.0.0/16', via: 'gate.office.example' }]);
});

test('a mistake in one is told by its name, and costs neither the node nor the others', () => {
  const settings = read(`
config export 'a'
	option port '80'
config export 'b'
	option host '127.0.0.1'
config export 'c'
	option host '192.168.1.2'
	option prefix '192.168.1.0/24'
config export 'd'
	option prefix '192.168.1.0/24'
	option port '80'
config export 'e'
	option host '192.168.1.2'
	option host_port '80'
config export 'f'
	option host '192.168.1.3'
config export 'h'
	option host '192.168.1.4'
	option seen_as '10.77.1.4/32'
config export 'i'
	option prefix '192.168.1.0/24'
	option seen_as '10.77.0.0/16'
config export 'j'
	option prefix 'fd12::/64'
	option seen_as '10.77.0.0/16'
config route 'g'
	option prefix '10.0.0.0/8'
`);
  assert.equal(settings.problems.map(formatProblem), [
    'a.host: is missing: give a host, or "prefix" for many.',
    'b.host: "127.0.0.1" must be the IP address of a host, such as 192.168.1.20.',
    'c.prefix: does not go with "host". Make a second section.',
    'd.port: is for a host. Hosts of a prefix are reached at their own ports.',
    'e.port: is missing: "host_port" says only where it leads.',
    'h.seen_as: goes with "prefix"; a single host is one with /32 or /128.',
    'i.seen_as: "10.77.0.0/16" must be an IPv4 prefix of length 24, as "prefix" is.',
    'j.seen_as: "10.77.0.0/16" must be an IPv6 prefix of length 64, as "prefix" is.',
    'g.via: is missing: give the name of the node that exports it.',
  ]);
  assert.equal(
    settings.node?.exports.map(({ host }) => host),
    ['192.168.1.3'],
  );
});

test('there is a bound, and it is told', () => {
  const many = Array.from(
    { length: 40 },
    (_, index) => `config export 'x${index}'\n\toption host '192.168.1.${index + 1}'\n`,
  ).join('');
  assert.is(read(many).node?.exports.length, 32);
  assert.match(problems(many)[0] ?? '', /^x32: There are 40 sections of type "export"; 32 are/);
});

test.run();
