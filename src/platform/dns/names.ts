/**
 * Everything of DNS that a daemon has outside its roles: the addresses they answer at, the questions they ask
 * others, and the lines that lead a forwarder here.
 */
import type { Endpoint, Ip } from '../../base/ip.ts';
import type { CheckRow, RoleName } from '../../protocol/control-results.ts';
import type { DnsRequestOutput } from '../driver-ports.ts';
import type { Log } from '../log.ts';
import { ForwardFile, forwardPath } from './forward-file.ts';
import { NameListener } from './name-listener.ts';
import { noServer, Resolver, type Response } from './resolver.ts';
import type { SignedUpdates } from './signed-updates.ts';
import { resolverFiles, upstreamServers } from './upstreams.ts';

export interface NameSettings {
  /** Where the Direction Server answers; empty when it does not. */
  readonly server: readonly Endpoint[];
  /** Where the node's stub answers; undefined when there is none. */
  readonly stub: Endpoint | undefined;
  readonly upstreams: readonly Endpoint[];
  /** Whether names of other zones may have to be looked up. */
  readonly asksOthers: boolean;
  readonly forwardFile: string | undefined;
  readonly updates: SignedUpdates | undefined;
}

export const noNames: NameSettings = {
  server: [],
  stub: undefined,
  upstreams: [],
  asksOthers: false,
  forwardFile: undefined,
  updates: undefined,
};

export interface NameHandlers {
  readonly query: (
    role: RoleName,
    id: number,
    from: Endpoint,
    stream: boolean,
    bytes: Uint8Array,
  ) => void;
  readonly settled: () => void;
  readonly response: (
    role: RoleName,
    id: number,
    response: Uint8Array | undefined,
    error: string | undefined,
  ) => void;
  readonly isOwn: (ip: Ip) => boolean;
  readonly failed: (error: unknown) => void;
}

export class Names {
  readonly #settings: NameSettings;
  readonly #log: Log;
  readonly #handlers: NameHandlers;
  readonly #resolver: Resolver;
  readonly #forwardFile: ForwardFile | undefined;
  #listenerByRole = new Map<RoleName, NameListener>();
  #toldNoServer = false;

  constructor(settings: NameSettings, log: Log, handlers: NameHandlers) {
    this.#settings = settings;
    this.#log = log;
    this.#handlers = handlers;
    this.#resolver = new Resolver(() => this.upstreams());
    const { stub } = settings;
    const path = stub && forwardPath(settings.forwardFile);
    this.#forwardFile = stub && path ? new ForwardFile(path, stub, log) : undefined;
  }

  /** Opens the listeners; a role answers from its first input on. */
  listen(): void {
    const { server, stub } = this.#settings;
    if (server.length > 0) this.#listen('ds', 'ds.dns_listen', server);
    if (stub) this.#listen('node', 'node.dns_listen', [stub]);
  }

  #listen(role: RoleName, option: string, at: readonly Endpoint[]): void {
    const { settled, failed } = this.#handlers;
    const listener = new NameListener(option, at, this.#log, {
      query: (id, from, stream, bytes) => this.#handlers.query(role, id, from, stream, bytes),
      settled,
      failed,
    });
    this.#listenerByRole.set(role, listener);
  }

  upstreams(): readonly Endpoint[] {
    const { upstreams } = this.#settings;
    const isOwn = (ip: string) => this.#handlers.isOwn(ip as Ip);
    return upstreamServers({ given: upstreams, files: resolverFiles, isOwn });
  }

  answer(role: RoleName, id: number, bytes: Uint8Array | undefined): void {
    this.#listenerByRole.get(role)?.answer(id, bytes);
  }

  request(role: RoleName, request: DnsRequestOutput): void {
    this.#ask(request).then(
      (outcome) => this.#settle(role, request.id, outcome),
      (error) => {
        const text = error instanceof Error ? error.message : String(error);
        this.#settle(role, request.id, { response: undefined, error: text });
      },
    );
  }

  #settle(role: RoleName, id: number, outcome: Response): void {
    const error = outcome.response ? undefined : outcome.error;
    if (error === noServer && !this.#toldNoServer) {
      this.#toldNoServer = true;
      this.#log.warn(noServer);
    }
    this.#handlers.response(role, id, outcome.response, error);
  }

  async #ask(request: DnsRequestOutput): Promise<Response> {
    if (request.to === 'upstream') return this.#resolver.ask(request.bytes);
    const { updates } = this.#settings;
    if (!request.signed || !updates) {
      return { response: undefined, error: 'No key for dynamic updates is configured.' };
    }
    return updates.ask(request.to, request.bytes);
  }

  zones(role: RoleName, zones: readonly string[]): void {
    if (role === 'node') this.#forwardFile?.write(zones);
  }

  get problems(): readonly string[] {
    return [...this.#listenerByRole.values()].flatMap(({ problems }) => problems);
  }

  /** What a doctor says besides. */
  get checks(): readonly CheckRow[] {
    if (!this.#settings.asksOthers || this.upstreams().length > 0) return [];
    return [
      {
        check: 'Name servers',
        state: 'warn',
        finding:
          'This system names no name server but forwarders on itself: other zones are not found.',
        act: 'Name one in /etc/resolv.conf, or with "list dns_upstream" in the section "node".',
      },
    ];
  }

  get counters(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [role, { counters }] of this.#listenerByRole) {
      for (const [name, count] of Object.entries(counters.snapshot())) {
        counts[`${role}-${name}`] = count;
      }
    }
    return counts;
  }

  close(): void {
    this.#forwardFile?.remove();
    for (const listener of this.#listenerByRole.values()) listener.close();
  }
}
