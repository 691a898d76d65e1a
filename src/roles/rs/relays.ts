/**
 * The relay of a Relay Server (paper sections 3.3, 4.3; protocol.md 11.3, 11.5, 11.10): legs are opened and
 * moved by Tunnel Requests under their own leg key, and messages between the two ends are passed on by Path ID
 * and source without being understood. Data packets are the data path's affair; it is told of every leg.
 */
import { toHex } from '../../base/bytes.ts';
import { type Endpoint, endpointIp, isUnicast } from '../../base/ip.ts';
import type { Side } from '../../datapath/commands.ts';
import type { RoleContext } from '../../protocol/context.ts';
import { type HintSender, hintLength } from '../../protocol/hint-sender.ts';
import { limits } from '../../protocol/limits.ts';
import { pathIdOf } from '../../protocol/path-header.ts';
import {
  decodeTunnel,
  encodeTunnel,
  readTunnelHeader,
  type TunnelHeader,
} from '../../protocol/tunnel-message.ts';
import { identify } from '../../wire/codec.ts';
import { type Drop, drop, isDrop } from '../../wire/drops.ts';
import { legFlag, pathHeaderLength, sideFlag } from '../../wire/header.ts';
import { type NodeId, noToken, type PathId, type Stamp, type Token64 } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';

interface Leg {
  readonly key: Uint8Array;
  stamp: Stamp | undefined;
  endpoint: Endpoint | undefined;
  verified: boolean;
  /** The last place that was verified. */
  fallback: Endpoint | undefined;
  /** Tokens given to the places that claim the newest stamp. */
  readonly claims: Map<Token64, Endpoint>;
}

export interface Relay {
  readonly pathId: PathId;
  readonly issuerKey: Uint8Array;
  readonly nodeIds: readonly NodeId[];
  readonly idleMs: number;
  readonly createdAt: number;
  revision: number;
  readonly legs: readonly [Leg, Leg];
  /** A message for an end that has not opened its leg yet: at most one each way. */
  readonly held: [Uint8Array | undefined, Uint8Array | undefined];
  lastUsedAt: number;
}

const maxClaims = 8;

export class Relays {
  readonly #context: RoleContext;
  readonly #hints: HintSender;
  readonly #relayById = new Map<PathId, Relay>();

  constructor(context: RoleContext, hints: HintSender) {
    this.#context = context;
    this.#hints = hints;
  }

  get size(): number {
    return this.#relayById.size;
  }

  values(): IterableIterator<Relay> {
    return this.#relayById.values();
  }

  get(pathId: PathId): Relay | undefined {
    return this.#relayById.get(pathId);
  }

