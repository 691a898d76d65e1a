/**
 * The applications of a world: flows of numbered packets between two hosts, both ways, at an interval or
 * one at a time. Keeps what was sent and what came, and reports to a listener what must never happen: a
 * packet that nobody sent, one that was changed, one for somebody else, one that came twice.
 */
import type { Ip } from '../../../src/base/ip.ts';
import { headroom } from '../../../src/datapath/data-path.ts';
import type { EventQueue } from '../event-queue.ts';
import { buildPacket, leastLength, readPacket } from './inner-packet.ts';

/** An application's machine: a node, or a general host that knows nothing of NTMobile. */
export interface End {
  readonly name: string;
  /** The address that it sends from now. */
  virtualIp(ipv6: boolean): Ip | undefined;
  /** The address that its peers send to. */
  lastVirtualIp(ipv6: boolean): Ip | undefined;
  hasHeld(ip: Ip): boolean;
  /** An IP datagram leaves; the buffer is free round it as the data path wants it. */
  sendInner(buffer: Uint8Array, offset: number, length: number): void;
  /** It lives in another part of a big world: what it has sent is not known here. */
  readonly isDistant?: boolean;
}

/** One direction of a flow. */
export interface Half {
  readonly from: End;
  readonly to: End;
  sent: number;
  received: number;
  lastReceivedAt: number;
  /** The time each packet was sent and came, when the flow keeps a record; -1 for never. */
  readonly sentAt: number[];
  readonly receivedAt: number[];
  /** One bit a packet that came. */
  seen: Uint8Array;
}

export interface FlowOptions {
  /** Between packets; 0 when only `sendOne` sends. */
  readonly intervalMs: number;
  readonly length: number;
  readonly ipv6: boolean;
  /** Only `a` sends. */
  readonly oneWay: boolean;
  /** Keep the times of every packet; a scenario wants that, a big world does not. */
  readonly record: boolean;
  /** IPv4 address by which `a` is known to `b`, and `b` to `a`, where it is not their own. */
  readonly aliases?: readonly [string, string];
}

export interface Flow {
  readonly number: number;
  readonly a: End;
  readonly b: End;
  readonly options: FlowOptions;
  readonly halves: readonly [Half, Half];
  running: boolean;
}

const defaults: FlowOptions = {
  intervalMs: 100,
  length: 100,
  ipv6: false,
  oneWay: false,
  record: true,
};

function newHalf(from: End, to: End): Half {
  return {
    from,
    to,
    sent: 0,
    received: 0,
    lastReceivedAt: -1,
    sentAt: [],
    receivedAt: [],
    seen: new Uint8Array(8),
  };
}

export class Traffic {
  readonly #queue: EventQueue;
  readonly marker: Uint8Array;
  readonly flows: Flow[] = [];
  /** Told of a delivery that must not be. */
  onWrongDelivery: (text: string) => void = () => {};
  onDelivery: ((flow: Flow, half: Half, sequence: number) => void) | undefined;

  constructor(queue: EventQueue, marker: Uint8Array) {
    this.#queue = queue;
    this.marker = marker;
  }

  /** Packets from `a` to `b` and back, from now on. */
  start(a: End, b: End, options: Partial<FlowOptions> = {}): Flow {
    const flow: Flow = {
      number: this.flows.length,
      a,
      b,
      options: { ...defaults, ...options },
      halves: [newHalf(a, b), newHalf(b, a)],
      running: true,
    };
    this.flows.push(flow);
    if (flow.options.intervalMs > 0) this.#tick(flow);
    return flow;
  }

