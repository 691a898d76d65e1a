/**
 * Path Probe and Path Answer (protocol.md 7, 8, 11.3, 11.5): does a route work, and from now on send to me
 * this way. An answer proves an endpoint; a challenge in an answer makes the asker prove itself. The search
 * for a direct route (hole punching) is probes to all candidates from both ends at once.
 */
import { backoffMs } from '../../base/backoff.ts';
import { emptyBytes, toHex } from '../../base/bytes.ts';
import { type Endpoint, endpointIp, isUnicast } from '../../base/ip.ts';
import { noToken, type Token64 } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';
import { limits } from '../limits.ts';
import { directCandidates } from '../path-choice.ts';
import type { Legs } from './leg.ts';
import type { Losses } from './losses.ts';
import type { Routes } from './routes.ts';
import type { ControlKeys, Probe, Tunnel } from './tunnel.ts';
import type { TunnelContext } from './tunnel-context.ts';

const maxProbesKept = 32;

export class Probes {
  readonly #context: TunnelContext;
  readonly #legs: Legs;
  readonly #routes: Routes;
  readonly #losses: Losses;

  constructor(context: TunnelContext, legs: Legs, routes: Routes, losses: Losses) {
    this.#context = context;
    this.#legs = legs;
    this.#routes = routes;
    this.#losses = losses;
  }

  #token(): Token64 {
    return toHex(this.#context.role.environment.random.bytes(8)) as Token64;
  }

