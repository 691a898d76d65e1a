/**
 * Runs a program: quietly, for its answer, or as a step of the set-up, whose output goes into
 * out/setup.log while one line shows what it is at. A failed step shows the end of its output.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { stdout } from 'node:process';
import { root } from './paths.mjs';

const logFile = join(root, 'out/setup.log');
const progressEveryMs = 5000;
const shownTailLines = 15;

export class CommandFailed extends Error {}

const children = new Set();

/** `spawn`, remembered so that nothing is left running when this process is told to end. */
export function spawnKnown(program, args, options) {
  const child = spawn(program, args, options);
  children.add(child);
  child.once('close', () => children.delete(child));
  return child;
}

/** Ends everything that was started, waits for it (the lab has to clean up) and then ends itself. */
export function endOnSignals() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, async () => {
      const ended = [...children].map((child) => once(child, 'close'));
      for (const child of children) child.kill('SIGTERM');
      await Promise.allSettled(ended);
      process.exit(130);
    });
  }
}

/** { code, out, err }; code 127 if there is no such program. */
export function runQuiet(program, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawnKnown(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    let out = '';
    let err = '';
    child.stdout.on('data', (bytes) => {
      out += bytes;
    });
    child.stderr.on('data', (bytes) => {
      err += bytes;
    });
    child.on('error', (error) => resolve({ code: 127, out, err: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, out, err }));
  });
}

/** Runs one step of the set-up; throws CommandFailed with the end of the output. */
export async function runLogged(say, title, program, args, options = {}) {
  const begin = Date.now();
  const lines = [];
  const seconds = () => Math.round((Date.now() - begin) / 1000);
  mkdirSync(join(root, 'out'), { recursive: true });
  say(`  ${title} …`);
  const timer = setInterval(() => {
    const last = lines.at(-1)?.slice(0, 70) ?? '';
    say(`  ${title}: ${seconds()} s  ${last}`);
  }, progressEveryMs);
  const code = await new Promise((resolve) => {
    const child = spawnKnown(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const take = (bytes) => {
      appendFileSync(logFile, bytes);
      lines.push(
        ...String(bytes)
          .split('\n')
          .filter((line) => line.trim() !== ''),
      );
      lines.splice(0, lines.length - shownTailLines);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => {
      lines.push(error.message);
      resolve(127);
    });
    child.on('close', resolve);
  });
  clearInterval(timer);
  if (code !== 0) {
    const tail = lines.map((line) => `    ${line}`).join('\n');
    throw new CommandFailed(
      `${title}: ${program} ended with ${code} (all of it: ${logFile})\n${tail}`,
    );
  }
  say(`  ${title}: done in ${seconds()} s`);
}

/** Whether progress may be drawn over itself. */
export const interactive = stdout.isTTY === true;
