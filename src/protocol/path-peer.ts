/** One end of a path as the others know it: told in Route Directions, kept at the DSs and at the other end. */
import type { Ip } from '../base/ip.ts';
import type { Incarnation, NodeId } from '../wire/ids.ts';
import type { Candidate, NatSituation } from '../wire/messages.ts';

export interface PathPeer {
  readonly nodeId: NodeId;
  readonly publicKey: Uint8Array;
  /** name.zone */
  readonly name: string;
  readonly dsKey: Uint8Array;
  readonly ipv4: Ip | undefined;
  readonly ipv6: Ip | undefined;
  incarnation: Incarnation;
  nat: NatSituation;
  candidates: readonly Candidate[];
}