  #remember(tunnel: Tunnel, via: Probe['via'], to: Endpoint, purpose: Probe['purpose']): Token64 {
    const token = this.#token();
    const uplink = this.#context.locality.uplinkTo(to);
    const { now } = this.#context;
    for (const oldest of tunnel.probes.values()) {
      const isOld = now - oldest.sentAt > limits.probeLifeMs;
      if (!isOld && tunnel.probes.size < maxProbesKept) break;
      tunnel.probes.delete(oldest.token);
    }
    tunnel.probes.set(token, { token, via, to, uplink, purpose, sentAt: now });
    return token;
  }

  #probe(
    tunnel: Tunnel,
    via: Probe['via'],
    to: Endpoint,
    purpose: 'test' | 'move',
  ): Uint8Array | undefined {
    const values = {
      probe: this.#remember(tunnel, via, to, purpose),
      purpose,
      candidates: this.#context.locality.candidates,
    };
    return this.#context.sealed(tunnel, 'pathProbe', values);
  }

  /** "I am here now": through the relay, its leg moved by the same packet, and then directly, so that the direct one counts. */
  move(tunnel: Tunnel): void {
    const relay = this.#context.relayEndpoint(tunnel);
    if (relay) this.#legs.ask(tunnel, this.#probe(tunnel, 'relay', relay, 'move') ?? emptyBytes);
    if (tunnel.direct) this.moveDirect(tunnel, tunnel.direct);
  }

  moveDirect(tunnel: Tunnel, to: Endpoint): void {
    const message = this.#probe(tunnel, 'direct', to, 'move');
    if (message) this.#context.transmit(to, message);
  }

  moveRelayed(tunnel: Tunnel): void {
    const relay = this.#context.relayEndpoint(tunnel);
    const message = relay && this.#probe(tunnel, 'relay', relay, 'move');
    if (relay && message) this.#context.transmit(relay, message);
  }

  /** Tries the routes from where this end is now, without changing anything at the peer. */
  test(tunnel: Tunnel, which: 'active' | 'both'): void {
    const relay = this.#context.relayEndpoint(tunnel);
    if (relay && (which === 'both' || tunnel.active === 'relay')) {
      const inner = this.#probe(tunnel, 'relay', relay, 'test');
      if (which === 'both') this.#legs.ask(tunnel, inner ?? emptyBytes);
      else if (inner) this.#context.transmit(relay, inner);
    }
    if (tunnel.direct && (which === 'both' || tunnel.active === 'direct')) {
      this.testDirect(tunnel, tunnel.direct);
    }
  }

  testDirect(tunnel: Tunnel, to: Endpoint): void {
    const message = this.#probe(tunnel, 'direct', to, 'test');
    if (message) this.#context.transmit(to, message);
  }

  /** A Path Probe of the peer. */
  received(
    tunnel: Tunnel,
    keys: ControlKeys,
    counter: number,
    from: Endpoint,
    values: Values<'pathProbe'>,
  ): void {
    const direct = !this.#context.isRelay(tunnel, from);
    this.#heard(tunnel, direct, from);
    if (values.candidates.length > 0) tunnel.peer.candidates = values.candidates;
    const isMove = values.purpose === 'move' && isNewer(tunnel, keys.serial, counter);
    if (isMove) {
      tunnel.movedBy = { serial: keys.serial, counter };
      this.#losses.followed(tunnel);
      if (direct) {
        this.#routes.takeDirect(tunnel, from, 'the peer moved', false);
      } else {
        if (tunnel.active !== 'relay') this.#routes.take(tunnel, 'relay', 'the peer moved');
        this.restartSearch(tunnel);
      }
    }
    this.#answer(tunnel, from, direct, values.probe);
  }

  #answer(tunnel: Tunnel, to: Endpoint, direct: boolean, probe: Token64): void {
    const known = tunnel.direct === to && tunnel.directProven;
    const challenge =
      direct && !known ? this.#remember(tunnel, 'direct', to, 'challenge') : noToken;
    const observed = direct ? to : undefined;
    const message = this.#context.sealed(tunnel, 'pathAnswer', { probe, challenge, observed });
    if (message) this.#context.transmit(to, message);
  }

  /** A Path Answer of the peer; anything but an answer to a probe under way changes nothing. */
  answered(tunnel: Tunnel, from: Endpoint, values: Values<'pathAnswer'>): void {
    const direct = !this.#context.isRelay(tunnel, from);
    const probe = tunnel.probes.get(values.probe);
    if (!probe || (probe.via === 'direct') !== direct) return;
    tunnel.probes.delete(values.probe);
    this.#heard(tunnel, direct, from);
    if (probe.purpose !== 'challenge') {
      tunnel.roundTripMs = this.#context.now - probe.sentAt;
      this.#context.emit({ event: 'answered', tunnel, roundTripMs: tunnel.roundTripMs });
    }
    if (values.challenge !== noToken) {
      const reply = { probe: values.challenge, challenge: noToken, observed: undefined };
      const message = this.#context.sealed(tunnel, 'pathAnswer', reply);
      if (message) this.#context.transmit(from, message);
    }
    if (direct) this.#directAnswered(tunnel, from, probe);
    else this.#relayAnswered(tunnel, probe);
    this.#noteHandover(tunnel);
  }

  #tryAnswerer(tunnel: Tunnel, from: Endpoint): void {
    const tries = tunnel.tries.get(from) ?? 0;
    if (tries >= limits.maxProbesPerCandidate || tunnel.tries.size >= maxProbesKept) return;
    tunnel.tries.set(from, tries + 1);
    this.testDirect(tunnel, from);
  }

  #directAnswered(tunnel: Tunnel, from: Endpoint, probe: Probe): void {
    tunnel.directHeardAt = this.#context.now;
    if (endpointIp(probe.to) !== endpointIp(from)) {
      // The peer lives, but a copy of its answer can come from anywhere. Another port is its NAT's choice.
      this.#tryAnswerer(tunnel, from);
      return;
    }
    const inUse = tunnel.active === 'direct' && tunnel.direct === from;
    if (probe.purpose === 'challenge' && inUse) {
      this.#routes.proven(tunnel);
      return;
    }
    if (!inUse && !this.#routes.mayGoDirect(tunnel, from)) return;
    if (!inUse && tunnel.active === 'direct' && tunnel.directProven) return;
    const isSettled = tunnel.directProven && tunnel.heldUplink === undefined;
    tunnel.heldUplink = undefined;
    if (inUse) {
      tunnel.directProven = true;
      if (!isSettled) this.#routes.apply(tunnel);
    } else {
      this.#routes.takeDirect(tunnel, from, 'a direct route works', true);
    }
    if (isToBeTold(tunnel, probe, inUse)) this.moveDirect(tunnel, from);
    this.#moveDone(tunnel);
  }

  #relayAnswered(tunnel: Tunnel, probe: Probe): void {
    if (tunnel.active === 'relay' && tunnel.heldUplink) {
      tunnel.heldUplink = undefined;
      this.#routes.apply(tunnel);
      this.#moveDone(tunnel);
    }
    if (probe.purpose === 'move' && tunnel.active === 'relay') this.#moveDone(tunnel);
  }

  #moveDone(tunnel: Tunnel): void {
    tunnel.moveUnanswered = false;
    tunnel.moveTries = 0;
    this.#context.clear('move', tunnel);
  }

  #heard(tunnel: Tunnel, direct: boolean, from: Endpoint): void {
    tunnel.heardAt = this.#context.now;
    if (direct) tunnel.directHeardAt = this.#context.now;
    if (tunnel.direct === from) this.#routes.exchanged(tunnel);
    tunnel.deadTries = 0;
    this.#context.clear('dead', tunnel);
  }

  #noteHandover(tunnel: Tunnel): void {
    const { handover } = tunnel;
    if (!handover || handover.answeredMs !== undefined) return;
    handover.answeredMs = this.#context.now - handover.startedAt;
  }

  /** The "move" timer: say it again; when only the relay answers, use the relay. */
  repeatMove(tunnel: Tunnel): void {
    if (!tunnel.moveUnanswered) return;
    tunnel.moveTries += 1;
    const relayWorks = tunnel.leg.state === 'open' && tunnel.handover?.answeredMs !== undefined;
    const directFails = !tunnel.directProven || tunnel.heldUplink !== undefined;
    if (tunnel.active === 'direct' && directFails && relayWorks && tunnel.moveTries >= 2) {
      tunnel.heldUplink = undefined;
      tunnel.directProven = false;
      this.#routes.take(tunnel, 'relay', 'the direct route does not answer');
      this.moveRelayed(tunnel);
      this.#moveDone(tunnel);
      this.restartSearch(tunnel);
      return;
    }
    if (tunnel.moveTries > limits.maxRequestTries) {
      tunnel.moveUnanswered = false;
      this.#context.emit({ event: 'lost', tunnel, why: 'no answer after a move' });
      return;
    }
    if (tunnel.heldUplink) this.test(tunnel, 'both');
    else this.move(tunnel);
    const wait = backoffMs(limits.probe, tunnel.moveTries, this.#context.role.environment.random);
    this.#context.timer('move', tunnel, wait);
  }

  /** Looks for a direct route from the beginning: something about one of the ends has changed. */
  restartSearch(tunnel: Tunnel): void {
    tunnel.tries.clear();
    tunnel.upgradeAttempt = 0;
    this.#context.clear('upgrade', tunnel);
    this.search(tunnel);
  }

  /** One round of probes to the candidates; backs off, but never for ever. */
  search(tunnel: Tunnel): void {
    if (tunnel.sendEpoch < 0 || (tunnel.active === 'direct' && tunnel.directProven)) return;
    let round = 0;
    let open = false;
    const most =
      tunnel.upgradeAttempt === 0 ? limits.maxProbesPerCandidate : limits.maxProbesPerUpgrade;
    for (const to of this.#targets(tunnel)) {
      const tries = tunnel.tries.get(to) ?? 0;
      if (tries >= most) continue;
      tunnel.tries.set(to, tries + 1);
      round = Math.max(round, tries);
      open = true;
      this.testDirect(tunnel, to);
    }
    const { random } = this.#context.role.environment;
    if (open) {
      this.#context.timer('search', tunnel, backoffMs(limits.probe, round, random));
    } else {
      this.#context.timer(
        'upgrade',
        tunnel,
        backoffMs(limits.upgrade, tunnel.upgradeAttempt, random),
      );
    }
  }

  #targets(tunnel: Tunnel): readonly Endpoint[] {
    const { locality } = this.#context;
    const targets = new Set(directCandidates(locality, tunnel.peer));
    for (const to of tunnel.tries.keys()) if (this.#routes.mayGoDirect(tunnel, to)) targets.add(to);
    return [...targets]
      .filter((to) => isUnicast(endpointIp(to)) && locality.canReach(to) && !locality.isOwn(to))
      .filter((to) => to !== tunnel.direct || !tunnel.moveUnanswered)
      .slice(0, limits.maxCandidates);
  }

  /** The "upgrade" timer: the next attempt to find a direct route. */
  upgrade(tunnel: Tunnel): void {
    tunnel.upgradeAttempt += 1;
    tunnel.tries.clear();
    this.search(tunnel);
  }

  /** Data is sent and nothing comes back: ask over the route in use, a few times in short order. */
  doubt(tunnel: Tunnel): void {
    if (tunnel.deadTries > 0 || tunnel.active === 'none') return;
    tunnel.deadTries = 1;
    this.#callHere(tunnel);
    this.#context.timer('dead', tunnel, limits.deadStepMs);
  }

  /**
   * Over the route in use: "send to me this way". The peer may still send another way, one that has died
   * for its packets alone, and would not learn it from a test that is answered.
   */
  #callHere(tunnel: Tunnel): void {
    if (tunnel.active === 'relay') this.moveRelayed(tunnel);
    else if (tunnel.direct) this.moveDirect(tunnel, tunnel.direct);
  }

  /** The "dead" timer: true when the route is to be given up. */
  stillSilent(tunnel: Tunnel): boolean {
    if (tunnel.deadTries === 0) return false;
    tunnel.deadTries += 1;
    if (tunnel.deadTries > limits.deadProbes) {
      tunnel.deadTries = 0;
      return true;
    }
    this.#callHere(tunnel);
    this.#context.timer('dead', tunnel, limits.deadStepMs);
    return false;
  }
}

/** Whether the peer does not know yet that this end takes the direct route, from here. */
function isToBeTold(tunnel: Tunnel, probe: Probe, inUse: boolean): boolean {
  switch (probe.purpose) {
    case 'move':
      return !inUse;
    case 'test':
      return !inUse || tunnel.moveUnanswered;
    case 'challenge':
      return true;
  }
}

function isNewer(tunnel: Tunnel, serial: number, counter: number): boolean {
  const { movedBy } = tunnel;
  return serial > movedBy.serial || (serial === movedBy.serial && counter > movedBy.counter);
}
