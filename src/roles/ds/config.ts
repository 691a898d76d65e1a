/** What the owner of a Direction Server decides. */
import type { Endpoint, Prefix } from '../../base/ip.ts';
import type { ForeignZone } from '../../protocol/foreign-zone.ts';
import type { NodeId } from '../../wire/ids.ts';

/** Whether paths to and from a zone are allowed at once, only once the owner accepts it, or not at all. */
export type ZonePolicy = 'allow' | 'ask' | 'deny';

export interface UpdateSettings {
  readonly server: Endpoint;
  readonly zone: string;
  /** Zones there that hold the names of virtual IPs. */
  readonly reverseZones: readonly string[];
}

/** The Direction Server as name server. */
export interface DsNames {
  /** Names in the NS records; empty for "ns" in the zone. */
  readonly nameServers: readonly string[];
  /** From one source over UDP, beyond which it is told to use TCP; 0 for no limit. */
  readonly queriesPerSecond: number;
  /** The primary server that gets the names as dynamic updates (RFC 2136), and its zones. */
  readonly updates: UpdateSettings | undefined;
}

export const plainNames: DsNames = { nameServers: [], queriesPerSecond: 200, updates: undefined };

export interface DsConfig {
  readonly zone: string;
  /** Public endpoints, told in invites. */
  readonly advertised: readonly Endpoint[];
  /** IPv4 pool; undefined for the default /20 picked by the hash of the key. */
  readonly pool: Prefix | undefined;
  readonly foreignZones: readonly ForeignZone[];
  /** For zones that are found by DNS; "ask" when absent. */
  readonly foreignPolicy?: ZonePolicy;
  /** Keys that need no invite: a Relay Server or node in the same daemon, by its Node ID. */
  readonly localRelays: readonly NodeId[];
  readonly localNodes: readonly { readonly nodeId: NodeId; readonly name: string }[];
  readonly idleSeconds: number;
  /** `plainNames` when absent. */
  readonly names?: DsNames;
}
