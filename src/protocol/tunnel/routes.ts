/**
 * Which way packets of a path go, and what happens when this end or the other one moves or a route dies
 * (paper section 3.4; protocol.md 8). A move needs one packet: it moves the leg at the Relay Server, tells the
 * peer, and data follows right behind it; until the direct route has answered, data goes both ways.
 */
import { type Endpoint, isIpv6, isIpv6Endpoint } from '../../base/ip.ts';
import type { Unverified } from '../../datapath/commands.ts';
import { limits } from '../limits.ts';
import type { Uplink } from '../machine.ts';
import { tableRoute } from '../path-choice.ts';
import type { Legs } from './leg.ts';
import type { Probes } from './probes.ts';
import { type ActiveRoute, newHandover, type Tunnel } from './tunnel.ts';
import type { TunnelContext } from './tunnel-context.ts';

export interface RouteOptions {
  /** The endpoint has not shown yet that it is where it claims. */
  readonly unverified?: boolean;
  /** Send by the other route too, until one has answered. */
  readonly bicast?: boolean;
  /** The Relay Server before this one: data goes there too for a moment. */
  readonly former?: Endpoint | undefined;
}

export class Routes {
  readonly #context: TunnelContext;
  readonly #legs: Legs;

  constructor(context: TunnelContext, legs: Legs) {
    this.#context = context;
    this.#legs = legs;
  }

