/** What the owner of a Direction Server decides. */
import type { Endpoint, Prefix } from '../../base/ip.ts';
import type { NodeId } from '../../wire/ids.ts';

export interface ForeignZone {
  readonly zone: string;
  readonly endpoints: readonly Endpoint[];
  readonly publicKey: Uint8Array;
  readonly pools: readonly Prefix[];
  readonly policy: 'allow' | 'deny';
}

export interface DsConfig {
  readonly zone: string;
  /** Public endpoints, told in invites. */
  readonly advertised: readonly Endpoint[];
  /** IPv4 pool; undefined for the default /20 picked by the hash of the key. */
  readonly pool: Prefix | undefined;
  readonly foreignZones: readonly ForeignZone[];
  /** Keys that need no invite: a Relay Server or node in the same daemon, by its Node ID. */
  readonly localRelays: readonly NodeId[];
  readonly localNodes: readonly { readonly nodeId: NodeId; readonly name: string }[];
  readonly idleSeconds: number;
}
