/** Real name servers for tests, in the namespaces of a rig: BIND, Unbound and Knot, each with settings of its own. */
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '../lab/agent/clock.ts';
import { endProcess } from '../lab/namespaces.ts';
import type { Host, Rig } from '../main/daemon/rig.ts';

const waitMs = 15_000;

interface Setting {
  readonly host: Host;
  readonly ip: string;
  readonly port?: number;
  /** A name that it answers once it runs. */
  readonly probe: string;
}

export interface BindSetting extends Setting {
  readonly recursive?: boolean;
  /** By file name. */
  readonly files: Readonly<Record<string, string>>;
  /** Zones and keys. */
  readonly more: string;
}

/** One that runs from a folder of its own, in the foreground. */
abstract class NameServer<Its extends Setting> {
  readonly #rig: Rig;
  protected readonly setting: Its;
  protected readonly folder: string;
  #child: ChildProcess | undefined;

  constructor(rig: Rig, name: string, setting: Its) {
    this.#rig = rig;
    this.setting = setting;
    this.folder = join(rig.folder, name);
  }

  protected abstract readonly program: string;
  /** Writes the files; answers the arguments. */
  protected abstract prepare(): readonly string[];

  /** With its files as they were at first: what it was told since is lost. */
  async start(): Promise<void> {
    const { host, probe } = this.setting;
    rmSync(this.folder, { recursive: true, force: true });
    mkdirSync(this.folder);
    // A copy: a security module may let the installed one read only the folders of its package.
    const program = join(this.folder, 'program');
    copyFileSync(this.program, program);
    const words = [program, ...this.prepare()];
    const log = openSync(join(this.folder, 'log'), 'a');
    this.#child = this.#rig.namespaces.start(host, words, { stdio: ['ignore', log, log] });
    await eventually(`${this.folder}/log: it does not run`, async () =>
      /status: NOERROR/.test(await this.dig(probe, 'SOA')),
    );
  }

  async stop(): Promise<void> {
    if (this.#child) await endProcess(this.#child);
  }

  dig(...words: readonly string[]): Promise<string> {
    const { host, ip, port = 53 } = this.setting;
    return dig(this.#rig, host, [`@${ip}`, '-p', String(port), ...words]);
  }

  protected write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }
}

export class Bind extends NameServer<BindSetting> {
  protected readonly program = '/usr/sbin/named';

  protected prepare(): readonly string[] {
    const { ip, port = 53, recursive = false, files, more } = this.setting;
    for (const [name, text] of Object.entries(files)) this.write(name, text);
    const settings = this.write(
      'named.conf',
      `options {
        directory "${this.folder}"; pid-file none; session-keyfile none; managed-keys-directory "${this.folder}";
        listen-on port ${port} { ${ip}; }; listen-on-v6 { none; };
        recursion ${recursive ? 'yes' : 'no'}; allow-query { any; }; allow-transfer { none; };
        dnssec-validation no; empty-zones-enable no; max-ncache-ttl 1; max-cache-ttl 2;
      };
      controls { };
      ${more}`,
    );
    return ['-g', '-4', '-n', '1', '-c', settings];
  }
}

export interface UnboundSetting extends Setting {
  /** Where the root is. */
  readonly hints: string;
}

/** A resolver that spells names at random and asks for no more of a name than it has to. */
export class Unbound extends NameServer<UnboundSetting> {
  protected readonly program = '/usr/sbin/unbound';

  protected prepare(): readonly string[] {
    const hints = this.write('hints', this.setting.hints);
    const settings = this.write(
      'unbound.conf',
      `server:
        directory: "${this.folder}"
        chroot: ""
        username: ""
        pidfile: ""
        use-syslog: no
        interface: ${this.setting.ip}
        do-ip6: no
        root-hints: "${hints}"
        module-config: "iterator"
        use-caps-for-id: yes
        qname-minimisation: yes
        cache-max-ttl: 2
        cache-max-negative-ttl: 1
        local-zone: "test." nodefault
      remote-control:
        control-enable: no
`,
    );
    return ['-d', '-d', '-c', settings];
  }
}

export interface KnotSetting extends Setting {
  /** Contents of the zones by name. */
  readonly zones: Readonly<Record<string, string>>;
  /** What its keymgr prints. */
  readonly key: string;
}

/** A primary whose zones may be updated with the key. */
export class Knot extends NameServer<KnotSetting> {
  protected readonly program = '/usr/sbin/knotd';

  protected prepare(): readonly string[] {
    const { ip, port = 53, zones, key } = this.setting;
    const id = /id: *(\S+)/.exec(key)?.[1];
    const sections = Object.entries(zones).map(
      ([name, text]) =>
        `  - domain: ${name}\n    file: ${this.write(`${name}db`, text)}\n    acl: updates\n`,
    );
    const settings = this.write(
      'knot.conf',
      `server:
  rundir: ${this.folder}
  listen: ${ip}@${port}
log:
  - target: stderr
    any: info
database:
  storage: ${this.folder}
${key}
acl:
  - id: updates
    key: ${id}
    action: update
zone:
${sections.join('')}`,
    );
    return ['-c', settings];
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
