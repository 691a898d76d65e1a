/**
 * A system for commands under test: files in a map, output in arrays, and a daemon whose control server
 * and client are the real ones, joined by a stream in memory.
 */
import type { Daemon, System } from '../../src/main/cli/system.ts';
import { ControlClient } from '../../src/platform/control/client.ts';
import { type DaemonView, dispatchCall } from '../../src/platform/control/dispatch.ts';
import { DaemonUnreachable } from '../../src/platform/control/errors.ts';
import { ControlServer } from '../../src/platform/control/server.ts';
import { streamPair } from '../support/stream-pair.ts';

const counts = { nodes: 3, relays: 1, invites: 0 };

export class MemorySystem implements System {
  readonly fileByPath = new Map<string, string>();
  readonly output: string[] = [];
  readonly errors: string[] = [];
  isTerminal = false;
  wantsColour = false;
  isRoot = true;
  isOpenWrt = false;
  now = 1_790_000_000;
  input = '';
  daemon: DaemonView | undefined;
  tun: { finding: string; act: string } | undefined;
  sodium: string | undefined;
  sleptMs = 0;
  /** Programs that were run, and what one is to answer where it is not silent success. */
  readonly commands: string[] = [];
  readonly answerByCommand = new Map<string, { code?: number; out?: string; err?: string }>();

  print(text: string): void {
    this.output.push(text);
  }

  printError(text: string): void {
    this.errors.push(text);
  }

  unixSeconds(): number {
    return this.now;
  }

  async sleep(ms: number): Promise<void> {
    this.sleptMs += ms;
  }

  async connect(path: string): Promise<Daemon> {
    const view = this.daemon;
    if (!view) throw new DaemonUnreachable(`ntmobiled is not running at ${path}.`, 'Start it.');
    const [near, far] = streamPair();
    const server = new ControlServer({ call: (call) => dispatchCall(view, call) });
    void server.serve(far);
    return new ControlClient(near, path);
  }

  async readInput(): Promise<string> {
    return this.input;
  }

  async readText(path: string): Promise<string | undefined> {
    return this.fileByPath.get(path);
  }

  async writeText(path: string, text: string): Promise<void> {
    this.fileByPath.set(path, text);
  }

  async makeDirectory(): Promise<void> {}

  async remove(path: string): Promise<void> {
    this.fileByPath.delete(path);
  }

  async backUpDirectory(_state: string, file: string) {
    return { file, ...counts };
  }

  async restoreDirectory(state: string) {
    return { madeAt: 1_790_000_000, before: `${state}/before-restore`, ...counts };
  }

  async run(words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    const command = words.join(' ');
    this.commands.push(command);
    return { code: 0, out: '', err: '', ...this.answerByCommand.get(command) };
  }

  async tunProblem(): Promise<{ finding: string; act: string } | undefined> {
    return this.tun;
  }

  async sodiumProblem(): Promise<string | undefined> {
    return this.sodium;
  }

  get text(): string {
    return this.output.join('\n');
  }
}
