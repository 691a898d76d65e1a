/**
 * Relay Servers that come, report, fall silent and go (protocol.md 7): keeps the fleet true and has paths moved to
 * other Relay Servers in time.
 */
import { type Endpoint, endpoint, endpointIp, endpointPort, isUnicast } from '../../base/ip.ts';
import { Timers } from '../../base/timers.ts';
import type { RoleContext } from '../../protocol/context.ts';
import { limits } from '../../protocol/limits.ts';
import type { Association } from '../../protocol/session.ts';
import type { NodeId } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';
import type { DsConfig } from './config.ts';
import type { Directing } from './directing.ts';
import type { Directory, NodeRecord } from './directory.ts';
import { type OnlineRelay, type RelayFleet, usualWeight } from './relay-fleet.ts';

export class RelayPresence {
  readonly #context: RoleContext;
  readonly #config: DsConfig;
  readonly #directory: Directory;
  readonly #fleet: RelayFleet;
  readonly #directing: Directing;
  readonly #timers: Timers<'offline' | 'silent'>;

  constructor(
    context: RoleContext,
    config: DsConfig,
    directory: Directory,
    fleet: RelayFleet,
    directing: Directing,
  ) {
    this.#context = context;
    this.#timers = new Timers(context.alarm);
    this.#config = config;
    this.#directory = directory;
    this.#fleet = fleet;
    this.#directing = directing;
  }

  /** Its registration counts: it gets paths from now on. Returns whether it was not there before. */
  registered(
    record: NodeRecord,
    association: Association,
    request: Values<'registrationRequest'>,
    from: Endpoint,
  ): boolean {
    const before = this.#fleet.get(record.nodeId);
    const relay: OnlineRelay = {
      relayId: record.nodeId,
      publicKey: record.publicKey,
      association,
      incarnation: request.incarnation,
      software: request.software,
      endpoints: request.advertised.length > 0 ? request.advertised : this.#endpointsAt(from),
      observed: from,
      exit: request.exit,
      paths: before?.paths ?? 0,
      pathLimit: before?.pathLimit ?? 0,
      weight: before?.weight ?? usualWeight,
      draining: before?.draining ?? false,
      silent: before?.silent ?? false,
      heardAt: this.#context.now,
    };
    this.#fleet.set(relay);
    this.heard(relay);
    if (!before) this.#directing.relayArrived();
    else if (before.incarnation !== relay.incarnation) this.#directing.relayRestarted(relay);
    return !before;
  }

  heard(relay: OnlineRelay): void {
    const { now } = this.#context;
    relay.heardAt = now;
    this.#timers.set('offline', relay.relayId, now + limits.offlineAfterMs);
    this.#timers.set('silent', relay.relayId, now + limits.relaySilentMs);
    if (!relay.silent) return;
    relay.silent = false;
    this.#context.log('info', `${this.#nameOf(relay)} is heard again.`);
    this.#directing.relayArrived();
  }

  reported(relay: OnlineRelay, report: Values<'relayReport'>): void {
    const { paths, pathLimit, weight, draining } = report;
    const begins = draining && !relay.draining;
    Object.assign(relay, { paths, pathLimit, draining, weight: Math.max(1, weight) });
    if (!begins) return;
    const moved = this.#directing.evacuate(relay.relayId, false);
    this.#context.log('info', `${this.#nameOf(relay)} is to be emptied; ${moved} paths moved.`);
  }

  /** It is gone, or so silent that it counts as gone. Returns whether it had been there. */
  gone(relayId: NodeId): boolean {
    if (!this.#fleet.get(relayId)) return false;
    this.#fleet.delete(relayId);
    this.#timers.clear('offline', relayId);
    this.#timers.clear('silent', relayId);
    this.#directing.relayGone(relayId);
    return true;
  }

  /** Returns the Relay Servers that have been silent for so long that they are gone. */
  timeout(): readonly NodeId[] {
    const lost: NodeId[] = [];
    const { now } = this.#context;
    for (let due = this.#timers.take(now); due; due = this.#timers.take(now)) {
      if (due.name === 'silent') this.#silent(due.key as NodeId);
      else lost.push(due.key as NodeId);
    }
    return lost;
  }

  /** Its keepalives have stopped: its paths go elsewhere; should it live, they lose nothing by that. */
  #silent(relayId: NodeId): void {
    const relay = this.#fleet.get(relayId);
    if (!relay) return;
    relay.silent = true;
    const moved = this.#directing.evacuate(relayId, true);
    const name = this.#nameOf(relay);
    this.#context.log('warn', `${name} is not heard any more; ${moved} of its paths moved.`);
  }

  /** One on this very host is seen at a loopback address: nodes reach it where they reach us. */
  #endpointsAt(from: Endpoint): readonly Endpoint[] {
    if (isUnicast(endpointIp(from))) return [from];
    return this.#config.advertised.map((each) => endpoint(endpointIp(each), endpointPort(from)));
  }

  #nameOf(relay: OnlineRelay): string {
    return this.#directory.get(relay.relayId)?.name ?? relay.relayId;
  }
}
