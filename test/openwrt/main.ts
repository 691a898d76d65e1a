/** `npm run test:openwrt`: see `options.ts`. The last line is `N passed, N failed, N skipped`. */
import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { argv, env, exit, pid } from 'node:process';
import { checks } from './checks.ts';
import { makeFeeds } from './feeds.ts';
import { type OpenwrtOptions, readOptions, UsageError, type Userland, usage } from './options.ts';
import { CheckSkipped } from './router.ts';
import { World } from './world.ts';

const root = resolve(env['NTM_ROOT'] ?? '.');
const outFolder = join(root, 'out');
const counts = { passed: 0, failed: 0, skipped: 0 };

function report(): string {
  const { passed, failed, skipped } = counts;
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function checkFiles(userland: Userland): void {
  const paths =
    userland.kind === 'image'
      ? [userland.image]
      : [userland.folder, ...(userland.kind === 'kernel' ? [userland.kernel] : [])];
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined) throw new UsageError(`There is no ${missing}.`);
}

function isJudged(name: string, word: string): boolean {
  return name.toLowerCase().includes(word.toLowerCase());
}

async function runChecks(world: World, word: string): Promise<void> {
  const last = checks.findLastIndex(({ name }) => isJudged(name, word));
  // What comes after the last one asked for is needed by none.
  for (const { name, run } of checks.slice(0, last + 1)) {
    const judged = isJudged(name, word);
    const begin = Date.now();
    let verdict = 'ok';
    try {
      await run(world);
      if (judged) counts.passed += 1;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (error instanceof CheckSkipped) {
        verdict = `skipped: ${text}`;
        if (judged) counts.skipped += 1;
      } else {
        verdict = `FAILED\n    ${text.replaceAll('\n', '\n    ')}`;
        if (judged) counts.failed += 1;
      }
    }
    const seconds = ((Date.now() - begin) / 1000).toFixed(1);
    if (judged || verdict.startsWith('FAILED')) {
      console.log(`${seconds.padStart(6)} s  ${name}: ${verdict}`);
    }
  }
}

async function runOn(userland: Userland, options: OpenwrtOptions): Promise<void> {
  checkFiles(userland);
  if (!checks.some(({ name }) => isJudged(name, options.word))) {
    throw new UsageError(`No check's name holds "${options.word}".`);
  }
  const folder = join(outFolder, `openwrt-${pid}`);
  const programs = {
    engine: join(outFolder, 'bin/tjs'),
    daemon: join(outFolder, 'ntmobiled.js'),
    cli: join(outFolder, 'ntmobile.js'),
  };
  const world = new World(programs, folder);
  const end = () => {
    void world.remove().then(() => exit(130));
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  try {
    const feed = join(folder, 'feed');
    await makeFeeds(root, feed, options.packages);
    console.log(`two routers from ${userland.kind}: starting …`);
    await world.build(options, userland, feed);
    await runChecks(world, options.word);
  } finally {
    await world.remove();
    if (options.keep) console.log(`What the routers left is in ${folder}.`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const options = readOptions(argv.slice(2), env);
  if (!options) {
    console.log(usage.trimEnd());
    return 0;
  }
  if (!options.userland) {
    counts.skipped = 1;
    console.log('No OpenWrt here: name one with --image or --rootfs (see --help).');
  } else {
    await runOn(options.userland, options);
  }
  console.log(report());
  return counts.failed === 0 ? 0 : 1;
}

try {
  exit(await main());
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  console.error(error instanceof UsageError ? text : `The routers could not be tested: ${text}`);
  counts.failed += 1;
  console.log(report());
  exit(error instanceof UsageError ? 2 : 1);
}
