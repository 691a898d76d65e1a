/**
 * A store in an SQLite database, for a Direction Server with many nodes: each commit is one
 * transaction that is on disk before it returns (write-ahead log, full synchronisation).
 */
import type { Database, Statement } from 'tjs:sqlite';
import type { JsonObject } from '../../protocol/machine.ts';
import { createPrivateFile } from '../files.ts';
import { ProblemToMend } from '../tjs/system-error.ts';
import type { Store } from './store.ts';

interface Row {
  readonly name: string;
  readonly value: string;
}

/** Throws ProblemToMend for a damaged database, which is left as it is. */
export async function openSqliteStore(path: string): Promise<Store> {
  const { Database } = await import('tjs:sqlite');
  createPrivateFile(path);
  const database = new Database(path);
  try {
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    database.exec('PRAGMA busy_timeout = 2000');
    database.exec(
      'CREATE TABLE IF NOT EXISTS entries (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
    );
    return new SqliteStore(database, readAll(database));
  } catch (error) {
    throw new ProblemToMend(
      `The database ${path} cannot be used (${(error as Error).message}). Restore it from a backup; ` +
        'without one, all nodes must be invited again.',
    );
  }
}

function readAll(database: Database): Map<string, JsonObject> {
  const select = database.prepare('SELECT name, value FROM entries');
  try {
    const rows = select.all() as Row[];
    return new Map(rows.map(({ name, value }) => [name, JSON.parse(value) as JsonObject]));
  } finally {
    select.finalize();
  }
}

class SqliteStore implements Store {
  readonly #database: Database;
  #loaded: Map<string, JsonObject> | undefined;
  readonly #changes = new Map<string, string | undefined>();

  constructor(database: Database, loaded: Map<string, JsonObject>) {
    this.#database = database;
    this.#loaded = loaded;
  }

  get pending(): boolean {
    return this.#changes.size > 0;
  }

  load(): Map<string, JsonObject> {
    const loaded = this.#loaded ?? readAll(this.#database);
    // Handed out once, so that the values are not held twice for the life of the daemon.
    this.#loaded = undefined;
    return loaded;
  }

  set(name: string, value: JsonObject | undefined): void {
    this.#changes.set(name, value === undefined ? undefined : JSON.stringify(value));
  }

  commit(): void {
    if (this.#changes.size === 0) return;
    // A statement that failed once would fail again: they are made anew for every transaction.
    const statements: Statement[] = [];
    const prepare = (sql: string): Statement => {
      const statement = this.#database.prepare(sql);
      statements.push(statement);
      return statement;
    };
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      const put = prepare('INSERT OR REPLACE INTO entries (name, value) VALUES (?, ?)');
      const remove = prepare('DELETE FROM entries WHERE name = ?');
      for (const [name, value] of this.#changes) {
        if (value === undefined) remove.run(name);
        else put.run(name, value);
      }
      for (const statement of statements.splice(0)) statement.finalize();
      this.#database.exec('COMMIT');
      this.#changes.clear();
    } catch (error) {
      for (const statement of statements) statement.finalize();
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // The failure had ended the transaction already.
    }
  }

  close(): void {
    this.#database.close();
  }
}
