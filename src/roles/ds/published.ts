/**
 * NTM records as this Direction Server publishes them: what it answers itself, and, without all that changes
 * as nodes move, what leaves as dynamic update.
 */
import { endpointIp, type Ip, isUnicast } from '../../base/ip.ts';
import { encodeNtmRecord, type NtmRecord, ntmRecordVersion } from '../../dns/ntm-record.ts';
import type { Environment } from '../../protocol/machine.ts';
import type { NodeRecord } from './directory.ts';
import type { DsRole } from './ds-role.ts';

/** How long others may remember, in seconds: addresses move. */
export const publishedTtl = { address: 10, ntm: 60 } as const;

/** The real addresses of a node whose owner lets the DNS tell them. */
export function publishedIps(ds: DsRole, node: NodeRecord | undefined): readonly Ip[] {
  const online = node && ds.online(node.nodeId);
  if (!online?.publish) return [];
  const ip = endpointIp(online.observed);
  return isUnicast(ip) ? [ip] : [];
}

/** Of the zone itself: who its Direction Server is. */
export function zoneNtmRecord(ds: DsRole, { keys }: Environment): Uint8Array {
  return encodeNtmRecord({
    version: ntmRecordVersion,
    nodeId: ds.nodeId,
    publicKey: keys.publicKey,
    virtualIpv4: undefined,
    virtualIpv6: undefined,
    nat: 'global',
    dsKey: keys.publicKey,
    dsAddresses: ds.config.advertised.slice(0, 4),
    relay: undefined,
  });
}

export function nodeNtmRecord(ds: DsRole, environment: Environment, node: NodeRecord): Uint8Array {
  const [relay] = ds.fleet.values();
  const endpoint = relay?.endpoints[0];
  return ntmRecord(
    ds,
    environment,
    node,
    ds.online(node.nodeId)?.nat ?? 'unknown',
    relay && endpoint ? { relayId: relay.relayId, endpoint } : undefined,
  );
}

/** The part that stays while a node moves and Relay Servers come and go. */
export function lastingNtmRecord(
  ds: DsRole,
  environment: Environment,
  node: NodeRecord,
): Uint8Array {
  return ntmRecord(ds, environment, node, 'unknown', undefined);
}

function ntmRecord(
  ds: DsRole,
  { keys }: Environment,
  node: NodeRecord,
  nat: NtmRecord['nat'],
  relay: NtmRecord['relay'],
): Uint8Array {
  return encodeNtmRecord({
    version: ntmRecordVersion,
    nodeId: node.nodeId,
    publicKey: node.publicKey,
    virtualIpv4: node.ipv4,
    virtualIpv6: node.ipv6,
    nat,
    dsKey: keys.publicKey,
    dsAddresses: ds.config.advertised.slice(0, 4),
    relay,
  });
}
