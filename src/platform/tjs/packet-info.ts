/**
 * Packet information records (IP_PKTINFO, RFC 3542): which local address and device a datagram came
 * to, and which ones another is to leave from. A local address is an uplink; the record of every
 * uplink is laid out once.
 */
import { type Ip, ipBytes } from '../../base/ip.ts';
import type { LocalUplink } from '../uplinks.ts';
import { CStruct, socketConstants } from './abi.ts';
import { pointerBytes } from './ffi-engine.ts';
import { controlSlotBytes } from './message-batch.ts';
import { type Family, familyOf } from './socket-address.ts';

const { IPPROTO_IP, IP_PKTINFO, IPPROTO_IPV6, IPV6_PKTINFO, IPPROTO_UDP, UDP_SEGMENT } =
  socketConstants;

const headerBytes = pointerBytes + 8;

/** `struct in_pktinfo` or `struct in6_pktinfo` behind its control message header. */
function record(ip: Ip, deviceIndex: number): Uint8Array {
  const family = familyOf(ip);
  const length = headerBytes + (family === 4 ? 12 : 20);
  const bytes = new Uint8Array(Math.ceil(length / pointerBytes) * pointerBytes);
  const control = new CStruct(bytes)
    .size(0, length)
    .u32(pointerBytes, family === 4 ? IPPROTO_IP : IPPROTO_IPV6)
    .u32(pointerBytes + 4, family === 4 ? IP_PKTINFO : IPV6_PKTINFO);
  if (family === 4) {
    control.u32(headerBytes, deviceIndex);
    bytes.set(ipBytes(ip), headerBytes + 4);
  } else {
    bytes.set(ipBytes(ip), headerBytes);
    control.u32(headerBytes + 16, deviceIndex);
  }
  return bytes;
}

const segmentBytes = Math.ceil((headerBytes + 2) / pointerBytes) * pointerBytes;
const segmentRecord = new CStruct(new Uint8Array(segmentBytes))
  .size(0, headerBytes + 2)
  .u32(pointerBytes, IPPROTO_UDP)
  .u32(pointerBytes + 4, UDP_SEGMENT);

/**
 * Writes behind the first `used` bytes of a control area that the message is to be cut into datagrams of
 * `length` bytes (UDP_SEGMENT). The length of the area then.
 */
export function writeSegmentLength(control: Uint8Array, used: number, length: number): number {
  control.set(segmentRecord.u16(headerBytes, length).bytes, used);
  return used + segmentBytes;
}

export interface Departure {
  readonly family: Family;
  readonly control: Uint8Array;
}

export class UplinkTable {
  readonly #departureById = new Map<string, Departure>();
  readonly #idByKey = new Map<number | string, string>();

  /** Grows with every `set`. */
  #edition = 0;

  set(uplinks: readonly LocalUplink[]): void {
    this.#edition += 1;
    this.#departureById.clear();
    this.#idByKey.clear();
    for (const { id, ip, deviceIndex } of uplinks) {
      const control = record(ip, deviceIndex);
      this.#departureById.set(id, { family: familyOf(ip), control });
      const slot = new Uint8Array(controlSlotBytes);
      slot.set(control);
      // What arrives names the destination address behind the one a sender fills in.
      if (familyOf(ip) === 4) slot.set(ipBytes(ip), headerBytes + 8);
      const reader = new ArrivalReader(familyOf(ip), slot);
      this.#idByKey.set(reader.key(0, true), id);
      // A datagram may come in through another device than the one that owns the address.
      const loose = reader.key(0, false);
      if (!this.#idByKey.has(loose)) this.#idByKey.set(loose, id);
    }
  }

  departure(id: string): Departure | undefined {
    return this.#departureById.get(id);
  }

  /** The uplink the datagram in `slot` arrived at. */
  arrival(reader: ArrivalReader, slot: number): string | undefined {
    if (reader.repeats(slot, this.#edition)) return reader.lastId;
    reader.lastId =
      this.#idByKey.get(reader.key(slot, true)) ?? this.#idByKey.get(reader.key(slot, false));
    return reader.lastId;
  }
}

/** Keys of the local addresses in an area of received control messages. */
export class ArrivalReader {
  readonly #family: Family;
  readonly #words: Uint32Array;
  /** Address and device of the datagram before, and the edition of the table that was asked. */
  readonly #last = new Uint32Array(6);
  /** What the table answered then. */
  lastId: string | undefined;

  constructor(family: Family, controls: Uint8Array) {
    this.#family = family;
    this.#words = new Uint32Array(controls.buffer, controls.byteOffset, controls.length / 4);
  }

  /** Whether this datagram came the same way as the one before, as most do. */
  repeats(slot: number, edition: number): boolean {
    const words = this.#words;
    const last = this.#last;
    const data = (slot * controlSlotBytes + headerBytes) / 4;
    const count = this.#family === 4 ? 3 : 5;
    let same = last[5] === edition;
    last[5] = edition;
    for (let index = 0; index < count; index += 1) {
      const value = words[data + index] as number;
      if (last[index] === value) continue;
      last[index] = value;
      same = false;
    }
    return same;
  }

  /** Local address, with the device it came through or without. */
  key(slot: number, withDevice: boolean): number | string {
    const words = this.#words;
    const data = (slot * controlSlotBytes + headerBytes) / 4;
    if (this.#family === 4) {
      const device = withDevice ? (words[data] as number) & 0xf_ffff : 0;
      return device * 0x1_0000_0000 + (words[data + 2] as number);
    }
    const device = withDevice ? words[data + 4] : 0;
    return `${words[data]},${words[data + 1]},${words[data + 2]},${words[data + 3]},${device}`;
  }
}

/**
 * Makes the record of a received datagram one that an answer leaves by: from the address it came to, through
 * whichever device the system's routes say.
 */
export function answerBy(family: Family, control: Uint8Array): void {
  const device = headerBytes + (family === 4 ? 0 : 16);
  control.fill(0, device, device + 4);
}
