import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../../src/base/bytes.ts';
import { readFile, writeFileDurably } from '../../../src/platform/files.ts';
import { FileStore } from '../../../src/platform/store/file-store.ts';
import { openSqliteStore } from '../../../src/platform/store/sqlite-store.ts';
import type { Store } from '../../../src/platform/store/store.ts';
import { run } from '../../../src/platform/tjs/process.ts';
import { ProblemToMend } from '../../../src/platform/tjs/system-error.ts';
import type { JsonObject } from '../../../src/protocol/machine.ts';
import { makeScratch, removeScratch } from '../support/scratch.ts';

let scratch = '';
test.before(async () => {
  scratch = await makeScratch();
});
test.after(() => removeScratch(scratch));

const kinds: Readonly<Record<string, (path: string) => Promise<Store>>> = {
  file: async (path) => new FileStore(path),
  sqlite: (path) => openSqliteStore(path),
};

for (const [kind, open] of Object.entries(kinds)) {
  test(`${kind}: what was committed is there after a restart, the rest is not`, async () => {
    const path = `${scratch}/${kind}-a`;
    const store = await open(path);
    assert.is([...store.load()].length, 0);
    assert.is(store.pending, false);
    store.set('node/a', { ip: '198.18.0.1', text: 'größe "x"\n', list: [1, null, { y: true }] });
    store.set('node/b', { n: 1 });
    store.set('node/b', { n: 2 });
    assert.is(store.pending, true);
    store.commit();
    assert.is(store.pending, false);
    store.set('node/b', undefined);
    store.set('node/c', {});
    store.commit();
    store.set('node/d', { lost: true });
    // Not closed: as after a power cut.
    const again = new Map((await open(path)).load());
    assert.equal([...again.keys()].sort(), ['node/a', 'node/c']);
    const expected: JsonObject = {
      ip: '198.18.0.1',
      text: 'größe "x"\n',
      list: [1, null, { y: true }],
    };
    assert.equal(again.get('node/a'), expected);
    assert.is((await run(['stat', '-c', '%a', path])).out.trim(), '600');
  });

  test(`${kind}: a thousand entries are one commit`, async () => {
    const path = `${scratch}/${kind}-many`;
    const store = await open(path);
    for (let index = 0; index < 1000; index += 1) store.set(`node/${index}`, { index });
    store.commit();
    store.close();
    const again = await open(path);
    const loaded = new Map(again.load());
    assert.is(loaded.size, 1000);
    assert.equal(loaded.get('node/777'), { index: 777 });
    again.close();
  });

  test(`${kind}: a damaged file is told and left as it is`, async () => {
    const path = `${scratch}/${kind}-damaged`;
    const junk = utf8('{"node/a": {"ip": "198.1'.padEnd(5000, '#'));
    writeFileDurably(path, junk);
    let error: unknown;
    await open(path).catch((reason: unknown) => {
      error = reason;
    });
    assert.instance(error, ProblemToMend);
    assert.match((error as Error).message, new RegExp(path));
    assert.equal(readFile(path), junk);
  });
}

test('file: a commit that fails is made up for by the next', async () => {
  await run(['mkdir', `${scratch}/gone`]);
  const store = new FileStore(`${scratch}/gone/state`);
  await run(['rmdir', `${scratch}/gone`]);
  store.set('a', { n: 1 });
  assert.throws(() => store.commit());
  assert.is(store.pending, true);
  await run(['mkdir', `${scratch}/gone`]);
  store.commit();
  assert.equal(new Map(new FileStore(`${scratch}/gone/state`).load()).get('a'), { n: 1 });
});

test('sqlite: a commit that fails is made up for by the next', async () => {
  const path = `${scratch}/locked`;
  const store = await openSqliteStore(path);
  const { Database } = await import('tjs:sqlite');
  const other = new Database(path);
  other.exec('BEGIN IMMEDIATE');
  store.set('a', { n: 1 });
  assert.throws(() => store.commit());
  assert.is(store.pending, true);
  other.exec('ROLLBACK');
  store.commit();
  assert.is(store.pending, false);
  store.close();
  other.close();
  assert.equal(new Map((await openSqliteStore(path)).load()).get('a'), { n: 1 });
});

test.run();
