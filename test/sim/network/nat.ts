/**
 * A NAT for UDP as RFC 4787 describes it: mapping behaviour, filtering behaviour, port assignment,
 * hairpinning and expiry, each chosen apart from the others. It translates endpoints and knows no time
 * of its own, no links and no bytes. Port overloading and port parity are left out.
 */
import {
  type Endpoint,
  endpoint,
  endpointIp,
  endpointPort,
  type Ip,
} from '../../../src/base/ip.ts';
import { type Random, randomBelow } from '../../../src/base/random.ts';

/** RFC 4787 sections 4.1 (mapping) and 5 (filtering). */
export const behaviours = [
  'endpoint-independent',
  'address-dependent',
  'address-and-port-dependent',
] as const;
export type Behaviour = (typeof behaviours)[number];

export interface NatOptions {
  readonly mapping: Behaviour;
  readonly filtering: Behaviour;
  readonly ports: 'preserving' | 'random';
  readonly hairpin: boolean;
  /** A mapping, or a permission of it, that was not refreshed for so long is gone. */
  readonly expiryMs: number;
  /** Whether packets from outside refresh too (RFC 4787 section 4.3). */
  readonly refreshedFromOutside: boolean;
}

export const symmetricNat: NatOptions = {
  mapping: 'address-and-port-dependent',
  filtering: 'address-and-port-dependent',
  ports: 'random',
  hairpin: false,
  expiryMs: 120_000,
  refreshedFromOutside: true,
};

/** What nftables masquerade with a stateful filter does, and most home routers with it. */
export const restrictedNat: NatOptions = {
  mapping: 'endpoint-independent',
  filtering: 'address-and-port-dependent',
  ports: 'preserving',
  hairpin: false,
  expiryMs: 120_000,
  refreshedFromOutside: true,
};

export const openNat: NatOptions = {
  mapping: 'endpoint-independent',
  filtering: 'endpoint-independent',
  ports: 'preserving',
  hairpin: true,
  expiryMs: 120_000,
  refreshedFromOutside: true,
};

interface Mapping {
  readonly inside: Endpoint;
  readonly outside: Endpoint;
  /** What of the remote endpoint tells it from others of the same inside. */
  readonly told: string;
  usedAt: number;
  /** When each remote, cut to what the filter looks at, was last sent to. */
  readonly sentAtByRemote: Map<string, number>;
}

const leastSwept = 64;
const firstPort = 1024;
const portCount = 0x1_0000 - firstPort;

/** The part of a remote endpoint that a behaviour tells apart. */
function significant(behaviour: Behaviour, remote: Endpoint): string {
  if (behaviour === 'endpoint-independent') return '';
  return behaviour === 'address-dependent' ? endpointIp(remote) : remote;
}

export class Nat {
  readonly externalIp: Ip;
  readonly options: NatOptions;
  readonly #random: Random;
  readonly #mappingsByInside = new Map<Endpoint, Map<string, Mapping>>();
  readonly #mappingByOutside = new Map<Endpoint, Mapping>();
  /** Expired mappings are looked for when there are so many. */
  #sweepAt = leastSwept;

  constructor(externalIp: Ip, options: NatOptions, random: Random) {
    this.externalIp = externalIp;
    this.options = options;
    this.#random = random;
  }

  get size(): number {
    return this.#mappingByOutside.size;
  }

  /** Mappings of hosts that have left would never be looked at again, and stay for ever. */
  #sweep(now: number): void {
    if (this.size < this.#sweepAt) return;
    for (const mapping of this.#mappingByOutside.values()) {
      if (now - mapping.usedAt > this.options.expiryMs) this.#remove(mapping);
    }
    this.#sweepAt = Math.max(leastSwept, 2 * this.size);
  }

  /** A datagram leaves: its source as the outside sees it, or undefined when no port is left. */
  outward(now: number, inside: Endpoint, remote: Endpoint): Endpoint | undefined {
    const told = significant(this.options.mapping, remote);
    let mapping = this.#mappingsByInside.get(inside)?.get(told);
    if (mapping && now - mapping.usedAt > this.options.expiryMs) {
      this.#remove(mapping);
      mapping = undefined;
    }
    if (!mapping) {
      const outside = this.#freeEndpoint(now, endpointPort(inside));
      if (!outside) return undefined;
      this.#sweep(now);
      mapping = { inside, outside, told, usedAt: now, sentAtByRemote: new Map() };
      this.#add(mapping);
    }
    mapping.usedAt = now;
    mapping.sentAtByRemote.set(significant(this.options.filtering, remote), now);
    return mapping.outside;
  }

  /** A datagram arrives: where it goes inside, or undefined when it is filtered. */
  inward(now: number, outside: Endpoint, remote: Endpoint): Endpoint | undefined {
    const mapping = this.#mappingByOutside.get(outside);
    if (!mapping) return undefined;
    if (now - mapping.usedAt > this.options.expiryMs) {
      this.#remove(mapping);
      return undefined;
    }
    const permission = significant(this.options.filtering, remote);
    const sentAt = mapping.sentAtByRemote.get(permission);
    if (sentAt === undefined || now - sentAt > this.options.expiryMs) return undefined;
    if (this.options.refreshedFromOutside) {
      mapping.usedAt = now;
      mapping.sentAtByRemote.set(permission, now);
    }
    return mapping.inside;
  }

  /** The box was switched off and on: all mappings are gone. */
  reset(): void {
    this.#mappingsByInside.clear();
    this.#mappingByOutside.clear();
  }

  #add(mapping: Mapping): void {
    const { inside, told, outside } = mapping;
    const mappings = this.#mappingsByInside.get(inside);
    if (mappings) mappings.set(told, mapping);
    else this.#mappingsByInside.set(inside, new Map([[told, mapping]]));
    this.#mappingByOutside.set(outside, mapping);
  }

  #remove({ inside, told, outside }: Mapping): void {
    const mappings = this.#mappingsByInside.get(inside);
    mappings?.delete(told);
    if (mappings?.size === 0) this.#mappingsByInside.delete(inside);
    this.#mappingByOutside.delete(outside);
  }

  #freeEndpoint(now: number, insidePort: number): Endpoint | undefined {
    let port =
      this.options.ports === 'preserving'
        ? insidePort
        : firstPort + randomBelow(this.#random, portCount);
    for (let tries = 0; tries < portCount; tries += 1) {
      const outside = endpoint(this.externalIp, port);
      const holder = this.#mappingByOutside.get(outside);
      if (!holder) return outside;
      if (now - holder.usedAt > this.options.expiryMs) {
        this.#remove(holder);
        return outside;
      }
      port = port >= 0xffff ? firstPort : port + 1;
    }
    return undefined;
  }
}
