/**
 * Builds the two programs for txiki.js: ntmobile, one file, and ntmobiled, with what only servers
 * load in a file beside it. `bundle` is what the tests build by. Prints the sizes and fails above
 * the limit for what every router loads, since that costs flash and memory.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { argv, exit, pid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));
const limitBytes = 300 * 1024;
const programs = ['ntmobiled', 'ntmobile'];
/** Loaded beside ntmobiled.js: what its parts share, and what only a Direction or Relay Server needs. */
const daemonParts = ['ntmobiled-chunk.js', 'ntmobiled-servers.js'];
const loadedByAll = (file) => file !== 'ntmobiled-servers.js';

export const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Options that every bundle of this project shares; `platform` is node's only for test tools. */
export function bundle(options) {
  return build({
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    charset: 'utf8',
    external: ['tjs:*', 'node:*'],
    define: { __VERSION__: JSON.stringify(version) },
    logLevel: 'warning',
    ...options,
  });
}

/**
 * Builds both programs into a folder, out/ unless it is given. For each: its name, its files with their
 * sizes in bytes, and the bytes of each source file in them, largest first. What a program imports when it
 * needs it becomes a file of its own.
 */
export async function buildPrograms(folder = join(root, 'out')) {
  const built = [];
  for (const name of programs) {
    const entry = join(root, 'src/main', `${name}.ts`);
    if (!existsSync(entry)) throw new Error(`src/main/${name}.ts is missing: nothing to build`);
    const result = await bundle({
      entryPoints: [entry],
      outdir: folder,
      splitting: true,
      chunkNames: `${name}-[name]`,
      write: false,
      minify: true,
      external: ['tjs:*'],
      metafile: true,
    }).catch((error) => {
      // What is left of an earlier build must not pass for this one.
      for (const file of programFiles(name)) rmSync(join(folder, file), { force: true });
      throw error;
    });
    for (const { path, contents } of result.outputFiles) replaceFile(path, contents);
    const files = result.outputFiles.map(({ path, contents }) => ({
      file: basename(path),
      bytes: contents.length,
    }));
    const parts = Object.values(result.metafile.outputs)
      .flatMap(({ inputs }) => Object.entries(inputs))
      .map(([file, { bytesInOutput }]) => ({ file, bytes: bytesInOutput }))
      .sort((a, b) => b.bytes - a.bytes);
    built.push({ name, files, parts });
  }
  return built;
}

/** The files in out/ that make up a program, which belong side by side; the first is the one to run. */
export function programFiles(name) {
  return name === 'ntmobiled' ? [`${name}.js`, ...daemonParts] : [`${name}.js`];
}

/** At once or not at all: a daemon may be reading it. */
function replaceFile(file, contents) {
  const part = `${file}.${pid}`;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(part, contents);
  renameSync(part, file);
}

async function main() {
  const detailed = argv.includes('--sizes');
  let failed = false;
  for (const { name, files, parts } of await buildPrograms()) {
    const sum = (kept) => kept.reduce((all, { bytes }) => all + bytes, 0);
    const bytes = sum(files.filter(({ file }) => loadedByAll(file)));
    const more = sum(files) - bytes;
    const over = bytes > limitBytes;
    failed ||= over;
    const kilobytes = (count) => `${(count / 1024).toFixed(1)} KB`;
    const limit = `of ${limitBytes / 1024} KB`;
    const ds = more === 0 ? '' : `, and ${kilobytes(more)} on a server`;
    console.log(`out/${name}.js ${kilobytes(bytes)} ${limit}${over ? ': too large' : ''}${ds}`);
    if (!detailed && !over) continue;
    for (const part of parts.slice(0, 12)) {
      console.log(`  ${(part.bytes / 1024).toFixed(1).padStart(7)} KB  ${part.file}`);
    }
  }
  if (failed) exit(1);
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    // What esbuild found wrong stands on the terminal already.
    if (!error.errors) console.error(error.message);
    exit(1);
  }
}
