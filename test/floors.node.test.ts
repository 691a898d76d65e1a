/**
 * The floors of src hold because the linter refuses imports upwards and sideways, and refuses clocks,
 * timers and the engine below src/platform. This test gives the linter files that break each rule, in a
 * tree of their own under the project's configuration.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = process.env['NTM_ROOT'] ?? '.';

const forbiddenImports: readonly (readonly [string, string])[] = [
  ['src/base', '../wire/ids.ts'],
  ['src/base', '../noise/suite.ts'],
  ['src/base', '../roles/node/config.ts'],
  ['src/wire', '../noise/suite.ts'],
  ['src/wire', '../protocol/machine.ts'],
  ['src/noise', '../wire/ids.ts'],
  ['src/datapath', '../protocol/machine.ts'],
  ['src/protocol', '../roles/ds/config.ts'],
  ['src/protocol', '../dns/name.ts'],
  ['src/dns', '../protocol/machine.ts'],
  ['src/dns', '../noise/suite.ts'],
  ['src/protocol', '../platform/driver.ts'],
  ['src/roles/node', '../ds/config.ts'],
  ['src/roles/ds', '../rs/config.ts'],
  ['src/roles/rs', '../node/config.ts'],
  ['src/roles/rs', '../../platform/driver.ts'],
  ['src/platform/tjs', '../../main/ntmobiled.ts'],
  ['src/base', 'tjs:ffi'],
  ['src/roles/ds', 'tjs:sqlite'],
  ['src/protocol', 'node:fs'],
  ['src/platform/tjs', 'node:fs'],
  ['src/main', 'node:process'],
];

const allowedImports: readonly (readonly [string, string])[] = [
  ['src/base', './bytes.ts'],
  ['src/wire', '../base/bytes.ts'],
  ['src/noise', '../base/bytes.ts'],
  ['src/datapath', '../noise/suite.ts'],
  ['src/dns', '../wire/fields.ts'],
  ['src/roles/ds', '../../dns/query.ts'],
  ['src/protocol', '../datapath/commands.ts'],
  ['src/roles/node', '../../protocol/machine.ts'],
  ['src/roles/node', './config.ts'],
  ['src/platform/tjs', 'tjs:ffi'],
  ['src/platform', '../roles/node/config.ts'],
  ['src/main', '../platform/driver.ts'],
];

const calls = [
  'Date.now()',
  'performance.now()',
  'setTimeout(f, 1)',
  'tjs.args',
  'Promise.all([])',
];

interface Sample {
  readonly file: string;
  readonly text: string;
}

const importing = (folder: string, specifier: string): Sample => ({
  file: `${folder}/import-${specifier.replace(/\W+/g, '-')}.ts`,
  text: `import { thing } from '${specifier}';\n\nexport const other = thing;\n`,
});

const calling = (folder: string, call: string): Sample => ({
  file: `${folder}/call-${call.replace(/\W+/g, '-')}.ts`,
  text: `export const f = (): unknown => ${call};\n`,
});

/** Lints all samples at once; the lines that say what was refused and where. */
function lint(samples: readonly Sample[]): readonly string[] {
  const tree = mkdtempSync(join(tmpdir(), 'floors-'));
  try {
    const config = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'));
    writeFileSync(join(tree, 'biome.json'), JSON.stringify({ ...config, vcs: { enabled: false } }));
    for (const { file, text } of samples) {
      mkdirSync(dirname(join(tree, file)), { recursive: true });
      writeFileSync(join(tree, file), text);
    }
    const biome = join(root, 'node_modules/.bin/biome');
    const args = ['lint', '--reporter=github', '--max-diagnostics=none'];
    const { stdout } = spawnSync(biome, args, { cwd: tree, encoding: 'utf8' });
    return stdout.split('\n');
  } finally {
    rmSync(tree, { recursive: true });
  }
}

const refusals = lint([
  ...forbiddenImports.map(([folder, specifier]) => importing(folder, specifier)),
  ...allowedImports.map(([folder, specifier]) => importing(folder, specifier)),
  ...calls.flatMap((call) => [calling('src/roles/node', call), calling('src/platform', call)]),
]);

function refused({ file }: Sample, rule: string): boolean {
  return refusals.some((line) => line.includes(`/${rule},`) && line.includes(`/${file},`));
}

for (const [folder, specifier] of forbiddenImports) {
  test(`a file in ${folder} may not import ${specifier}`, () => {
    assert.ok(refused(importing(folder, specifier), 'noRestrictedImports'));
  });
}

for (const [folder, specifier] of allowedImports) {
  test(`a file in ${folder} may import ${specifier}`, () => {
    assert.not.ok(refused(importing(folder, specifier), 'noRestrictedImports'));
  });
}

for (const call of calls) {
  test(`a role may not name ${call}, the platform may`, () => {
    assert.ok(refused(calling('src/roles/node', call), 'noRestrictedGlobals'));
    assert.not.ok(refused(calling('src/platform', call), 'noRestrictedGlobals'));
  });
}

test.run();
