/**
 * Joins TCP segments that follow one another, as a network card does (GRO): the system takes up to 64 KB of a
 * connection at once instead of a packet each, and acknowledges once. Only headers are looked at: the packets
 * were authenticated, so that their own checksums need no second proof (as the kernel holds it for WireGuard),
 * and that of the joined one is left to the system. Pure; everything happens in the buffer of the packets.
 *
 * Packets are joined that stand in one buffer in ascending order, agree in all of their headers but lengths, checksums
 * and IP identification, carry no flags but ACK and PSH, and leave no gap in the sequence.
 */

/** How a joined packet falls apart into its segments again. */
export interface Joint {
  readonly ipVersion: 4 | 6;
  readonly ipHeaderLength: number;
  readonly headerLength: number;
  /** Payload of each segment but the last, which may be shorter. */
  readonly segmentLength: number;
}

/** Takes a packet, or a joined one whose TCP checksum covers the pseudo header alone. */
export type JoinedSink = (
  buffer: Uint8Array,
  offset: number,
  length: number,
  joint: Joint | undefined,
) => void;

const longest = 65_535;
const tcpProtocol = 6;
const ackFlag = 0x10;
const pushFlag = 0x08;
const flagsAt = 13;
const dontFragment = 0x4000;

const none = new Uint8Array(0);

function wordsOf(buffer: Uint8Array): Uint32Array {
  return new Uint32Array(buffer.buffer, buffer.byteOffset, buffer.length >>> 2);
}

export class SegmentJoiner {
  readonly #sink: JoinedSink;
  #buffer: Uint8Array = none;
  /** The buffer as words in the machine's order, only ever compared with each other. */
  #words = wordsOf(none);
  /** Packets in the joined one; 0 when nothing is held. */
  #count = 0;
  #start = 0;
  #end = 0;
  #ipLength = 0;
  #headerLength = 0;
  #segmentLength = 0;
  #nextSequence = 0;

  constructor(sink: JoinedSink) {
    this.#sink = sink;
  }

