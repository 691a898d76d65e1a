/** TCP segments in IP packets with right checksums, made to order. */

export interface TcpShape {
  readonly version?: 4 | 6;
  readonly sequence?: number;
  readonly acknowledged?: number;
  /** Bytes of payload. */
  readonly length?: number;
  readonly flags?: number;
  readonly window?: number;
  readonly port?: number;
  /** Last byte of the sender's address. */
  readonly source?: number;
  /** Bytes of options, a multiple of 4. */
  readonly options?: number;
  readonly trafficClass?: number;
  readonly hopLimit?: number;
  readonly identification?: number;
  /** Flags and offset of IPv4. */
  readonly fragment?: number;
}

/** From 198.18.0.1 (fd00::1) port 7 to 198.18.0.2 (fd00::2). */
export function segmentOf(shape: TcpShape): Uint8Array {
  const { version = 4, length = 100, options = 0, source = 1, hopLimit = 64 } = shape;
  const ipLength = version === 4 ? 20 : 40;
  const tcpLength = 20 + options + length;
  const packet = new Uint8Array(ipLength + tcpLength);
  const view = new DataView(packet.buffer);
  if (version === 4) {
    view.setUint16(0, 0x4500 | (shape.trafficClass ?? 0));
    view.setUint16(2, packet.length);
    view.setUint16(4, shape.identification ?? 0);
    view.setUint16(6, shape.fragment ?? 0x4000);
    view.setUint16(8, (hopLimit << 8) | 6);
    packet.set([198, 18, 0, source, 198, 18, 0, 2], 12);
    view.setUint16(10, 0xffff - sumOf(packet.subarray(0, 20)));
  } else {
    view.setUint32(0, 0x6000_0000 | ((shape.trafficClass ?? 0) << 20));
    view.setUint16(4, tcpLength);
    view.setUint16(6, (6 << 8) | hopLimit);
    packet.set([0xfd], 8);
    packet.set([source, 0xfd], 23);
    packet.set([2], 39);
  }
  view.setUint16(ipLength, 7);
  view.setUint16(ipLength + 2, shape.port ?? 80);
  view.setUint32(ipLength + 4, shape.sequence ?? 0);
  view.setUint32(ipLength + 8, shape.acknowledged ?? 7);
  view.setUint16(ipLength + 12, ((5 + options / 4) << 12) | (shape.flags ?? 0x10));
  view.setUint16(ipLength + 14, shape.window ?? 500);
  packet.fill(1, ipLength + 20, ipLength + 20 + options);
  for (let at = packet.length - length; at < packet.length; at += 1) packet[at] = at * 7;
  const pseudo = new Uint8Array((version === 4 ? 8 : 32) + 4 + tcpLength);
  const addresses = packet.subarray(version === 4 ? 12 : 8, ipLength);
  pseudo.set(addresses);
  pseudo.set([0, 6, tcpLength >>> 8, tcpLength & 0xff], addresses.length);
  pseudo.set(packet.subarray(ipLength), addresses.length + 4);
  view.setUint16(ipLength + 16, 0xffff - sumOf(pseudo));
  return packet;
}

/** One's complement sum of 16-bit words. */
export function sumOf(bytes: Uint8Array): number {
  let total = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    total += ((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0);
  }
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}
