/**
 * The operator's own primary, BIND and Knot: names and reverse names follow the directory; a wrong key is told in a
 * sentence and tried again; what changed while the primary was away, removals among it, is there when it comes
 * back, even with files of long ago. Needs root.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Daemon } from '../lab/daemon.ts';
import { addresses, isRoot, mainSection, nodeSection, Rig } from '../main/daemon/rig.ts';
import { answers, Bind, eventually, Knot } from './name-servers.ts';

const check = isRoot ? test : test.skip;
const rig = new Rig();
const backMs = 60_000;
const soa = 'SOA ns.test. hostmaster.test. 1 3600 600 604800 1';
const zoneText = `$TTL 60
@        ${soa}
@        NS ns.test.
printer  TXT "the operator's own"
`;
const reverseText = `$TTL 60
@  ${soa}
@  NS ns.test.
`;

/** As a person makes one. */
const toolByKind = {
  bind: ['tsig-keygen', '-a', 'hmac-sha256', 'ntm-updates'],
  knot: ['keymgr', '-t', 'ntm-updates', 'hmac-sha256'],
} as const;
type Kind = keyof typeof toolByKind;

const secretOf = (key: string): string => /secret:? +"?([A-Za-z0-9+/=]+)/.exec(key)?.[1] ?? '';
const placeByKind = {
  bind: { ntmPort: 4649, port: 5354, pool: '198.18.4.0/24', reverse: '4.18.198.in-addr.arpa' },
  knot: { ntmPort: 4651, port: 5355, pool: '198.18.5.0/24', reverse: '5.18.198.in-addr.arpa' },
} as const;

test.before(async () => {
  if (isRoot) await rig.build();
});
test.after(() => rig.remove());

function primaryOf(kind: Kind, zone: string, key: string): Bind | Knot {
  const { port, reverse } = placeByKind[kind];
  const common = { host: 'mn', ip: addresses.mn, port, probe: zone } as const;
  if (kind === 'knot') {
    const zones = { [`${zone}.`]: zoneText, [`${reverse}.`]: reverseText };
    return new Knot(rig, 'knot-primary', { ...common, key, zones });
  }
  const clause = (name: string, file: string): string =>
    `zone "${name}" { type primary; file "${file}"; allow-update { key "ntm-updates"; }; };`;
  return new Bind(rig, 'bind-primary', {
    ...common,
    files: { 'zone.db': zoneText, 'reverse.db': reverseText },
    more: `${key}\n${clause(zone, 'zone.db')}\n${clause(reverse, 'reverse.db')}`,
  });
}

async function enrol(ds: Daemon, name: string, device: string, port: number): Promise<string> {
  const node = rig.daemon('cn', `${ds.name}-${name}`);
  node.configure(mainSection(port) + nodeSection(device));
  const { invite } = await ds.call('invite', { name });
  await rig.join(node, invite);
  node.start();
  const status = await node.until(
    'status',
    (now) => now.node?.state === 'registered',
    'no registration',
  );
  await node.stop();
  return status.node?.virtualIpv4 ?? '';
}

for (const kind of ['bind', 'knot'] as const) {
  check(`${kind} as primary: names both ways, a wrong key, an outage and removals`, async () => {
    const zone = `${kind}.example`;
    const { ntmPort, port, pool, reverse } = placeByKind[kind];
    const key = (await rig.run('mn', [...toolByKind[kind]])).text;
    const wrong = key.replaceAll(secretOf(key), Buffer.alloc(32, 1).toString('base64'));
    let primary = primaryOf(kind, zone, wrong);
    await primary.start();
    const keyFile = join(rig.folder, `${kind}.key`);
    writeFileSync(keyFile, key, { mode: 0o600 });

    const ds = rig.daemon('ds-a', `ds-${kind}`);
    ds.configure(`${mainSection(ntmPort)}
config ds 'ds'
	option enabled '1'
	option zone '${zone}'
	list address '${addresses['ds-a']}:${ntmPort}'
	option pool '${pool}'
	option update_server '${addresses.mn}:${port}'
	option update_key_file '${keyFile}'
	list update_reverse_zone '${reverse}'
`);
    const at = async (name: string, type: string) =>
      answers(await primary.dig(`${name}.${zone}`, type)).join();
    const pointer = async (ip: string) => answers(await primary.dig('-x', ip)).join();
    const isAbsent = async (name: string) =>
      /NXDOMAIN/.test(await primary.dig(`${name}.${zone}`, 'TYPE65400'));
    const findings = async () =>
      (await ds.call('diagnose')).checks
        .filter((row) => row.check === 'Primary name server')
        .map(({ finding, act }) => `${finding} ${act}`);

    ds.start();
    await ds.until('status', (status) => status.ds !== null, 'does not run');
    const ip = await enrol(ds, 'laptop', 'ntm3', 4660);
    await eventually('the wrong key is not told', async () => (await findings()).length === 2);
    for (const finding of await findings()) {
      assert.match(
        finding,
        /could not be given to the primary server: .*(BADSIG|signature|not signed)/,
      );
      assert.match(finding, /update_key_file/);
    }
    assert.ok(await isAbsent('laptop'));

    // Its owner mends it there; the Direction Server comes by itself.
    await primary.stop();
    primary = primaryOf(kind, zone, key);
    await primary.start();
    await eventually(
      'no name after the key was mended',
      async () => /TYPE65400/.test(await at('laptop', 'TYPE65400')),
      backMs,
    );
    await eventually(
      'no reverse name',
      async () => (await pointer(ip)).endsWith(` PTR laptop.${zone}.`),
      backMs,
    );
    await eventually('a finding stays', async () => (await findings()).length === 0);

    const secondIp = await enrol(ds, 'second', 'ntm4', 4661);
    await eventually('a new name', async () => /TYPE65400/.test(await at('second', 'TYPE65400')));
    await ds.call('rename', { node: 'second', name: 'other' });
    await eventually('a name that was given up stays', () => isAbsent('second'));
    await eventually('the reverse name does not follow', async () =>
      (await pointer(secondIp)).endsWith(` PTR other.${zone}.`),
    );

    await primary.stop();
    await ds.call('remove', { node: 'other' });
    const thirdIp = await enrol(ds, 'third', 'ntm5', 4662);
    await ds.call('rename', { node: 'laptop', name: 'notebook' });
    await eventually('the outage is not told', async () => (await findings()).length === 2);
    // The files are those of the first start: all that it had been told is lost.
    await primary.start();
    for (const name of ['notebook', 'third']) {
      await eventually(
        `${name} is not told after an outage`,
        async () => /TYPE65400/.test(await at(name, 'TYPE65400')),
        backMs,
      );
    }
    for (const name of ['other', 'second', 'laptop']) assert.ok(await isAbsent(name), name);
    await eventually(
      'no reverse names after an outage',
      async () =>
        (await pointer(ip)).endsWith(` PTR notebook.${zone}.`) &&
        (await pointer(thirdIp)).endsWith(` PTR third.${zone}.`),
      backMs,
    );
    assert.is(await pointer(secondIp), '');
    assert.match(await at('printer', 'TXT'), /the operator's own/);
    await eventually('a finding stays', async () => (await findings()).length === 0);

    await ds.call('remove', { node: 'third' });
    await eventually('a removed node keeps its name', () => isAbsent('third'));
    await eventually(
      'a removed node keeps its address',
      async () => (await pointer(thirdIp)) === '',
    );
    await ds.stop();
    await primary.stop();
  });
}

test.run();
