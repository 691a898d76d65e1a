/** What the owner of a Relay Server decides. */
import type { Endpoint, Prefix } from '../../base/ip.ts';

export interface RsConfig {
  readonly name: string;
  readonly directionServer: {
    readonly endpoints: readonly Endpoint[];
    readonly publicKey: Uint8Array;
  };
  readonly token: Uint8Array | undefined;
  /** Public endpoints that nodes are told. */
  readonly advertised: readonly Endpoint[];
  /** Carry traffic to general nodes. */
  readonly exit: boolean;
  /** Exit: inner destinations that are private are allowed too. */
  readonly exitPrivate: boolean;
  readonly device: string;
  readonly mtu: number;
  readonly pathLimit: number;
  /** Share of the paths that this server takes against others, 1 to 100. */
  readonly weight: number;
  /** Zone's pools are routed to the device when this is an exit; told by the DS. */
  readonly exitPools: readonly Prefix[];
}
