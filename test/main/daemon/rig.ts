/**
 * What the tests of the real daemon share: three namespaces on one network (a Direction Server's host and
 * two nodes'), freshly built programs in a folder of their own, and a run of a program to its end.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon, type Programs } from '../../lab/daemon.ts';
import { Namespaces } from '../../lab/namespaces.ts';
import { buildProgramsIn, programsIn } from '../../lab/own-programs.ts';
import type { DaemonName } from '../../lab/topology.ts';

const runLimitMs = 30_000;

/** These tests make namespaces and TUN devices. */
export const isRoot = process.getuid?.() === 0;

export const port = 4649;
export const addresses = {
  'ds-a': '203.0.113.10',
  mn: '203.0.113.11',
  cn: '203.0.113.12',
} as const;
export type Host = keyof typeof addresses;

export interface Ended {
  readonly code: number | null;
  /** Standard output and standard error. */
  readonly text: string;
}

export class Rig {
  readonly namespaces = new Namespaces();
  readonly folder = mkdtempSync(join(tmpdir(), 'ntm-daemon-'));
  readonly programs: Programs = programsIn(this.folder);

  async build(): Promise<void> {
    chmodSync(this.folder, 0o755);
    await Promise.all([buildProgramsIn(this.folder), this.#network()]);
  }

  async #network(): Promise<void> {
    await Promise.all((['ds-a', 'mn', 'cn'] as const).map((host) => this.namespaces.add(host)));
    await this.namespaces.ipBatch('ds-a', [
      'link add br0 type bridge',
      'link set br0 up',
      `address add ${addresses['ds-a']}/24 dev br0`,
      'route add default via 203.0.113.1',
      ...(['mn', 'cn'] as const).flatMap((host) => [
        `link add ${host} type veth peer name eth0 netns ${this.namespaces.of(host)}`,
        `link set ${host} master br0 up`,
      ]),
    ]);
    for (const host of ['mn', 'cn'] as const) {
      await this.namespaces.ipBatch(host, [
        `address add ${addresses[host]}/24 dev eth0`,
        'link set eth0 up',
        'route add default via 203.0.113.1',
      ]);
    }
  }

  /** `label` tells several daemons of one host apart. */
  daemon(host: DaemonName, label: string, programs: Partial<Programs> = {}): Daemon {
    const folder = join(this.folder, label);
    return new Daemon(this.namespaces, host, { ...this.programs, ...programs }, folder);
  }

  /** Runs a program to its end; one that does not end in time is killed and has no exit code. */
  async run(host: Host, words: readonly string[], input = ''): Promise<Ended> {
    const child = this.namespaces.start(host, words, { stdio: 'pipe' });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    return endOf(child);
  }

  /** ntmobiled with the files of `daemon`, to its end. `before` are words in front of the command. */
  async runDaemon(
    host: Host,
    daemon: Daemon,
    more: readonly string[] = [],
    before: readonly string[] = [],
  ): Promise<Ended> {
    const files = ['--config', daemon.configFile, '--state', daemon.state];
    const control = ['--control', daemon.control];
    const { engine, daemon: program } = this.programs;
    return this.run(host, [...before, engine, 'run', program, ...files, ...control, ...more]);
  }

  async cli(host: Host, words: readonly string[], input = ''): Promise<Ended> {
    const environment = ['env', `TJS_HOME=${this.folder}`, 'NO_COLOR=1'];
    const { engine, cli } = this.programs;
    return this.run(host, [...environment, engine, 'run', cli, ...words], input);
  }

  /** The command line on the files of `daemon`. */
  async join(daemon: Daemon, invite: string, more: readonly string[] = []): Promise<Ended> {
    const files = ['--config', daemon.configFile, '--state', daemon.state];
    return this.cli(daemon.name as Host, ['join', '-', ...files, ...more], `${invite}\n`);
  }

  async remove(): Promise<void> {
    await this.namespaces.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function endOf(child: ChildProcess): Promise<Ended> {
  let text = '';
  const take = (bytes: Buffer): void => {
    text += bytes.toString();
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  const limit = setTimeout(() => child.kill('SIGKILL'), runLimitMs);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(limit);
  return { code, text };
}

export function mainSection(udpPort: number = port, level = 'debug'): string {
  return `config ntmobile 'main'
	option port '${udpPort}'
	option log_level '${level}'
`;
}

export function dsSection(pool = '198.18.0.0/24', udpPort: number = port): string {
  return `
config ds 'ds'
	option enabled '1'
	option zone 'home.example'
	list address '${addresses['ds-a']}:${udpPort}'
	option pool '${pool}'
`;
}

/** A node that has still to join, with options of its own. */
export function nodeSection(device = 'ntm0', ...options: readonly string[]): string {
  const lines = [`option device '${device}'`, ...options].map((line) => `\t${line}\n`);
  return `\nconfig node 'node'\n\toption enabled '1'\n${lines.join('')}`;
}
