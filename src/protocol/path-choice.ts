/**
 * Table 1 of the paper: end to end where at least one end has a global address, via the Relay Server where
 * both are behind NATs. Beyond it, which candidates of a peer are worth a probe (protocol.md 7).
 */
import { type Endpoint, endpointIp, type Ip, isPrivate, isUnicast } from '../base/ip.ts';
import type { Candidate, NatSituation } from '../wire/messages.ts';

/** Row of Table 1 for these two ends. An unknown situation is taken for a NAT. */
export function tableRoute(one: NatSituation, other: NatSituation): 'direct' | 'relay' {
  return one === 'global' || other === 'global' ? 'direct' : 'relay';
}

/** G when the endpoint that the DS saw is one of the node's own, else P (protocol.md 7). */
export function natSituation(observed: Endpoint, local: readonly Endpoint[]): NatSituation {
  const ip = endpointIp(observed);
  // No closure here: a Direction Server does this for every move.
  for (let index = 0; index < local.length; index += 1)
    if (endpointIp(local[index] as Endpoint) === ip) return 'global';
  return 'private';
}

export interface OwnPlace {
  readonly nat: NatSituation;
  /** As the DS saw it. */
  readonly observedIp: Ip | undefined;
  readonly punch: boolean;
}

export interface PeerPlace {
  readonly nat: NatSituation;
  readonly candidates: readonly Candidate[];
}

/**
 * The candidates of a peer that may be reached directly. Private addresses only when both ends were seen at
 * the same external address, so that no stranger's host in our own network is probed (pattern 15).
 */
export function directCandidates(own: OwnPlace, peer: PeerPlace): readonly Endpoint[] {
  const mayPunch = own.punch || tableRoute(own.nat, peer.nat) === 'direct';
  const sameExternal =
    own.observedIp !== undefined &&
    peer.candidates.some(
      (each) => each.kind === 'observed' && endpointIp(each.endpoint) === own.observedIp,
    );
  const found = new Set<Endpoint>();
  for (const { kind, endpoint } of peer.candidates) {
    const ip = endpointIp(endpoint);
    if (!isUnicast(ip)) continue;
    if (kind === 'local' && isPrivate(ip) ? sameExternal : mayPunch) found.add(endpoint);
  }
  return [...found];
}
