/**
 * All paths of a role at one of their ends: which path a datagram belongs to, what the data path reports,
 * and the timers. The role adds paths from Route Directions and hears of them through events.
 */
import type { Endpoint } from '../../base/ip.ts';
import type { PathNotice } from '../../datapath/commands.ts';
import { directKey } from '../../noise/keys.ts';
import { identify } from '../../wire/codec.ts';
import { type Drop, drop, isDrop } from '../../wire/drops.ts';
import type { NodeId, PathId } from '../../wire/ids.ts';
import type { Candidate, NatSituation, RelayInfo, Values } from '../../wire/messages.ts';
import type { RoleContext } from '../context.ts';
import { limits } from '../limits.ts';
import type { Uplink } from '../machine.ts';
import { tableRoute } from '../path-choice.ts';
import { openPathMessage, readPathMessageHeader } from '../path-message.ts';
import { decodeTunnel, readTunnelHeader, type TunnelHeader } from '../tunnel-message.ts';
import { KeyAgreement } from './key-agreement.ts';
import { Legs } from './leg.ts';
import type { Locality } from './locality.ts';
import { Losses } from './losses.ts';
import { Probes } from './probes.ts';
import { Routes } from './routes.ts';
import { newTunnel, type Tunnel, type TunnelPlan } from './tunnel.ts';
import { short, TunnelContext, type TunnelEvent, type TunnelTimer } from './tunnel-context.ts';

/** What a later Route Direction may change of a path. */
export interface TunnelChange {
  readonly revision: number;
  readonly nat: NatSituation;
  readonly candidates: readonly Candidate[];
  readonly relay: RelayInfo | undefined;
}

export class Tunnels {
  readonly #context: TunnelContext;
  readonly #role: RoleContext;
  readonly #legs: Legs;
  readonly #keys: KeyAgreement;
  readonly #routes: Routes;
  readonly #losses: Losses;
  readonly #probes: Probes;
  readonly #tunnelById = new Map<PathId, Tunnel>();

  constructor(role: RoleContext, locality: Locality) {
    this.#role = role;
    this.#context = new TunnelContext(role, locality);
    this.#legs = new Legs(this.#context);
    this.#keys = new KeyAgreement(this.#context, this.#legs);
    this.#routes = new Routes(this.#context, this.#legs);
    this.#losses = new Losses(this.#context);
    this.#probes = new Probes(this.#context, this.#legs, this.#routes, this.#losses);
  }

  get size(): number {
    return this.#tunnelById.size;
  }

  values(): IterableIterator<Tunnel> {
    return this.#tunnelById.values();
  }

  get(pathId: PathId): Tunnel | undefined {
    return this.#tunnelById.get(pathId);
  }

  /** The path to this peer: the one in use, else the newest. */
  toPeer(nodeId: NodeId, kind: 'node' | 'exit' = 'node'): Tunnel | undefined {
    let found: Tunnel | undefined;
    for (const tunnel of this.#tunnelById.values()) {
      if (tunnel.peer.nodeId !== nodeId || tunnel.plan.kind !== kind) continue;
      if (!found || isBetter(tunnel, found)) found = tunnel;
    }
    return found;
  }

  takeEvents(): readonly TunnelEvent[] {
    return this.#context.takeEvents();
  }

