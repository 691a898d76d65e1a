import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../src/base/bytes.ts';
import { nextBootCount } from '../../src/platform/boot-count.ts';
import {
  lockFile,
  makeDirectory,
  readFile,
  removeFileDurably,
  writeFileDurably,
} from '../../src/platform/files.ts';
import { loadOrMakeKey } from '../../src/platform/key-file.ts';
import { SystemRandom } from '../../src/platform/system-random.ts';
import { run } from '../../src/platform/tjs/process.ts';
import { ProblemToMend, SystemError } from '../../src/platform/tjs/system-error.ts';
import { suite } from '../support/suite.ts';
import { makeScratch, removeScratch } from './support/scratch.ts';

const isProblem = (error: unknown) => error instanceof ProblemToMend;

let scratch = '';
test.before(async () => {
  scratch = await makeScratch();
});
test.after(() => removeScratch(scratch));

async function modeOf(path: string): Promise<string> {
  return (await run(['stat', '-c', '%a', path])).out.trim();
}

test('a file is written, replaced, read and removed', async () => {
  const path = `${scratch}/a`;
  assert.is(readFile(path), undefined);
  const large = new Uint8Array(100_000).map((_, index) => index % 251);
  writeFileDurably(path, large);
  assert.equal(readFile(path), large);
  writeFileDurably(path, new Uint8Array(0));
  assert.is(readFile(path)?.length, 0);
  assert.is(await modeOf(path), '600');
  assert.is(readFile(`${path}.new`), undefined);
  removeFileDurably(path);
  removeFileDurably(path);
  assert.is(readFile(path), undefined);
});

test('a failure names the file and leaves the old content', () => {
  assert.throws(
    () => writeFileDurably(`${scratch}/none/x`, utf8('x')),
    (error: unknown) =>
      error instanceof SystemError && error.is('ENOENT') && error.message.includes('none/x'),
  );
  assert.throws(
    () => readFile(scratch),
    (error: unknown) => error instanceof SystemError,
  );
});

test('directories are made with those above, for their owner alone', async () => {
  makeDirectory(`${scratch}/d/e/f`);
  makeDirectory(`${scratch}/d/e/f`);
  assert.is(await modeOf(`${scratch}/d/e/f`), '700');
  assert.is(await modeOf(`${scratch}/d`), '700');
});

test('a lock is held against everyone else', () => {
  lockFile(`${scratch}/lock`);
  assert.throws(
    () => lockFile(`${scratch}/lock`),
    (error: unknown) => error instanceof ProblemToMend && /Another ntmobiled/.test(error.message),
  );
});

test('the boot count grows with every start and a damaged one is not guessed', () => {
  const path = `${scratch}/boot-count`;
  assert.equal([nextBootCount(path), nextBootCount(path), nextBootCount(path)], [1, 2, 3]);
  for (const wrong of ['', 'x\n', '12', '-1\n', '4294967295\n', '1\n2\n']) {
    writeFileDurably(path, utf8(wrong));
    assert.throws(() => nextBootCount(path), isProblem);
    assert.equal(readFile(path), utf8(wrong));
  }
});

test('a key is made once, kept, and private', async () => {
  const path = `${scratch}/node.key`;
  const random = new SystemRandom();
  const made = loadOrMakeKey(path, suite, random);
  assert.is(await modeOf(path), '600');
  await run(['chmod', '644', path]);
  assert.equal(loadOrMakeKey(path, suite, random), made);
  assert.is(await modeOf(path), '600');
  const other = loadOrMakeKey(`${scratch}/rs.key`, suite, random);
  assert.not.equal(other.publicKey, made.publicKey);
});

test('a damaged key file is told and never replaced', () => {
  const path = `${scratch}/damaged.key`;
  loadOrMakeKey(path, suite, new SystemRandom());
  const good = readFile(path) as Uint8Array;
  for (const position of [0, 10, 70, 72, 90, good.length - 1]) {
    const bad = good.slice();
    bad[position] = bad[position] === 0x61 ? 0x62 : 0x61;
    writeFileDurably(path, bad);
    assert.throws(
      () => loadOrMakeKey(path, suite, new SystemRandom()),
      (error: unknown) => error instanceof ProblemToMend && error.message.includes(path),
    );
    assert.equal(readFile(path), bad);
  }
  writeFileDurably(path, new Uint8Array(0));
  assert.throws(() => loadOrMakeKey(path, suite, new SystemRandom()), isProblem);
});

test.run();
