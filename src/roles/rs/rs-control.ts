/** The control methods of a Relay Server: status, paths, trace, diagnose. */
import type { PathStats } from '../../datapath/commands.ts';
import type { RoleContext } from '../../protocol/context.ts';
import type { PathRow, RsStatus } from '../../protocol/control-results.ts';
import type { ControlCall, JsonObject } from '../../protocol/machine.ts';
import { traceRows } from '../../protocol/trace-view.ts';
import type { Tunnel } from '../../protocol/tunnel/tunnel.ts';
import { formatNodeId } from '../../wire/ids.ts';
import type { Relay } from './relays.ts';
import type { RsRole } from './rs-role.ts';

export class RsControl {
  readonly #context: RoleContext;
  readonly #rs: RsRole;

  constructor(context: RoleContext, rs: RsRole) {
    this.#context = context;
    this.#rs = rs;
  }

  handle(id: number, call: ControlCall, stats: readonly PathStats[]): void {
    const answer = (result: object) =>
      this.#context.emit({
        kind: 'control-answer',
        id,
        answer: { ok: true, result: result as JsonObject },
      });
    if (call.method === 'status') answer(this.#status());
    else if (call.method === 'paths') answer({ paths: this.#pathRows(stats) });
    else if (call.method === 'trace') answer({ trace: traceRows('rs', this.#context) });
    else if (call.method === 'diagnose') answer({ checks: [] });
    else if (call.method === 'drain') {
      this.#rs.drain(call.arguments['off'] !== true);
      answer({ draining: this.#rs.draining, paths: this.#rs.pathCount });
    } else {
      const error = `A Relay Server has no method "${call.method}".`;
      this.#context.emit({ kind: 'control-answer', id, answer: { ok: false, error } });
    }
  }

  #status(): RsStatus {
    const registration = this.#rs.registration;
    const { association } = registration;
    return {
      state: registration.state,
      stateText: registration.stateText ?? null,
      name: this.#rs.registered?.name ?? null,
      zone: this.#rs.registered?.zone ?? null,
      nodeId: formatNodeId(this.#rs.nodeId),
      advertised: this.#rs.config.advertised,
      directionServer: {
        name: this.#rs.registered?.zone ?? null,
        nodeId: formatNodeId(association.peerId),
        endpoint: association.current?.endpoint ?? association.endpoints[0] ?? null,
        reachable: registration.reachable,
        sinceMs: Math.round(this.#context.now - registration.reachableSince),
        rttMs: registration.roundTripMs === undefined ? null : Math.round(registration.roundTripMs),
      },
      exit: this.#rs.config.exit,
      paths: this.#rs.pathCount,
      pathLimit: this.#rs.config.pathLimit,
      draining: this.#rs.draining,
      counters: this.#context.drops.snapshot(),
    };
  }

  #pathRows(stats: readonly PathStats[]): PathRow[] {
    const statsById = new Map(stats.map((each) => [each.pathId, each]));
    const { now } = this.#context;
    const relays = [...this.#rs.relays.values()].map((relay) =>
      relayRow(relay, statsById.get(relay.pathId), now),
    );
    const exits = [...this.#rs.exits.values()].map((exit) =>
      exitRow(exit, statsById.get(exit.pathId), now),
    );
    return [...relays, ...exits];
  }
}

const emptyRow = {
  role: 'rs',
  peerName: null,
  peerId: null,
  virtualIpv4: null,
  virtualIpv6: null,
  relayName: null,
  uplink: null,
  rttMs: null,
} as const;

function traffic(stats: PathStats | undefined) {
  return {
    sentBytes: stats?.sentBytes ?? 0,
    receivedBytes: stats?.receivedBytes ?? 0,
    sentPackets: stats?.sentPackets ?? 0,
    receivedPackets: stats?.receivedPackets ?? 0,
    lostPackets: stats?.lostPackets ?? null,
    dropped: stats?.dropped ?? {},
  };
}

function relayRow(relay: Relay, stats: PathStats | undefined, now: number): PathRow {
  return {
    ...emptyRow,
    ...traffic(stats),
    pathId: relay.pathId,
    kind: 'node',
    state: relay.legs.every((leg) => leg.verified) ? 'up' : 'building',
    route: 'relay',
    suite: null,
    endpoint: relay.legs[0].endpoint ?? null,
    otherEndpoint: relay.legs[1].endpoint ?? null,
    ageMs: Math.round(now - relay.createdAt),
    idleMs: Math.round(now - relay.lastUsedAt),
  };
}

function exitRow(exit: Tunnel, stats: PathStats | undefined, now: number): PathRow {
  return {
    ...emptyRow,
    ...traffic(stats),
    pathId: exit.pathId,
    kind: 'exit',
    peerName: exit.peer.name,
    peerId: formatNodeId(exit.peer.nodeId),
    virtualIpv4: exit.peer.ipv4 ?? null,
    virtualIpv6: exit.peer.ipv6 ?? null,
    state: exit.established ? 'up' : 'building',
    route: exit.active === 'none' ? 'none' : 'direct',
    suite: exit.suite ?? null,
    endpoint: exit.direct ?? null,
    otherEndpoint: null,
    rttMs: exit.roundTripMs === undefined ? null : Math.round(exit.roundTripMs),
    ageMs: Math.round(now - exit.createdAt),
    idleMs: null,
  };
}