  /** Begins a new path; the caller has checked that its ID is free. */
  add(plan: TunnelPlan): Tunnel {
    const key = directKey(this.#role.environment.suite, plan.psk);
    const tunnel = newTunnel(plan, key, this.#context.now);
    this.#tunnelById.set(plan.pathId, tunnel);
    const { pathId, side, kind, peerPrefixes, excludedPrefixes, globalOnly, alias, idleMs } = plan;
    this.#role.path({
      op: 'path-new',
      pathId,
      side,
      kind,
      peerPrefixes,
      excludedPrefixes,
      globalOnly,
      ...(alias && { alias }),
      idleMs,
    });
    if (plan.initiator) {
      this.#keys.start(tunnel, 'start');
    } else {
      this.#keys.await(tunnel);
      if (tunnel.relay) this.#legs.keepAlive(tunnel);
      if (tableRoute(this.#context.locality.nat, plan.peer.nat) === 'relay')
        this.#keys.nudge(tunnel);
    }
    return tunnel;
  }

  /** A later revision of the Route Direction: the peer moved, or another Relay Server was chosen. */
  change(tunnel: Tunnel, change: TunnelChange): void {
    tunnel.revision = change.revision;
    tunnel.peer.nat = change.nat;
    tunnel.peer.candidates = change.candidates;
    const before = tunnel.relay;
    // A DS that has just restarted may not have heard its Relay Servers yet: the one we have still relays.
    const after = change.relay ?? before;
    tunnel.relay = after;
    if (after && (before?.relayId !== after.relayId || before.incarnation !== after.incarnation)) {
      this.#changeRelay(tunnel, before);
    } else if (after && tunnel.leg.state !== 'open') {
      this.#legs.keepAlive(tunnel);
    }
    if (tunnel.pending) this.#keys.repeat(tunnel);
    else if (tunnel.plan.initiator && tunnel.sendEpoch < 0) this.#keys.start(tunnel, 'start');
    else this.#probes.restartSearch(tunnel);
  }

  /** Data goes by both Relay Servers until both ends must have a leg at the new one. */
  #changeRelay(tunnel: Tunnel, before: RelayInfo | undefined): void {
    if (before && before.relayId !== tunnel.relay?.relayId) {
      tunnel.formerRelays = [...before.endpoints, ...tunnel.formerRelays].slice(0, formerRelays);
    }
    tunnel.leg.state = 'none';
    tunnel.leg.tries = 0;
    tunnel.leg.observed = undefined;
    this.#probes.move(tunnel);
    if (tunnel.active === 'relay') this.#routes.apply(tunnel, { former: before?.endpoints[0] });
  }

  /** Removes a path; with a reason the peer is told. */
  close(tunnel: Tunnel, tell: Values<'pathClose'>['reason'] | undefined, why: string): void {
    if (tell) this.#context.sendInUse(tunnel, 'pathClose', { reason: tell });
    this.#losses.finish(tunnel);
    this.#tunnelById.delete(tunnel.pathId);
    this.#role.path({ op: 'path-delete', pathId: tunnel.pathId });
    for (const name of timerNames) this.#context.clear(name, tunnel);
    this.#context.emit({ event: 'closed', tunnel, why });
  }

  /**
   * Ends the sending on a path that another one to the same peer has replaced. What the peer has sent on it
   * still comes in for `forMs`, so that nothing is lost.
   */
  retire(tunnel: Tunnel, successor: Tunnel, forMs: number): void {
    this.#losses.finish(tunnel);
    tunnel.retired = true;
    tunnel.pending = undefined;
    for (const name of timerNames) this.#context.clear(name, tunnel);
    this.#context.timer('retired', tunnel, forMs);
    this.#context.tellEpoch(successor);
  }

  /** The path that had replaced this one is gone: this one is used again. */
  revive(tunnel: Tunnel): void {
    tunnel.retired = false;
    this.#context.clear('retired', tunnel);
    if (tunnel.relay) this.#legs.keepAlive(tunnel);
    if (tunnel.active !== 'none') this.#routes.take(tunnel, tunnel.active, 'in use again');
    this.#context.tellEpoch(tunnel);
  }

  /** The preferred uplink has changed. */
  moved(before: Uplink | undefined, oldStillWorks: boolean): void {
    for (const tunnel of this.#tunnelById.values()) {
      if (tunnel.retired) continue;
      tunnel.leg.observed = undefined;
      if (tunnel.pending) {
        tunnel.pending.tries = 0;
        tunnel.leg.state = 'none';
        this.#keys.repeat(tunnel);
      }
      if (tunnel.established) this.#routes.moved(tunnel, before, oldStillWorks, this.#probes);
      else if (tunnel.relay && !tunnel.pending) this.#legs.keepAlive(tunnel);
      if (tunnel.established) this.#probes.restartSearch(tunnel);
    }
  }

  /** Our NAT has forgotten its mappings: every route is told and opened again from here. */
  remapped(): void {
    for (const tunnel of this.#tunnelById.values()) {
      if (tunnel.retired || !tunnel.established) continue;
      tunnel.leg.observed = undefined;
      this.#probes.move(tunnel);
    }
  }

  /** Some uplinks are gone, though not the preferred one: data that was still held on one of them leaves it. */
  uplinksGone(uplinks: readonly Uplink[]): void {
    for (const tunnel of this.#tunnelById.values()) {
      const held = tunnel.heldUplink;
      if (!held || uplinks.some((each) => each.id === held.id && each.usable)) continue;
      this.#routes.moved(tunnel, held, false, this.#probes);
    }
  }

  /** What the DS says of this end has changed: more candidates to tell, another row of Table 1. */
  located(): void {
    for (const tunnel of this.#tunnelById.values()) {
      if (tunnel.active === 'relay' && !tunnel.retired) this.#probes.restartSearch(tunnel);
    }
  }

  /** A datagram in tunnel or path framing. */
  receive(datagram: Uint8Array, from: Endpoint): Drop | undefined {
    const identity = identify(datagram);
    if (isDrop(identity)) return identity;
    return identity.framing === 'path'
      ? this.#receivePath(datagram, from)
      : this.#receiveTunnel(datagram, from);
  }

  #receiveTunnel(datagram: Uint8Array, from: Endpoint): Drop | undefined {
    const header = readTunnelHeader(datagram);
    if (isDrop(header)) return header;
    const tunnel = this.#tunnelById.get(header.pathId);
    if (!tunnel) return drop('unknown-path');
    if (tunnel.retired) return drop('unexpected');
    const ownSide = header.leg ? tunnel.side : 1 - tunnel.side;
    if (header.side !== ownSide) return drop('wrong-side');
    const key = header.leg ? tunnel.plan.legKey : tunnel.directKey;
    const message = decodeTunnel(this.#role.environment.suite, header, key, datagram);
    if (isDrop(message)) return message;
    const summary = `${short(header.pathId)}${header.leg ? ' leg' : ''}`;
    this.#role.note('received', header.name, from, datagram.length, summary);
    if (message.name === 'tunnelRequest')
      return this.#request(tunnel, header, from, message.values);
    if (message.name === 'tunnelResponse')
      return this.#response(tunnel, header, from, message.values);
    return drop('unexpected');
  }

  #request(
    tunnel: Tunnel,
    header: TunnelHeader,
    from: Endpoint,
    values: Values<'tunnelRequest'>,
  ): Drop | undefined {
    if (header.leg) return drop('unexpected');
    const { incarnation } = this.#role.environment;
    if (values.incarnation !== incarnation) {
      this.#keys.answerStale(tunnel, from, values.stamp);
      return drop('wrong-incarnation');
    }
    return this.#keys.request(tunnel, from, values);
  }

