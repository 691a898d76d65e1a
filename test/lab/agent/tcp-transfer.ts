/**
 * The bulk application of the lab: one TCP connection on which each side writes a known pseudo-random
 * stream at a modest rate, or for a while as fast as it goes, and checks every byte that comes.
 */
import { createHash } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TcpOptions, TcpRecord } from './calls.ts';
import { nowMs, sleep } from './clock.ts';
import { KnownStream } from './known-stream.ts';

const writeEveryMs = 20;
const bucketMs = 100;
const pourBytes = 1 << 16;

export class TcpTransfer {
  readonly #options: TcpOptions;
  readonly #sentHash = createHash('sha256');
  readonly #receivedHash = createHash('sha256');
  readonly #outgoing: KnownStream;
  readonly #incoming: KnownStream;
  readonly #arrived: number[] = [];
  #server: Server | undefined;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #flowing = false;
  #receivedBytes = 0;
  #wrongAt: number | null = null;
  #error: string | null = null;
  #firstAt = 0;
  #ended = false;
  #onEnd: (() => void) | undefined;

  constructor(options: TcpOptions) {
    this.#options = options;
    const client = options.peerIp !== undefined;
    this.#outgoing = new KnownStream(options.trial * 2 + (client ? 0 : 1));
    this.#incoming = new KnownStream(options.trial * 2 + (client ? 1 : 0));
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
        this.#server?.close();
        this.#use(socket);
      });
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port, resolve);
    });
  }

  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { peerIp: host = '', port } = this.#options;
      const options = { host, port, noDelay: true, allowHalfOpen: true };
      const socket = connect(options, () => {
        socket.removeListener('error', reject);
        this.#use(socket);
        resolve();
      });
      socket.once('error', reject);
    });
  }

  flow(flowing: boolean): void {
    this.#flowing = flowing;
  }

  async pour(forMs: number): Promise<void> {
    this.#flowing = false;
    const socket = this.#socket;
    const over = sleep(forMs);
    const end = nowMs() + forMs;
    while (socket?.writable === true && nowMs() < end) {
      if (this.#write(socket, pourBytes)) continue;
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), over]);
    }
  }

  async finish(limitMs: number): Promise<TcpRecord> {
    this.#flowing = false;
    const done = this.#bothEnded();
    const limit = new Promise<void>((resolve) => setTimeout(resolve, limitMs).unref());
    await Promise.race([done, limit]);
    if (!this.#ended) this.#error ??= 'the stream did not end in time';
    this.close();
    return {
      sentBytes: this.#outgoing.position,
      sentHash: this.#sentHash.digest('hex'),
      receivedBytes: this.#receivedBytes,
      receivedHash: this.#receivedHash.digest('hex'),
      wrongAt: this.#wrongAt,
      error: this.#error,
      firstAt: this.#firstAt,
      arrivedBy100Ms: Array.from(this.#arrived, (bytes) => bytes ?? 0),
    };
  }

  close(): void {
    clearInterval(this.#timer);
    this.#server?.close();
    this.#socket?.destroy();
  }

  /** Until all of ours was handed over and the peer said that nothing more comes, or an error. */
  async #bothEnded(): Promise<void> {
    const socket = this.#socket;
    if (socket === undefined || this.#error !== null) return;
    const sent = new Promise<void>((resolve) => socket.end(resolve));
    const heard = new Promise<void>((resolve) => {
      if (this.#ended || this.#error !== null) resolve();
      else this.#onEnd = resolve;
    });
    await Promise.all([sent, heard]);
  }

  #use(socket: Socket): void {
    this.#socket = socket;
    this.#firstAt = nowMs();
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('end', () => {
      this.#ended = true;
      this.#onEnd?.();
    });
    socket.on('error', (error) => {
      this.#error ??= error.message;
      this.#onEnd?.();
    });
    const bytesPerWrite = Math.round((this.#options.bytesPerSecond * writeEveryMs) / 1000);
    this.#timer = setInterval(() => {
      // What the connection cannot take is not queued here: the rate is an upper bound.
      if (!this.#flowing || socket.writableLength > 4 * bytesPerWrite || socket.destroyed) return;
      this.#write(socket, bytesPerWrite);
    }, writeEveryMs);
  }

  /** Whether the socket can take more at once. */
  #write(socket: Socket, length: number): boolean {
    const bytes = this.#outgoing.take(length);
    this.#sentHash.update(bytes);
    return socket.write(bytes);
  }

  #take(bytes: Buffer): void {
    const bucket = Math.floor((nowMs() - this.#firstAt) / bucketMs);
    this.#arrived[bucket] = (this.#arrived[bucket] ?? 0) + bytes.length;
    this.#receivedBytes += bytes.length;
    this.#receivedHash.update(bytes);
    if (this.#wrongAt === null) this.#wrongAt = this.#incoming.firstDifference(bytes) ?? null;
  }
}
