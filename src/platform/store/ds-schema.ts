/**
 * The database of a Direction Server: which table and columns the objects it stores are in, and how a file
 * of an earlier version becomes one of this. What has no table of its own is JSON text in `entries`. Names,
 * keys, virtual IPv4 addresses and the tokens of invites are unique by the database itself: should the
 * program ever err, it cannot commit.
 */
import type { Database, Statement } from 'tjs:sqlite';
import { fromHex } from '../../base/bytes.ts';
import type { Json, JsonObject } from '../../protocol/machine.ts';

/** "NTMD": marks the file as ours. */
export const applicationId = 0x4e54_4d44;
export const schemaVersion = 1;

/** `hex` is a blob that is hexadecimal text in JSON; `flag` 0 or 1. */
type Kind = 'text' | 'hex' | 'integer' | 'flag';

export interface Column {
  /** In JSON, and in the table. */
  readonly field: string;
  readonly column: string;
  readonly kind: Kind;
}

export interface Table {
  readonly key: Column;
  readonly columns: readonly Column[];
  /** Of the whole table, for SQLite. */
  readonly sql: string;
}

function column(field: string, kind: Kind, name = field): Column {
  return { field, column: name, kind };
}

export const tables: Readonly<Record<string, Table>> = {
  nodes: {
    key: column('nodeId', 'hex', 'node_id'),
    columns: [
      column('publicKey', 'hex', 'public_key'),
      column('role', 'text'),
      column('name', 'text'),
      column('ipv4', 'text'),
      column('ipv6', 'text'),
    ],
    sql: `node_id BLOB PRIMARY KEY CHECK (length(node_id) = 16),
      public_key BLOB NOT NULL CHECK (length(public_key) = 32),
      role TEXT NOT NULL CHECK (role IN ('node', 'relay')),
      name TEXT NOT NULL UNIQUE, ipv4 TEXT UNIQUE, ipv6 TEXT`,
  },
  invites: {
    key: column('tokenHash', 'hex', 'token_hash'),
    columns: [
      column('name', 'text'),
      column('relay', 'flag'),
      column('expiresAt', 'integer', 'expires_at'),
      column('spentBy', 'hex', 'spent_by'),
    ],
    sql: `token_hash BLOB PRIMARY KEY, name TEXT NOT NULL, relay INTEGER NOT NULL,
      expires_at INTEGER NOT NULL, spent_by BLOB`,
  },
  removed: {
    key: column('nodeId', 'hex', 'node_id'),
    columns: [column('name', 'text')],
    sql: 'node_id BLOB PRIMARY KEY, name TEXT NOT NULL',
  },
  released: {
    key: column('ipv4', 'text'),
    columns: [column('order', 'integer', 'release_order')],
    sql: 'ipv4 TEXT PRIMARY KEY, release_order INTEGER NOT NULL',
  },
};

const entriesSql = 'name TEXT PRIMARY KEY, value TEXT NOT NULL';

/** A name of a stored object: its table, or undefined for `entries`, and the key there. */
export function placeOf(name: string): {
  readonly table: string | undefined;
  readonly key: string;
} {
  const at = name.indexOf('/');
  const table = name.slice(0, Math.max(0, at));
  const row = Object.hasOwn(tables, table) ? tables[table] : undefined;
  const key = name.slice(at + 1);
  if (!row || (row.key.kind === 'hex' && fromHex(key) === undefined)) {
    return { table: undefined, key: name };
  }
  return { table, key };
}

function toSql(kind: Kind, value: Json | undefined): unknown {
  if (value === undefined || value === null) return null;
  if (kind === 'hex') return fromHex(String(value)) ?? null;
  if (kind === 'flag') return value === true ? 1 : 0;
  return kind === 'integer' ? Number(value) : String(value);
}

function fromSql(kind: Kind, value: unknown): Json {
  if (kind === 'flag') return value === 1;
  return (value ?? null) as Json;
}

/** Prepared statements of one transaction; a statement that failed once would fail again. */
export class Writes {
  readonly #database: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(database: Database) {
    this.#database = database;
  }

  #run(sql: string, ...values: unknown[]): void {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    // One list: a lone blob would be taken for an object of named parameters.
    statement.run(values);
  }

  remove(name: string): void {
    const { table, key } = placeOf(name);
    const row = table === undefined ? undefined : tables[table];
    if (!row) this.#run('DELETE FROM entries WHERE name = ?', key);
    else {
      this.#run(`DELETE FROM ${table} WHERE ${row.key.column} = ?`, toSql(row.key.kind, key));
    }
  }

  /** What is replaced by `insert` alone; rows of other tables are to be removed first. */
  static isReplaced(name: string): boolean {
    return placeOf(name).table === undefined;
  }

  /** Of an object that is not there; throws when another one has what must be unique. */
  insert(name: string, value: JsonObject): void {
    const { table, key } = placeOf(name);
    const row = table === undefined ? undefined : tables[table];
    if (!row) {
      this.#run('INSERT OR REPLACE INTO entries VALUES (?, ?)', key, JSON.stringify(value));
      return;
    }
    const names = [row.key, ...row.columns].map((each) => each.column);
    const marks = names.map(() => '?').join();
    const values = row.columns.map(({ field, kind }) => toSql(kind, value[field]));
    const sql = `INSERT INTO ${table} (${names.join()}) VALUES (${marks})`;
    this.#run(sql, toSql(row.key.kind, key), ...values);
  }

  finish(): void {
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
  }
}

