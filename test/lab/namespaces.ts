/**
 * The namespaces of one lab: their names, programs run inside them, and their end. Every name begins with
 * `ntm-` and the lab's process id, so that labs do not meet and only what was made here is removed.
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { HostName } from './topology.ts';

const endLimitMs = 3000;
const takenDown = 'the lab is being taken down';

export class Namespaces {
  readonly prefix = `ntm-${process.pid}-`;
  readonly #hosts: HostName[] = [];
  readonly #children = new Set<ChildProcess>();
  /** Commands that are under way: what is removed must not come into being afterwards. */
  readonly #commands = new Set<Promise<unknown>>();
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  of(host: HostName): string {
    return `${this.prefix}${host}`;
  }

  async add(host: HostName): Promise<void> {
    this.#hosts.push(host);
    await this.ip(['netns', 'add', this.of(host)]);
    await this.ip(['-n', this.of(host), 'link', 'set', 'lo', 'up']);
  }

  /** Runs `ip` once; throws with what it printed if it fails. */
  async ip(args: readonly string[]): Promise<void> {
    await this.#execute(args, '');
  }

  /** Runs a list of `ip` commands in one process, inside `host` or, if undefined, outside. */
  async ipBatch(host: HostName | undefined, commands: readonly string[]): Promise<void> {
    const inside = host === undefined ? [] : ['-n', this.of(host)];
    await this.#execute([...inside, '-batch', '-'], `${commands.join('\n')}\n`);
  }

  /** Runs a program to its end inside a namespace, with `input` on its standard input. */
  async run(host: HostName, program: readonly string[], input = ''): Promise<string> {
    return this.#execute(['netns', 'exec', this.of(host), ...program], input);
  }

  /** Starts a program that stays; its process id is that of the program itself. */
  start(host: HostName, program: readonly string[], options: SpawnOptions): ChildProcess {
    if (this.#closed) throw new Error(takenDown);
    const child = spawn('ip', ['netns', 'exec', this.of(host), ...program], options);
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    child.once('error', () => this.#children.delete(child));
    return child;
  }

  /** Ends all programs, then removes the namespaces with all links in them. Never throws. */
  async remove(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#children].map(endProcess));
    await Promise.allSettled([...this.#commands]);
    for (const host of this.#hosts.splice(0)) {
      await runWithInput('ip', ['netns', 'del', this.of(host)], '').catch((error: Error) => {
        console.error(`${this.of(host)} could not be removed: ${error.message}`);
      });
    }
  }

  async #execute(args: readonly string[], input: string): Promise<string> {
    if (this.#closed) throw new Error(takenDown);
    const command = runWithInput('ip', args, input);
    this.#commands.add(command);
    try {
      return await command;
    } finally {
      this.#commands.delete(command);
    }
  }
}

/** Asks the process to end and, if it does not in time, kills it. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const limit = setTimeout(() => child.kill('SIGKILL'), endLimitMs);
  await exited;
  clearTimeout(limit);
}

async function runWithInput(
  program: string,
  args: readonly string[],
  input: string,
): Promise<string> {
  const child = spawn(program, args, { stdio: 'pipe' });
  let out = '';
  let err = '';
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString();
  });
  // A program that ends without reading its input is judged by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) {
    throw new Error(`${program} ${args.join(' ')} ended with ${code}: ${(err || out).trim()}`);
  }
  return out;
}
