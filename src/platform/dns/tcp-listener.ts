/**
 * DNS over TCP at one address (RFC 7766): messages behind their length, several queries on one connection.
 * Connections, unanswered queries and silence are bounded, so that a stranger can hold little and not for long.
 */
import { concatBytes } from '../../base/bytes.ts';
import type { Counters } from '../../base/counters.ts';
import type { Endpoint } from '../../base/ip.ts';
import type { ByteStream } from '../tjs/stream.ts';
import { listenTcp, type TcpListener } from '../tjs/tcp.ts';
import type { NameCount } from './udp-listener.ts';

export interface TcpNameHandlers {
  readonly nextId: () => number;
  readonly query: (id: number, bytes: Uint8Array) => void;
}

const maxConnections = 64;
const maxUnanswered = 32;
const idleMs = 10_000;
/** A query has no reason to be longer. */
const maxQueryBytes = 4096;

interface Connection {
  readonly stream: ByteStream;
  unanswered: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export class TcpNameListener {
  readonly #counters: Counters<NameCount>;
  readonly #handlers: TcpNameHandlers;
  readonly #connections = new Set<Connection>();
  readonly #connectionById = new Map<number, Connection>();
  #listener: TcpListener | undefined;

  constructor(counters: Counters<NameCount>, handlers: TcpNameHandlers) {
    this.#counters = counters;
    this.#handlers = handlers;
  }

  /** Rejects with the engine's error when the address cannot be had. */
  async open(at: Endpoint): Promise<void> {
    this.#listener = await listenTcp(at, (stream) => this.#accept(stream));
  }

  #accept(stream: ByteStream): void {
    if (this.#connections.size >= maxConnections) return stream.close();
    const connection: Connection = { stream, unanswered: 0, timer: undefined };
    this.#connections.add(connection);
    this.#watch(connection);
    this.#serve(connection).catch(() => this.#end(connection));
  }

  #watch(connection: Connection): void {
    clearTimeout(connection.timer);
    connection.timer = setTimeout(() => this.#end(connection), idleMs);
  }

  async #serve(connection: Connection): Promise<void> {
    let held: Uint8Array = new Uint8Array(0);
    for (;;) {
      const chunk = await connection.stream.read();
      if (!chunk) break;
      held = held.length === 0 ? chunk.slice() : concatBytes(held, chunk);
      while (held.length >= 2) {
        const length = ((held[0] as number) << 8) | (held[1] as number);
        if (length > maxQueryBytes || connection.unanswered >= maxUnanswered) {
          return this.#end(connection);
        }
        if (held.length < 2 + length) break;
        this.#query(connection, held.slice(2, 2 + length));
        held = held.slice(2 + length);
      }
    }
    this.#end(connection);
  }

  #query(connection: Connection, bytes: Uint8Array): void {
    this.#counters.add('tcp-queries');
    this.#watch(connection);
    const id = this.#handlers.nextId();
    connection.unanswered += 1;
    this.#connectionById.set(id, connection);
    this.#handlers.query(id, bytes);
  }

  /** False when no query of this listener has that number. */
  answer(id: number, bytes: Uint8Array | undefined): boolean {
    const connection = this.#connectionById.get(id);
    if (!connection) return false;
    this.#connectionById.delete(id);
    connection.unanswered -= 1;
    if (!bytes) {
      this.#counters.add('silent');
      return true;
    }
    this.#counters.add('answers');
    const framed = concatBytes(Uint8Array.of(bytes.length >>> 8, bytes.length & 0xff), bytes);
    connection.stream.write(framed).catch(() => this.#end(connection));
    return true;
  }

  #end(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    clearTimeout(connection.timer);
    connection.stream.close();
    for (const [id, each] of this.#connectionById) {
      if (each === connection) this.#connectionById.delete(id);
    }
  }

  close(): void {
    this.#listener?.close();
    for (const connection of [...this.#connections]) this.#end(connection);
  }
}
