/** The database of a Direction Server: its tables, what it refuses, and files of other versions. */
import type { Database } from 'tjs:sqlite';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../../src/base/bytes.ts';
import { readFile, writeFileDurably } from '../../../src/platform/files.ts';
import { pragma, schemaVersion } from '../../../src/platform/store/ds-schema.ts';
import { openSqliteStore } from '../../../src/platform/store/sqlite-store.ts';
import { ProblemToMend } from '../../../src/platform/tjs/system-error.ts';
import type { JsonObject } from '../../../src/protocol/machine.ts';
import { makeScratch, removeScratch } from '../support/scratch.ts';

let scratch = '';
test.before(async () => {
  scratch = await makeScratch();
});
test.after(() => removeScratch(scratch));

const id = (digit: string): string => digit.repeat(32);
const node = (digit: string, name: string, ipv4: string | null): [string, JsonObject] => [
  `nodes/${id(digit)}`,
  { publicKey: digit.repeat(64), role: ipv4 ? 'node' : 'relay', name, ipv4, ipv6: null },
];

const everything: readonly (readonly [string, JsonObject])[] = [
  node('a', 'one', '198.18.0.1'),
  node('b', 'two', null),
  [`invites/${id('c')}`, { name: 'three', relay: false, expiresAt: 1_790_000_000, spentBy: null }],
  [`invites/${id('d')}`, { name: 'one', relay: true, expiresAt: 0, spentBy: id('a') }],
  [`removed/${id('e')}`, { name: 'gone' }],
  ['released/198.18.0.9', { order: 4 }],
  ['zones/zone-b.example', { publicKey: 'ff', list: [1, { x: null }] }],
];

async function open(path: string): Promise<Database> {
  const { Database } = await import('tjs:sqlite');
  return new Database(path);
}

async function contents(path: string): Promise<Map<string, JsonObject>> {
  const store = await openSqliteStore(path);
  const found = new Map(store.load());
  store.close();
  return found;
}

async function problemOf(path: string): Promise<string> {
  try {
    (await openSqliteStore(path)).close();
  } catch (error) {
    assert.instance(error, ProblemToMend);
    return (error as Error).message;
  }
  return '';
}

test('every object comes back as it was, and goes when it is deleted', async () => {
  const path = `${scratch}/all`;
  const store = await openSqliteStore(path);
  for (const [name, value] of everything) store.set(name, value);
  store.commit();
  store.close();
  assert.equal(await contents(path), new Map(everything));
  const again = await openSqliteStore(path);
  for (const [name] of everything) again.set(name, undefined);
  again.commit();
  again.close();
  assert.is((await contents(path)).size, 0);
});

test('names and addresses may change hands in one commit, and have two holders in none', async () => {
  const path = `${scratch}/hands`;
  const store = await openSqliteStore(path);
  store.set(...node('a', 'one', '198.18.0.1'));
  store.set(...node('b', 'two', '198.18.0.2'));
  store.commit();
  store.set(...node('b', 'one', '198.18.0.1'));
  store.set(...node('a', 'two', '198.18.0.2'));
  store.commit();
  for (const twice of [node('c', 'one', '198.18.0.3'), node('c', 'three', '198.18.0.1')]) {
    store.set(...twice);
    assert.throws(() => store.commit());
    assert.is(store.pending, true);
    store.set(twice[0], undefined);
    store.commit();
  }
  store.close();
  const kept = await contents(path);
  assert.is(kept.get(`nodes/${id('b')}`)?.['name'], 'one');
  assert.is(kept.size, 2);
});

test('where nodes were last heard is kept apart, and a file of it that is damaged is begun anew', async () => {
  const path = `${scratch}/lasting`;
  const passing = `${scratch}/passing`;
  writeFileDurably(passing, utf8('junk'.repeat(1000)));
  const store = await openSqliteStore(path, passing);
  store.set('last-seen/aa', { endpoint: '192.0.2.1:1' });
  store.set(...node('a', 'one', '198.18.0.1'));
  store.commit();
  store.close();
  assert.equal([...(await contents(path)).keys()], [`nodes/${id('a')}`]);
  const both = await openSqliteStore(path, passing);
  assert.equal(
    [...both.load()].map(([name]) => name),
    [`nodes/${id('a')}`, 'last-seen/aa'],
  );
  both.close();
});

test('a file of the first version is brought to this one, with what is damaged in it put aside', async () => {
  const path = `${scratch}/old`;
  const old = await open(path);
  old.exec(
    'CREATE TABLE entries (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID; PRAGMA journal_mode = WAL',
  );
  const put = old.prepare('INSERT INTO entries VALUES (?, ?)');
  const damaged = { publicKey: 'zz', role: 'node', name: 'bad', ipv4: '198.18.0.7', ipv6: null };
  const state = { highWater: 9, released: [3, 5] };
  for (const [name, value] of [
    ...everything,
    [`nodes/${id('f')}`, damaged] as const,
    ['last-seen/aa', { endpoint: '192.0.2.1:1' }] as const,
    ['pool/state', state] as const,
  ]) {
    put.run(name, JSON.stringify(value));
  }
  put.finalize();
  old.close();
  const found = await contents(path);
  for (const [name, value] of everything) assert.equal(found.get(name), value, name);
  assert.equal(found.get('pool/state'), state);
  assert.equal(found.get(`damaged/nodes/${id('f')}`), { text: JSON.stringify(damaged) });
  assert.is(found.size, everything.length + 2);
  const now = await open(path);
  assert.is(pragma(now, 'user_version'), schemaVersion);
  now.close();
});

test('an entry of the first version that is no JSON does not stop the rest', async () => {
  const path = `${scratch}/text`;
  const old = await open(path);
  old.exec('CREATE TABLE entries (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID');
  old.exec(`INSERT INTO entries VALUES ('nodes/${id('a')}', 'no JSON'), ('x', '{"y":1}')`);
  old.close();
  const found = await contents(path);
  assert.equal(found.get('x'), { y: 1 });
  assert.equal(found.get(`damaged/nodes/${id('a')}`), { text: 'no JSON' });
});

test('a newer file, another program’s database and a damaged one are told apart and left as they are', async () => {
  const newer = `${scratch}/newer`;
  (await openSqliteStore(newer)).close();
  const database = await open(newer);
  database.exec(`PRAGMA user_version = ${schemaVersion + 1}`);
  database.close();
  const foreign = `${scratch}/foreign`;
  const other = await open(foreign);
  other.exec('CREATE TABLE songs (title TEXT)');
  other.close();
  const damaged = `${scratch}/damaged`;
  const whole = await openSqliteStore(damaged);
  for (const [name, value] of everything) whole.set(name, value);
  whole.commit();
  whole.close();
  const bytes = readFile(damaged) as Uint8Array;
  writeFileDurably(damaged, bytes.fill(0x23, 1024, 4096));
  for (const [path, words] of [
    [newer, /newer ntmobile .* knows up to/],
    [foreign, /is no database of a Direction Server/],
    [damaged, /cannot be used .*"ntmobile restore FILE"/],
  ] as const) {
    const before = readFile(path);
    assert.match(await problemOf(path), words);
    assert.equal(readFile(path), before);
  }
});

test.run();
