/** The control methods of a node: status, paths, handovers, connect, ping, close, trace, diagnose. */
import { toHex } from '../../base/bytes.ts';
import { parseIp } from '../../base/ip.ts';
import type { PathStats } from '../../datapath/commands.ts';
import type { RoleContext } from '../../protocol/context.ts';
import type {
  CheckRow,
  HandoverPath,
  HandoverRow,
  HandoversResult,
  NodeStatus,
  ServerReach,
} from '../../protocol/control-results.ts';
import { pageOf, pageWish } from '../../protocol/list-page.ts';
import type { ControlCall, JsonObject } from '../../protocol/machine.ts';
import { traceRows } from '../../protocol/trace-view.ts';
import type { Tunnel } from '../../protocol/tunnel/tunnel.ts';
import { formatNodeId, type NodeId, parseNodeId } from '../../wire/ids.ts';
import { type Target, targetKey } from './directions.ts';
import type { NodeRole } from './node-role.ts';
import { pathRow, relayName, routeOf } from './path-view.ts';
import type { Waiter } from './waiters.ts';

const connectWaitMs = 8000;
const pingWaitMs = 3000;

export class NodeControl {
  readonly #context: RoleContext;
  readonly #node: NodeRole;

  constructor(context: RoleContext, node: NodeRole) {
    this.#context = context;
    this.#node = node;
  }

  handle(id: number, call: ControlCall, stats: readonly PathStats[]): void {
    const { now } = this.#context;
    switch (call.method) {
      case 'status':
        return this.#answer(id, this.#status());
      case 'paths':
        return this.#answer(id, { paths: this.#paths(stats) });
      case 'handovers':
        return this.#answer(id, handoversPage(this.#node.handovers.rows(now), call.arguments));
      case 'trace':
        return this.#answer(id, { trace: traceRows('node', this.#context) });
      case 'diagnose':
        return this.#answer(id, { checks: this.#checks() });
      case 'connect':
      case 'ping':
        return this.#connect(id, call.method, String(call.arguments['peer'] ?? ''));
      case 'close':
        return this.#close(id, String(call.arguments['peer'] ?? ''));
      case 'resolve':
        return this.#resolve(id, String(call.arguments['name'] ?? ''));
      default:
        return this.#fail(id, `A node has no method "${call.method}".`);
    }
  }

