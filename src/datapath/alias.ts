/**
 * Overlapping IPv4 pools (protocol.md 11.12): a peer of another operator may have an address, `peer4`, that
 * means somebody else here, even ourselves. Applications know it by `alias4`, which this node allotted. What is
 * sent to the alias goes out to peer4, and what comes from peer4 comes from the alias: in the header, and in
 * the header of the packet that an ICMP error quotes. Checksums are changed by the difference (RFC 1624).
 */
import { type Ip, ipBytes } from '../base/ip.ts';

export interface Alias {
  readonly alias4: Ip;
  readonly peer4: Ip;
}

const sourceAt = 12;
const destinationAt = 16;
const checksumAt = 10;
const protocols = { icmp: 1, tcp: 6, udp: 17 } as const;
/** Where the checksum that covers the addresses is in the segment. */
const segmentChecksumAt: Readonly<Record<number, number>> = {
  [protocols.tcp]: 16,
  [protocols.udp]: 6,
};
/** ICMP errors, which quote the packet that caused them (RFC 792). */
const quoting: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
const icmpHeaderLength = 8;

/** One direction of an alias: `from` becomes `to`. */
export class Rewrite {
  readonly #from: Uint8Array;
  readonly #to: Uint8Array;

  constructor(from: Ip, to: Ip) {
    this.#from = ipBytes(from);
    this.#to = ipBytes(to);
  }

  /** Changes the destination of an IPv4 packet, and the source of what it quotes. */
  outbound(buffer: Uint8Array, offset: number, length: number): void {
    this.#packet(buffer, offset, length, destinationAt, sourceAt);
  }

  /** Changes the source of an IPv4 packet, and the destination of what it quotes. */
  inbound(buffer: Uint8Array, offset: number, length: number): void {
    this.#packet(buffer, offset, length, sourceAt, destinationAt);
  }

  #packet(buffer: Uint8Array, offset: number, length: number, at: number, quotedAt: number): void {
    const header = headerLength(buffer, offset, length);
    if (header === 0 || !this.#holds(buffer, offset + at)) return;
    const end = offset + length;
    const segment = offset + header;
    const isFirst = (word(buffer, offset + 6) & 0x1fff) === 0;
    this.#segment(buffer, offset, segment, end, isFirst);
    this.#address(buffer, offset, at);
    const isError =
      isFirst && buffer[offset + 9] === protocols.icmp && quoting.has(buffer[segment] ?? 0);
    if (isError) this.#quoted(buffer, segment, end, quotedAt);
  }

  #holds(buffer: Uint8Array, at: number): boolean {
    for (let index = 0; index < 4; index += 1) {
      if (buffer[at + index] !== this.#from[index]) return false;
    }
    return true;
  }

  #address(buffer: Uint8Array, offset: number, at: number): void {
    this.#adjust(buffer, offset + checksumAt);
    buffer.set(this.#to, offset + at);
  }

  /** The checksum of TCP or UDP, which covers the addresses; 0 in UDP means that there is none. */
  #segment(
    buffer: Uint8Array,
    offset: number,
    segment: number,
    end: number,
    isFirst: boolean,
  ): number | undefined {
    const protocol = buffer[offset + 9] as number;
    const place = segmentChecksumAt[protocol];
    if (!isFirst || place === undefined || segment + place + 2 > end) return undefined;
    const at = segment + place;
    if (protocol === protocols.udp && word(buffer, at) === 0) return undefined;
    this.#adjust(buffer, at);
    if (protocol === protocols.udp && word(buffer, at) === 0) setWord(buffer, at, 0xffff);
    return at;
  }

  /** The packet inside an ICMP error. Its header keeps its sum; its segment's checksum changes that of ICMP. */
  #quoted(buffer: Uint8Array, icmp: number, end: number, at: number): void {
    const offset = icmp + icmpHeaderLength;
    const header = headerLength(buffer, offset, end - offset);
    if (header === 0 || !this.#holds(buffer, offset + at)) return;
    const isFirst = (word(buffer, offset + 6) & 0x1fff) === 0;
    const segment = offset + header;
    const place = segmentChecksumAt[buffer[offset + 9] as number];
    const before = place === undefined ? 0 : word(buffer, segment + place);
    const changed = this.#segment(buffer, offset, segment, end, isFirst);
    this.#address(buffer, offset, at);
    if (changed !== undefined) replace(buffer, icmp + 2, before, word(buffer, changed));
  }

  /** A checksum in which `from` was summed up now sums up `to`. */
  #adjust(buffer: Uint8Array, at: number): void {
    for (const index of [0, 2]) replace(buffer, at, word(this.#from, index), word(this.#to, index));
  }
}

function word(buffer: Uint8Array, at: number): number {
  return ((buffer[at] as number) << 8) | (buffer[at + 1] as number);
}

function setWord(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = value >>> 8;
  buffer[at + 1] = value & 0xff;
}

/** RFC 1624, equation 3. */
function replace(buffer: Uint8Array, at: number, before: number, after: number): void {
  let sum = (~word(buffer, at) & 0xffff) + (~before & 0xffff) + after;
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  setWord(buffer, at, ~sum & 0xffff);
}

/** Of an IPv4 packet that holds its header; else 0. */
function headerLength(buffer: Uint8Array, offset: number, length: number): number {
  if (length < 20 || (buffer[offset] as number) >>> 4 !== 4) return 0;
  const header = ((buffer[offset] as number) & 0xf) * 4;
  return header >= 20 && header <= length ? header : 0;
}
