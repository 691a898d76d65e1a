/**
 * The interactive application of the lab, shaped like a remote shell: a keystroke every 100 ms over TCP,
 * echoed by the far end with a line of text. Records how long each echo takes.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TypingOptions, TypingRecord } from './calls.ts';
import { nowMs } from './clock.ts';

const keystrokeEveryMs = 100;
const keystrokeBytes = 36;
const echoBytes = 84;

export class Typing {
  readonly #options: TypingOptions;
  readonly #typedAt: number[] = [];
  readonly #echoes: [number, number][] = [];
  #server: Server | undefined;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #pending = 0;
  #error: string | null = null;

  constructor(options: TypingOptions) {
    this.#options = options;
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server = createServer({ noDelay: true }, (socket) => {
        this.#server?.close();
        this.#use(socket, keystrokeBytes, () => socket.write(Buffer.alloc(echoBytes, 0x2e)));
      });
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port, resolve);
    });
  }

  connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const host = this.#options.peerIp ?? '';
      const socket = connect({ host, port: this.#options.port, noDelay: true }, () => {
        socket.removeListener('error', reject);
        this.#use(socket, echoBytes, () => this.#echoed());
        this.#timer = setInterval(() => {
          if (socket.destroyed) return;
          this.#typedAt.push(nowMs());
          socket.write(Buffer.alloc(keystrokeBytes, 0x6b));
        }, keystrokeEveryMs);
        resolve();
      });
      socket.once('error', reject);
    });
  }

  stop(): TypingRecord {
    clearInterval(this.#timer);
    this.#server?.close();
    this.#socket?.destroy();
    return {
      echoes: this.#echoes,
      unanswered: this.#typedAt.length - this.#echoes.length,
      error: this.#error,
    };
  }

  #use(socket: Socket, unitBytes: number, onUnit: () => void): void {
    this.#socket = socket;
    socket.on('error', (error) => {
      this.#error ??= error.message;
    });
    socket.on('data', (bytes) => {
      this.#pending += bytes.length;
      for (; this.#pending >= unitBytes; this.#pending -= unitBytes) onUnit();
    });
  }

  #echoed(): void {
    const typedAt = this.#typedAt[this.#echoes.length];
    if (typedAt !== undefined) this.#echoes.push([typedAt, nowMs() - typedAt]);
  }
}