const rowsPerRead = 500;

function select(table: string, { key, columns }: Table): string {
  const shown = [key, ...columns].map((each) =>
    each.kind === 'hex' ? `lower(hex(${each.column}))` : each.column,
  );
  const list = shown.map((text, index) => `${text} AS c${index}`).join();
  return `SELECT rowid AS id, ${list} FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ${rowsPerRead}`;
}

/** All objects of the database, a few hundred at a time in memory. */
export function* readAll(database: Database): IterableIterator<readonly [string, JsonObject]> {
  const everything: Readonly<Record<string, Table>> = {
    ...tables,
    entries: { key: column('name', 'text'), columns: [column('value', 'text')], sql: entriesSql },
  };
  for (const [name, table] of Object.entries(everything)) {
    const statement = database.prepare(select(name, table));
    try {
      for (let after = 0; ; ) {
        const rows = statement.all(after) as Record<string, unknown>[];
        for (const row of rows) yield objectOf(name, table, row);
        if (rows.length < rowsPerRead) break;
        after = rows.at(-1)?.['id'] as number;
      }
    } finally {
      statement.finalize();
    }
  }
}

function objectOf(
  name: string,
  table: Table,
  row: Record<string, unknown>,
): readonly [string, JsonObject] {
  if (name === 'entries') return [String(row['c0']), JSON.parse(String(row['c1'])) as JsonObject];
  const value: Record<string, Json> = {};
  for (const [index, { field, kind }] of table.columns.entries()) {
    const found = row[`c${index + 1}`];
    value[field] = kind === 'hex' && found === '' ? null : fromSql(kind, found);
  }
  return [`${name}/${row['c0']}`, value];
}

export function pragma(database: Database, name: string): unknown {
  const statement = database.prepare(`PRAGMA ${name}`);
  try {
    return Object.values((statement.all()[0] ?? {}) as Record<string, unknown>)[0];
  } finally {
    statement.finalize();
  }
}

function tableNames(database: Database): string[] {
  const statement = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'");
  try {
    return (statement.all() as { readonly name: string }[]).map(({ name }) => name);
  } finally {
    statement.finalize();
  }
}

/** What a file is: its schema version, "new" for an empty one, or "foreign". */
export function versionOf(database: Database): number | 'new' | 'foreign' {
  const id = pragma(database, 'application_id');
  if (id === applicationId) return pragma(database, 'user_version') as number;
  const names = tableNames(database);
  if (id !== 0) return 'foreign';
  if (names.length === 0) return 'new';
  return names.length === 1 && names[0] === 'entries' ? 0 : 'foreign';
}

function createTables(database: Database): void {
  for (const [name, { sql }] of Object.entries(tables)) {
    database.exec(`CREATE TABLE ${name} (${sql})`);
  }
  database.exec(`CREATE TABLE IF NOT EXISTS entries (${entriesSql})`);
}

/** Version 0 had everything as JSON in `entries`, WITHOUT ROWID. */
function fromVersion0(database: Database): void {
  database.exec('ALTER TABLE entries RENAME TO old_entries');
  createTables(database);
  const writes = new Writes(database);
  const statement = database.prepare('SELECT name, value FROM old_entries');
  try {
    for (const { name, value } of statement.all() as { name: string; value: string }[]) {
      // Where nodes were last heard is kept elsewhere now, and was only ever a hint.
      if (!name.startsWith('last-seen/')) carryOver(writes, name, value);
    }
  } finally {
    statement.finalize();
    writes.finish();
  }
  database.exec('DROP TABLE old_entries');
}

/** What its table refuses is damaged, and is kept for whoever wants to look. */
function carryOver(writes: Writes, name: string, value: string): void {
  try {
    writes.insert(name, JSON.parse(value) as JsonObject);
  } catch {
    writes.finish();
    writes.insert(`damaged/${name}`, { text: value });
  }
}

/** By the version they begin with, in order. */
const migrations: readonly ((database: Database) => void)[] = [fromVersion0];

/** Brings a new file or one of an earlier version to this version, all or nothing. */
export function migrate(database: Database, version: number | 'new'): void {
  if (version === schemaVersion) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    if (version === 'new') createTables(database);
    else for (const step of migrations.slice(version)) step(database);
    database.exec(`PRAGMA application_id = ${applicationId}`);
    database.exec(`PRAGMA user_version = ${schemaVersion}`);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}
