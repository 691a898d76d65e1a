/**
 * What the application end of a host sends and expects: UDP over IPv4 or IPv6 between virtual IPs. Every
 * byte of the payload follows from the world's marker, the flow and the sequence number, so that what is
 * delivered can be compared with what was sent without keeping it, and plaintext on a wire is noticed.
 */
import { type Ip, ipBytes, ipFromBytes } from '../../../src/base/ip.ts';

export interface InnerPacket {
  readonly source: Ip;
  readonly destination: Ip;
  readonly flow: number;
  readonly sequence: number;
}

export const markerLength = 16;
const udpLength = 8;
const payloadHead = markerLength + 8;
const port = 7000;

function headerLength(ipv6: boolean): number {
  return ipv6 ? 40 : 20;
}

/** Shortest packet that can be built for a family. */
export function leastLength(ipv6: boolean): number {
  return headerLength(ipv6) + udpLength + payloadHead;
}

function fillerByte(flow: number, sequence: number, index: number): number {
  return (flow * 31 + sequence * 7 + index * 13) & 0xff;
}

/** The packet in a buffer that has `room` bytes free in front of it and behind it. */
export function buildPacket(
  marker: Uint8Array,
  { source, destination, flow, sequence }: InnerPacket,
  length: number,
  room: number,
): Uint8Array {
  const buffer = new Uint8Array(length + 2 * room);
  writePacket(buffer, room, length, marker, ipBytes(source), ipBytes(destination), flow, sequence);
  return buffer;
}

/** Into a buffer that is all zeros. */
function writePacket(
  buffer: Uint8Array,
  room: number,
  length: number,
  marker: Uint8Array,
  source: Uint8Array,
  destination: Uint8Array,
  flow: number,
  sequence: number,
): void {
  const view = new DataView(buffer.buffer, room, length);
  const ipv6 = source.length === 16;
  const head = headerLength(ipv6);
  if (ipv6) {
    view.setUint8(0, 0x60);
    view.setUint16(4, length - head);
    view.setUint8(6, 17);
    view.setUint8(7, 64);
    buffer.set(source, room + 8);
    buffer.set(destination, room + 24);
  } else {
    view.setUint8(0, 0x45);
    view.setUint16(2, length);
    view.setUint8(8, 64);
    view.setUint8(9, 17);
    buffer.set(source, room + 12);
    buffer.set(destination, room + 16);
    view.setUint16(10, headerChecksum(view));
  }
  view.setUint16(head, port);
  view.setUint16(head + 2, port);
  view.setUint16(head + 4, length - head);
  const payload = head + udpLength;
  buffer.set(marker, room + payload);
  view.setUint32(payload + markerLength, flow);
  view.setUint32(payload + markerLength + 4, sequence);
  for (let index = payload + payloadHead; index < length; index += 1) {
    view.setUint8(index, fillerByte(flow, sequence, index));
  }
}

function headerChecksum(view: DataView): number {
  let sum = 0;
  for (let index = 0; index < 20; index += 2) sum += view.getUint16(index);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** What a delivered packet says, or undefined when any byte is not as `buildPacket` made it. */
export function readPacket(marker: Uint8Array, bytes: Uint8Array): InnerPacket | undefined {
  const ipv6 = (bytes[0] as number) >>> 4 === 6;
  if (bytes.length < leastLength(ipv6)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const payload = headerLength(ipv6) + udpLength;
  const addresses = ipv6 ? 8 : 12;
  const width = ipv6 ? 16 : 4;
  const source = bytes.subarray(addresses, addresses + width);
  const destination = bytes.subarray(addresses + width, addresses + 2 * width);
  const flow = view.getUint32(payload + markerLength);
  const sequence = view.getUint32(payload + markerLength + 4);
  const expected = new Uint8Array(bytes.length);
  writePacket(expected, 0, bytes.length, marker, source, destination, flow, sequence);
  if (Buffer.compare(expected, bytes) !== 0) return undefined;
  return { source: ipFromBytes(source), destination: ipFromBytes(destination), flow, sequence };
}
