/**
 * Directing paths (paper sections 3.3, 3.4, 4.2): new ones on request, all of a node's when it moves or
 * restarts, those of a Relay Server when it restarts or is gone. The work of a move depends on the paths of
 * the node that moves and on nothing else.
 */
import { equalBytes, toHex } from '../../base/bytes.ts';
import type { RoleContext } from '../../protocol/context.ts';
import { limits } from '../../protocol/limits.ts';
import type { Association } from '../../protocol/session.ts';
import type { Sessions } from '../../protocol/sessions.ts';
import type { NodeId, PathId } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';
import type { RefusalName } from '../../wire/refusals.ts';
import type { DsConfig } from './config.ts';
import {
  type DirectedPath,
  type Issuer,
  initiatorOf,
  type PathEnd,
  RouteDirection,
  relayDirectionFor,
} from './directed-path.ts';
import type { OnlineNode } from './online.ts';
import { type OnlineRelay, type RelayFleet, relayInfo } from './relay-fleet.ts';

/** What an NTM Update or a Location Notice changes of an end. */
type Place = Pick<PathEnd, 'incarnation' | 'nat' | 'candidates'>;

/** Where directions for an end go: to the node itself, or to the DS of a foreign one. */
export interface Reach {
  associationOf(end: PathEnd): Association | undefined;
  online(nodeId: NodeId): OnlineNode | undefined;
}

/** Repeating a path within this time of the last repetition does not help: a new one is issued. */
const repeatWithinMs = 4000;
/** Two reports of one loss, from both ends, are at most so far apart. */
const sameLossMs = 1000;

export class Directing {
  readonly #context: RoleContext;
  readonly #sessions: Sessions;
  readonly #fleet: RelayFleet;
  readonly #issuer: Issuer;
  readonly #reach: Reach;
  readonly #pathById = new Map<PathId, DirectedPath>();
  readonly #pathsByNode = new Map<NodeId, Set<DirectedPath>>();
  readonly #pathsByRelay = new Map<NodeId, Set<DirectedPath>>();

  constructor(
    context: RoleContext,
    sessions: Sessions,
    fleet: RelayFleet,
    config: DsConfig,
    reach: Reach,
  ) {
    this.#context = context;
    this.#sessions = sessions;
    this.#fleet = fleet;
    const { keys, suite } = context.environment;
    this.#issuer = { publicKey: keys.publicKey, idleSeconds: config.idleSeconds, suite };
    this.#reach = reach;
  }

  get size(): number {
    return this.#pathById.size;
  }

  get(pathId: PathId): DirectedPath | undefined {
    return this.#pathById.get(pathId);
  }

