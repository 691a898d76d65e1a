/**
 * What the kernel's link, address and route messages say (rtnetlink(7)), and the tables they add up
 * to. Of routes only those that may lead outside are kept: unicast, main table, default or by a
 * gateway. The kernel drops and revives IPv4 routes with their device or address without a word;
 * `routesStale` tells when they are to be asked anew.
 */
import { type Ip, ipFromBytes, type Prefix, prefix } from '../../base/ip.ts';
import {
  decodeAttributes,
  type NetlinkMessage,
  nlmsgFlags,
  textOf,
  u16At,
  u32At,
} from './nlmsg.ts';

export const rtm = {
  newLink: 16,
  delLink: 17,
  getLink: 18,
  setLink: 19,
  newAddress: 20,
  delAddress: 21,
  getAddress: 22,
  newRoute: 24,
  delRoute: 25,
  getRoute: 26,
  newRule: 32,
  delRule: 33,
  getRule: 34,
} as const;

export const linkFlags = { up: 0x1, loopback: 0x8, running: 0x40 } as const;

export const addressFlags = {
  secondary: 0x01,
  noDad: 0x02,
  optimistic: 0x04,
  dadFailed: 0x08,
  deprecated: 0x20,
  tentative: 0x40,
  noPrefixRoute: 0x200,
} as const;

export const mainTable = 254;
export const scopeUniverse = 0;
const AF_INET = 2;
const AF_INET6 = 10;
const unicastRoute = 1;
const nextHopDead = 0x01;
const nextHopLinkDown = 0x10;
const clonedRoute = 0x200;

export interface Link {
  readonly index: number;
  readonly name: string;
  readonly flags: number;
  readonly mtu: number;
}

export interface Address {
  readonly deviceIndex: number;
  readonly ip: Ip;
  readonly prefixLength: number;
  readonly scope: number;
  readonly flags: number;
}

/** A route by which packets can leave this machine's own networks. */
export interface OutwardRoute {
  readonly family: 4 | 6;
  readonly destination: Prefix;
  readonly metric: number;
  readonly deviceIndexes: readonly number[];
  readonly gateway: boolean;
}

export function decodeLink(payload: Uint8Array): Link | undefined {
  const index = u32At(payload, 4);
  const flags = u32At(payload, 8);
  const attributes = decodeAttributes(payload, 16);
  const name = textOf(attributes.get(3));
  if (index === undefined || flags === undefined || name === undefined) return undefined;
  return { index, flags, name, mtu: u32At(attributes.get(4), 0) ?? 0 };
}

export function decodeAddress(payload: Uint8Array): Address | undefined {
  if (payload.length < 8) return undefined;
  const attributes = decodeAttributes(payload, 8);
  // On a point-to-point device the plain address is the other end's.
  const bytes = attributes.get(2) ?? attributes.get(1);
  const wanted = payload[0] === AF_INET ? 4 : payload[0] === AF_INET6 ? 16 : 0;
  const deviceIndex = u32At(payload, 4);
  if (bytes?.length !== wanted || deviceIndex === undefined) return undefined;
  return {
    deviceIndex,
    ip: ipFromBytes(bytes),
    prefixLength: payload[1] as number,
    scope: payload[3] as number,
    flags: u32At(attributes.get(8), 0) ?? (payload[2] as number),
  };
}

/** The route, or undefined when it leads nowhere outside. */
export function decodeOutwardRoute(payload: Uint8Array): OutwardRoute | undefined {
  const flags = u32At(payload, 8);
  if (flags === undefined || flags & (nextHopDead | nextHopLinkDown | clonedRoute))
    return undefined;
  const family = payload[0] === AF_INET ? 4 : payload[0] === AF_INET6 ? 6 : undefined;
  const length = payload[1] as number;
  const attributes = decodeAttributes(payload, 12);
  const table = u32At(attributes.get(15), 0) ?? payload[4];
  if (!family || table !== mainTable || payload[7] !== unicastRoute) return undefined;
  const hops = nextHops(attributes);
  const gateway = hops.some((hop) => hop.gateway);
  if (hops.length === 0 || (length > 0 && !gateway)) return undefined;
  const address = attributes.get(1) ?? new Uint8Array(family === 4 ? 4 : 16);
  if (address.length !== (family === 4 ? 4 : 16) || length > address.length * 8) return undefined;
  return {
    family,
    destination: prefix(ipFromBytes(address), length),
    metric: u32At(attributes.get(6), 0) ?? 0,
    deviceIndexes: hops.map((hop) => hop.deviceIndex),
    gateway,
  };
}

interface NextHop {
  readonly deviceIndex: number;
  readonly gateway: boolean;
}