  #response(
    tunnel: Tunnel,
    header: TunnelHeader,
    from: Endpoint,
    values: Values<'tunnelResponse'>,
  ): Drop | undefined {
    if (header.leg) {
      const opened = this.#legs.answered(tunnel, from, values);
      if (typeof opened === 'object') return opened;
      this.#legAnswered(tunnel, opened);
      return undefined;
    }
    const fresh = this.#keys.response(tunnel, values);
    if (typeof fresh === 'object') return fresh;
    const direct = !this.#context.isRelay(tunnel, from);
    if (fresh) this.#keyed(tunnel, from, direct);
    else if (direct && tunnel.sendEpoch >= 0 && tunnel.active !== 'direct')
      this.#probes.testDirect(tunnel, from);
    return undefined;
  }

  /** The leg came open: a handshake or a move that waits for it goes on. */
  #legAnswered(tunnel: Tunnel, opened: boolean): void {
    if (opened && tunnel.pending) this.#keys.repeat(tunnel);
    if (tunnel.heldUplink && tunnel.active === 'relay') {
      tunnel.heldUplink = undefined;
      this.#routes.apply(tunnel);
    }
  }

  /** New keys at the initiator: take the route that the answer came by and prove the keys to the peer. */
  #keyed(tunnel: Tunnel, from: Endpoint, direct: boolean): void {
    tunnel.heardAt = this.#context.now;
    if (tunnel.active === 'none' || tunnel.active === (direct ? 'direct' : 'relay')) {
      if (direct) this.#routes.takeDirect(tunnel, from, 'the peer answered', true);
      else this.#routes.take(tunnel, 'relay', 'the peer answered');
    }
    if (tunnel.active === 'direct' && tunnel.direct) this.#probes.moveDirect(tunnel, tunnel.direct);
    else this.#probes.moveRelayed(tunnel);
    tunnel.moveUnanswered = true;
    tunnel.moveTries = 0;
    this.#context.timer('move', tunnel, limits.probe.firstMs);
    this.#establish(tunnel);
    if (!direct) this.#probes.restartSearch(tunnel);
  }

  #establish(tunnel: Tunnel): void {
    if (tunnel.established || tunnel.sendEpoch < 0 || tunnel.active === 'none') return;
    tunnel.established = true;
    this.#context.emit({ event: 'established', tunnel });
  }

  #receivePath(datagram: Uint8Array, from: Endpoint): Drop | undefined {
    const header = readPathMessageHeader(datagram);
    if (isDrop(header)) return header;
    const tunnel = this.#tunnelById.get(header.pathId);
    if (!tunnel) return drop('unknown-path');
    if (header.side === tunnel.side) return drop('wrong-side');
    const keys = tunnel.keys[header.epoch];
    if (!keys) return drop('wrong-epoch');
    if (!keys.window.check(header.counter)) return drop('replayed');
    const message = openPathMessage(
      this.#role.environment.suite,
      header,
      keys.receiveKey,
      datagram,
    );
    if (isDrop(message)) return message;
    keys.window.mark(header.counter);
    this.#role.note('received', header.name, from, datagram.length, short(header.pathId));
    this.#keys.use(tunnel, keys.epoch);
    if (message.name === 'pathProbe') {
      this.#probes.received(tunnel, keys, header.counter, from, message.values);
    } else if (message.name === 'pathAnswer') {
      this.#probes.answered(tunnel, from, message.values);
    } else if (message.name === 'pathReport') {
      this.#losses.reported(tunnel, message.values.lost);
    } else {
      this.close(tunnel, undefined, `the peer closed it: ${message.values.reason}`);
      return undefined;
    }
    this.#establish(tunnel);
    this.#endHandover(tunnel);
    return undefined;
  }

  /** A hint about a path, from wherever it came: at most one more try. */
  hint(from: Endpoint, pathId: PathId, values: Values<'hint'>): Drop | undefined {
    const tunnel = this.#tunnelById.get(pathId);
    if (!tunnel) return drop('unknown-path');
    if (this.#context.isRelay(tunnel, from)) {
      return this.#legs.hinted(tunnel, values.reason, values.incarnation);
    }
    if (values.reason !== 'unknown-path' || tunnel.direct !== from) return drop('unexpected');
    this.#probes.doubt(tunnel);
    return undefined;
  }

  notice(notice: PathNotice): void {
    const tunnel = 'pathId' in notice ? this.#tunnelById.get(notice.pathId) : undefined;
    if (!tunnel || tunnel.retired) return;
    switch (notice.notice) {
      case 'moved':
        tunnel.direct = notice.remote;
        tunnel.directProven = false;
        this.#probes.testDirect(tunnel, notice.remote);
        this.#routes.awaitProof(tunnel);
        break;
      case 'silent':
        this.#probes.doubt(tunnel);
        break;
      case 'first-packet':
        this.#keys.use(tunnel, notice.epoch);
        this.#establish(tunnel);
        break;
      case 'resumed':
        this.#resumed(tunnel);
        break;
      case 'key-wanted':
        if (tunnel.plan.initiator) this.#keys.start(tunnel, 'rekey');
        else this.#keys.nudge(tunnel);
        break;
      case 'idle':
        this.#context.emit({ event: 'idle', tunnel });
        break;
      case 'counted':
        this.#losses.counted(tunnel, notice.moment, notice.stats);
        break;
      default:
    }
  }

  #resumed(tunnel: Tunnel): void {
    const { handover } = tunnel;
    if (handover && handover.dataMs === undefined) {
      handover.dataMs = this.#context.now - handover.startedAt;
      this.#endHandover(tunnel);
    }
  }

  /** A move is over for the record when it was answered and data came, or was answered long enough ago. */
  #endHandover(tunnel: Tunnel): void {
    const { handover } = tunnel;
    if (!handover || handover.answeredMs === undefined) return;
    const settled = tunnel.directProven || tunnel.active === 'relay';
    if (!settled) return;
    const waitMs = handover.startedAt + limits.settleMs - this.#context.now;
    if (handover.dataMs === undefined && waitMs > 0) {
      this.#context.timer('settle', tunnel, waitMs);
      return;
    }
    handover.kindAfter = tunnel.active;
    tunnel.handover = undefined;
    this.#losses.settle(tunnel, handover);
  }

  timeout(): void {
    const { timers } = this.#context;
    for (let due = timers.take(this.#context.now); due; due = timers.take(this.#context.now)) {
      const tunnel = this.#tunnelById.get(due.key as PathId);
      if (tunnel) this.#due(tunnel, due.name);
    }
  }

  #due(tunnel: Tunnel, name: TunnelTimer): void {
    switch (name) {
      case 'handshake':
        if (tunnel.plan.initiator) this.#keys.repeat(tunnel);
        else this.#keys.await(tunnel);
        break;
      case 'leg':
        this.#legs.repeat(tunnel, tunnel.pending?.message ?? new Uint8Array(0));
        break;
      case 'leg-keepalive':
        this.#legs.keepAlive(tunnel);
        break;
      case 'direct-keepalive':
        if (tunnel.active !== 'direct') break;
        this.#probes.test(tunnel, 'active');
        this.#context.timer('direct-keepalive', tunnel, this.#legs.keepaliveMs());
        break;
      case 'move':
        this.#probes.repeatMove(tunnel);
        this.#endHandover(tunnel);
        break;
      case 'search':
        this.#probes.search(tunnel);
        break;
      case 'upgrade':
        this.#probes.upgrade(tunnel);
        break;
      case 'dead':
        if (this.#probes.stillSilent(tunnel)) this.#routes.dead(tunnel, this.#probes);
        break;
      case 'old-epoch':
        this.#keys.forgetOldEpochs(tunnel);
        break;
      case 'key-age':
        this.#keys.start(tunnel, 'rekey');
        break;
      case 'proof':
        this.#routes.askForProof(tunnel, this.#probes);
        break;
      case 'retired':
        this.#context.emit({ event: 'retired', tunnel });
        break;
      case 'settle':
        if (tunnel.handover) this.#endHandover(tunnel);
        else this.#losses.settled(tunnel);
        break;
      case 'report':
        this.#losses.report(tunnel);
        break;
    }
  }

  /** Asks the peer over the route in use; the answer updates the round trip. */
  ping(tunnel: Tunnel): void {
    this.#probes.test(tunnel, 'active');
  }
}

const formerRelays = 4;

const timerNames: readonly TunnelTimer[] = [
  'handshake',
  'leg',
  'leg-keepalive',
  'direct-keepalive',
  'move',
  'search',
  'upgrade',
  'dead',
  'old-epoch',
  'key-age',
  'retired',
  'proof',
  'settle',
  'report',
];

/** Whether a path to a peer is the one to go by, rather than another to the same peer. */
function isBetter(tunnel: Tunnel, other: Tunnel): boolean {
  // One that was retired was up, and may be all there is when its successor goes and the next is not up yet.
  if (tunnel.established !== other.established) return tunnel.established;
  if (tunnel.retired !== other.retired) return other.retired;
  return tunnel.createdAt > other.createdAt;
}
