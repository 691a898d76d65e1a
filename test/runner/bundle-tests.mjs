/**
 * Bundles the test files of one engine into one file: an entry that imports each in turn, runs what uvu
 * queued and reports in lines that begin with `@`: begin, file, failure, result. uvu itself sets an exit
 * code only under Node, so the results are counted here for both engines.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../../esbuild.config.mjs';
import { root } from '../setup/paths.mjs';

const shim = join(root, 'test/runner/uvu.mjs');

const filteredUvu = {
  name: 'filtered uvu',
  setup(build) {
    build.onResolve({ filter: /^uvu$/ }, () => ({ path: shim }));
  },
};

/** The other engine's modules: imported by the suite of that engine, which is in the bundle but not run. */
const withoutModules = (prefix) => ({
  name: 'modules of the other engine',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^${prefix}`) }, ({ path }) => ({
      path,
      namespace: 'absent',
    }));
    build.onLoad({ filter: /./, namespace: 'absent' }, () => ({
      contents: 'module.exports = {};',
    }));
  },
});

/** Writes the bundle for `files` (paths from the project's root) and answers its path. */
export async function bundleTests({ name, files, word, absent }) {
  const imports = files.map((file) => {
    const path = JSON.stringify(file);
    return `await run(${path}, () => import(${JSON.stringify(`../../${file}`)}));`;
  });
  const entry = join(root, 'out/test', `${name}.entry.mjs`);
  const head = `import { run, begin, end } from '../../test/runner/entry.mjs';`;
  const body = [head, `begin(${JSON.stringify(word)});`, ...imports, 'end();', ''];
  writeFileSync(entry, body.join('\n'));
  const outfile = join(root, 'out/test', `${name}.mjs`);
  await bundle({
    entryPoints: [entry],
    outfile,
    sourcemap: 'inline',
    sourcesContent: false,
    external: ['tjs:*', 'node:*', 'playwright-core'],
    plugins: [filteredUvu, withoutModules(absent)],
  });
  return outfile;
}
