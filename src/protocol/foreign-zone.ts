/** The zone of another Direction Server, as its owner told ours: a setting that may change while it runs. */
import type { Endpoint, Prefix } from '../base/ip.ts';

export interface ForeignZone {
  readonly zone: string;
  readonly endpoints: readonly Endpoint[];
  readonly publicKey: Uint8Array;
  readonly pools: readonly Prefix[];
  readonly policy: 'allow' | 'deny';
}
