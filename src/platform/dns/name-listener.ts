/**
 * Where a role answers DNS queries: a number of addresses, each over UDP and TCP. An address that cannot be
 * had yet, because another program holds the port or the address comes later, is tried again and again; what
 * is in the way is told once, and by `problems`.
 */
import { Counters } from '../../base/counters.ts';
import { type Endpoint, endpointPort } from '../../base/ip.ts';
import type { Log } from '../log.ts';
import { SystemError } from '../tjs/system-error.ts';
import { TcpNameListener } from './tcp-listener.ts';
import { type NameCount, UdpNameListener } from './udp-listener.ts';

export interface NameListenerHandlers {
  readonly query: (id: number, from: Endpoint, stream: boolean, bytes: Uint8Array) => void;
  readonly settled: () => void;
  readonly failed: (error: unknown) => void;
}

const retryMs = 5000;
/** What stands for the source over TCP, where it cannot be forged and is not counted. */
const overTcp = '192.0.2.0:53' as Endpoint;

interface Place {
  readonly at: Endpoint;
  udp: UdpNameListener | undefined;
  tcp: TcpNameListener | undefined;
  problem: string | undefined;
}

export class NameListener {
  readonly counters = new Counters<NameCount>();
  readonly #option: string;
  readonly #log: Log;
  readonly #handlers: NameListenerHandlers;
  readonly #places: readonly Place[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastId = 0;
  #closed = false;

  /** `option` names the setting that decides the addresses, as "ds.dns_listen". */
  constructor(option: string, at: readonly Endpoint[], log: Log, handlers: NameListenerHandlers) {
    this.#option = option;
    this.#log = log;
    this.#handlers = handlers;
    this.#places = at.map((each) => ({
      at: each,
      udp: undefined,
      tcp: undefined,
      problem: undefined,
    }));
    this.#openAll();
  }

  /** A sentence for each address that is not served. */
  get problems(): readonly string[] {
    return this.#places.flatMap(({ problem }) => (problem === undefined ? [] : [problem]));
  }

  #openAll(): void {
    for (const place of this.#places) {
      this.#open(place).then(
        () => this.#opened(place),
        (error) => this.#notOpened(place, error),
      );
    }
  }

  async #open(place: Place): Promise<void> {
    const nextId = () => this.#nextId();
    const { settled, failed } = this.#handlers;
    place.udp ??= new UdpNameListener(place.at, this.counters, {
      nextId,
      query: (id, from, bytes) => this.#handlers.query(id, from, false, bytes),
      settled,
      failed,
    });
    if (place.tcp) return;
    const tcp = new TcpNameListener(this.counters, {
      nextId,
      query: (id, bytes) => {
        this.#handlers.query(id, overTcp, true, bytes);
        settled();
      },
    });
    await tcp.open(place.at);
    if (this.#closed) tcp.close();
    else place.tcp = tcp;
  }

  #opened(place: Place): void {
    if (place.problem !== undefined) this.#log.info(`DNS queries are answered at ${place.at} now.`);
    place.problem = undefined;
  }

  #notOpened(place: Place, error: unknown): void {
    if (this.#closed) return;
    if (place.problem === undefined) {
      place.problem = this.#explain(place.at, error);
      this.#log.error(place.problem);
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#openAll(), retryMs);
  }

  #explain(at: Endpoint, error: unknown): string {
    const is = (name: 'EADDRINUSE' | 'EADDRNOTAVAIL' | 'EACCES') =>
      (error instanceof SystemError && error.is(name)) ||
      (error as { code?: string }).code === name;
    if (is('EADDRINUSE')) {
      return `${this.#option}: port ${endpointPort(at)} of ${at} is held by another program, perhaps dnsmasq. Choose another address or port, or let that program leave it.`;
    }
    if (is('EADDRNOTAVAIL')) {
      return `${this.#option}: ${at} is no address of this machine now. Name one that is; behind a NAT that is the inner one.`;
    }
    if (is('EACCES'))
      return `${this.#option}: ${at} needs root. Run as root, or choose a port above 1023.`;
    return `${this.#option}: ${at} cannot be used: ${(error as Error).message}.`;
  }

  #nextId(): number {
    this.#lastId = this.#lastId >= Number.MAX_SAFE_INTEGER ? 1 : this.#lastId + 1;
    return this.#lastId;
  }

  answer(id: number, bytes: Uint8Array | undefined): void {
    for (const { udp, tcp } of this.#places) {
      if (udp?.answer(id, bytes) || tcp?.answer(id, bytes)) return;
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { udp, tcp } of this.#places) {
      udp?.close();
      tcp?.close();
    }
  }
}
