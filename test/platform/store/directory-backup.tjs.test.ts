/** Backups of a Direction Server: of a running one, into an empty place, over another, and cut short. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { utf8 } from '../../../src/base/bytes.ts';
import { makeDirectory, readFile, writeFileDurably } from '../../../src/platform/files.ts';
import {
  backUpDirectory,
  completeRestore,
  restoreDirectory,
} from '../../../src/platform/store/directory-backup.ts';
import { schemaVersion } from '../../../src/platform/store/ds-schema.ts';
import { openSqliteStore } from '../../../src/platform/store/sqlite-store.ts';
import { libc } from '../../../src/platform/tjs/libc.ts';
import { run } from '../../../src/platform/tjs/process.ts';
import { ProblemToMend } from '../../../src/platform/tjs/system-error.ts';
import type { JsonObject } from '../../../src/protocol/machine.ts';
import { makeScratch, removeScratch } from '../support/scratch.ts';

const unix = 1_790_000_000;
let scratch = '';
test.before(async () => {
  scratch = await makeScratch();
});
test.after(() => removeScratch(scratch));

const id = (digit: string): string => digit.repeat(32);
const node = (digit: string): [string, JsonObject] => [
  `nodes/${id(digit)}`,
  {
    publicKey: digit.repeat(64),
    role: 'node',
    name: `n${digit}`,
    ipv4: `198.18.0.${digit}`,
    ipv6: null,
  },
];

/** A server with these nodes, left as a running daemon has it. */
async function server(name: string, key: string, nodes: readonly string[]) {
  const state = `${scratch}/${name}`;
  makeDirectory(state);
  writeFileDurably(`${state}/ds.key`, utf8(key));
  const store = await openSqliteStore(`${state}/ds.sqlite`);
  for (const digit of nodes) store.set(...node(digit));
  store.set(`invites/${id('c')}`, { name: 'x', relay: false, expiresAt: 1, spentBy: null });
  store.commit();
  return { state, store };
}

async function names(state: string): Promise<string[]> {
  const store = await openSqliteStore(`${state}/ds.sqlite`);
  const found = [...store.load()].map(([name]) => name).filter((name) => name.startsWith('nodes/'));
  store.close();
  return found;
}

async function problem(act: Promise<unknown>): Promise<string> {
  try {
    await act;
  } catch (error) {
    assert.instance(error, ProblemToMend);
    return (error as Error).message;
  }
  return '';
}

test('a running server is copied, and restored with its key into an empty place', async () => {
  const { state, store } = await server('a', 'key of a', ['1', '2']);
  const file = `${scratch}/a’s backup`;
  const counts = { nodes: 2, relays: 0, invites: 1 };
  assert.equal(await backUpDirectory(state, file, unix), { file, ...counts });
  assert.is((await run(['stat', '-c', '%a', file])).out.trim(), '600');
  store.set(...node('3'));
  store.commit();
  store.close();
  const empty = `${scratch}/empty`;
  assert.equal(await restoreDirectory(empty, file), { madeAt: unix, before: null, ...counts });
  assert.equal(await names(empty), [`nodes/${id('1')}`, `nodes/${id('2')}`]);
  assert.equal(readFile(`${empty}/ds.key`), utf8('key of a'));
  assert.is(readFile(`${empty}/ds.restore`), undefined);
  const list = (await run(['sh', '-c', `ls ${empty} ${empty}/before-restore`])).out;
  assert.not.match(list, /restore\.new/);
  // The second backup takes the place of the first.
  assert.is((await backUpDirectory(state, file, unix)).nodes, 3);
});

test('what was there before a restore is kept, also what only its log held', async () => {
  const old = await server('b', 'key of b', ['1']);
  const file = `${scratch}/b.backup`;
  const other = await server('c', 'key of c', ['2', '3']);
  await backUpDirectory(other.state, file, unix);
  // As after a power cut: the log of the old database was never carried over.
  const result = await restoreDirectory(old.state, file);
  assert.is(result.before, `${old.state}/before-restore`);
  assert.equal(await names(old.state), [`nodes/${id('2')}`, `nodes/${id('3')}`]);
  assert.equal(await names(`${result.before}`), [`nodes/${id('1')}`]);
  assert.equal(readFile(`${result.before}/ds.key`), utf8('key of b'));
  other.store.close();
});

test('a restore that was cut short is completed by the next start', async () => {
  const { state, store } = await server('d', 'key of d', ['1']);
  store.close();
  const file = `${scratch}/d.backup`;
  const other = await server('e', 'key of e', ['2']);
  await backUpDirectory(other.state, file, unix);
  other.store.close();
  // What is prepared lies there, and nothing else has happened.
  writeFileDurably(`${state}/ds.restore`, readFile(file) as Uint8Array);
  assert.is(await completeRestore(state), `${state}/before-restore`);
  assert.equal(await names(state), [`nodes/${id('2')}`]);
  // Cut after the key was put in place: the old key stays put aside.
  writeFileDurably(`${state}/ds.restore`, readFile(file) as Uint8Array);
  await completeRestore(state);
  assert.equal(readFile(`${state}/ds.key`), utf8('key of e'));
  assert.equal(readFile(`${state}/before-restore/ds.key`), utf8('key of d'));
  assert.is(await completeRestore(state), null);
});

test('what is no backup, newer, damaged or not there is refused, and nothing has changed', async () => {
  const { state, store } = await server('f', 'key of f', ['1']);
  store.close();
  const file = `${scratch}/f.backup`;
  await backUpDirectory(state, file, unix);
  const whole = readFile(file) as Uint8Array;
  const at = (name: string, content: Uint8Array): string => {
    writeFileDurably(`${scratch}/${name}`, content);
    return `${scratch}/${name}`;
  };
  const damaged = at('damaged', whole.slice().fill(0x23, 1024, 3000));
  const newer = at('newer', whole);
  const { Database } = await import('tjs:sqlite');
  const database = new Database(newer);
  database.exec(`PRAGMA user_version = ${schemaVersion + 1}`);
  database.close();
  for (const [path, words] of [
    [`${scratch}/nothing`, /There is no file/],
    [at('text', utf8('hello')), /no backup of a Direction Server/],
    [`${state}/ds.sqlite`, /is no backup .* makes one/],
    [at('half', whole.slice(0, 2048)), /damaged|no backup/],
    [damaged, /damaged/],
    [newer, /newer ntmobile/],
  ] as const) {
    assert.match(await problem(restoreDirectory(state, path)), words);
    assert.equal(await names(state), [`nodes/${id('1')}`]);
    assert.equal(readFile(`${state}/ds.key`), utf8('key of f'));
  }
});

test('a backup never replaces another kind of file, and needs a server to copy', async () => {
  const { state, store } = await server('g', 'key of g', []);
  store.close();
  const file = `${scratch}/precious`;
  writeFileDurably(file, utf8('a letter'));
  assert.match(await problem(backUpDirectory(state, file, unix)), /is there and is no backup/);
  assert.equal(readFile(file), utf8('a letter'));
  assert.match(await problem(backUpDirectory(scratch, `${file}2`, unix)), /no Direction Server in/);
  assert.match(
    await problem(backUpDirectory(state, `${scratch}/no/such/place`, unix)),
    /such\/place/,
  );
  libc.unlink(file);
});

test.run();
