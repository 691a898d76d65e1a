/** Nodes that are enrolled in the Direction Server under load; the first of them also come online. */
import { toHex } from '../../../src/base/bytes.ts';
import { generateKeyPair, nodeIdOf } from '../../../src/noise/keys.ts';
import type { KeyPair } from '../../../src/noise/suite.ts';
import type { NodeId } from '../../../src/wire/ids.ts';
import { nodeSuite } from '../../support/node-suite.ts';
import { seededRandom } from '../../support/seeded-random.ts';

export interface Member {
  readonly nodeId: NodeId;
  /** Only of those that come online. */
  readonly keys: KeyPair | undefined;
  /** Name and object as the Direction Server stores them. */
  readonly stored: readonly [string, object];
}

export function makeMembers(count: number, online: number): Member[] {
  const random = seededRandom(1);
  return Array.from({ length: count }, (_, index) => {
    const keys = index < online ? generateKeyPair(nodeSuite, random) : undefined;
    const publicKey = keys?.publicKey ?? random.bytes(32);
    const nodeId = keys ? nodeIdOf(nodeSuite, publicKey) : (toHex(random.bytes(16)) as NodeId);
    const low = toHex(random.bytes(8)).replace(/(....)(?=.)/g, '$1:');
    const number = index + 1;
    const ipv4 = `198.${18 + (number >>> 16)}.${(number >>> 8) & 0xff}.${number & 0xff}`;
    const row = {
      publicKey: toHex(publicKey),
      role: 'node',
      name: `node-${number}`,
      ipv4,
      ipv6: `fdb3:9c41:7a10:22e5:${low}`,
    };
    return { nodeId, keys, stored: [`nodes/${nodeId}`, row] };
  });
}
