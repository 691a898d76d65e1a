import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  fileExists,
  makeDirectory,
  readTextFile,
  removeFile,
  writeTextFile,
} from '../../src/main/cli/text-files.ts';
import { bind } from '../../src/platform/tjs/ffi.ts';
import { libc } from '../../src/platform/tjs/libc.ts';

const directory = `/tmp/ntm-text-files-${tjs.pid}`;
const access = bind(['libc.so.6', 'libc.so'], { rmdir: ['int', 'string'] });

test.before(() => makeDirectory(directory, 0o700));
test.after(() => {
  assert.is(access.rmdir(directory), 0, 'the tests leave no file behind');
});

test('a text comes back as it was written, also across the size of a read', () => {
  const path = `${directory}/text`;
  for (const text of ['', 'a\n', '日本語'.repeat(30_000)]) {
    writeTextFile(path, text);
    assert.ok(readTextFile(path) === text, `${text.length} letters`);
  }
  removeFile(path);
  assert.is(readTextFile(path), undefined);
});

test('a file that is not there is no error, and removing it twice neither', () => {
  assert.not.ok(fileExists(`${directory}/none`));
  removeFile(`${directory}/none`);
  makeDirectory(directory, 0o700);
});

test('a write that cannot be done says what to do and leaves the old file alone', () => {
  assert.throws(() => writeTextFile(`${directory}/no/such`, 'x'), /Make its directory first/);
  const path = `${directory}/kept`;
  writeTextFile(path, 'old');
  makeDirectory(`${path}.new`, 0o700);
  assert.throws(() => writeTextFile(path, 'new'), /Cannot write/);
  assert.is(readTextFile(path), 'old');
  access.rmdir(`${path}.new`);
  removeFile(path);
});

test('what is written is for its owner alone, whatever the umask', () => {
  const path = `${directory}/secret`;
  const before = libc.umask(0);
  writeTextFile(path, 'x');
  libc.umask(before);
  assert.is(modeOf(path), '600');
  removeFile(path);
});

/** The permission bits in the `stx_mode` of the kernel's struct statx. */
function modeOf(path: string): string {
  const stat = bind(['libc.so.6', 'libc.so'], {
    statx: ['int', 'int', 'string', 'int', 'uint', 'buffer'],
  });
  const result = new Uint8Array(256);
  assert.is(stat.statx(-100, path, 0, 2, result), 0);
  const mode = new DataView(result.buffer).getUint16(28, true);
  return (mode & 0o777).toString(8);
}

test.run();
