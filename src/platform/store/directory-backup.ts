/**
 * Backups of a Direction Server: its database with its key, in one file of its owner's alone. A backup is taken
 * from a running server as one consistent copy. A restore is prepared beside the old files, and completed also
 * when the power failed in the middle of it: the next start finds what is prepared.
 */
import type { Database } from 'tjs:sqlite';
import { equalSecrets } from '../../base/bytes.ts';
import {
  createPrivateFile,
  makeDirectory,
  readFile,
  syncFile,
  writeFileDurably,
} from '../files.ts';
import { libc } from '../tjs/libc.ts';
import { ProblemToMend } from '../tjs/system-error.ts';
import { migrate, pragma, schemaVersion, versionOf } from './ds-schema.ts';
import { foreign, newer } from './sqlite-store.ts';

export interface DirectoryCount {
  readonly nodes: number;
  readonly relays: number;
  /** Not spent; some may have expired. */
  readonly invites: number;
}

export interface BackupResult extends DirectoryCount {
  readonly file: string;
}

export interface RestoreResult extends DirectoryCount {
  /** Unix seconds; 0 when the machine's clock was never set. */
  readonly madeAt: number;
  /** Where the files that were replaced are now; null when there were none. */
  readonly before: string | null;
}

const tableSql = 'CREATE TABLE backup (key BLOB NOT NULL, made_at INTEGER NOT NULL)';
const databaseFiles = ['', '-wal', '-shm'] as const;

async function openFile(path: string, readOnly: boolean): Promise<Database> {
  const { Database } = await import('tjs:sqlite');
  try {
    const database = new Database(path, { create: false, readOnly });
    database.exec('PRAGMA busy_timeout = 5000');
    return database;
  } catch (error) {
    throw new ProblemToMend(`${path} cannot be opened: ${(error as Error).message}.`);
  }
}

function all<Row>(database: Database, sql: string): Row[] {
  const statement = database.prepare(sql);
  try {
    return statement.all() as Row[];
  } finally {
    statement.finalize();
  }
}

function countOf(database: Database): DirectoryCount {
  const count = (sql: string): number =>
    all<{ readonly n: number }>(database, `SELECT count(*) AS n FROM ${sql}`)[0]?.n ?? 0;
  return {
    nodes: count("nodes WHERE role = 'node'"),
    relays: count("nodes WHERE role = 'relay'"),
    invites: count('invites WHERE spent_by IS NULL'),
  };
}

/** A copy with nothing of the log beside it; `to` is there and empty. */
function copyInto(database: Database, to: string): void {
  database.exec(`VACUUM INTO '${to.replaceAll("'", "''")}'`);
}

function removeDatabase(path: string): void {
  for (const part of databaseFiles) libc.unlink(`${path}${part}`);
}

/** Throws ProblemToMend when there is nothing to keep or the place is taken by something else. */
export async function backUpDirectory(
  state: string,
  file: string,
  unixSeconds: number,
): Promise<BackupResult> {
  const key = readFile(`${state}/ds.key`);
  if (key === undefined || readFile(`${state}/ds.sqlite`) === undefined) {
    throw new ProblemToMend(
      `There is no Direction Server in ${state}. Name its state directory with --state.`,
    );
  }
  if (readFile(file) !== undefined) await refuseUnlessBackup(file);
  const beside = `${file}.new`;
  removeDatabase(beside);
  try {
    createPrivateFile(beside);
    const source = await openFile(`${state}/ds.sqlite`, false);
    try {
      const version = versionOf(source);
      if (typeof version !== 'number') throw foreign(`${state}/ds.sqlite`);
      copyInto(source, beside);
    } finally {
      source.close();
    }
    const copy = await openFile(beside, false);
    let count: DirectoryCount;
    try {
      migrate(copy, versionOf(copy) as number);
      copy.exec(tableSql);
      const insert = copy.prepare('INSERT INTO backup (key, made_at) VALUES (?, ?)');
      insert.run([key, unixSeconds]);
      insert.finalize();
      count = countOf(copy);
    } finally {
      copy.close();
    }
    syncFile(beside);
    writeRename(beside, file);
    return { file, ...count };
  } catch (error) {
    removeDatabase(beside);
    if (error instanceof ProblemToMend) throw error;
    throw new ProblemToMend(
      `The backup ${file} could not be made: ${(error as Error).message}. If the database is locked, ` +
        'its file system cannot be shared: stop ntmobiled for the backup.',
    );
  }
}