  /** A packet, which is held until the next one or `flush` at the latest. */
  push(buffer: Uint8Array, offset: number, length: number): void {
    if (this.#count > 0) {
      if (buffer === this.#buffer && this.#append(offset, length)) return;
      this.flush();
    }
    if (!this.#begin(buffer, offset, length)) this.#sink(buffer, offset, length, undefined);
  }

  /** Hands on what is held; to be called before the buffer is used again. */
  flush(): void {
    const count = this.#count;
    if (count === 0) return;
    this.#count = 0;
    const length = this.#end - this.#start;
    if (count > 1) this.#finish(length);
    this.#sink(this.#buffer, this.#start, length, count > 1 ? this.#joint() : undefined);
  }

  #joint(): Joint {
    return {
      ipVersion: this.#ipLength === 20 ? 4 : 6,
      ipHeaderLength: this.#ipLength,
      headerLength: this.#headerLength,
      segmentLength: this.#segmentLength,
    };
  }

  #begin(buffer: Uint8Array, offset: number, length: number): boolean {
    if (((buffer.byteOffset | offset) & 3) !== 0 || length < 60) return false;
    const first = buffer[offset] as number;
    const isIpv4 = first === 0x45;
    if (isIpv4) {
      if (buffer[offset + 9] !== tcpProtocol || half(buffer, offset + 2) !== length) return false;
      if (half(buffer, offset + 6) !== dontFragment) return false;
    } else if (first >>> 4 !== 6 || buffer[offset + 6] !== tcpProtocol) {
      return false;
    } else if (half(buffer, offset + 4) + 40 !== length) {
      return false;
    }
    const ipLength = isIpv4 ? 20 : 40;
    const tcp = offset + ipLength;
    const headerLength = ipLength + ((buffer[tcp + 12] as number) >>> 4) * 4;
    if (headerLength < ipLength + 20 || headerLength >= length) return false;
    if (((buffer[tcp + flagsAt] as number) | pushFlag) !== (ackFlag | pushFlag)) return false;
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#words = wordsOf(buffer);
    }
    this.#count = 1;
    this.#start = offset;
    this.#end = offset + length;
    this.#ipLength = ipLength;
    this.#headerLength = headerLength;
    this.#segmentLength = length - headerLength;
    this.#nextSequence = (sequenceAt(buffer, tcp) + this.#segmentLength) >>> 0;
    return true;
  }

  #append(offset: number, length: number): boolean {
    const buffer = this.#buffer;
    const headerLength = this.#headerLength;
    const payload = length - headerLength;
    if (payload <= 0 || payload > this.#segmentLength || offset < this.#end) return false;
    if (this.#end - this.#start + payload > longest) return false;
    if ((offset & 3) !== 0 || !this.#hasSameHeaders(offset, length)) return false;
    const tcp = offset + this.#ipLength;
    if (sequenceAt(buffer, tcp) !== this.#nextSequence) return false;
    if (buffer[tcp + flagsAt] !== ackFlag) {
      buffer[this.#start + this.#ipLength + flagsAt] = ackFlag | pushFlag;
    }
    // From here on the packet's own headers may be gone.
    buffer.copyWithin(this.#end, offset + headerLength, offset + length);
    this.#end += payload;
    this.#nextSequence = (this.#nextSequence + payload) >>> 0;
    this.#count += 1;
    if (payload < this.#segmentLength) this.flush();
    return true;
  }

  #hasSameHeaders(offset: number, length: number): boolean {
    const buffer = this.#buffer;
    const words = this.#words;
    const start = this.#start;
    const from = offset >>> 2;
    const by = (offset - start) >>> 2;
    const tcp = from + (this.#ipLength >>> 2);
    if (this.#ipLength === 20) {
      if (half(buffer, offset) !== half(buffer, start)) return false;
      if (half(buffer, offset + 2) !== length || half(buffer, offset + 6) !== dontFragment)
        return false;
      if (half(buffer, offset + 8) !== half(buffer, start + 8)) return false;
    } else {
      if (words[from] !== words[from - by] || half(buffer, offset + 4) + 40 !== length)
        return false;
      if (half(buffer, offset + 6) !== half(buffer, start + 6)) return false;
    }
    // Addresses and ports; then behind the sequence number what was acknowledged.
    for (let at = from + (this.#ipLength === 20 ? 3 : 2); at <= tcp; at += 1) {
      if (words[at] !== words[at - by]) return false;
    }
    if (words[tcp + 2] !== words[tcp + 2 - by]) return false;
    const tail = offset + this.#ipLength + 12;
    const head = start + this.#ipLength + 12;
    if (buffer[tail] !== buffer[head] || half(buffer, tail + 2) !== half(buffer, head + 2)) {
      return false;
    }
    if (((buffer[tail + 1] as number) | pushFlag) !== (ackFlag | pushFlag)) return false;
    for (let at = tcp + 5; at < from + (this.#headerLength >>> 2); at += 1) {
      if (words[at] !== words[at - by]) return false;
    }
    return true;
  }

  /** Lengths and checksums of the joined packet. */
  #finish(length: number): void {
    const buffer = this.#buffer;
    const start = this.#start;
    const ipLength = this.#ipLength;
    const segment = length - ipLength;
    let addressesAt = start + 8;
    if (ipLength === 20) {
      addressesAt = start + 12;
      setHalf(buffer, start + 2, length);
      setHalf(buffer, start + 10, 0);
      setHalf(buffer, start + 10, 0xffff - sum(buffer, start, addressesAt + 8, 0));
    } else {
      setHalf(buffer, start + 4, segment);
    }
    const pseudo = sum(buffer, addressesAt, start + ipLength, tcpProtocol + segment);
    setHalf(buffer, start + ipLength + 16, pseudo);
  }
}

function half(buffer: Uint8Array, at: number): number {
  return ((buffer[at] as number) << 8) | (buffer[at + 1] as number);
}

function setHalf(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = value >>> 8;
  buffer[at + 1] = value & 0xff;
}

function sequenceAt(buffer: Uint8Array, tcp: number): number {
  return half(buffer, tcp + 4) * 0x1_0000 + half(buffer, tcp + 6);
}

/** One's complement sum of the 16-bit words from `from` to `to`, on top of `initial`. */
function sum(buffer: Uint8Array, from: number, to: number, initial: number): number {
  let total = initial;
  for (let at = from; at < to; at += 2) total += half(buffer, at);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}
