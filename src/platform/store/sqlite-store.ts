/**
 * The store of a Direction Server, an SQLite database: each commit is one transaction that is on disk before
 * it returns. Write-ahead log with full synchronisation: one append and one flush of the disk a commit,
 * against two or three of a rollback journal, and a flash that is written in one place. Where nodes
 * were last heard is no part of it: that changes with every move, and lies in a second file that needs to
 * survive a restart of the daemon and no more, so that it can be in memory.
 */
import type { Database } from 'tjs:sqlite';
import type { JsonObject, Stored } from '../../protocol/machine.ts';
import { createPrivateFile } from '../files.ts';
import { libc } from '../tjs/libc.ts';
import { ProblemToMend } from '../tjs/system-error.ts';
import { migrate, pragma, readAll, schemaVersion, versionOf, Writes } from './ds-schema.ts';
import type { Store } from './store.ts';

const passingTable = 'last-seen/';

/** Throws ProblemToMend for a file that is damaged, foreign or newer; it is left as it is. */
export async function openSqliteStore(path: string, passingPath?: string): Promise<Store> {
  const lasting = await openDatabase(path);
  const passing = passingPath === undefined ? undefined : await openPassing(passingPath);
  return new SqliteStore(lasting, passing);
}

/** The database at this version, made when there is none. Throws ProblemToMend. */
export async function openDatabase(path: string): Promise<Database> {
  createPrivateFile(path);
  try {
    return await openWith(path, 'NORMAL');
  } catch (error) {
    if (error instanceof ProblemToMend) throw error;
  }
  try {
    // File systems such as JFFS2 cannot share memory between processes; the log then does without.
    return await openWith(path, 'EXCLUSIVE');
  } catch (error) {
    if (error instanceof ProblemToMend) throw error;
    throw new ProblemToMend(
      `The database ${path} cannot be used (${(error as Error).message}). Restore it with ` +
        '"ntmobile restore FILE"; without a backup, all nodes must be invited again.',
    );
  }
}

async function openWith(path: string, locking: 'NORMAL' | 'EXCLUSIVE'): Promise<Database> {
  const { Database } = await import('tjs:sqlite');
  const database = new Database(path);
  try {
    database.exec(`PRAGMA locking_mode = ${locking}`);
    database.exec('PRAGMA busy_timeout = 2000');
    const version = versionOf(database);
    if (version === 'foreign') throw foreign(path);
    if (version !== 'new' && version > schemaVersion) throw newer(path, version);
    // A commit appends the pages it changes: small ones spare the flash.
    if (version === 'new') database.exec('PRAGMA page_size = 1024');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    const found = pragma(database, 'quick_check(1)');
    if (found !== 'ok') throw new Error(String(found).replaceAll('\n', ' '));
    migrate(database, version);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

export function foreign(path: string): ProblemToMend {
  return new ProblemToMend(
    `${path} is no database of a Direction Server; it is left as it is. Name another state directory, ` +
      'or restore a backup with "ntmobile restore FILE".',
  );
}

export function newer(path: string, version: number): ProblemToMend {
  return new ProblemToMend(
    `${path} was written by a newer ntmobile (its version is ${version}, this one knows up to ` +
      `${schemaVersion}); it is left as it is. Install that ntmobile again, or restore a backup made ` +
      'with this one.',
  );
}

/** What it holds is a guess: a file that cannot be used is begun anew. */
async function openPassing(path: string): Promise<Database | undefined> {
  const { Database } = await import('tjs:sqlite');
  for (let tries = 0; tries < 2; tries += 1) {
    try {
      createPrivateFile(path);
      const database = new Database(path);
      database.exec('PRAGMA journal_mode = WAL');
      database.exec('PRAGMA synchronous = OFF');
      migrate(database, versionOf(database) === 'new' ? 'new' : schemaVersion);
      for (const _ of readAll(database)) break;
      return database;
    } catch {
      for (const each of ['', '-wal', '-shm']) libc.unlink(`${path}${each}`);
    }
  }
  return undefined;
}

class SqliteStore implements Store {
  readonly #lasting: Database;
  readonly #passing: Database | undefined;
  /** In the order of their last change. */
  readonly #changes = new Map<string, JsonObject | undefined>();
  readonly #passingChanges = new Map<string, JsonObject | undefined>();

  constructor(lasting: Database, passing: Database | undefined) {
    this.#lasting = lasting;
    this.#passing = passing;
  }

  get pending(): boolean {
    return this.#changes.size > 0 || this.#passingChanges.size > 0;
  }

  load(): Stored {
    const databases = this.#passing ? [this.#lasting, this.#passing] : [this.#lasting];
    return {
      *[Symbol.iterator]() {
        for (const database of databases) yield* readAll(database);
      },
    };
  }

  set(name: string, value: JsonObject | undefined): void {
    const isPassing = name.startsWith(passingTable);
    const changes = isPassing ? this.#passingChanges : this.#changes;
    changes.set(name, value);
  }

  commit(): void {
    if (this.#changes.size > 0) {
      write(this.#lasting, this.#changes);
      this.#changes.clear();
    }
    this.#writePassing();
  }

  #writePassing(): void {
    try {
      if (this.#passing && this.#passingChanges.size > 0) {
        write(this.#passing, this.#passingChanges);
      }
    } catch {
      // A full memory disk: the nodes come back with their next keepalive.
    }
    this.#passingChanges.clear();
  }

  close(): void {
    this.#writePassing();
    this.#lasting.close();
    this.#passing?.close();
  }
}

/** One transaction. All rows that change go first, so that names and addresses may change hands in it. */
function write(database: Database, changes: ReadonlyMap<string, JsonObject | undefined>): void {
  const writes = new Writes(database);
  try {
    database.exec('BEGIN IMMEDIATE');
    for (const [name, value] of changes) {
      if (!value || !Writes.isReplaced(name)) writes.remove(name);
    }
    for (const [name, value] of changes) if (value) writes.insert(name, value);
    writes.finish();
    database.exec('COMMIT');
  } catch (error) {
    writes.finish();
    rollBack(database);
    throw error;
  }
}

function rollBack(database: Database): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // The failure had ended the transaction already.
  }
}
