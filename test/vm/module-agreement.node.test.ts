/**
 * What the kernel module and the daemon must agree on, without booting anything: the generated netlink
 * files are those of the spec, and the packets that the module seals at every load are the vectors, of which
 * the user-space data path opens the one of its suite.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex } from '../../src/base/bytes.ts';
import { endpoint, type Ip, type Prefix } from '../../src/base/ip.ts';
import { DataPath } from '../../src/datapath/data-path.ts';
import { attributeType } from '../../src/platform/netlink/attributes.ts';
import { commands, ntmobileAttributes } from '../../src/platform/netlink/ntmobile-table.ts';
import type { PathId } from '../../src/wire/ids.ts';
import { nodeSuite } from '../support/node-suite.ts';
import vectors from '../vectors/module.json' with { type: 'json' };

const root = process.env['NTM_ROOT'] ?? '.';

function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

test('the generated netlink files are those of the spec', () => {
  const generator = join(root, 'test/vm/generate-netlink.mjs');
  const checked = spawnSync(process.execPath, [generator, '--check'], { encoding: 'utf8' });
  assert.is(checked.stderr, '');
  assert.is(checked.status, 0);
});

test('the TypeScript table numbers attributes and commands as the uapi header does', () => {
  const header = textOf('kmod-ntmobile/uapi/linux/ntmobile.h');
  const names = [...header.matchAll(/^\t(NTMOBILE_(?:A|CMD)_\w+)(?: = 1)?,$/gm)].map(
    ([, name]) => name,
  );
  const attributes = names.filter((name) => name?.startsWith('NTMOBILE_A_'));
  const operations = names.filter((name) => name?.startsWith('NTMOBILE_CMD_'));
  assert.is(attributes[attributeType(ntmobileAttributes, 'sendKey') - 1], 'NTMOBILE_A_SEND_KEY');
  assert.is(attributes[attributeType(ntmobileAttributes, 'drops') - 1], 'NTMOBILE_A_DROPS');
  assert.is(operations[commands.relayLeg - 1], 'NTMOBILE_CMD_RELAY_LEG');
  assert.is(operations[commands.wrongSourceNtf - 1], 'NTMOBILE_CMD_WRONG_SOURCE_NTF');
});

function arrayOf(source: string, name: string): string {
  const listed =
    new RegExp(`${name}\\[\\w+\\] __initconst = \\{([^}]*)\\}`).exec(source)?.[1] ?? '';
  return (listed.match(/0x[0-9a-f]{2}/g) ?? []).map((each) => each.slice(2)).join('');
}

test("the packets of the module's self-test are the vectors", () => {
  const source = textOf('kmod-ntmobile/src/selftest.c');
  const names = ['ntm_vector_chacha', 'ntm_vector_aes'];
  const packets = names.map((name) => arrayOf(source, name));
  assert.equal(
    packets,
    vectors.map(({ datagram }) => datagram),
  );
});

test('the user-space data path opens the one of its suite', () => {
  const [vector] = vectors;
  assert.ok(vector);
  const packet = fromHex(vector.datagram) as Uint8Array;
  const delivered: string[] = [];
  const dataPath = new DataPath(nodeSuite, {
    send: () => {},
    notice: () => {},
    deliver: (buffer, offset, length) => {
      delivered.push(new TextDecoder().decode(buffer.subarray(offset, offset + length)));
    },
  });
  const pathId = vector.pathId as PathId;
  const key = fromHex(vector.key) as Uint8Array;
  const other = key.map((byte) => byte ^ 1);
  dataPath.command(0, {
    op: 'path-new',
    pathId,
    side: 0,
    kind: 'node',
    // The text of the packet begins like an IPv4 header; any source may come by this path.
    peerPrefixes: ['0.0.0.0/0' as Prefix],
    excludedPrefixes: [],
    globalOnly: false,
    idleMs: 0,
  });
  dataPath.command(0, { op: 'key-set', pathId, epoch: 2, sendKey: other, receiveKey: key });
  dataPath.inbound(1, packet, 0, packet.length, endpoint('192.0.2.1' as Ip, 4649));
  assert.equal(delivered, ['NTMobile capsulated packet']);
});

test.run();
