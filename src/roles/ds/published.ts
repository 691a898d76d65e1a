/**
 * NTM records as this Direction Server publishes them: what it answers itself, and, without all that changes
 * as nodes move, what leaves as dynamic update.
 */
import { endpointIp, type Ip, isUnicast } from '../../base/ip.ts';
import {
  encodeNtmNode,
  encodeNtmRecord,
  encodeNtmServer,
  type NtmNode,
  type NtmServer,
  ntmRecordVersion,
} from '../../dns/ntm-record.ts';
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
export function zoneNtmRecord(ds: DsRole, environment: Environment): Uint8Array {
  const { keys } = environment;
  return encodeNtmRecord({
    version: ntmRecordVersion,
    nodeId: ds.nodeId,
    publicKey: keys.publicKey,
    virtualIpv4: undefined,
    virtualIpv6: undefined,
    nat: 'global',
    ...serverOf(ds, environment, undefined),
  });
}

/** Makes the records of nodes; what they have in common is made once, until another Relay Server is the first. */
export class NodeNtmRecords {
  readonly #ds: DsRole;
  readonly #environment: Environment;
  #relay: NtmServer['relay'];
  #server: Uint8Array | undefined;

  constructor(ds: DsRole, environment: Environment) {
    this.#ds = ds;
    this.#environment = environment;
  }

  of(node: NodeRecord): Uint8Array {
    const [relay] = this.#ds.fleet.values();
    const endpoint = relay?.endpoints[0];
    const { relayId } = relay ?? {};
    if (!this.#server || this.#relay?.relayId !== relayId || this.#relay?.endpoint !== endpoint) {
      this.#relay = relayId && endpoint ? { relayId, endpoint } : undefined;
      this.#server = encodeNtmServer(serverOf(this.#ds, this.#environment, this.#relay));
    }
    const nat = this.#ds.online(node.nodeId)?.nat ?? 'unknown';
    return encodeNtmNode(nodeOf(node, nat), this.#server);
  }
}

/** The part that stays while a node moves and Relay Servers come and go. */
export function lastingNtmRecord(
  ds: DsRole,
  environment: Environment,
  node: NodeRecord,
): Uint8Array {
  const server = serverOf(ds, environment, undefined);
  return encodeNtmRecord({ ...nodeOf(node, 'unknown'), ...server });
}

function nodeOf(node: NodeRecord, nat: NtmNode['nat']): NtmNode {
  return {
    version: ntmRecordVersion,
    nodeId: node.nodeId,
    publicKey: node.publicKey,
    virtualIpv4: node.ipv4,
    virtualIpv6: node.ipv6,
    nat,
  };
}

function serverOf(ds: DsRole, { keys }: Environment, relay: NtmServer['relay']): NtmServer {
  return { dsKey: keys.publicKey, dsAddresses: ds.config.advertised.slice(0, 4), relay };
}
