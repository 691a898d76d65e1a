import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../../../src/platform/tjs/process.ts';

test('output, error output and code of a program are collected', async () => {
  const result = await run(['sh', '-c', 'echo größe; echo wrong >&2; exit 3']);
  assert.equal(result, { code: 3, signal: undefined, out: 'größe\n', err: 'wrong\n' });
});

test('a program that ended at once and a long output are no problem', async () => {
  const results = await Promise.all([run(['true']), run(['false']), run(['seq', '1', '20000'])]);
  assert.equal(
    results.map(({ code }) => code),
    [0, 1, 0],
  );
  assert.is(results[2]?.out.split('\n').length, 20_001);
});

test('a program ended by a signal says so', async () => {
  const { code, signal } = await run(['sh', '-c', 'kill -9 $$']);
  assert.is(code, 128);
  assert.is(signal, 'SIGKILL');
});

test('a missing program is ENOENT', async () => {
  let code: unknown;
  await run(['/nonexistent/program']).catch((error: { code?: string }) => {
    code = error.code;
  });
  assert.is(code, 'ENOENT');
});

test.run();
