/**
 * A network of the test's own: the process leaves the machine's network namespace for a new, empty
 * one, which ends with it. Needs root.
 */
import { bind } from '../../../src/platform/tjs/ffi.ts';
import { libc } from '../../../src/platform/tjs/libc.ts';
import { run } from '../../../src/platform/tjs/process.ts';
import { orThrow } from '../../../src/platform/tjs/system-error.ts';

const CLONE_NEWNET = 0x40000000;
const { unshare } = bind(['libc.so.6', 'libc.so'], { unshare: ['int', 'int'] });

export function isRoot(): boolean {
  return libc.geteuid() === 0;
}

export async function enterOwnNetwork(): Promise<void> {
  orThrow(unshare(CLONE_NEWNET), 'unshare');
  await ip('link set lo up');
}

/** Runs one `ip` command; throws with what it said when it fails. */
export async function ip(command: string): Promise<string> {
  const { code, out, err } = await run(['ip', ...command.split(' ')]);
  if (code !== 0) throw new Error(`ip ${command}: ${err}`);
  return out;
}

export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
