/**
 * One ntmobiled of the lab: its folder with configuration, state, control socket and log, and its life,
 * which the lab may end the hard way and begin again.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlMethodName } from '../../src/protocol/control-methods.ts';
import type { ControlResults } from '../../src/protocol/control-results.ts';
import { nowMs, sleep } from './agent/clock.ts';
import { callDaemon } from './control.ts';
import { endProcess, type Namespaces } from './namespaces.ts';
import { slow } from './pace.ts';
import type { HostName } from './topology.ts';

const pollMs = 20;
const shownLogLines = 12;

export interface Programs {
  readonly engine: string;
  readonly daemon: string;
  readonly cli: string;
}

export class Daemon {
  /** Of its namespace. */
  readonly name: HostName;
  readonly #namespaces: Namespaces;
  readonly #programs: Programs;
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #startedAt = 0;

  constructor(namespaces: Namespaces, name: HostName, programs: Programs, folder: string) {
    this.name = name;
    this.#namespaces = namespaces;
    this.#programs = programs;
    this.#folder = join(folder, name);
    mkdirSync(this.state, { recursive: true, mode: 0o700 });
    mkdirSync(join(this.#folder, 'home'), { recursive: true });
  }

  get configFile(): string {
    return join(this.#folder, 'ntmobile.conf');
  }

  get logFile(): string {
    return join(this.#folder, 'log');
  }

  get control(): string {
    return join(this.#folder, 'control.sock');
  }

  get state(): string {
    return join(this.#folder, 'state');
  }

  configure(uci: string): void {
    writeFileSync(this.configFile, uci);
  }

  /** Spends an invite into configuration and state, as an owner does before the first start. */
  async join(invite: string): Promise<void> {
    const args = ['join', '-', '--config', this.configFile, '--state', this.state];
    await this.#namespaces.run(this.name, this.#command(this.#programs.cli, args), `${invite}\n`);
  }

  start(): void {
    this.#startedAt = nowMs();
    const log = openSync(this.logFile, 'a');
    const args = ['--config', this.configFile, '--state', this.state, '--control', this.control];
    this.#child = this.#namespaces.start(this.name, this.#command(this.#programs.daemon, args), {
      stdio: ['ignore', log, log],
    });
  }

  /** As a power cut would: no goodbye. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async stop(): Promise<void> {
    if (this.#child !== undefined) await endProcess(this.#child);
  }

  call<Method extends ControlMethodName>(
    method: Method,
    given: Readonly<Record<string, string | number | boolean>> = {},
  ): Promise<ControlResults[Method]> {
    return callDaemon(this.control, method, given);
  }

  /** Polls `method` until `good` says so; throws with the end of the log after `limitMs`. */
  async until<Method extends ControlMethodName>(
    method: Method,
    good: (result: ControlResults[Method]) => boolean,
    what: string,
    limitMs = 10_000,
  ): Promise<ControlResults[Method]> {
    const end = nowMs() + slow(limitMs);
    for (;;) {
      const result = await this.call(method).catch(() => undefined);
      if (result !== undefined && good(result)) return result;
      const ended = this.#child === undefined || this.#child.exitCode !== null;
      if (ended || nowMs() > end) throw new Error(`${this.name}: ${what}\n${this.logTail()}`);
      await sleep(pollMs);
    }
  }

  /** Waits for the process to end by itself: its exit code, or null after a signal. */
  async ended(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) throw new Error(`${this.name} was not started`);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child.exitCode;
  }

  get processId(): number {
    return this.#child?.pid ?? 0;
  }

  /** Since the process was last started. */
  sinceStartMs(): number {
    return nowMs() - this.#startedAt;
  }

  /** Resident memory in bytes. */
  residentBytes(): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.#child?.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
    } catch {
      return undefined;
    }
  }

  logTail(): string {
    const lines = readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-shownLogLines);
    return [`last lines of ${this.logFile}:`, ...lines.map((line) => `  ${line}`)].join('\n');
  }

  #command(program: string, args: readonly string[]): readonly string[] {
    const home = join(this.#folder, 'home');
    return ['env', `TJS_HOME=${home}`, this.#programs.engine, 'run', program, ...args];
  }
}
