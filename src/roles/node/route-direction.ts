/**
 * What a node makes of a Route Direction (paper section 3.3): whether it may be followed at all
 * (protocol.md 11.4, 11.7), and the plan of the path that comes of it.
 */
import { equalBytes } from '../../base/bytes.ts';
import { type Ip, isIpv6, type Prefix, prefix, prefixContains } from '../../base/ip.ts';
import { nodeIdOf } from '../../noise/keys.ts';
import type { Suite } from '../../noise/suite.ts';
import { limits } from '../../protocol/limits.ts';
import type { SuiteSet } from '../../protocol/suites.ts';
import type { Tunnel, TunnelPlan } from '../../protocol/tunnel/tunnel.ts';
import type { Tunnels } from '../../protocol/tunnel/tunnels.ts';
import { zonePrefixIpv6 } from '../../protocol/virtual-ip.ts';
import type { NodeId } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';
import type { RefusalName } from '../../wire/refusals.ts';
import type { Aliases } from './aliases.ts';
import type { NodeConfig } from './config.ts';
import { prefixesVia } from './peer-routes.ts';

export interface DirectedNode {
  readonly nodeId: NodeId;
  readonly config: NodeConfig;
  readonly tunnels: Tunnels;
  readonly ownIps: readonly Ip[];
  readonly pools: readonly Prefix[];
  readonly zone: string;
  readonly aliases: Aliases;
  readonly suites: SuiteSet;
}

type Direction = Values<'routeDirection'>;

/** Why this direction is not followed, or undefined. */
export function refusalOf(
  values: Direction,
  node: DirectedNode,
  known: Tunnel | undefined,
  suite: Suite,
): RefusalName | undefined {
  if (values.targetId !== node.nodeId || values.peerId === node.nodeId) return 'notAllowed';
  if (values.side > 1 || (values.suites & node.suites) === 0) return 'notAllowed';
  if (known) {
    const sameOwner = equalBytes(known.plan.issuerKey, values.issuerKey);
    return sameOwner && known.peer.nodeId === values.peerId ? undefined : 'pathIdTaken';
  }
  if (!values.keys) return 'unknownPath';
  if (nodeIdOf(suite, values.peerKey) !== values.peerId) return 'notAllowed';
  if (node.tunnels.size >= limits.maxPathsPerNode) return 'full';
  if (values.kind === 'exit') return node.config.exitPrefixes.length > 0 ? undefined : 'notAllowed';
  return ownsItsIps(values, node, suite) ? undefined : 'notAllowed';
}

/** The peer's IPv6 is in the /64 of its DS's key, and no other peer has its addresses, nor have we. */
function ownsItsIps(values: Direction, node: DirectedNode, suite: Suite): boolean {
  const { peerIpv4, peerIpv6 } = values;
  if (!peerIpv4 && !peerIpv6) return false;
  if (peerIpv6 && !prefixContains(zonePrefixIpv6(suite, values.peerDsKey), peerIpv6)) return false;
  const localIpv4 = node.aliases.localIpv4(values.peerId, values.peerName, peerIpv4);
  if (peerIpv4 && !localIpv4 && !peerIpv6) return false;
  // A foreign address that is not unique here has an alias, which is.
  const isOwn = localIpv4 !== undefined && localIpv4 === peerIpv4;
  if (isOwn && !node.pools.some((pool) => prefixContains(pool, peerIpv4))) return false;
  for (const ip of [isOwn ? peerIpv4 : undefined, peerIpv6]) {
    if (ip === undefined) continue;
    if (node.ownIps.includes(ip)) return false;
    for (const { peer, plan } of node.tunnels.values()) {
      const taken = plan.kind === 'node' && (peer.ipv4 === ip || peer.ipv6 === ip);
      if (taken && peer.nodeId !== values.peerId) return false;
    }
  }
  return true;
}

export function planOf(values: Direction, node: DirectedNode, ownDsKey: Uint8Array): TunnelPlan {
  const none = new Uint8Array(32);
  const { peerIpv4: peer4 } = values;
  const alias4 = node.aliases.localIpv4(values.peerId, values.peerName, peer4);
  const peerIps = [alias4, values.peerIpv6].filter((ip) => ip !== undefined);
  const isExit = values.kind === 'exit';
  const { peerRoutes = [] } = node.config;
  return {
    pathId: values.pathId,
    issuerKey: values.issuerKey,
    revision: values.revision,
    kind: values.kind,
    side: values.side === 0 ? 0 : 1,
    initiator: values.initiator,
    legKey: values.keys?.legKey ?? none,
    psk: values.keys?.psk ?? none,
    peer: {
      nodeId: values.peerId,
      publicKey: values.peerKey,
      name: values.peerName,
      dsKey: values.peerDsKey,
      ipv4: values.peerIpv4,
      ipv6: values.peerIpv6,
      incarnation: values.peerIncarnation,
      nat: values.peerNat,
      candidates: values.peerCandidates,
    },
    ownDsKey,
    ownIps: node.ownIps,
    relay: values.relay,
    suites: values.suites,
    idleMs: isExit ? 0 : Math.min(values.idleSeconds, node.config.idleSeconds) * 1000,
    peerPrefixes: isExit
      ? node.config.exitPrefixes
      : [
          ...peerIps.map((ip) => prefix(ip, isIpv6(ip) ? 128 : 32)),
          ...prefixesVia(
            peerRoutes,
            { name: values.peerName, dsKey: values.peerDsKey },
            { zone: node.zone, dsKey: ownDsKey },
          ),
        ],
    alias: !isExit && peer4 && alias4 && alias4 !== peer4 ? { alias4, peer4 } : undefined,
    excludedPrefixes: isExit
      ? [...node.pools, ...peerRoutes.map(({ prefix: behind }) => behind)]
      : [],
    globalOnly: false,
  };
}
