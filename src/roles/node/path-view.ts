/** Paths and handovers of a node as the control methods show them. */

import type { PathStats } from '../../datapath/commands.ts';
import type { HandoverPath, PathRow, RouteKind } from '../../protocol/control-results.ts';
import type { Locality } from '../../protocol/tunnel/locality.ts';
import { lostInMove } from '../../protocol/tunnel/losses.ts';
import type { Handover, Tunnel } from '../../protocol/tunnel/tunnel.ts';
import { formatNodeId } from '../../wire/ids.ts';
import { routeKind } from './handover-log.ts';

/** "punched" is direct although neither end has a global address. */
export function routeOf(tunnel: Tunnel, locality: Locality): RouteKind {
  const bothPrivate = tunnel.peer.nat === 'private' && locality.nat !== 'global';
  return routeKind(tunnel.active, bothPrivate);
}

export function relayName(tunnel: Tunnel): string | null {
  return tunnel.relay ? formatNodeId(tunnel.relay.relayId) : null;
}

export function pathRow(
  tunnel: Tunnel,
  locality: Locality,
  stats: PathStats | undefined,
  now: number,
): PathRow {
  const lastData = Math.max(stats?.lastSentAt ?? 0, stats?.lastReceivedAt ?? 0);
  const relayEndpoint = tunnel.relay?.endpoints.find((each) => locality.canReach(each)) ?? null;
  const endpoint = tunnel.active === 'direct' ? (tunnel.direct ?? null) : relayEndpoint;
  const silent = tunnel.deadTries > 0 || tunnel.moveUnanswered;
  return {
    role: 'node',
    pathId: tunnel.pathId,
    kind: tunnel.plan.kind,
    peerName: tunnel.peer.name,
    peerId: formatNodeId(tunnel.peer.nodeId),
    virtualIpv4: tunnel.plan.alias?.alias4 ?? tunnel.peer.ipv4 ?? null,
    virtualIpv6: tunnel.peer.ipv6 ?? null,
    state: !tunnel.established ? 'building' : silent ? 'silent' : 'up',
    route: routeOf(tunnel, locality),
    suite: tunnel.suite ?? null,
    relayName: relayName(tunnel),
    endpoint,
    otherEndpoint: null,
    uplink: endpoint ? (tunnel.heldUplink?.id ?? locality.uplinkTo(endpoint) ?? null) : null,
    rttMs: tunnel.roundTripMs === undefined ? null : Math.round(tunnel.roundTripMs * 10) / 10,
    ageMs: Math.round(now - tunnel.createdAt),
    idleMs: lastData > 0 ? Math.round(now - lastData) : null,
    sentBytes: stats?.sentBytes ?? 0,
    receivedBytes: stats?.receivedBytes ?? 0,
    sentPackets: stats?.sentPackets ?? 0,
    receivedPackets: stats?.receivedPackets ?? 0,
    lostPackets: stats?.lostPackets ?? null,
    dropped: stats?.dropped ?? {},
  };
}

export function handoverPath(tunnel: Tunnel, handover: Handover, locality: Locality): HandoverPath {
  const bothPrivate = tunnel.peer.nat === 'private' && locality.nat !== 'global';
  const round = (value: number | undefined) => (value === undefined ? null : Math.round(value));
  return {
    pathId: tunnel.pathId,
    peerName: tunnel.peer.name,
    before: routeKind(handover.kindBefore, bothPrivate),
    after: routeKind(handover.kindAfter, bothPrivate),
    firstAnswerMs: round(handover.answeredMs),
    firstDataMs: round(handover.dataMs),
    lostPackets: lostInMove(handover) ?? null,
    peerLostPackets: handover.peerLostPackets ?? null,
  };
}