function writeRename(from: string, to: string): void {
  if (libc.rename(from, to) < 0) throw new ProblemToMend(`${to} cannot be written.`);
  syncFile(to.replace(/\/?[^/]*$/, '') || (to.startsWith('/') ? '/' : '.'));
}

/** An older backup is replaced, anything else is not. */
async function refuseUnlessBackup(file: string): Promise<void> {
  try {
    (await openBackup(file)).close();
  } catch {
    throw new ProblemToMend(`${file} is there and is no backup. Name another file, or remove it.`);
  }
}

/** Throws ProblemToMend with what is wrong. */
async function openBackup(file: string): Promise<Database> {
  if (readFile(file) === undefined) throw new ProblemToMend(`There is no file ${file}.`);
  const database = await openFile(file, true);
  try {
    checkBackup(database, file);
    return database;
  } catch (error) {
    database.close();
    if (error instanceof ProblemToMend) throw error;
    throw new ProblemToMend(
      `${file} is no backup of a Direction Server, or is damaged (${(error as Error).message}).`,
    );
  }
}

function checkBackup(database: Database, file: string): void {
  const version = versionOf(database);
  if (typeof version === 'number' && version > schemaVersion) throw newer(file, version);
  if (typeof version !== 'number' || !hasBackupTable(database)) {
    throw new ProblemToMend(
      `${file} is no backup of a Direction Server. "ntmobile backup FILE" makes one.`,
    );
  }
  const found = pragma(database, 'integrity_check(1)');
  if (found !== 'ok') throw new Error(String(found).replaceAll('\n', ' '));
}

function hasBackupTable(database: Database): boolean {
  return all(database, "SELECT 1 FROM sqlite_master WHERE name = 'backup'").length > 0;
}

interface BackupRow {
  readonly key: Uint8Array;
  readonly made_at: number;
}

function backupRow(database: Database): BackupRow {
  const row = all<BackupRow>(database, 'SELECT key, made_at FROM backup')[0];
  if (!row) throw new Error('the key is missing');
  return row;
}

/**
 * Puts a backup in the place of what is there. The caller holds the lock of the state directory. Throws
 * ProblemToMend; then nothing has changed.
 */
export async function restoreDirectory(state: string, file: string): Promise<RestoreResult> {
  const backup = await openBackup(file);
  const beside = `${state}/ds.restore.new`;
  let madeAt: number;
  try {
    madeAt = backupRow(backup).made_at;
    makeDirectory(state);
    removeDatabase(beside);
    createPrivateFile(beside);
    copyInto(backup, beside);
  } finally {
    backup.close();
  }
  const copy = await openFile(beside, false);
  let count: DirectoryCount;
  try {
    migrate(copy, versionOf(copy) as number);
    count = countOf(copy);
  } finally {
    copy.close();
  }
  syncFile(beside);
  writeRename(beside, `${state}/ds.restore`);
  const before = await completeRestore(state);
  return { madeAt, before, ...count };
}

/**
 * Puts a restore that is prepared into effect; nothing when there is none. Each step may be done twice. Gives where
 * the files are now that were replaced.
 */
export async function completeRestore(state: string): Promise<string | null> {
  const prepared = `${state}/ds.restore`;
  if (readFile(prepared) === undefined) return null;
  const before = `${state}/before-restore`;
  const database = await openFile(prepared, false);
  try {
    if (hasBackupTable(database)) {
      makeDirectory(before);
      replaceKey(state, before, backupRow(database).key);
      database.exec('DROP TABLE backup');
    }
  } finally {
    database.close();
  }
  syncFile(prepared);
  const replaced = readFile(`${state}/ds.sqlite`) !== undefined;
  if (replaced) {
    removeDatabase(`${before}/ds.sqlite`);
    for (const part of databaseFiles) {
      libc.rename(`${state}/ds.sqlite${part}`, `${before}/ds.sqlite${part}`);
    }
  }
  writeRename(prepared, `${state}/ds.sqlite`);
  return replaced ? before : null;
}

function replaceKey(state: string, before: string, key: Uint8Array): void {
  const old = readFile(`${state}/ds.key`);
  if (old && equalSecrets(old, key)) return;
  if (old) writeFileDurably(`${before}/ds.key`, old);
  writeFileDurably(`${state}/ds.key`, key);
}
