/**
 * A router's web server for tests: it serves the built LuCI packages with a client of our own, and passes
 * calls of the pages on to a real ntmobiled, as uhttpd and rpcd do. Sessions have the rights that the
 * packages' access lists grant. What a page cannot tell from a real router is real here: the daemon, its
 * configuration file, and that the service restarts when that changes.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { controlMethods } from '../../src/protocol/control-methods.ts';
import { callDaemon } from '../lab/control.ts';
import type { Daemon } from '../lab/daemon.ts';
import { pageShell } from './page-shell.ts';
import { UciFile } from './uci-file.ts';

type Arguments = Record<string, unknown>;
interface Request {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
}
interface AccessGroup {
  readonly ubus?: Record<string, readonly string[]>;
  readonly uci?: readonly string[];
  readonly file?: Record<string, readonly string[]>;
}

/** What every session may do that LuCI itself grants. */
const basics: Readonly<Record<string, readonly string[]>> = {
  uci: ['get', 'set', 'add', 'delete', 'apply', 'confirm', 'changes'],
};

const contentTypes: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
};

export interface RouterParts {
  readonly daemon: Daemon;
  /** Of the built packages, as `buildLuci` makes it. */
  readonly packages: string;
  /** The bundled client. */
  readonly client: string;
}

export class Router {
  readonly #parts: RouterParts;
  readonly #server: Server;
  readonly #uci: UciFile;
  /** Whether a page has changed settings that are not applied yet. */
  #isStaged = false;
  readonly #access: Record<string, { read?: AccessGroup; write?: AccessGroup }> = {};
  /** How the next pages and calls are served; tests turn these. */
  mayWrite = true;
  language = 'en';
  isDark = false;
  texts: Readonly<Record<string, string>> = {};
  /** Methods that an older daemon does not have. */
  hidden: readonly string[] = [];
  /** Before each call of the daemon is passed on. */
  delayMs = 0;
  /** A daemon that does not answer: ubus status 7. */
  isBusy = false;
  /** Put behind every text in what the daemon answers. */
  hostileText = '';
  /** Bytes of the answers since it was last set to 0, and calls passed on to the daemon. */
  servedBytes = 0;
  readonly asked: string[] = [];
  daemonMs = 0;

  constructor(parts: RouterParts) {
    this.#parts = parts;
    this.#uci = new UciFile(parts.daemon.configFile);
    const folder = join(parts.packages, 'luci-app-ntmobile/usr/share/rpcd/acl.d');
    for (const name of readdirSync(folder)) {
      Object.assign(this.#access, JSON.parse(readFileSync(join(folder, name), 'utf8')));
    }
    this.#server = createServer((request, response) => {
      void this.#serve(request, response).catch((error) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  url(view: string): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/cgi-bin/luci/admin/services/ntmobile/${view}`;
  }

  /** As it was before a test turned anything. */
  reset(): void {
    Object.assign(this, { mayWrite: true, language: 'en', isDark: false, texts: {}, hidden: [] });
    Object.assign(this, {
      delayMs: 0,
      isBusy: false,
      hostileText: '',
      servedBytes: 0,
      daemonMs: 0,
    });
    this.asked.length = 0;
    this.#isStaged = false;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').replace(/\?.*/, '');
    if (path === '/ubus') {
      let text = '';
      for await (const part of request) text += part;
      const given = JSON.parse(text) as Request | Request[];
      const answer = Array.isArray(given)
        ? await this.#all(given)
        : await this.#answer(given as Request);
      return this.#send(response, 'application/json', JSON.stringify(answer));
    }
    if (path === '/client.js') return this.#send(response, contentTypes['.js'], this.#parts.client);
    const [, view] = /^\/cgi-bin\/luci\/admin\/services\/ntmobile\/(\w+)$/.exec(path) ?? [];
    if (view) return this.#send(response, 'text/html; charset=utf-8', this.#page(view));
    return this.#file(path, response);
  }

  #send(response: ServerResponse, type: string | undefined, body: string | Buffer): void {
    this.servedBytes += Buffer.byteLength(body);
    response.writeHead(200, { 'content-type': type ?? 'application/octet-stream' }).end(body);
  }

