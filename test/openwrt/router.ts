/** A router under test, whatever it runs in, with words for what checks do to it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ran, RouterShell } from './router-shell.ts';

export class CheckFailed extends Error {}
/** What this user space cannot show: counted apart, with the reason. */
export class CheckSkipped extends Error {}

const usualSeconds = 60;
/** Between two looks, by patience: where everything is slow a look itself takes what it waits for. */
const pauseMilliseconds = 100;

export class Router {
  readonly name: string;
  readonly #shell: RouterShell;
  /** Slower where the machine is emulated. */
  readonly #patience: number;

  constructor(name: string, shell: RouterShell, patience: number) {
    this.name = name;
    this.#shell = shell;
    this.#patience = patience;
  }

  run(script: string, seconds = usualSeconds): Promise<Ran> {
    return this.#shell.run(script, seconds * this.#patience);
  }

  /** Its output; throws CheckFailed with it when the script fails. */
  async ok(script: string, seconds = usualSeconds): Promise<string> {
    const { code, text } = await this.run(script, seconds);
    if (code !== 0) throw new CheckFailed(`${this.name}: ${script}\nended with ${code}:\n${text}`);
    return text;
  }

  /** Repeats the script until it succeeds. */
  async until(script: string, seconds = usualSeconds): Promise<string> {
    const end = Date.now() + seconds * this.#patience * 1000;
    for (;;) {
      const { code, text } = await this.run(script);
      if (code === 0) return text;
      if (Date.now() > end) {
        throw new CheckFailed(`${this.name}: ${script}\nstill ends with ${code}:\n${text}`);
      }
      await sleep(pauseMilliseconds * this.#patience);
    }
  }

  /** Skips the check unless the script succeeds. */
  async needs(script: string, why: string): Promise<void> {
    const { code } = await this.run(script);
    if (code !== 0) throw new CheckSkipped(`${this.name}: ${why}`);
  }
}
