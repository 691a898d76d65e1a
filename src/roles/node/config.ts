/** What a node's owner decides; made from UCI text by the platform, or by a test. */
import type { Endpoint, Prefix } from '../../base/ip.ts';

/** Names at a node: what its owner tells the world, and what its stub resolves. */
export interface NodeNames {
  /** The Direction Server may tell the node's real address in the DNS. */
  readonly publish: boolean;
  /** Zones besides its own and those its Direction Server knows. */
  readonly zones: readonly string[];
}

export const plainNames: NodeNames = { publish: false, zones: [] };

/** A prefix that is no virtual one, reached through the node of this name: only its own owner says so. */
export interface PeerRoute {
  readonly prefix: Prefix;
  /** In the own zone, or with the zone behind it. */
  readonly via: string;
}

export interface NodeConfig {
  readonly device: string;
  readonly mtu: number;
  /** Direction Server and, until it is spent, the token of the invite. */
  readonly directionServer: {
    readonly endpoints: readonly Endpoint[];
    readonly publicKey: Uint8Array;
  };
  readonly token: Uint8Array | undefined;
  readonly wantedName: string;
  /** General destinations that are reached through a Relay Server's exit; empty for none. */
  readonly exitPrefixes: readonly Prefix[];
  /** Hosts behind other nodes (protocol.md 11.4: no peer can claim a prefix by itself). */
  readonly peerRoutes?: readonly PeerRoute[];
  /** Try to punch a direct path when both ends are behind NATs (beyond the paper). */
  readonly punch: boolean;
  /** Build paths to nodes of other zones. */
  readonly idleSeconds: number;
  readonly port: number;
  /** `plainNames` when absent. */
  readonly names?: NodeNames;
}
