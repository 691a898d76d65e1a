/**
 * The test runner counts what passes and what fails under both engines, and a process that dies counts as
 * a failure: a runner that stays silent would make every other test worthless.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = process.env['NTM_ROOT'] ?? '.';
const folder = 'out/test/runner-samples';

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly failures: readonly string[];
}

type Engine = 'node' | 'tjs';

/** Runs one sample test file with the runner's own parts, in a process of its own. */
function outcomeOf(engine: Engine, name: string, body: string, word = ''): Outcome {
  const file = `${folder}/${name}.test.ts`;
  mkdirSync(join(root, folder), { recursive: true });
  const head = `import { test } from 'uvu';\nimport * as assert from 'uvu/assert';\n`;
  writeFileSync(join(root, file), `${head}${body}\ntest.run();\n`);
  const script = `
    import { bundleTests } from './test/runner/bundle-tests.mjs';
    import { runBundle } from './test/runner/run-bundle.mjs';
    const files = [${JSON.stringify(file)}];
    const engine = ${JSON.stringify(engine)};
    const bundled = await bundleTests({ name: 'sample-${name}-${engine}', files,
      word: ${JSON.stringify(word)}, absent: engine === 'tjs' ? 'node:' : 'tjs:' });
    const [program, args] = engine === 'tjs' ? ['out/bin/tjs', ['run']] : [process.execPath, []];
    const result = await runBundle({ program, args: [...args, bundled], env: process.env,
      onFile: () => undefined });
    console.log(JSON.stringify(result));`;
  const args = ['--input-type=module', '-e', script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  assert.ok(stdout.trim() !== '', stderr);
  return JSON.parse(stdout);
}

test.after(() => rmSync(join(root, folder), { recursive: true, force: true }));

for (const engine of ['node', 'tjs'] as const) {
  test(`passed, failed and skipped tests are counted under ${engine}`, () => {
    const body = `
      test('one holds', () => assert.is(1, 1));
      test('another holds', async () => assert.is(await 2, 2));
      test('this one is wrong', () => assert.is(1, 2));
      test.skip('this one is left out', () => assert.unreachable());`;
    const { passed, failed, skipped, failures } = outcomeOf(engine, 'counts', body);
    assert.equal({ passed, failed, skipped }, { passed: 2, failed: 1, skipped: 1 });
    assert.match(failures.join(), /this one is wrong/);
  });

  test(`a word keeps the tests that hold it under ${engine}`, () => {
    const body = `
      test('apples are round', () => assert.ok(true));
      test('pears are not', () => assert.unreachable());`;
    const { passed, failed } = outcomeOf(engine, 'words', body, 'apples');
    assert.equal({ passed, failed }, { passed: 1, failed: 0 });
  });

  test(`a file that throws while it is read fails under ${engine}`, () => {
    const { failed, failures } = outcomeOf(engine, 'throws', `throw new Error('early end');`);
    assert.is(failed, 1);
    assert.match(failures.join(), /early end/);
  });

  test(`a process that ends in the middle fails under ${engine}`, () => {
    const body = `
      test('before the end', () => assert.ok(true));
      test('the end itself', () => {
        const engine = globalThis as { tjs?: { exit(code: number): void } };
        if (engine.tjs) engine.tjs.exit(0);
        else process.exit(0);
      });`;
    const { failed, failures } = outcomeOf(engine, 'dies', body);
    assert.is(failed, 1);
    assert.match(failures.join(), /the end itself: the process ended/);
  });
}

test.run();
