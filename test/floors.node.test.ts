/**
 * The floors of src hold because the linter refuses imports upwards and sideways, and refuses clocks,
 * timers and the engine below src/platform. This test gives the linter files that break each rule.
 */
import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const biome = `${process.env['NTM_ROOT']}/node_modules/.bin/biome`;

function verdict(file: string, text: string): string {
  const { stdout, stderr } = spawnSync(biome, ['lint', `--stdin-file-path=${file}`], {
    cwd: process.env['NTM_ROOT'],
    input: text,
    encoding: 'utf8',
  });
  return stdout + stderr;
}

function refusesImport(file: string, specifier: string): boolean {
  const text = `import { thing } from '${specifier}';\nexport const other = thing;\n`;
  return verdict(file, text).includes('noRestrictedImports');
}

const forbidden: readonly (readonly [string, string])[] = [
  ['src/base/x.ts', '../wire/ids.ts'],
  ['src/base/x.ts', '../noise/suite.ts'],
  ['src/base/x.ts', '../roles/node/config.ts'],
  ['src/wire/x.ts', '../noise/suite.ts'],
  ['src/wire/x.ts', '../protocol/machine.ts'],
  ['src/noise/x.ts', '../wire/ids.ts'],
  ['src/datapath/x.ts', '../protocol/machine.ts'],
  ['src/protocol/x.ts', '../roles/ds/config.ts'],
  ['src/protocol/x.ts', '../platform/driver.ts'],
  ['src/roles/node/x.ts', '../ds/config.ts'],
  ['src/roles/ds/x.ts', '../rs/config.ts'],
  ['src/roles/rs/x.ts', '../node/config.ts'],
  ['src/roles/rs/x.ts', '../../platform/driver.ts'],
  ['src/platform/tjs/x.ts', '../../main/ntmobiled.ts'],
  ['src/base/x.ts', 'tjs:ffi'],
  ['src/roles/ds/x.ts', 'tjs:sqlite'],
  ['src/protocol/x.ts', 'node:fs'],
  ['src/platform/tjs/x.ts', 'node:fs'],
  ['src/main/x.ts', 'node:process'],
];

const allowed: readonly (readonly [string, string])[] = [
  ['src/base/x.ts', './bytes.ts'],
  ['src/wire/x.ts', '../base/bytes.ts'],
  ['src/noise/x.ts', '../base/bytes.ts'],
  ['src/datapath/x.ts', '../noise/suite.ts'],
  ['src/protocol/x.ts', '../datapath/commands.ts'],
  ['src/roles/node/x.ts', '../../protocol/machine.ts'],
  ['src/roles/node/x.ts', './config.ts'],
  ['src/platform/tjs/x.ts', 'tjs:ffi'],
  ['src/platform/x.ts', '../roles/node/config.ts'],
  ['src/main/x.ts', '../platform/driver.ts'],
];

for (const [file, specifier] of forbidden) {
  test(`${file} may not import ${specifier}`, () => {
    assert.ok(refusesImport(file, specifier));
  });
}

for (const [file, specifier] of allowed) {
  test(`${file} may import ${specifier}`, () => {
    assert.not.ok(refusesImport(file, specifier));
  });
}

const engineNames = ['Date.now()', 'performance.now()', 'setTimeout(f, 1)', 'tjs.args'];

for (const call of engineNames) {
  test(`a role may not name ${call}`, () => {
    const text = `export const f = (): unknown => ${call};\n`;
    assert.ok(verdict('src/roles/node/x.ts', text).includes('noRestrictedGlobals'));
    assert.not.ok(verdict('src/platform/x.ts', text).includes('noRestrictedGlobals'));
  });
}

test.run();
