/** What a node's owner decides; made from UCI text by the platform, or by a test. */
import type { Endpoint, Prefix } from '../../base/ip.ts';

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
  /** Try to punch a direct path when both ends are behind NATs (beyond the paper). */
  readonly punch: boolean;
  /** Build paths to nodes of other zones. */
  readonly idleSeconds: number;
  readonly port: number;
}