  #uplinkFor(tunnel: Tunnel, to: Endpoint): string | undefined {
    const held = tunnel.heldUplink;
    if (held && isIpv6(held.ip) === isIpv6Endpoint(to)) return held.id;
    return this.#context.locality.uplinkTo(to);
  }

  #route(tunnel: Tunnel, to: Endpoint | undefined) {
    if (!to) return undefined;
    const uplink = this.#uplinkFor(tunnel, to);
    return { remote: to, ...(uplink !== undefined && { uplink }) };
  }

  /** Takes this route and says so to the data path. */
  take(tunnel: Tunnel, active: ActiveRoute, why: string, options: RouteOptions = {}): void {
    const changed = tunnel.active !== active;
    tunnel.active = active;
    this.apply(tunnel, options);
    if (changed) this.#context.emit({ event: 'route-changed', tunnel, why });
    this.exchanged(tunnel);
  }

  /** Something went and came directly, whoever asked: that is as good as a keepalive. */
  exchanged(tunnel: Tunnel): void {
    if (tunnel.active !== 'direct') return;
    this.#context.timer('direct-keepalive', tunnel, this.#legs.keepaliveMs());
  }

  apply(tunnel: Tunnel, options: RouteOptions = {}, fallback?: Endpoint): void {
    const relay = this.#route(tunnel, this.#context.relayEndpoint(tunnel));
    const direct = this.#route(tunnel, tunnel.direct);
    const relayed = tunnel.active === 'relay';
    const route = relayed ? relay : tunnel.active === 'direct' ? direct : undefined;
    const former = this.#route(tunnel, options.former);
    const also = former ?? (options.bicast ? (relayed ? direct : relay) : undefined);
    const alsoMs = former ? limits.relayChangeMs : limits.bicastMs;
    const unverified: Unverified | undefined = options.unverified
      ? {
          budgetBytes: limits.unverifiedBudgetBytes,
          until: this.#context.now + limits.unverifiedMs,
          ...(fallback !== undefined && { fallback }),
        }
      : undefined;
    this.#context.role.path({
      op: 'path-route',
      pathId: tunnel.pathId,
      route,
      relayed,
      relays: [...(tunnel.relay?.endpoints ?? []), ...tunnel.formerRelays],
      ...(also && { also, alsoUntil: this.#context.now + alsoMs }),
      ...(unverified && { unverified }),
    });
    if (route && tunnel.toldEpoch !== tunnel.sendEpoch) this.#context.tellEpoch(tunnel);
  }

  /** The peer is at this endpoint now; it gets a small budget until it has answered from there. */
  takeDirect(tunnel: Tunnel, to: Endpoint, why: string, proven: boolean): void {
    const before = tunnel.direct;
    const same = before === to && tunnel.active === 'direct';
    tunnel.directProven = proven || (same && tunnel.directProven);
    tunnel.direct = to;
    if (same && tunnel.directProven) return;
    const wasDirect = tunnel.active === 'direct' && before !== undefined && before !== to;
    tunnel.active = 'direct';
    const fallback = this.#relayInReserve(tunnel) ?? (wasDirect ? before : undefined);
    this.apply(tunnel, { unverified: !tunnel.directProven }, fallback);
    if (!tunnel.directProven) this.awaitProof(tunnel);
    this.exchanged(tunnel);
    if (!same) this.#context.emit({ event: 'route-changed', tunnel, why });
  }

  /** The relay, when it can be sent to at once. */
  #relayInReserve(tunnel: Tunnel): Endpoint | undefined {
    return tunnel.leg.state === 'open' ? this.#context.relayEndpoint(tunnel) : undefined;
  }

  /** An endpoint that was taken on the peer's word has to answer soon. */
  awaitProof(tunnel: Tunnel): void {
    tunnel.proofTries = 0;
    this.#context.timer('proof', tunnel, limits.probe.firstMs);
  }

  /** The "proof" timer: asks a few times; an endpoint that never answers is given up for the relay. */
  askForProof(tunnel: Tunnel, probes: Probes): void {
    if (tunnel.active !== 'direct' || tunnel.directProven || !tunnel.direct) return;
    tunnel.proofTries += 1;
    if (tunnel.proofTries < limits.maxProbesPerCandidate) {
      probes.testDirect(tunnel, tunnel.direct);
      this.#context.timer('proof', tunnel, limits.probe.firstMs);
    } else if (this.#relayInReserve(tunnel)) {
      this.take(tunnel, 'relay', 'the direct route was never proven');
      probes.moveRelayed(tunnel);
      probes.restartSearch(tunnel);
    } else {
      this.#context.emit({ event: 'lost', tunnel, why: 'the peer does not answer where it moved' });
    }
  }

  /** An answer came over the direct route: no second copies and no budget any more. */
  proven(tunnel: Tunnel): void {
    if (tunnel.directProven && !tunnel.handover) return;
    tunnel.directProven = true;
    tunnel.heldUplink = undefined;
    if (tunnel.active === 'direct') this.apply(tunnel);
  }

  /** Whether a direct route is wanted at all: Table 1, or beyond it by punching. */
  mayGoDirect(tunnel: Tunnel, to: Endpoint): boolean {
    const { locality } = this.#context;
    if (locality.punch || tableRoute(locality.nat, tunnel.peer.nat) === 'direct') return true;
    return tunnel.peer.candidates.some((each) => each.kind === 'local' && each.endpoint === to);
  }

  /**
   * This end has another preferred uplink. With the old one gone (hard), everything goes out from the new
   * one at once; while it still works (soft), data stays until the new one has answered.
   */
  moved(tunnel: Tunnel, before: Uplink | undefined, oldStillWorks: boolean, probes: Probes): void {
    const after = this.#context.locality.uplinks.find((uplink) => uplink.usable);
    tunnel.handover = newHandover(tunnel, this.#context.now, {
      cause: oldStillWorks ? 'new uplink' : 'uplink lost',
      from: before?.id ?? 'none',
      to: after?.id ?? 'none',
    });
    this.#context.count(tunnel, 'moved');
    tunnel.heldUplink = oldStillWorks ? before : undefined;
    tunnel.leg.tries = 0;
    tunnel.moveTries = 0;
    tunnel.moveUnanswered = true;
    if (oldStillWorks) {
      probes.test(tunnel, 'both');
    } else {
      tunnel.directProven = false;
      this.#rerouteAtOnce(tunnel);
      probes.move(tunnel);
    }
    this.#context.timer('move', tunnel, limits.probe.firstMs);
  }

  /** Before any answer: to a peer with a global address directly and by the relay, else by the relay. */
  #rerouteAtOnce(tunnel: Tunnel): void {
    const hasRelay =
      this.#context.relayEndpoint(tunnel) !== undefined && tunnel.leg.state === 'open';
    if (tunnel.active === 'direct' && hasRelay && tunnel.peer.nat !== 'global') {
      this.take(tunnel, 'relay', 'this end moved', { bicast: true });
    } else if (tunnel.active !== 'none') {
      this.apply(tunnel, { bicast: hasRelay && tunnel.active === 'direct' });
    }
  }

  /** The route in use has died without a word: the other one, and the DS is asked for help. */
  dead(tunnel: Tunnel, probes: Probes): void {
    // In the middle of a move it is a part of that move.
    tunnel.handover ??= newHandover(tunnel, this.#context.now, {
      cause: 'route died',
      from: tunnel.active === 'direct' ? (tunnel.direct ?? 'none') : 'relay',
      to: '',
    });
    tunnel.directProven = false;
    tunnel.leg.tries = 0;
    tunnel.moveTries = 0;
    tunnel.moveUnanswered = true;
    const hasRelay = this.#context.relayEndpoint(tunnel) !== undefined;
    if (tunnel.active === 'direct' && hasRelay) {
      this.take(tunnel, 'relay', 'the direct route died', { bicast: true });
    }
    probes.move(tunnel);
    this.#context.timer('move', tunnel, limits.probe.firstMs);
    this.#context.emit({ event: 'lost', tunnel, why: 'the route in use died' });
  }
}
