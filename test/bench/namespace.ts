/** A benchmark in a network namespace of its own, with one public address on its loopback device. */
import { execFileSync, spawn } from 'node:child_process';
import { argv, execPath, pid } from 'node:process';
import type { Ip } from '../../src/base/ip.ts';

export const benchAddress = '203.0.113.10' as Ip;
export const isInside = argv.includes('--inside');

/** Runs this program again inside a namespace, behind `prefix` and with these options of Node, and removes that afterwards; the exit code. */
export function enterNamespace(
  prefix: readonly string[] = [],
  nodeOptions: readonly string[] = [],
): Promise<number> {
  const name = `ntm-${pid}-bench`;
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
  ip('-n', name, 'addr', 'add', `${benchAddress}/32`, 'dev', 'lo');
  const again = [execPath, ...nodeOptions, argv[1] as string, ...argv.slice(2), '--inside'];
  const args = ['netns', 'exec', name, ...prefix, ...again];
  const child = spawn('ip', args, { stdio: 'inherit' });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      ip('netns', 'del', name);
      resolve(code ?? 1);
    });
  });
}
