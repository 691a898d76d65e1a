/**
 * Bundles and runs one of the project's own tools (lab, sim, package, …), which are TypeScript for Node.
 * `npm start`, `npm run sim` and the like give it the terminal; `npm test` reads its last line.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { env, execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { bundle } from '../../esbuild.config.mjs';
import { spawnKnown } from '../setup/command.mjs';
import { root } from '../setup/paths.mjs';

const entries = {
  lab: 'test/lab/main.ts',
  sim: 'test/sim/main.ts',
  fuzz: 'test/fuzz/main.ts',
  generate: 'test/generate/main.ts',
  bench: 'test/bench/main.ts',
  screenshots: 'test/luci/screenshots.ts',
  'bench-ds': 'test/bench/ds/main.ts',
  package: 'openwrt/package/main.ts',
  openwrt: 'test/openwrt/main.ts',
};
/** Programs that a tool starts itself. */
const companions = {
  lab: { 'lab-agent': 'test/lab/agent/main.ts' },
  'bench-ds': { 'bench-fill': 'test/bench/ds/fill.ts' },
};
/** A hundred thousand simulated nodes take more memory than Node allows by itself. */
const nodeOptions = ['--enable-source-maps', '--max-old-space-size=16384'];
const keptLines = 60;

const builds = new Map();

/** The tool's bundle; made once, since two steps may run the same tool at once. */
export function toolBundle(name) {
  if (!builds.has(name)) builds.set(name, makeBundle(name));
  return builds.get(name);
}

async function makeBundle(name) {
  const entry = join(root, entries[name]);
  if (!existsSync(entry)) throw new Error(`${entries[name]} is missing`);
  const outfile = join(root, 'out/test', `${name}.mjs`);
  mkdirSync(join(root, 'out/test'), { recursive: true });
  const external = ['tjs:*', 'node:*', 'playwright-core'];
  const options = { platform: 'node', sourcemap: 'inline', external };
  await bundle({ entryPoints: [entry], outfile, ...options });
  for (const [program, source] of Object.entries(companions[name] ?? {})) {
    const file = join(root, 'out/test', `${program}.mjs`);
    await bundle({ entryPoints: [join(root, source)], outfile: file, ...options });
  }
  return outfile;
}

function start(file, args, stdio) {
  const options = { stdio, cwd: root, env: { ...env, NTM_ROOT: root } };
  return spawnKnown(execPath, [...nodeOptions, file, ...args], options);
}

/** Gives the tool the terminal; its exit code. */
export async function runInForeground(name, args) {
  const child = start(await toolBundle(name), args, 'inherit');
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)));
}

/** Runs the tool for its verdict: { passed, failed, skipped, failures }. */
export async function runTool(name, args, progress) {
  const file = await toolBundle(name).catch((error) => error);
  if (file instanceof Error) return broken(file.message);
  return runScript(name, file, args, progress);
}

const broken = (text) => ({ passed: 0, failed: 1, skipped: 0, failures: [text] });

/** Runs a program of Node that ends with a line `N passed, N failed`, for that verdict. */
export async function runScript(name, file, args, progress) {
  const child = start(file, args, ['ignore', 'pipe', 'pipe']);
  const lines = [];
  const take = (line) => {
    if (line.trim() === '') return;
    lines.push(line);
    progress(line.trim());
    lines.splice(0, lines.length - keptLines);
  };
  createInterface({ input: child.stdout }).on('line', take);
  createInterface({ input: child.stderr }).on('line', take);
  const code = await new Promise((resolve) => child.on('close', resolve));
  const last = lines.findLast((line) => /^\d+ passed, \d+ failed/.test(line)) ?? '';
  const [, passed, failed, skipped] =
    /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?/.exec(last) ?? [];
  if (passed === undefined) return broken([`${name} ended with ${code}`, ...lines].join('\n'));
  const counts = { passed: +passed, failed: +failed, skipped: +(skipped ?? 0) };
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return { ...counts, failures: counts.failed > 0 ? [lines.join('\n')] : [] };
}