  #answer(id: number, result: object): void {
    this.#context.emit({
      kind: 'control-answer',
      id,
      answer: { ok: true, result: result as JsonObject },
    });
  }

  #resolve(id: number, text: string): void {
    const name = text.toLowerCase().replace(/\.$/, '');
    const ip = parseIp(name);
    this.#node.names.find(ip ? { ip } : name, (resolved) => {
      if (typeof resolved === 'string') return this.#fail(id, resolved);
      const { record, source } = resolved;
      this.#answer(id, {
        name: resolved.name,
        source,
        nodeId: formatNodeId(record.nodeId),
        publicKey: toHex(record.publicKey),
        virtualIpv4: record.virtualIpv4 ?? null,
        virtualIpv6: record.virtualIpv6 ?? null,
        nat: record.nat,
        dsKey: toHex(record.dsKey),
        dsAddresses: record.dsAddresses,
      });
    });
  }

  #fail(id: number, error: string): void {
    this.#context.emit({ kind: 'control-answer', id, answer: { ok: false, error } });
  }

  #paths(stats: readonly PathStats[]) {
    const statsById = new Map(stats.map((each) => [each.pathId, each]));
    return [...this.#node.tunnels.values()].map((tunnel) =>
      pathRow(tunnel, this.#node.locality, statsById.get(tunnel.pathId), this.#context.now),
    );
  }

  #status(): NodeStatus {
    const { registration, locality, registered, config } = this.#node;
    const preferred = locality.uplinks.find((uplink) => uplink.usable);
    return {
      state: registration.state,
      stateText: registration.stateText ?? null,
      name: registered?.name ?? null,
      zone: registered?.zone ?? null,
      nodeId: formatNodeId(this.#node.nodeId),
      virtualIpv4: registered?.virtualIpv4 ?? null,
      virtualIpv6: registered?.virtualIpv6 ?? null,
      device: config.device,
      mtu: config.mtu,
      directionServer: this.#directionServer(),
      relays: this.#relays(),
      nat: locality.nat,
      observed: locality.observed ?? null,
      uplinks: locality.uplinks.map((uplink) => ({
        id: uplink.id,
        device: uplink.device,
        ip: uplink.ip,
        usable: uplink.usable,
        preferred: uplink === preferred,
      })),
      paths: this.#node.tunnels.size,
      handovers: this.#node.handovers.count,
      counters: this.#context.drops.snapshot(),
    };
  }

  #directionServer(): ServerReach {
    const { registration, registered } = this.#node;
    const { association } = registration;
    return {
      name: registered?.zone ?? null,
      nodeId: formatNodeId(association.peerId),
      endpoint: association.current?.endpoint ?? association.endpoints[0] ?? null,
      reachable: registration.reachable,
      sinceMs: Math.round(this.#context.now - registration.reachableSince),
      rttMs: registration.roundTripMs === undefined ? null : Math.round(registration.roundTripMs),
    };
  }

  #relays(): ServerReach[] {
    const reachById = new Map<NodeId, ServerReach>();
    for (const { relayId, endpoints } of this.#node.registered?.relays ?? []) {
      reachById.set(relayId, reach(relayId, endpoints[0] ?? null, null, null));
    }
    for (const { relay, leg } of this.#node.tunnels.values()) {
      if (!relay || (reachById.get(relay.relayId)?.reachable && leg.state !== 'open')) continue;
      const open = leg.state === 'open';
      const endpoint = relay.endpoints[0] ?? null;
      reachById.set(relay.relayId, reach(relay.relayId, endpoint, open, leg.delayMs ?? null));
    }
    return [...reachById.values()];
  }

  #checks(): CheckRow[] {
    const { registration, locality } = this.#node;
    if (registration.state !== 'registered' || locality.uplinks.length > 0) return [];
    return [
      {
        check: 'Uplinks',
        state: 'fail',
        finding: 'No network connection is up.',
        act: 'Connect this device to a network.',
      },
    ];
  }

  /** A peer by name, virtual IP or Node ID, as a person types it. */
  #target(peer: string): Target | undefined {
    const nodeId = parseNodeId(peer);
    if (nodeId) return { by: 'node-id', nodeId, name: '' };
    const ip = parseIp(peer);
    if (ip) return this.#node.aliases.targetOf(ip);
    if (peer.length === 0 || peer.length > 254) return undefined;
    return { by: 'name', name: peer.toLowerCase().replace(/\.$/, '') };
  }

  #tunnelTo(target: Target): Tunnel | undefined {
    const zone = this.#node.registered?.zone ?? '';
    for (const tunnel of this.#node.tunnels.values()) {
      const { peer } = tunnel;
      if (tunnel.plan.kind !== 'node') continue;
      const isIt =
        target.by === 'node-id'
          ? peer.nodeId === target.nodeId
          : target.by === 'virtual-ip'
            ? peer.ipv4 === target.ip || peer.ipv6 === target.ip
            : target.by === 'name' &&
              (peer.name === target.name || peer.name === `${target.name}.${zone}`);
      if (isIt) return tunnel;
    }
    return undefined;
  }

  #connect(id: number, what: Waiter['what'], peer: string): void {
    const target = this.#target(peer);
    if (!target) return this.#fail(id, 'Which peer? Give a name, a virtual IP or a Node ID.');
    const { registration, waiters } = this.#node;
    if (!registration.registered) {
      return this.#fail(id, registration.stateText ?? 'This node is not registered yet.');
    }
    const tunnel = this.#tunnelTo(target);
    const waitMs = what === 'ping' ? pingWaitMs : connectWaitMs;
    if (!tunnel) {
      waiters.add(id, what, targetKey(target), undefined, connectWaitMs);
      this.#node.directions.ask(target, undefined, true);
      return;
    }
    waiters.add(id, what, undefined, tunnel.pathId, waitMs);
    if (!tunnel.established) return;
    for (const waiter of waiters.ofPath(tunnel.pathId))
      if (waiter.id === id) this.up(waiter, tunnel);
  }

  /** The path that a waiting call asked for is up. */
  up(waiter: Waiter, tunnel: Tunnel): void {
    if (waiter.what === 'ping') {
      this.#node.tunnels.ping(tunnel);
      return;
    }
    this.#node.waiters.succeed(waiter, {
      pathId: tunnel.pathId,
      peerName: tunnel.peer.name,
      peerId: formatNodeId(tunnel.peer.nodeId),
      virtualIpv4: tunnel.plan.alias?.alias4 ?? tunnel.peer.ipv4 ?? null,
      virtualIpv6: tunnel.peer.ipv6 ?? null,
      route: routeOf(tunnel, this.#node.locality),
      relayName: tunnel.active === 'relay' ? relayName(tunnel) : null,
      tookMs: Math.round(this.#context.now - waiter.since),
    });
  }

  answered(tunnel: Tunnel, roundTripMs: number): void {
    for (const waiter of this.#node.waiters.ofPath(tunnel.pathId)) {
      if (waiter.what !== 'ping') continue;
      this.#node.waiters.succeed(waiter, {
        peerName: tunnel.peer.name,
        peerId: formatNodeId(tunnel.peer.nodeId),
        virtualIp: tunnel.plan.alias?.alias4 ?? tunnel.peer.ipv4 ?? tunnel.peer.ipv6 ?? null,
        route: routeOf(tunnel, this.#node.locality),
        relayName: tunnel.active === 'relay' ? relayName(tunnel) : null,
        rttMs: Math.round(roundTripMs * 100) / 100,
      });
    }
  }

  #close(id: number, peer: string): void {
    const target = this.#target(peer);
    const tunnel = target && this.#tunnelTo(target);
    if (!tunnel)
      return this.#fail(id, `There is no path to "${peer}". "ntmobile paths" lists them.`);
    this.#node.tunnels.close(tunnel, 'stopping', 'closed by hand');
    this.#answer(id, { pathId: tunnel.pathId, peerName: tunnel.peer.name });
  }
}

function reach(
  relayId: NodeId,
  endpoint: string | null,
  reachable: boolean | null,
  rttMs: number | null,
): ServerReach {
  return { name: null, nodeId: formatNodeId(relayId), endpoint, reachable, sinceMs: null, rttMs };
}

function handoversPage(rows: readonly HandoverRow[], given: JsonObject): HandoversResult {
  const wish = pageWish(given);
  const most = typeof given['paths'] === 'number' ? given['paths'] : Number.POSITIVE_INFINITY;
  const handovers = pageOf(wish, rows).map((row) =>
    row.paths.length <= most ? row : { ...row, paths: slowest(row.paths).slice(0, most) },
  );
  return { handovers, total: rows.length };
}

/** One without an answer is the slowest of all. */
function slowest(paths: readonly HandoverPath[]): HandoverPath[] {
  const silence = (path: HandoverPath) =>
    path.firstDataMs ?? path.firstAnswerMs ?? Number.POSITIVE_INFINITY;
  return [...paths].sort((left, right) => silence(right) - silence(left));
}
