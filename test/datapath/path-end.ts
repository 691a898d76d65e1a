/** One machine's data path for tests: what it sends, delivers and notices is kept, copied at once. */
import { fromHex } from '../../src/base/bytes.ts';
import type { Endpoint, Ip, Prefix } from '../../src/base/ip.ts';
import { ipBytes } from '../../src/base/ip.ts';
import type { PathCommand, PathNotice, Side } from '../../src/datapath/commands.ts';
import { DataPath, headroom, type Sink, tailroom } from '../../src/datapath/data-path.ts';
import type { PathId } from '../../src/wire/ids.ts';
import { suite } from '../support/suite.ts';

export interface Sent {
  readonly to: Endpoint;
  readonly uplink: string | undefined;
  readonly bytes: Uint8Array;
}

export const pathId = '1122334455667788' as PathId;
export const places = ['192.0.2.1:4649', '192.0.2.2:4649'] as unknown as readonly [
  Endpoint,
  Endpoint,
];
/** Virtual IPs of side 0 and side 1. */
export const virtualIps = ['198.18.0.1', '198.18.0.2'] as unknown as readonly [Ip, Ip];
const keys = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] as const;

export class PathEnd {
  now = 1000;
  readonly sent: Sent[] = [];
  readonly delivered: Uint8Array[] = [];
  readonly notices: PathNotice[] = [];
  /** Of the virtual interface. */
  readonly addresses: Ip[] = [];
  readonly path: DataPath;

  constructor(relayBytesPerSecond = 0) {
    const sink: Sink = {
      send: (to, uplink, buffer, offset, length) =>
        this.sent.push({ to, uplink, bytes: buffer.slice(offset, offset + length) }),
      deliver: (buffer, offset, length) =>
        this.delivered.push(buffer.slice(offset, offset + length)),
      notice: (notice) => this.notices.push(notice),
      isOwnAddress: (ip) => this.addresses.includes(ip),
    };
    this.path = new DataPath(suite, sink, relayBytesPerSecond);
  }

  command(command: PathCommand): void {
    this.path.command(this.now, command);
  }

  /** The row of `side` of the path to the other side, with route and keys, ready to send. */
  open(side: Side, more: Partial<PathCommand & { op: 'path-new' }> = {}, id = pathId): void {
    const peer = `${virtualIps[1 - side]}/32` as Prefix;
    this.command({
      op: 'path-new',
      pathId: id,
      side,
      kind: 'node',
      peerPrefixes: [peer],
      excludedPrefixes: [],
      globalOnly: false,
      idleMs: 0,
      ...more,
    });
    this.route(places[(1 - side) as Side], {}, id);
    this.key(side, 0, 0, id);
    this.command({ op: 'key-use', pathId: id, epoch: 0 });
  }

  route(
    remote: Endpoint,
    more: Partial<PathCommand & { op: 'path-route' }> = {},
    id = pathId,
  ): void {
    const fixed = { op: 'path-route', relayed: false, relays: [] } as const;
    this.command({ ...fixed, pathId: id, route: { remote }, ...more });
  }

  /** Keys of a generation, the same at both ends. */
  key(side: Side, epoch: number, generation: number, id = pathId): void {
    const key = (of: number) => (keys[of] as Uint8Array).map((byte) => byte + 16 * generation);
    const [sendKey, receiveKey] = [key(side), key(1 - side)];
    this.command({ op: 'key-set', pathId: id, epoch, sendKey, receiveKey });
  }

  /** An inner packet from this machine's applications. */
  outbound(packet: Uint8Array): void {
    const buffer = new Uint8Array(headroom + packet.length + tailroom);
    buffer.set(packet, headroom);
    this.path.outbound(this.now, buffer, headroom, packet.length);
  }

  /** A datagram from the network, at an odd place of a larger buffer. */
  inbound(bytes: Uint8Array, from: Endpoint, uplink?: string): void {
    const buffer = new Uint8Array(bytes.length + 7);
    buffer.set(bytes, 5);
    this.path.inbound(this.now, buffer, 5, bytes.length, from, uplink);
  }

  takeSent(): Sent[] {
    return this.sent.splice(0);
  }

  takeNotices(): PathNotice[] {
    return this.notices.splice(0);
  }

  /** Lets the time pass and every timer that is due go off in its turn. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (let at = this.#due(end); at !== undefined; at = this.#due(end)) {
      this.now = Math.max(this.now, at);
      this.path.timeout(this.now);
    }
    this.now = end;
  }

  #due(end: number): number | undefined {
    const at = this.path.deadline()?.at;
    return at !== undefined && at <= end ? at : undefined;
  }

  dropped(): Readonly<Record<string, number>> {
    return { ...this.path.drops.snapshot(), ...this.path.stats()[0]?.dropped };
  }
}

/** Both ends of one direct path. */
export function pair(): readonly [PathEnd, PathEnd] {
  const ends = [new PathEnd(), new PathEnd()] as const;
  ends[0].open(0);
  ends[1].open(1);
  return ends;
}

/** An inner datagram of the bare least, with a mark by which it is known again. */
export function inner(from: Ip, to: Ip, mark = 0, length = 24): Uint8Array {
  const source = ipBytes(from);
  const packet = new Uint8Array(source.length === 4 ? length : length + 20);
  packet[0] = source.length === 4 ? 0x45 : 0x60;
  const at = source.length === 4 ? 12 : 8;
  packet.set(source, at);
  packet.set(ipBytes(to), at + source.length);
  packet[packet.length - 1] = mark;
  return packet;
}

export const toOne = (mark = 0): Uint8Array => inner(virtualIps[0], virtualIps[1], mark);
export const toZero = (mark = 0): Uint8Array => inner(virtualIps[1], virtualIps[0], mark);

export function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  if (!bytes) throw new Error(`not hexadecimal: ${hex}`);
  return bytes;
}
