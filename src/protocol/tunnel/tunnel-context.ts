/** What the machines of all paths of a role share, and how they send to the two places a path has. */
import type { Endpoint } from '../../base/ip.ts';
import { Timers } from '../../base/timers.ts';
import type { CountMoment } from '../../datapath/commands.ts';
import type { PathId } from '../../wire/ids.ts';
import type { PathMessageName, Values } from '../../wire/messages.ts';
import type { RoleContext } from '../context.ts';
import { sealPathMessage } from '../path-message.ts';
import type { Locality } from './locality.ts';
import { type Handover, keysToSend, type Tunnel } from './tunnel.ts';

export type TunnelTimer =
  | 'handshake'
  | 'leg'
  | 'leg-keepalive'
  | 'direct-keepalive'
  | 'move'
  | 'search'
  | 'upgrade'
  | 'dead'
  | 'old-epoch'
  | 'key-age'
  | 'retired'
  | 'proof'
  | 'settle'
  | 'report';

export type TunnelEvent =
  /** The first keys are in use and a route is known. */
  | { readonly event: 'established'; readonly tunnel: Tunnel }
  /** Neither route works, or the Relay Server does not know the path: the DS is to direct anew. */
  | { readonly event: 'lost'; readonly tunnel: Tunnel; readonly why: string }
  | { readonly event: 'closed'; readonly tunnel: Tunnel; readonly why: string }
  | { readonly event: 'idle'; readonly tunnel: Tunnel }
  /** The moment for what was under way on a retired path is over. */
  | { readonly event: 'retired'; readonly tunnel: Tunnel }
  /** Our NAT has another mapping although we did not move: all others may be gone too. */
  | { readonly event: 'remapped'; readonly tunnel: Tunnel }
  /** The peer answered a probe; the round trip is that of the route in use. */
  | { readonly event: 'answered'; readonly tunnel: Tunnel; readonly roundTripMs: number }
  | { readonly event: 'route-changed'; readonly tunnel: Tunnel; readonly why: string }
  | { readonly event: 'handover'; readonly tunnel: Tunnel; readonly handover: Handover };

const noEvents: readonly TunnelEvent[] = [];

export class TunnelContext {
  readonly role: RoleContext;
  readonly locality: Locality;
  readonly timers: Timers<TunnelTimer>;
  #events: TunnelEvent[] = [];

  constructor(role: RoleContext, locality: Locality) {
    this.role = role;
    this.locality = locality;
    this.timers = new Timers(role.alarm);
  }

  get now(): number {
    return this.role.now;
  }

  emit(event: TunnelEvent): void {
    this.#events.push(event);
  }

  takeEvents(): readonly TunnelEvent[] {
    if (this.#events.length === 0) return noEvents;
    const events = this.#events;
    this.#events = [];
    return events;
  }

  timer(name: TunnelTimer, tunnel: Tunnel, inMs: number): void {
    this.timers.set(name, tunnel.pathId, this.now + inMs);
  }

  clear(name: TunnelTimer, tunnel: Tunnel): void {
    this.timers.clear(name, tunnel.pathId);
  }

  transmit(to: Endpoint, bytes: Uint8Array): void {
    this.role.transmit(to, bytes, this.locality.uplinkTo(to));
  }

  /**
   * The data path sends under the newest keys in use, and by this path rather than by another to the same
   * peer: so it is told only once this path has a route.
   */
  tellEpoch(tunnel: Tunnel): void {
    if (tunnel.sendEpoch < 0 || tunnel.retired) return;
    tunnel.toldEpoch = tunnel.sendEpoch;
    this.role.path({ op: 'key-use', pathId: tunnel.pathId, epoch: tunnel.sendEpoch });
  }

  /** Has the data path tell what it has counted. */
  count(tunnel: Tunnel, moment: CountMoment): void {
    this.role.path({ op: 'path-count', pathId: tunnel.pathId, moment });
  }

  /** The endpoint of the path's Relay Server that fits an uplink of ours. */
  relayEndpoint(tunnel: Tunnel): Endpoint | undefined {
    const endpoints = tunnel.relay?.endpoints ?? [];
    return endpoints.find((each) => this.locality.canReach(each)) ?? endpoints[0];
  }

  isRelay(tunnel: Tunnel, from: Endpoint): boolean {
    return tunnel.relay?.endpoints.includes(from) || tunnel.formerRelays.includes(from);
  }

  /** By the route in use. */
  sendInUse<Name extends PathMessageName>(tunnel: Tunnel, name: Name, values: Values<Name>): void {
    const to = tunnel.active === 'direct' ? tunnel.direct : this.relayEndpoint(tunnel);
    const message = to && this.sealed(tunnel, name, values);
    if (message) this.transmit(to, message);
  }

  /** A message under the newest control keys in use; undefined before there are any. */
  sealed<Name extends PathMessageName>(
    tunnel: Tunnel,
    name: Name,
    values: Values<Name>,
  ): Uint8Array | undefined {
    const keys = keysToSend(tunnel);
    if (!keys) return undefined;
    const counter = keys.counter;
    keys.counter += 1;
    const { pathId, side } = tunnel;
    const path = { pathId, side, epoch: keys.epoch, counter };
    const { suite } = this.role.environment;
    const datagram = sealPathMessage(suite, name, path, keys.sendKey, values);
    this.role.note('sent', name, 'peer', datagram.length, short(pathId));
    return datagram;
  }
}

/** First digits of a Path ID, for logs and traces. */
export function short(pathId: PathId): string {
  return pathId.slice(0, 6);
}