  #page(view: string): string {
    const { mayWrite, language, texts, isDark } = this;
    return pageShell({ view, mayWrite, language, texts, isDark });
  }

  #file(path: string, response: ServerResponse): void {
    for (const name of readdirSync(this.#parts.packages)) {
      const file = join(this.#parts.packages, name, 'www', normalize(path));
      try {
        return this.#send(response, contentTypes[extname(file)], readFileSync(file));
      } catch {
        // In another package, or nowhere.
      }
    }
    response.writeHead(404).end();
  }

  async #all(requests: readonly Request[]): Promise<unknown[]> {
    const answers: unknown[] = [];
    for (const request of requests) answers.push(await this.#answer(request));
    return answers;
  }

  async #answer({ id, method, params }: Request): Promise<unknown> {
    const fail = (code: number, message: string) => ({
      jsonrpc: '2.0',
      id,
      error: { code, message },
    });
    const done = (result: unknown) => ({ jsonrpc: '2.0', id, result });
    if (method === 'list') return done(this.#list());
    const [, object, name, given] = params as [string, string, string, Arguments];
    if (!this.#isGranted(object, name)) return fail(-32002, 'Access denied');
    if (object === 'ntmobile') {
      if (!(await this.#isUp())) return fail(-32000, 'Object not found');
      return done(await this.#askDaemon(name, given));
    }
    if (object === 'uci') return done(await this.#askUci(name, given));
    if (object === 'service') return done([0, { ntmobile: await this.#service() }]);
    if (object === 'file' && name === 'exec') return done(await this.#execute(given));
    return fail(-32000, 'Object not found');
  }

  #groups(): AccessGroup[] {
    return Object.values(this.#access).flatMap(({ read, write }) => [
      ...(read ? [read] : []),
      ...(write && this.mayWrite ? [write] : []),
    ]);
  }

  #isGranted(object: string, method: string): boolean {
    if (basics[object]?.includes(method)) return this.mayWrite || method === 'get';
    return this.#groups().some(({ ubus }) => ubus?.[object]?.includes(method));
  }

  #list(): object {
    const names = Object.entries(controlMethods).filter(([name]) => !this.hidden.includes(name));
    const signature = (row: { readonly arguments: object }) =>
      Object.fromEntries(Object.keys(row.arguments).map((argument) => [argument, 'string']));
    return { ntmobile: Object.fromEntries(names.map(([name, row]) => [name, signature(row)])) };
  }

  async #isUp(): Promise<boolean> {
    return (
      (await callDaemon(this.#parts.daemon.control, 'status').catch(() => undefined)) !== undefined
    );
  }

  async #askDaemon(method: string, given: Arguments): Promise<unknown[]> {
    this.asked.push(method);
    if (this.isBusy) return [7];
    if (this.hidden.includes(method)) return [3];
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    const begin = performance.now();
    try {
      const result = await callDaemon(
        this.#parts.daemon.control,
        method as keyof typeof controlMethods,
        given as Record<string, string>,
      );
      this.daemonMs += performance.now() - begin;
      return [0, this.#spoilt(result)];
    } catch (error) {
      return [9, { error: (error as Error).message }];
    }
  }

  #spoilt(value: unknown): unknown {
    if (this.hostileText === '') return value;
    if (typeof value === 'string') return value + this.hostileText;
    if (Array.isArray(value)) return value.map((each) => this.#spoilt(each));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [
        name,
        name === 'kind' ? each : this.#spoilt(each),
      ]),
    );
  }

  async #askUci(method: string, given: Arguments): Promise<unknown[]> {
    const section = String(given['section']);
    const values = given['values'] as Record<string, string> | undefined;
    if (method === 'get') {
      if (!this.#isStaged) this.#uci.revert();
      return [0, { values: this.#uci.values() }];
    }
    this.#isStaged = method !== 'apply' && method !== 'confirm';
    if (method === 'set') this.#uci.set(section, values ?? {});
    if (method === 'add') {
      const name = given['name'] as string | undefined;
      return [0, { section: this.#uci.add(String(given['type']), name, values) }];
    }
    if (method === 'delete') this.#uci.delete(section, given['options'] as string[] | undefined);
    if (method === 'apply' && this.#uci.apply()) await this.#restart();
    return [0];
  }

  async #restart(): Promise<void> {
    await this.#parts.daemon.stop();
    this.#parts.daemon.start();
  }

  async #service(): Promise<object> {
    return { instances: { instance1: { running: await this.#isUp() } } };
  }

  async #execute({ command, params }: Arguments): Promise<unknown[]> {
    const line = [command, ...(params as string[])].join(' ');
    if (!this.#groups().some(({ file }) => file?.[line]?.includes('exec'))) return [6];
    await this.#restart();
    return [0, { code: 0 }];
  }
}
