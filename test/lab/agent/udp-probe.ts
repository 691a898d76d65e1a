/**
 * The UDP application of the lab: 100 bytes every so many ms (10 as a rule) with trial, sequence number and send time. It
 * records what it sent and what came, from which the lab reads interruption and loss.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { UdpOptions, UdpRecord } from './calls.ts';
import { nowMs } from './clock.ts';

const packetBytes = 100;
const greeting = 0xffffffff;

export class UdpProbe {
  readonly #options: UdpOptions;
  readonly #socket: Socket;
  readonly #sentAt: number[] = [];
  readonly #received: [number, number, number][] = [];
  readonly #seen = new Set<number>();
  readonly #sources = new Set<string>();
  #peer: { ip: string; port: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #nextAt = 0;
  #sending: boolean;
  #duplicates = 0;
  #sendErrors = 0;
  #lastAt = 0;

  constructor(options: UdpOptions) {
    this.#options = options;
    this.#peer = options.peer;
    this.#sending = options.sending;
    this.#socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
    this.#socket.on('message', (bytes, from) => this.#take(bytes, from.address, from.port));
    this.#socket.on('error', () => {
      this.#sendErrors += 1;
    });
  }

  async start(): Promise<void> {
    const { port, peer, roaming } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('error', reject);
      this.#socket.bind(port, () => {
        this.#socket.removeListener('error', reject);
        resolve();
      });
    });
    if (peer !== undefined && !roaming) {
      await new Promise<void>((resolve, reject) => {
        this.#socket.connect(peer.port, peer.ip, (error?: Error) =>
          error === undefined || error === null ? resolve() : reject(error),
        );
      });
    }
    this.#nextAt = nowMs();
    this.#tick();
  }

  heard(): { count: number; lastAt: number } {
    return { count: this.#received.length, lastAt: this.#lastAt };
  }

  pause(): void {
    this.#sending = false;
  }

  stop(): UdpRecord {
    clearTimeout(this.#timer);
    this.#socket.close();
    return {
      sentAt: this.#sentAt,
      received: this.#received,
      duplicates: this.#duplicates,
      sources: [...this.#sources],
      sendErrors: this.#sendErrors,
    };
  }

  /** Keeps the pace of the schedule: a late tick sends what is due, at once. */
  #tick(): void {
    for (let now = nowMs(); this.#nextAt <= now; this.#nextAt += this.#options.everyMs) {
      if (this.#sending) this.#send(this.#sentAt.length);
      else if (this.#received.length === 0 && this.#options.sending === false) this.#greet();
    }
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, this.#nextAt - nowMs()));
  }

  #greet(): void {
    // A tenth of the pace is enough to be found.
    if (Math.round(this.#nextAt / this.#options.everyMs) % 10 === 0)
      this.#transmit(greeting, nowMs());
  }

  #send(sequence: number): void {
    if (this.#peer === undefined) return;
    const at = nowMs();
    this.#sentAt.push(at);
    this.#transmit(sequence, at);
  }

  #transmit(sequence: number, at: number): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    const bytes = Buffer.alloc(packetBytes);
    bytes.writeUInt32BE(this.#options.trial, 0);
    bytes.writeUInt32BE(sequence, 4);
    bytes.writeDoubleBE(at, 8);
    const done = (error: Error | null): void => {
      if (error !== null) this.#sendErrors += 1;
    };
    const fixed = this.#options.peer !== undefined && !this.#options.roaming;
    if (fixed) this.#socket.send(bytes, done);
    else this.#socket.send(bytes, peer.port, peer.ip, done);
  }

  #take(bytes: Buffer, ip: string, port: number): void {
    if (bytes.length !== packetBytes || bytes.readUInt32BE(0) !== this.#options.trial) return;
    const at = nowMs();
    const sequence = bytes.readUInt32BE(4);
    this.#sources.delete(ip);
    this.#sources.add(ip);
    if (this.#options.peer === undefined) this.#peer = { ip, port };
    if (sequence === greeting) return;
    if (this.#seen.has(sequence)) {
      this.#duplicates += 1;
      return;
    }
    this.#seen.add(sequence);
    this.#lastAt = at;
    this.#received.push([sequence, at, at - bytes.readDoubleBE(8)]);
  }
}
