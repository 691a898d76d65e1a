/**
 * Builds the two programs, ntmobiled and ntmobile, as one self-contained file each for txiki.js, and
 * `bundle`, by which the tests build what they run. Prints the sizes and fails above the limit, since
 * both files live in a router's flash.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv, exit, pid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import ts from 'typescript';

const root = dirname(fileURLToPath(import.meta.url));
const limitBytes = 300 * 1024;
const programs = ['ntmobiled', 'ntmobile'];

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
 * Properties of tables that serve the protocol page, the vectors, the fuzz generator or `--help` alone: a
 * program that lives in flash goes without those it does not read.
 */
const unread = {
  wire: {
    files: /\/src\/wire\/[\w-]+(?:-messages|fields)\.ts$/,
    names: [
      ...['purpose', 'source', 'from', 'to', 'notes'],
      ...['description', 'sample', 'least', 'most', 'parts'],
    ],
  },
  help: { files: /\/src\/protocol\/control-methods\.ts$/, names: ['summary', 'help'] },
};
const schemaFile = /\/src\/platform\/uci\/schema\.ts$/;
const unreadBy = { ntmobiled: [unread.wire, unread.help], ntmobile: [unread.wire] };

const without = (tables) => ({
  name: 'without-unread',
  setup({ onLoad }) {
    for (const { files, names } of tables) {
      onLoad({ filter: files }, ({ path }) => ({
        contents: withoutProperties(readFileSync(path, 'utf8'), new Set(names)),
        loader: 'ts',
      }));
    }
    onLoad({ filter: schemaFile }, ({ path }) => ({
      contents: withoutOptionHelp(readFileSync(path, 'utf8')),
      loader: 'ts',
    }));
  },
});

/** What an option is for is told by a program only when it is required and missing; LuCI shows it all. */
function withoutOptionHelp(text) {
  const source = ts.createSourceFile('', text, ts.ScriptTarget.Latest, true);
  const cuts = [];
  const visit = (node) => {
    if (ts.isCallExpression(node) && isNeverMissing(node)) cuts.push(node.arguments.at(-1));
    ts.forEachChild(node, visit);
  };
  visit(source);
  return cuts.reduceRight(
    (kept, help) => `${kept.slice(0, help.pos)}''${kept.slice(help.end)}`,
    text,
  );
}

function isNeverMissing({ expression, arguments: given }) {
  const row = expression.getText();
  return (
    row === 'withDefault' || row === 'optional' || (row === 'listOf' && given[1].getText() === '0')
  );
}

/** The text without the properties of these names in its object literals. */
function withoutProperties(text, names) {
  const source = ts.createSourceFile('', text, ts.ScriptTarget.Latest, true);
  const cuts = [];
  const visit = (node) => {
    const isNamed = ts.isPropertyAssignment(node) || ts.isMethodDeclaration(node);
    // Fields of a message may bear such a name: those are of the level `fields` and of structures.
    if (isNamed && names.has(node.name.text) && !isField(node)) cuts.push([node.pos, node.end]);
    else ts.forEachChild(node, visit);
  };
  visit(source);
  let kept = '';
  let at = 0;
  for (const [start, end] of cuts) {
    kept += text.slice(at, start);
    at = text[end] === ',' ? end + 1 : end;
  }
  return kept + text.slice(at);
}

/** Whether a property lies in the value of `fields` or in the argument of `struct`. */
function isField(node) {
  const owner = node.parent.parent;
  if (ts.isPropertyAssignment(owner)) return owner.name.text === 'fields';
  return ts.isCallExpression(owner) && owner.expression.getText() === 'struct';
}

/** Builds both programs into out/; the names and sizes in bytes of those that were built. */
export async function buildPrograms() {
  const built = [];
  for (const name of programs) {
    const entry = join(root, 'src/main', `${name}.ts`);
    const outfile = join(root, 'out', `${name}.js`);
    if (!existsSync(entry)) throw new Error(`src/main/${name}.ts is missing: nothing to build`);
    const result = await bundle({
      entryPoints: [entry],
      outfile,
      write: false,
      minify: true,
      external: ['tjs:*'],
      plugins: [without(unreadBy[name])],
      metafile: true,
    }).catch((error) => {
      // What is left of an earlier build must not pass for this one.
      rmSync(outfile, { force: true });
      throw error;
    });
    replaceFile(outfile, result.outputFiles[0].contents);
    const output = Object.values(result.metafile.outputs)[0];
    const parts = Object.entries(output.inputs)
      .map(([file, { bytesInOutput }]) => ({ file, bytes: bytesInOutput }))
      .sort((a, b) => b.bytes - a.bytes);
    built.push({ name, bytes: output.bytes, parts });
  }
  return built;
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
  for (const { name, bytes, parts } of await buildPrograms()) {
    const over = bytes > limitBytes;
    failed ||= over;
    const size = `${(bytes / 1024).toFixed(1)} KB`;
    const limit = `of ${limitBytes / 1024} KB`;
    console.log(`out/${name}.js ${size} ${limit}${over ? ': too large' : ''}`);
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