function nextHops(attributes: ReadonlyMap<number, Uint8Array>): NextHop[] {
  const single = u32At(attributes.get(4), 0);
  if (single !== undefined) {
    return [{ deviceIndex: single, gateway: attributes.has(5) || attributes.has(18) }];
  }
  const multiple = attributes.get(9);
  const hops: NextHop[] = [];
  for (let at = 0; multiple && at + 8 <= multiple.length; ) {
    const length = u16At(multiple, at) ?? 0;
    if (length < 8 || at + length > multiple.length) break;
    const inner = decodeAttributes(multiple.subarray(at, at + length), 8);
    const flags = multiple[at + 2] as number;
    if (!(flags & (nextHopDead | nextHopLinkDown))) {
      const deviceIndex = u32At(multiple, at + 4) ?? 0;
      hops.push({ deviceIndex, gateway: inner.has(5) || inner.has(18) });
    }
    at += (length + 3) & ~3;
  }
  return hops;
}

function routeKey(payload: Uint8Array): string {
  const attributes = decodeAttributes(payload, 12);
  const via = [4, 5, 9].map((type) => attributes.get(type)?.join('.') ?? '');
  return `${routeSlot(payload, attributes)} ${via.join(' ')}`;
}

/** What a replacing route shares with the one it replaces. */
function routeSlot(payload: Uint8Array, attributes: ReadonlyMap<number, Uint8Array>): string {
  const [family, length, , tos] = payload;
  const parts = [1, 6, 15].map((type) => attributes.get(type)?.join('.') ?? '');
  return `${family}/${length}/${tos} ${parts.join(' ')} |`;
}

export class RtnlTables {
  readonly linkByIndex = new Map<number, Link>();
  readonly #addressByKey = new Map<string, Address>();
  readonly #routeByKey = new Map<string, OutwardRoute>();
  /** Set when IPv4 routes may have gone or come without a notification. */
  routesStale = false;

  get addresses(): Iterable<Address> {
    return this.#addressByKey.values();
  }

  get routes(): Iterable<OutwardRoute> {
    return this.#routeByKey.values();
  }

  clear(): void {
    this.linkByIndex.clear();
    this.#addressByKey.clear();
    this.clearRoutes();
  }

  clearRoutes(): void {
    this.#routeByKey.clear();
    this.routesStale = false;
  }

  /** Takes in one message of a dump or a notification; others than of these tables are ignored. */
  apply({ type, flags, payload }: NetlinkMessage): void {
    if (type === rtm.newLink || type === rtm.delLink) this.#applyLink(type, payload);
    else if (type === rtm.newAddress || type === rtm.delAddress) this.#applyAddress(type, payload);
    else if (type === rtm.newRoute || type === rtm.delRoute) {
      this.#applyRoute(type, (flags & nlmsgFlags.replace) !== 0, payload);
    }
  }

  #applyLink(type: number, payload: Uint8Array): void {
    // Bridges send link messages of their own family about their ports.
    const link = payload[0] === 0 ? decodeLink(payload) : undefined;
    if (!link) return;
    const before = this.linkByIndex.get(link.index);
    if (type === rtm.delLink) {
      this.linkByIndex.delete(link.index);
      for (const [key, address] of this.#addressByKey) {
        if (address.deviceIndex === link.index) this.#addressByKey.delete(key);
      }
    } else {
      this.linkByIndex.set(link.index, link);
    }
    // A route of a device without carrier is marked dead and, with the carrier back, alive, in
    // silence.
    const turned =
      before && ((before.flags ^ link.flags) & (linkFlags.up | linkFlags.running)) !== 0;
    if (type === rtm.delLink || turned) this.routesStale = true;
  }

  #applyAddress(type: number, payload: Uint8Array): void {
    const address = decodeAddress(payload);
    if (!address) return;
    const key = `${address.deviceIndex} ${address.ip}/${address.prefixLength}`;
    if (type === rtm.newAddress) {
      this.#addressByKey.set(key, address);
    } else {
      this.#addressByKey.delete(key);
      this.routesStale = true;
    }
  }

  #applyRoute(type: number, replaces: boolean, payload: Uint8Array): void {
    if (payload.length < 12) return;
    const key = routeKey(payload);
    if (replaces) {
      const slot = routeSlot(payload, decodeAttributes(payload, 12));
      for (const each of this.#routeByKey.keys()) {
        if (each.startsWith(slot)) this.#routeByKey.delete(each);
      }
    }
    const route = type === rtm.newRoute ? decodeOutwardRoute(payload) : undefined;
    if (route) this.#routeByKey.set(key, route);
    else this.#routeByKey.delete(key);
  }
}
