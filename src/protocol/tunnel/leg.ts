/**
 * The leg of a path at its Relay Server (paper section 3.3, figure 4): opened, moved and kept alive by Tunnel
 * Request, confirmed by the token of the Tunnel Response. A path has its leg open even while packets go
 * directly, so that a move needs one packet only.
 */
import { backoffMs } from '../../base/backoff.ts';
import { emptyBytes } from '../../base/bytes.ts';
import type { Endpoint } from '../../base/ip.ts';
import { type Drop, drop } from '../../wire/drops.ts';
import { type Incarnation, noToken, stamp } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';
import { limits } from '../limits.ts';
import { encodeTunnel } from '../tunnel-message.ts';
import type { Tunnel } from './tunnel.ts';
import { short, type TunnelContext } from './tunnel-context.ts';

export class Legs {
  readonly #context: TunnelContext;

  constructor(context: TunnelContext) {
    this.#context = context;
  }

  /**
   * Asks for the leg with a new stamp, from where this end is now. `inner` is a path message for the other
   * end, which the Relay Server passes on in the same moment.
   */
  ask(tunnel: Tunnel, inner: Uint8Array): void {
    const to = this.#context.relayEndpoint(tunnel);
    if (!to || !tunnel.relay) return;
    const { leg } = tunnel;
    const { bootCount } = this.#context.role.environment;
    leg.stamp = stamp(bootCount, this.#context.role.nextStampCounter());
    if (leg.state !== 'open') leg.state = 'asked';
    leg.askedAt = this.#context.now;
    const values = { incarnation: tunnel.relay.incarnation, stamp: leg.stamp, inner };
    this.#send(tunnel, to, 'tunnelRequest', values);
    const wait = backoffMs(limits.tunnel, leg.tries, this.#context.role.environment.random);
    leg.tries += 1;
    this.#context.timer('leg', tunnel, wait);
  }

  #send<Name extends 'tunnelRequest' | 'tunnelConfirm'>(
    tunnel: Tunnel,
    to: Endpoint,
    name: Name,
    values: Values<Name>,
  ): void {
    const { pathId, side, plan } = tunnel;
    const { suite } = this.#context.role.environment;
    const path = { pathId, side, leg: true };
    const datagram = encodeTunnel(suite, name, path, plan.legKey, values);
    this.#context.role.note('sent', name, to, datagram.length, `${short(pathId)} leg`);
    this.#context.transmit(to, datagram);
  }

  /** True when the leg came open by this answer, false for an answer that only repeats one. */
  answered(tunnel: Tunnel, from: Endpoint, values: Values<'tunnelResponse'>): boolean | Drop {
    const { leg, relay } = tunnel;
    if (!relay || values.stamp !== leg.stamp) return drop('stale-stamp');
    const opened = leg.state !== 'open';
    leg.state = 'open';
    const remapped = leg.observed !== undefined && leg.observed !== values.observed;
    leg.observed = values.observed;
    if (remapped) this.#context.emit({ event: 'remapped', tunnel });
    if (leg.tries > 0) leg.delayMs = Math.round(this.#context.now - leg.askedAt);
    leg.tries = 0;
    if (values.token === noToken) {
      this.#context.clear('leg', tunnel);
    } else {
      // The answer to the confirmation has no token any more; until it comes the leg is only lent to us.
      const confirm = { incarnation: relay.incarnation, stamp: values.stamp, token: values.token };
      this.#send(tunnel, from, 'tunnelConfirm', confirm);
      this.#context.timer('leg', tunnel, Math.max(limits.tunnel.firstMs, 2 * (leg.delayMs ?? 0)));
    }
    this.#context.timer('leg-keepalive', tunnel, this.keepaliveMs());
    return opened;
  }

  keepaliveMs(): number {
    const behindNat = this.#context.locality.nat !== 'global';
    return behindNat ? limits.keepaliveMs : limits.keepaliveGlobalMs;
  }

  keepAlive(tunnel: Tunnel): void {
    tunnel.leg.tries = 0;
    this.ask(tunnel, emptyBytes);
  }

  /** No answer yet: again, and after many times the DS is told that this path is lost. */
  repeat(tunnel: Tunnel, inner: Uint8Array): void {
    if (tunnel.leg.tries >= limits.maxTunnelTries) {
      tunnel.leg.state = 'none';
      tunnel.leg.tries = 0;
      this.#context.emit({ event: 'lost', tunnel, why: 'the Relay Server does not answer' });
      this.#context.timer('leg', tunnel, limits.directionRetry.mostMs / 2);
      return;
    }
    this.ask(tunnel, inner);
  }

  /**
   * The Relay Server does not know the path or has restarted. A hint is not authenticated: it causes one
   * new request, at most ten in a second.
   */
  hinted(
    tunnel: Tunnel,
    reason: Values<'hint'>['reason'],
    incarnation: Incarnation,
  ): Drop | undefined {
    const { leg, relay } = tunnel;
    const now = this.#context.now;
    if (!relay) return drop('unexpected');
    if (now - leg.hurriedAt < 100) return drop('rate-limited');
    leg.hurriedAt = now;
    if (reason === 'stale-tunnel-request' && relay.incarnation !== incarnation) {
      tunnel.relay = { ...relay, incarnation };
    } else if (reason === 'unknown-path' && leg.tries >= limits.rehandshakeAfterTries) {
      this.#context.emit({ event: 'lost', tunnel, why: 'the Relay Server does not know the path' });
    }
    leg.state = 'asked';
    this.#context.timer('leg', tunnel, reason === 'unknown-path' ? 30 : 0);
    return undefined;
  }
}
