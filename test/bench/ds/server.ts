/** The Direction Server under load: the real daemon on txiki.js, its database filled beforehand, on one core. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { fromHex } from '../../../src/base/bytes.ts';
import { callDaemon } from '../../lab/control.ts';
import { benchAddress } from '../namespace.ts';
import type { Member } from './members.ts';

const root = env['NTM_ROOT'] ?? '.';
const engine = join(root, 'out/bin/tjs');
/** The slower engine reads a hundred thousand nodes for minutes. */
const startPatienceMs = 600_000;
/** Of /proc/PID/stat. */
const ticksPerSecond = 100;

export interface Usage {
  readonly cpuSeconds: number;
  readonly wallMs: number;
}

export class BenchServer {
  readonly folder: string;
  /** In memory, as /var/run is on a router: beside the control socket lies what is written of every move. */
  readonly #runFolder: string;
  #child: ChildProcess | undefined;
  publicKey = new Uint8Array(0);

  constructor() {
    mkdirSync(join(root, 'out'), { recursive: true });
    this.folder = mkdtempSync(join(root, 'out/bench-'));
    this.#runFolder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : this.folder, 'ntm-'));
  }

  get #control(): string {
    return join(this.#runFolder, 'control.sock');
  }

  get #pid(): number {
    return this.#child?.pid as number;
  }

  /** Enrols these as if they had joined one after another. */
  fill(members: readonly Member[]): void {
    const rows = members.map((member) => JSON.stringify(member.stored));
    writeFileSync(join(this.folder, 'members'), rows.join('\n'));
    const script = join(root, 'out/test/bench-fill.mjs');
    const files = [join(this.folder, 'members'), join(this.folder, 'ds.sqlite')];
    execFileSync(engine, ['run', script, ...files], {
      env: { ...env, TJS_HOME: this.folder },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    rmSync(join(this.folder, 'members'));
  }

  async start(): Promise<void> {
    const config = join(this.folder, 'config');
    const lines = [
      "config ntmobile\n\toption log_level 'warn'\n",
      "config ds 'ds'\n\toption enabled '1'\n\toption zone 'bench.example'",
      `\tlist address '${benchAddress}:4649'\n\toption pool '198.18.0.0/15'`,
      `\toption dns '1'\n\tlist dns_listen '${benchAddress}:5300'\n\toption dns_rate '0'\n`,
    ];
    writeFileSync(config, lines.join('\n'));
    const program = [join(root, 'out/ntmobiled.js'), '--config', config, '--state', this.folder];
    // Before others on this machine: it is to have its core for itself, as far as that can be had.
    const words = [
      '-n',
      '-15',
      'taskset',
      '-c',
      '0',
      engine,
      'run',
      ...program,
      '--control',
      this.#control,
    ];
    this.#child = spawn('nice', words, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...env, TJS_HOME: this.folder },
    });
    const end = Date.now() + startPatienceMs;
    for (;;) {
      const status = await callDaemon(this.#control, 'status').catch(() => undefined);
      if (status?.ds) {
        this.publicKey = fromHex(status.ds.publicKey) as Uint8Array<ArrayBuffer>;
        return;
      }
      if (Date.now() > end) throw new Error('the Direction Server does not start');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async counters(): Promise<Readonly<Record<string, number>>> {
    const { daemon, ds } = await callDaemon(this.#control, 'status');
    return { ...daemon.counters, ...ds?.counters };
  }

  /** All that is resident, shared libraries of the engine included. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  }

  usage(): Usage {
    const stat = readFileSync(`/proc/${this.#pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { cpuSeconds: ticks / ticksPerSecond, wallMs: performance.now() };
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child && child.exitCode === null) {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.on('close', resolve));
    }
    for (const each of [this.#runFolder, this.folder]) rmSync(each, { recursive: true });
  }
}

/** "txiki.js 26.6.0": what answers for the figures. */
export function engineName(): string {
  const text = execFileSync(engine, ['--version'], { encoding: 'utf8' }).trim();
  const which = env['NTM_TJS'] ? 'the engine that NTM_TJS names' : 'the debug build from npm';
  return `txiki.js ${text.replace(/^v/, '')}, ${which}`;
}