  pathsOf(nodeId: NodeId): readonly DirectedPath[] {
    return [...(this.#pathsByNode.get(nodeId) ?? [])];
  }

  between(one: NodeId, other: NodeId): DirectedPath | undefined {
    for (const path of this.#pathsByNode.get(one) ?? []) {
      if (path.kind === 'node' && path.ends.some((end) => end.nodeId === other)) return path;
    }
    return undefined;
  }

  exitOf(nodeId: NodeId): DirectedPath | undefined {
    for (const path of this.#pathsByNode.get(nodeId) ?? []) if (path.kind === 'exit') return path;
    return undefined;
  }

  drawPathId(): PathId {
    for (;;) {
      const pathId = toHex(this.#context.environment.random.bytes(8)) as PathId;
      if (!this.#pathById.has(pathId)) return pathId;
    }
  }

  /** Issues a path between these ends, the first the one that asked. */
  issue(
    pathId: PathId,
    ends: readonly [PathEnd, PathEnd],
    avoid: NodeId | undefined,
  ): DirectedPath | RefusalName {
    if (this.#pathById.size >= limits.maxPathsPerDs) return 'full';
    const relay = this.#choose(ends, false, avoid);
    const path = this.#new(
      pathId,
      'node',
      ends,
      relay?.relayId,
      this.#context.environment.random.bytes(32),
    );
    this.#direct(path);
    return path;
  }

  /** Issues the path of a node to the exit of a Relay Server. */
  issueExit(node: PathEnd, avoid: NodeId | undefined): DirectedPath | RefusalName {
    const relay = this.#choose([node], true, avoid);
    if (!relay) return 'noExit';
    const exit: PathEnd = {
      nodeId: relay.relayId,
      publicKey: relay.publicKey,
      name: 'exit',
      dsKey: this.#context.environment.keys.publicKey,
      ipv4: undefined,
      ipv6: undefined,
      incarnation: relay.incarnation,
      nat: 'global',
      candidates: relay.endpoints.map((endpoint) => ({ kind: 'local', endpoint })),
      foreign: false,
    };
    const commonKey = this.#context.environment.random.bytes(32);
    const path = this.#new(this.drawPathId(), 'exit', [node, exit], relay.relayId, commonKey);
    this.#direct(path);
    return path;
  }

  #choose(
    ends: readonly PathEnd[],
    exit: boolean,
    avoid: NodeId | undefined,
  ): OnlineRelay | undefined {
    const nodes = ends.flatMap((end) => this.#reach.online(end.nodeId) ?? []);
    return this.#fleet.choose({
      exit,
      avoid,
      hosts: nodes.map((node) => node.observed),
      delays: nodes.map((node) => node.relayDelays),
    });
  }

  #new(
    pathId: PathId,
    kind: DirectedPath['kind'],
    ends: DirectedPath['ends'],
    relayId: NodeId | undefined,
    commonKey: Uint8Array | undefined,
  ): DirectedPath {
    const path: DirectedPath = {
      pathId,
      kind,
      ends,
      commonKey,
      createdAt: this.#context.now,
      initiator: initiatorOf(kind, ends),
      relayId: undefined,
      revision: 1,
      repeatedAt: Number.NEGATIVE_INFINITY,
      derived: undefined,
      directions: [undefined, undefined],
    };
    this.#pathById.set(pathId, path);
    for (const end of ends) index(this.#pathsByNode, end.nodeId, path);
    this.#assign(path, relayId);
    return path;
  }

  #assign(path: DirectedPath, relayId: NodeId | undefined): void {
    if (path.relayId !== undefined) unindex(this.#pathsByRelay, path.relayId, path);
    path.relayId = relayId;
    if (relayId !== undefined) index(this.#pathsByRelay, relayId, path);
  }

  /** A path that lived before this DS restarted, as one of its nodes tells it (protocol.md 11.11). */
  adopt(pathId: PathId, ends: readonly [PathEnd, PathEnd], relayId: NodeId | undefined): void {
    if (this.#pathById.has(pathId) || this.#pathById.size >= limits.maxPathsPerDs) return;
    const path = this.#new(pathId, 'node', ends, relayId, undefined);
    path.revision = adoptedRevision + Math.floor(this.#context.now / 1000);
  }

  /** First the Relay Server, then the ends, as in figures 3 and 4. */
  #direct(path: DirectedPath): void {
    this.#directRelay(path);
    for (const side of [0, 1] as const) this.#directEnd(path, side);
  }

  #directRelay(path: DirectedPath): void {
    const relay = path.relayId === undefined ? undefined : this.#fleet.get(path.relayId);
    const values = relayDirectionFor(path, this.#issuer);
    if (!relay || !values) return;
    const { association } = relay;
    this.#sessions.withdraw(
      association,
      (message) => message.name === 'relayDirection' && message.values.pathId === path.pathId,
    );
    this.#sessions.request(association, 'relayDirection', values);
  }

  #directEnd(path: DirectedPath, side: 0 | 1): void {
    if (path.kind === 'exit' && side === 1) return;
    const association = this.#reach.associationOf(path.ends[side]);
    if (!association) return;
    const relay = path.relayId === undefined ? undefined : this.#fleet.get(path.relayId);
    const direction = path.directions[side] ?? new RouteDirection(path, side, this.#issuer);
    path.directions[side] = direction;
    direction.relay = path.kind === 'node' && relay ? relayInfo(relay) : undefined;
    if (association.requests.size > 0) {
      this.#sessions.withdraw(association, (message) =>
        isDirectionOf(message, path.pathId, direction.targetId),
      );
    }
    this.#sessions.request(association, 'routeDirection', direction);
  }

  /** An end is somewhere else now: both ends are told, the other one first. */
  moved(nodeId: NodeId, where: Place): void {
    for (const path of this.pathsOf(nodeId)) {
      const side = place(path, nodeId, where);
      path.revision += 1;
      if (path.kind === 'exit') continue;
      this.#directEnd(path, side === 0 ? 1 : 0);
      this.#directEnd(path, side);
    }
  }

  /**
   * A node says that this path is lost to it. The first time everything is said again; soon after that a new
   * path is issued, by another Relay Server if there is one.
   */
  lost(path: DirectedPath): DirectedPath | RefusalName {
    const sinceMs = this.#context.now - path.repeatedAt;
    if (!path.commonKey) return this.reissue(path, path.relayId);
    if (sinceMs > repeatWithinMs || sinceMs < sameLossMs) return this.repeat(path);
    return this.reissue(path, path.relayId);
  }

  /** Says everything about a path again, but not twice for one loss that both ends report. */
  repeat(path: DirectedPath): DirectedPath {
    const { now } = this.#context;
    if (Math.max(path.repeatedAt, path.createdAt) + sameLossMs > now) return path;
    path.repeatedAt = now;
    this.#replaceRelayIfGone(path);
    path.revision += 1;
    this.#direct(path);
    return path;
  }

  #replaceRelayIfGone(path: DirectedPath): void {
    if (path.kind === 'exit' || (path.relayId !== undefined && this.#fleet.get(path.relayId)))
      return;
    this.#assign(path, this.#choose(path.ends, false, path.relayId)?.relayId);
  }

  /** The same two ends, a new path; the old one is forgotten here and ends at the nodes when the new one works. */
  reissue(path: DirectedPath, avoid: NodeId | undefined): DirectedPath | RefusalName {
    this.forget(path);
    return path.kind === 'exit'
      ? this.issueExit(path.ends[0], avoid)
      : this.issue(this.drawPathId(), path.ends, avoid);
  }

  /** A node or foreign node has restarted: its paths have no keys there any more. */
  restarted(nodeId: NodeId, where: Place): void {
    for (const path of this.pathsOf(nodeId)) {
      place(path, nodeId, where);
      const known = path.ends.every(
        (end) => end.foreign || this.#reach.online(end.nodeId) || path.kind === 'exit',
      );
      if (known) this.reissue(path, undefined);
      else this.close(path, 'lost');
    }
  }

  /** A Relay Server is back with nothing in its memory: all its live paths again (protocol.md 11.10). */
  relayRestarted(relay: OnlineRelay): void {
    for (const path of [...(this.#pathsByRelay.get(relay.relayId) ?? [])]) {
      if (path.kind === 'exit' || !path.commonKey) {
        this.reissue(path, undefined);
        continue;
      }
      path.revision += 1;
      this.#direct(path);
    }
  }

  /** A Relay Server has come: paths that were issued while there was none get it. */
  relayArrived(): void {
    for (const path of this.#pathById.values()) {
      if (path.kind === 'exit' || !path.commonKey || path.relayId !== undefined) continue;
      this.#replaceRelayIfGone(path);
      path.revision += 1;
      this.#direct(path);
    }
  }

  /**
   * Moves the paths of a Relay Server to others, as far as there are any; how many moved. One that is `dead`
   * gives up its exits too: a new one has another address, which ends connections to general hosts.
   */
  evacuate(relayId: NodeId, dead: boolean): number {
    let moved = 0;
    for (const path of [...(this.#pathsByRelay.get(relayId) ?? [])]) {
      const isExit = path.kind === 'exit';
      const other = this.#choose(isExit ? [path.ends[0]] : path.ends, isExit, relayId);
      if (!other || other.relayId === relayId || (isExit && !dead)) continue;
      moved += 1;
      if (isExit || !path.commonKey) {
        this.reissue(path, relayId);
        continue;
      }
      this.#assign(path, other.relayId);
      path.revision += 1;
      this.#direct(path);
    }
    return moved;
  }

  /** A Relay Server is gone: its paths get another one. */
  relayGone(relayId: NodeId): void {
    for (const path of [...(this.#pathsByRelay.get(relayId) ?? [])]) {
      if (path.kind === 'exit' || !path.commonKey) {
        this.reissue(path, relayId);
        continue;
      }
      this.#assign(path, this.#choose(path.ends, false, relayId)?.relayId);
      path.revision += 1;
      this.#direct(path);
    }
  }

  /** Paths to nodes of the Direction Server with this key. */
  pathsToZone(publicKey: Uint8Array): readonly DirectedPath[] {
    return [...this.#pathById.values()].filter((path) =>
      path.ends.some((end) => end.foreign && equalBytes(end.dsKey, publicKey)),
    );
  }

  /** Ends a path at both nodes and at its Relay Server; `except` has ended it itself. */
  close(path: DirectedPath, reason: Values<'pathCloseRequest'>['reason'], except?: NodeId): void {
    this.forget(path);
    this.#closeAtRelay(path, reason);
    for (const end of path.ends) {
      if (end.nodeId === except || (path.kind === 'exit' && end === path.ends[1])) continue;
      const association = this.#reach.associationOf(end);
      if (association) this.#requestClose(association, end.nodeId, path.pathId, reason);
    }
  }

  #closeAtRelay(path: DirectedPath, reason: Values<'pathCloseRequest'>['reason']): void {
    const relay = path.relayId === undefined ? undefined : this.#fleet.get(path.relayId);
    if (relay) this.#requestClose(relay.association, relay.relayId, path.pathId, reason);
  }

  #requestClose(
    association: Association,
    targetId: NodeId,
    pathId: PathId,
    reason: Values<'pathCloseRequest'>['reason'],
  ): void {
    const issuerKey = this.#context.environment.keys.publicKey;
    this.#sessions.withdraw(association, (message) => isDirectionOf(message, pathId, targetId));
    this.#sessions.request(association, 'pathCloseRequest', {
      targetId,
      pathId,
      issuerKey,
      reason,
    });
  }

  /** Drops the record alone. */
  forget(path: DirectedPath): void {
    this.#pathById.delete(path.pathId);
    for (const end of path.ends) unindex(this.#pathsByNode, end.nodeId, path);
    if (path.relayId !== undefined) unindex(this.#pathsByRelay, path.relayId, path);
  }
}

/** Revisions of adopted paths begin here, above any that was given before the restart. */
const adoptedRevision = 0x4000_0000;

/** Notes where an end is now; its side. */
function place(path: DirectedPath, nodeId: NodeId, where: Place): 0 | 1 {
  const side = path.ends[0].nodeId === nodeId ? 0 : 1;
  const end = path.ends[side];
  end.incarnation = where.incarnation;
  end.nat = where.nat;
  end.candidates = where.candidates;
  return side;
}

function isDirectionOf(
  message: { readonly name: string; readonly values: object },
  pathId: PathId,
  targetId: NodeId,
): boolean {
  if (message.name !== 'routeDirection') return false;
  const values = message.values as Values<'routeDirection'>;
  return values.pathId === pathId && values.targetId === targetId;
}

function index(map: Map<NodeId, Set<DirectedPath>>, key: NodeId, path: DirectedPath): void {
  const set = map.get(key);
  if (set) set.add(path);
  else map.set(key, new Set([path]));
}

function unindex(map: Map<NodeId, Set<DirectedPath>>, key: NodeId, path: DirectedPath): void {
  const set = map.get(key);
  if (!set) return;
  set.delete(path);
  if (set.size === 0) map.delete(key);
}
