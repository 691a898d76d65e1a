/**
 * Prefixes behind other nodes that the owner of this one has allowed, and for whom: which path may carry
 * them (protocol.md 11.4). A name counts only as its own Direction Server gives it.
 */
import { equalBytes } from '../../base/bytes.ts';
import { type Ip, type Prefix, prefixContains, prefixLength } from '../../base/ip.ts';
import type { PeerRoute } from './config.ts';

/** Whom the routes are compared with. */
export interface RouteOwner {
  /** name.zone */
  readonly name: string;
  readonly dsKey: Uint8Array;
}

export interface OwnZone {
  readonly zone: string;
  readonly dsKey: Uint8Array;
}

/** "router" is in the own zone, "router.office.example" where it says. */
export function fullName(via: string, zone: string): string {
  return via.includes('.') ? via : `${via}.${zone}`;
}

/** The prefixes that the path to this peer may carry. */
export function prefixesVia(
  routes: readonly PeerRoute[],
  peer: RouteOwner,
  own: OwnZone,
): readonly Prefix[] {
  const name = peer.name.toLowerCase();
  const claimsOwnZone = name.endsWith(`.${own.zone}`);
  if (claimsOwnZone && !equalBytes(peer.dsKey, own.dsKey)) return [];
  return routes.filter(({ via }) => fullName(via, own.zone) === name).map(({ prefix }) => prefix);
}

/** The route with the longest prefix that holds the address. */
export function routeTo(routes: readonly PeerRoute[], ip: Ip): PeerRoute | undefined {
  let best: PeerRoute | undefined;
  for (const route of routes) {
    if (!prefixContains(route.prefix, ip)) continue;
    if (!best || prefixLength(route.prefix) > prefixLength(best.prefix)) best = route;
  }
  return best;
}