  #tick(flow: Flow): void {
    if (!flow.running) return;
    this.sendOne(flow, 0);
    if (!flow.options.oneWay) this.sendOne(flow, 1);
    this.#queue.after(flow.options.intervalMs, () => this.#tick(flow));
  }

  /** Nothing is sent, and nothing counted, while either end does not know its virtual IP. */
  sendOne(flow: Flow, direction: 0 | 1): void {
    const half = flow.halves[direction];
    const { ipv6, length, record } = flow.options;
    const source = half.from.virtualIp(ipv6);
    const alias = flow.options.aliases?.[direction === 0 ? 1 : 0] as Ip | undefined;
    const destination = alias ?? half.to.lastVirtualIp(ipv6);
    if (!source || !destination) return;
    const sequence = half.sent;
    half.sent += 1;
    if (record) {
      half.sentAt.push(this.#queue.now);
      half.receivedAt.push(-1);
    }
    const number = flow.number * 2 + direction;
    const whole = Math.max(length, leastLength(ipv6));
    const packet = { source, destination, flow: number, sequence };
    const buffer = buildPacket(this.marker, packet, whole, headroom);
    half.from.sendInner(buffer, headroom, whole);
  }

  /** A host's virtual interface got this. */
  delivered(host: End, bytes: Uint8Array): void {
    const packet = readPacket(this.marker, bytes);
    if (!packet) {
      this.onWrongDelivery(`${host.name} got a packet that no application made`);
      return;
    }
    const flow = this.flows[packet.flow >>> 1];
    const half = flow?.halves[(packet.flow & 1) as 0 | 1];
    if (!flow || !half || (packet.sequence >= half.sent && !half.from.isDistant)) {
      this.onWrongDelivery(`${host.name} got a packet that was never sent`);
      return;
    }
    const alias = flow.options.aliases?.[(packet.flow & 1) as 0 | 1];
    const isAlias = alias !== undefined && packet.source === alias;
    const wrong = this.#misdelivery(host, half, isAlias, packet.source, packet.destination);
    if (wrong) {
      this.onWrongDelivery(wrong);
      return;
    }
    const seen = this.#seenOf(half, packet.sequence);
    const bit = 1 << (packet.sequence & 7);
    if (((seen[packet.sequence >>> 3] as number) & bit) !== 0) {
      this.onWrongDelivery(`${host.name} got packet ${packet.sequence} of ${half.from.name} twice`);
      return;
    }
    seen[packet.sequence >>> 3] = (seen[packet.sequence >>> 3] as number) | bit;
    half.received += 1;
    half.lastReceivedAt = this.#queue.now;
    if (flow.options.record) half.receivedAt[packet.sequence] = this.#queue.now;
    this.onDelivery?.(flow, half, packet.sequence);
  }

  #misdelivery(
    host: End,
    half: Half,
    isAlias: boolean,
    source: Ip,
    destination: Ip,
  ): string | undefined {
    if (half.to !== host) return `${host.name} got a packet for ${half.to.name}`;
    if (!isAlias && !half.from.hasHeld(source))
      return `${host.name} got a packet from ${source}, a stranger`;
    if (!host.hasHeld(destination)) return `${host.name} got a packet for ${destination}`;
    return undefined;
  }

  #seenOf(half: Half, sequence: number): Uint8Array {
    if (sequence >>> 3 >= half.seen.length) {
      const grown = new Uint8Array(half.seen.length * 2 + (sequence >>> 3));
      grown.set(half.seen);
      half.seen = grown;
    }
    return half.seen;
  }
}

/** Packets of a half that were sent in [from, until) and never came. */
export function lostBetween(half: Half, from: number, until: number): number {
  let lost = 0;
  for (const [sequence, at] of half.sentAt.entries()) {
    if (at >= from && at < until && (half.receivedAt[sequence] as number) < 0) lost += 1;
  }
  return lost;
}

/** Longest time without an arrival in [from, until], both ends counted. */
export function longestGap(half: Half, from: number, until: number): number {
  const arrivals = half.receivedAt.filter((at) => at >= from && at <= until);
  arrivals.sort((left, right) => left - right);
  let longest = 0;
  let last = from;
  for (const at of [...arrivals, until]) {
    longest = Math.max(longest, at - last);
    last = at;
  }
  return longest;
}
