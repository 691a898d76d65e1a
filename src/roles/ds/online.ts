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

/** Few, as the node told them. */
export type RelayDelays = Values<'updateRequest'>['relayDelays'];

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
  relayDelays: RelayDelays;
  heardAt: number;
  /** Whether this run of the DS has asked for the live paths. */
  toldLivePaths: boolean;
}

/** Candidates for the peers: a global address of the node itself first, then what was observed. */
export function candidatesOf(node: OnlineNode): readonly Candidate[] {
  const found: Candidate[] = [];
  addCandidate(found, 'observed', node.observed);
  addCandidates(found, 'mapped', node.mapped);
  addCandidates(found, 'local', node.local);
  return found;
}

/** No iterators here: this is done for every move. */
function addCandidates(
  found: Candidate[],
  kind: Candidate['kind'],
  endpoints: readonly Endpoint[],
): void {
  for (let index = 0; index < endpoints.length; index += 1)
    addCandidate(found, kind, endpoints[index] as Endpoint);
}

function addCandidate(found: Candidate[], kind: Candidate['kind'], endpoint: Endpoint): void {
  if (found.length >= maxCandidates || !isUnicast(endpointIp(endpoint))) return;
  for (let index = 0; index < found.length; index += 1)
    if (found[index]?.endpoint === endpoint) return;
  found.push({ kind, endpoint });
}

/** What peers and their Direction Servers are told of where a node is. */
export function placeOf(node: OnlineNode) {
  const { nodeId, incarnation, nat } = node;
  return { nodeId, incarnation, nat, candidates: candidatesOf(node) };
}

/** Takes over an NTM Update; true when peers have to be told. Older moves change nothing. */
export function updateLocation(
  node: OnlineNode,
  values: Values<'updateRequest'>,
  from: Endpoint,
): boolean {
  if (values.move < node.move) return false;
  const nat = natSituation(from, values.local);
  const moved =
    node.observed !== from ||
    node.nat !== nat ||
    !sameEndpoints(node.local, values.local) ||
    !sameEndpoints(node.mapped, values.mapped);
  node.move = values.move;
  node.observed = from;
  node.local = values.local;
  node.mapped = values.mapped;
  node.nat = nat;
  node.relayDelays = values.relayDelays;
  return moved;
}

function sameEndpoints(before: readonly Endpoint[], after: readonly Endpoint[]): boolean {
  if (before.length !== after.length) return false;
  for (let index = 0; index < before.length; index += 1)
    if (before[index] !== after[index]) return false;
  return true;
}
