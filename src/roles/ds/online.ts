/**
 * Who is online and where (paper section 4.2: management of location information): what the last Registration
 * and NTM Update said and from where it was heard. Soft state: a restart begins empty.
 */
import { type Endpoint, endpointIp, isUnicast } from '../../base/ip.ts';
import { natSituation } from '../../protocol/path-choice.ts';
import type { Association } from '../../protocol/session.ts';
import type { Incarnation, NodeId } from '../../wire/ids.ts';
import { maxCandidates } from '../../wire/message-row.ts';
import type { Candidate, NatSituation, Values } from '../../wire/messages.ts';

export interface OnlineNode {
  readonly nodeId: NodeId;
  association: Association;
  incarnation: Incarnation;
  software: string;
  /** Its owner wants its real address in the DNS. */
  publish: boolean;
  move: number;
  observed: Endpoint;
  local: readonly Endpoint[];
  mapped: readonly Endpoint[];
  nat: NatSituation;
  relayDelays: ReadonlyMap<NodeId, number>;
  heardAt: number;
  /** Whether this run of the DS has asked for the live paths. */
  toldLivePaths: boolean;
}

/** Candidates for the peers: a global address of the node itself first, then what was observed. */
export function candidatesOf(node: OnlineNode): readonly Candidate[] {
  const found = new Map<Endpoint, Candidate>();
  const add = (kind: Candidate['kind'], endpoint: Endpoint) => {
    if (isUnicast(endpointIp(endpoint)) && !found.has(endpoint))
      found.set(endpoint, { kind, endpoint });
  };
  add('observed', node.observed);
  for (const endpoint of node.mapped) add('mapped', endpoint);
  for (const endpoint of node.local) add('local', endpoint);
  return [...found.values()].slice(0, maxCandidates);
}

/** Takes over an NTM Update; true when peers have to be told. Older moves change nothing. */
export function updateLocation(
  node: OnlineNode,
  values: Values<'updateRequest'>,
  from: Endpoint,
): boolean {
  if (values.move < node.move) return false;
  const before = locationText(node);
  node.move = values.move;
  node.observed = from;
  node.local = values.local;
  node.mapped = values.mapped;
  node.nat = natSituation(from, values.local);
  node.relayDelays = new Map(values.relayDelays.map(({ relayId, delayMs }) => [relayId, delayMs]));
  return locationText(node) !== before;
}

function locationText(node: OnlineNode): string {
  return `${node.observed} ${node.local.join(' ')} ${node.mapped.join(' ')} ${node.nat}`;
}
