/**
 * The Relay Servers of a Direction Server and which one a path gets (protocol.md 7): reachable, not on the
 * host of one of the ends, then the least loaded, then the lowest sum of both ends' measured delays.
 */
import { type Endpoint, endpointIp } from '../../base/ip.ts';
import { limits } from '../../protocol/limits.ts';
import type { Association } from '../../protocol/session.ts';
import type { Incarnation, NodeId } from '../../wire/ids.ts';
import type { RelayInfo } from '../../wire/messages.ts';
import type { RelayDelays } from './online.ts';

export interface OnlineRelay {
  readonly relayId: NodeId;
  readonly publicKey: Uint8Array;
  association: Association;
  incarnation: Incarnation;
  software: string;
  endpoints: readonly Endpoint[];
  observed: Endpoint;
  exit: boolean;
  paths: number;
  pathLimit: number;
  weight: number;
  /** Its owner wants it empty. */
  draining: boolean;
  /** Not heard for so long that it may be dead: it gets no paths until it is heard again. */
  silent: boolean;
  heardAt: number;
}

export interface RelayWish {
  readonly exit: boolean;
  /** Hosts of the two ends, as observed: no Relay Server on them is of use. */
  readonly hosts: readonly Endpoint[];
  readonly delays: readonly RelayDelays[];
  /** The one that has just failed: taken only when there is no other. */
  readonly avoid: NodeId | undefined;
}

const unknownDelayMs = 200;
/** Of a Relay Server that has not reported yet. */
export const usualWeight = 10;

export class RelayFleet {
  readonly #relayById = new Map<NodeId, OnlineRelay>();

  get size(): number {
    return this.#relayById.size;
  }

  values(): IterableIterator<OnlineRelay> {
    return this.#relayById.values();
  }

  get(relayId: NodeId): OnlineRelay | undefined {
    return this.#relayById.get(relayId);
  }

  hasRoomFor(relayId: NodeId): boolean {
    return this.#relayById.has(relayId) || this.#relayById.size < limits.maxRelays;
  }

  set(relay: OnlineRelay): void {
    this.#relayById.set(relay.relayId, relay);
  }

  delete(relayId: NodeId): void {
    this.#relayById.delete(relayId);
  }

  choose(wish: RelayWish): OnlineRelay | undefined {
    const hosts = wish.hosts.map(endpointIp);
    const fits = [...this.#relayById.values()].filter(
      (relay) =>
        !relay.silent &&
        (!wish.exit || relay.exit) &&
        (relay.pathLimit === 0 || relay.paths < relay.pathLimit) &&
        !relay.endpoints.some((each) => hosts.includes(endpointIp(each))),
    );
    const others = fits.filter((relay) => relay.relayId !== wish.avoid);
    const wanted = others.filter((relay) => !relay.draining);
    const among = [wanted, others, fits].find((each) => each.length > 0) ?? [];
    let best: OnlineRelay | undefined;
    for (const relay of among) if (!best || cost(relay, wish) < cost(best, wish)) best = relay;
    return best;
  }
}

/** Of the load by weight steps of a tenth count first, delays decide among equals. */
function cost(relay: OnlineRelay, wish: RelayWish): number {
  const share = relay.pathLimit > 0 ? relay.paths / relay.pathLimit : 0;
  const load = Math.floor((share * 10 * usualWeight) / relay.weight);
  const delay = wish.delays.reduce(
    (sum, each) =>
      sum + (each.find(({ relayId }) => relayId === relay.relayId)?.delayMs ?? unknownDelayMs),
    0,
  );
  return load * 1_000_000 + delay;
}

export function relayInfo(relay: OnlineRelay): RelayInfo {
  const { relayId, publicKey, incarnation, endpoints } = relay;
  return { relayId, publicKey, incarnation, endpoints: endpoints.slice(0, 2) };
}
