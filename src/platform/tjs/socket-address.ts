/**
 * Socket addresses of the C library and endpoints as text, in both directions. Known senders are
 * looked up by a cheap key, a number for IPv4, so that a datagram of a live path costs no text.
 */
import { BoundedMap } from '../../base/bounded-map.ts';
import {
  type Endpoint,
  endpoint,
  endpointIp,
  endpointPort,
  type Ip,
  ipBytes,
  ipFromBytes,
  isIpv6,
} from '../../base/ip.ts';
import { CStruct, socketConstants } from './abi.ts';

const { AF_INET, AF_INET6 } = socketConstants;

export type Family = 4 | 6;

export const addressBytes = { 4: 16, 6: 28 } as const;

export function familyOf(ip: Ip): Family {
  return isIpv6(ip) ? 6 : 4;
}

/** `sockaddr_in` or `sockaddr_in6`; no `ip` for the wildcard address of the family. */
export function socketAddress(family: Family, ip: Ip | undefined, port: number): Uint8Array {
  const address = new CStruct(new Uint8Array(addressBytes[family]));
  address.u16(0, family === 4 ? AF_INET : AF_INET6);
  address.bytes[2] = port >>> 8;
  address.bytes[3] = port & 0xff;
  if (ip !== undefined) address.bytes.set(ipBytes(ip), family === 4 ? 4 : 8);
  return address.bytes;
}

/** The port of a socket address of either family. */
export function portOf(address: Uint8Array): number {
  return (address[2] as number) * 0x100 + (address[3] as number);
}

const cacheLimit = 4096;

/** Endpoints of senders, from an area of socket addresses in slots of `slotBytes`. */
export class SenderCache {
  readonly #family: Family;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;
  readonly #slotBytes: number;
  readonly #byKey = new BoundedMap<number | string, Endpoint | undefined>(cacheLimit);

  constructor(family: Family, area: Uint8Array, slotBytes: number) {
    this.#family = family;
    this.#bytes = area;
    this.#words = new Uint32Array(area.buffer, area.byteOffset, area.length / 4);
    this.#halves = new Uint16Array(area.buffer, area.byteOffset, area.length / 2);
    this.#slotBytes = slotBytes;
  }

  /** The sender in slot `slot`, or undefined for one that cannot be answered, such as port 0. */
  get(slot: number): Endpoint | undefined {
    const key = this.#family === 4 ? this.#key4(slot) : this.#key6(slot);
    const known = this.#byKey.get(key);
    if (known !== undefined || this.#byKey.has(key)) return known;
    const made = this.#make(slot * this.#slotBytes);
    this.#byKey.setEvicting(key, made);
    return made;
  }

  #key4(slot: number): number {
    const offset = slot * this.#slotBytes;
    const address = this.#words[offset / 4 + 1] as number;
    return address * 0x1_0000 + (this.#halves[offset / 2 + 1] as number);
  }

  #key6(slot: number): string {
    const half = (slot * this.#slotBytes) / 2;
    const halves = this.#halves;
    return String.fromCharCode(
      halves[half + 1] as number,
      halves[half + 4] as number,
      halves[half + 5] as number,
      halves[half + 6] as number,
      halves[half + 7] as number,
      halves[half + 8] as number,
      halves[half + 9] as number,
      halves[half + 10] as number,
      halves[half + 11] as number,
    );
  }

  #make(offset: number): Endpoint | undefined {
    const port = portOf(this.#bytes.subarray(offset, offset + 4));
    const start = offset + (this.#family === 4 ? 4 : 8);
    const ip = ipFromBytes(this.#bytes.subarray(start, start + (this.#family === 4 ? 4 : 16)));
    return port === 0 || familyOf(ip) !== this.#family ? undefined : endpoint(ip, port);
  }
}

/** Socket addresses of destinations, the most recent ones kept. */
export class DestinationCache {
  readonly #byEndpoint = new BoundedMap<Endpoint, Uint8Array>(cacheLimit);

  get(to: Endpoint): Uint8Array {
    let address = this.#byEndpoint.get(to);
    if (!address) {
      const ip = endpointIp(to);
      address = socketAddress(familyOf(ip), ip, endpointPort(to));
      this.#byEndpoint.setEvicting(to, address);
    }
    return address;
  }
}
