/** Real name servers for tests, in the namespaces of a rig: BIND with settings of its own, and dnsmasq. */
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '../lab/agent/clock.ts';
import { endProcess } from '../lab/namespaces.ts';
import type { Host, Rig } from '../main/daemon/rig.ts';

const waitMs = 15_000;

export interface BindSetting {
  readonly host: Host;
  readonly ip: string;
  readonly port?: number;
  readonly recursive?: boolean;
  /** By file name. */
  readonly files: Readonly<Record<string, string>>;
  /** Zones and keys. */
  readonly more: string;
  /** A name that it answers once it runs. */
  readonly probe: string;
}

export class Bind {
  readonly #rig: Rig;
  readonly #setting: BindSetting;
  readonly #folder: string;
  #child: ChildProcess | undefined;

  constructor(rig: Rig, name: string, setting: BindSetting) {
    this.#rig = rig;
    this.#setting = setting;
    this.#folder = join(rig.folder, name);
  }

  /** With its files as they were at first: what it was told since is lost. */
  async start(): Promise<void> {
    const { host, ip, port = 53, recursive = false, files, more } = this.#setting;
    rmSync(this.#folder, { recursive: true, force: true });
    mkdirSync(this.#folder);
    // A copy: a security module may let the installed one read only the folders of its package.
    const program = join(this.#folder, 'named');
    copyFileSync('/usr/sbin/named', program);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.#folder, name), text);
    const settings = join(this.#folder, 'named.conf');
    writeFileSync(
      settings,
      `options {
        directory "${this.#folder}"; pid-file none; session-keyfile none; managed-keys-directory "${this.#folder}";
        listen-on port ${port} { ${ip}; }; listen-on-v6 { none; };
        recursion ${recursive ? 'yes' : 'no'}; allow-query { any; }; allow-transfer { none; };
        dnssec-validation no; empty-zones-enable no; max-ncache-ttl 1; max-cache-ttl 2;
      };
      controls { };
      ${more}`,
    );
    const log = openSync(join(this.#folder, 'log'), 'a');
    const words = [program, '-g', '-4', '-n', '1', '-c', settings];
    this.#child = this.#rig.namespaces.start(host, words, { stdio: ['ignore', log, log] });
    await eventually(`${this.#folder}/log: BIND does not run`, async () =>
      /status: NOERROR/.test(await this.dig(this.#setting.probe, 'SOA')),
    );
  }

  async stop(): Promise<void> {
    if (this.#child) await endProcess(this.#child);
  }

  dig(...words: readonly string[]): Promise<string> {
    const { host, ip, port = 53 } = this.#setting;
    return dig(this.#rig, host, [`@${ip}`, '-p', String(port), ...words]);
  }
}

/** Asks once, by a program that knows nothing of us. */
export async function dig(rig: Rig, host: Host, words: readonly string[]): Promise<string> {
  const { text } = await rig.run(host, ['dig', '+time=5', '+tries=1', ...words]);
  return text;
}

/** The records of a dig's answer, a line each, without their times to live. */
export function answers(text: string): readonly string[] {
  const section = /;; ANSWER SECTION:\n([\s\S]*?)\n\n/.exec(text)?.[1] ?? '';
  const lines = section.split('\n').filter((line) => line !== '');
  return lines.map((line) => line.replace(/\s+\d+\s+IN\s+/, ' ').replace(/\s+/g, ' ')).sort();
}

export async function eventually(
  what: string,
  good: () => Promise<boolean>,
  limitMs = waitMs,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await good())) {
    if (performance.now() > end) throw new Error(what);
    await sleep(100);
  }
}