  add(values: Values<'relayDirection'>): void {
    const leg = (key: Uint8Array): Leg => ({
      key,
      stamp: undefined,
      endpoint: undefined,
      verified: false,
      fallback: undefined,
      claims: new Map(),
    });
    const idleMs = values.idleSeconds * 1000;
    this.#relayById.set(values.pathId, {
      pathId: values.pathId,
      issuerKey: values.issuerKey,
      nodeIds: values.nodeIds,
      idleMs,
      createdAt: this.#context.now,
      revision: values.revision,
      legs: [leg(values.legKey0), leg(values.legKey1)],
      held: [undefined, undefined],
      lastUsedAt: this.#context.now,
    });
    this.#context.path({ op: 'relay-new', pathId: values.pathId, idleMs });
  }

  remove(pathId: PathId): void {
    if (this.#relayById.delete(pathId)) this.#context.path({ op: 'relay-delete', pathId });
  }

  /** Data has been idle at the data path: true when keepalives have stopped too. */
  isIdle(relay: Relay): boolean {
    return relay.idleMs > 0 && this.#context.now - relay.lastUsedAt >= relay.idleMs;
  }

  /** A datagram in tunnel or path framing. */
  receive(datagram: Uint8Array, from: Endpoint, uplink: string | undefined): Drop | undefined {
    if (datagram.length < pathHeaderLength) return drop('too-short');
    const pathId = pathIdOf(datagram);
    const relay = this.#relayById.get(pathId);
    if (!relay) {
      if (datagram.length >= hintLength) this.#hints.send('unknown-path', pathId, from, uplink);
      return drop('unknown-path');
    }
    const identity = identify(datagram);
    if (isDrop(identity)) return identity;
    const isLeg = identity.framing === 'tunnel' && (identity.flags & legFlag) !== 0;
    return isLeg
      ? this.#receiveLeg(relay, datagram, from, uplink)
      : this.#pass(relay, identity.flags, datagram, from, uplink);
  }

  #receiveLeg(
    relay: Relay,
    datagram: Uint8Array,
    from: Endpoint,
    uplink: string | undefined,
  ): Drop | undefined {
    const header = readTunnelHeader(datagram);
    if (isDrop(header)) return header;
    const { suite, incarnation } = this.#context.environment;
    const leg = relay.legs[header.side];
    const message = decodeTunnel(suite, header, leg.key, datagram);
    if (isDrop(message)) return message;
    this.#context.note('received', header.name, from, datagram.length, relay.pathId.slice(0, 6));
    if (message.name === 'tunnelResponse') return drop('unexpected');
    if (message.values.incarnation !== incarnation) {
      this.#hints.send('stale-tunnel-request', relay.pathId, from, uplink);
      return drop('wrong-incarnation');
    }
    if (message.name === 'tunnelConfirm') {
      return this.#confirm(relay, header.side, message.values, uplink);
    }
    return this.#request(relay, header, message.values, from, uplink);
  }

  #request(
    relay: Relay,
    header: TunnelHeader,
    values: Values<'tunnelRequest'>,
    from: Endpoint,
    uplink: string | undefined,
  ): Drop | undefined {
    if (!isUnicast(endpointIp(from))) return drop('not-unicast');
    const leg = relay.legs[header.side];
    const isRepeat = values.stamp === leg.stamp;
    if (leg.stamp !== undefined && values.stamp < leg.stamp) return drop('stale-stamp');
    if (isRepeat && leg.endpoint !== from && (leg.verified || leg.claims.size >= maxClaims)) {
      return drop('stale-stamp');
    }
    relay.lastUsedAt = this.#context.now;
    if (!isRepeat) this.#move(relay, header.side, values.stamp, from);
    const token = leg.verified ? noToken : this.#claim(leg, from);
    this.#answer(relay, header.side, values.stamp, token, from, uplink);
    if (values.inner.length > 0 && !isRepeat) this.#passInner(relay, header.side, values.inner);
    this.#releaseHeld(relay, header.side);
    return undefined;
  }

  #move(relay: Relay, side: Side, stamp: Stamp, from: Endpoint): void {
    const leg = relay.legs[side];
    leg.stamp = stamp;
    if (leg.endpoint === from && leg.verified) return;
    if (leg.verified) leg.fallback = leg.endpoint;
    leg.endpoint = from;
    leg.verified = false;
    leg.claims.clear();
    this.#context.path({
      op: 'relay-leg',
      pathId: relay.pathId,
      side,
      endpoint: from,
      unverified: {
        budgetBytes: limits.unverifiedBudgetBytes,
        until: this.#context.now + limits.unverifiedMs,
        ...(leg.fallback !== undefined && { fallback: leg.fallback }),
      },
    });
  }

  #claim(leg: Leg, from: Endpoint): Token64 {
    for (const [token, endpoint] of leg.claims) if (endpoint === from) return token;
    const token = toHex(this.#context.environment.random.bytes(8)) as Token64;
    leg.claims.set(token, from);
    return token;
  }

  #answer(
    relay: Relay,
    side: Side,
    stamp: Stamp,
    token: Token64,
    to: Endpoint,
    uplink: string | undefined,
  ): void {
    const { suite, incarnation } = this.#context.environment;
    const path = { pathId: relay.pathId, side, leg: true };
    const values = { incarnation, stamp, observed: to, token, epoch: 0, inner: new Uint8Array(0) };
    const datagram = encodeTunnel(suite, 'tunnelResponse', path, relay.legs[side].key, values);
    this.#context.note('sent', 'tunnelResponse', to, datagram.length, relay.pathId.slice(0, 6));
    this.#context.transmit(to, datagram, uplink);
  }

  /** The place that the token was given to has it: the leg is there, and hears that it is. */
  #confirm(
    relay: Relay,
    side: Side,
    values: Values<'tunnelConfirm'>,
    uplink: string | undefined,
  ): Drop | undefined {
    const leg = relay.legs[side];
    const endpoint = leg.claims.get(values.token);
    if (endpoint === undefined) return drop('unexpected');
    leg.claims.clear();
    leg.endpoint = endpoint;
    leg.verified = true;
    leg.fallback = undefined;
    this.#context.path({ op: 'relay-leg', pathId: relay.pathId, side, endpoint });
    this.#answer(relay, side, leg.stamp ?? values.stamp, noToken, endpoint, uplink);
    return undefined;
  }

  /** The inner part of a leg's request: a message for the other end, of the same path and from this side. */
  #passInner(relay: Relay, side: Side, inner: Uint8Array): void {
    const identity = identify(inner);
    const isForPath =
      !isDrop(identity) &&
      inner.length >= pathHeaderLength &&
      (identity.framing === 'tunnel' || identity.framing === 'path') &&
      (identity.flags & legFlag) === 0 &&
      (identity.flags & sideFlag) === side &&
      pathIdOf(inner) === relay.pathId;
    if (!isForPath) return;
    const other = relay.legs[1 - side] as Leg;
    if (other.endpoint) this.#context.transmit(other.endpoint, inner, undefined);
    else relay.held[side] = inner;
  }

  #releaseHeld(relay: Relay, side: Side): void {
    const held = relay.held[1 - side];
    const to = relay.legs[side].endpoint;
    if (!held || !to) return;
    relay.held[1 - side] = undefined;
    this.#context.transmit(to, held, undefined);
  }

  /** A message from one end to the other: from the leg of its side, to the other leg, as it is. */
  #pass(
    relay: Relay,
    flags: number,
    datagram: Uint8Array,
    from: Endpoint,
    uplink: string | undefined,
  ): Drop | undefined {
    const side = (flags & sideFlag) as Side;
    const leg = relay.legs[side];
    if (leg.endpoint !== from && leg.fallback !== from) {
      if (datagram.length >= hintLength)
        this.#hints.send('unknown-path', relay.pathId, from, uplink);
      return drop('wrong-source');
    }
    const other = relay.legs[1 - side] as Leg;
    relay.lastUsedAt = this.#context.now;
    if (other.endpoint) this.#context.transmit(other.endpoint, datagram, undefined);
    else relay.held[side] = datagram.slice();
    return undefined;
  }
}
