/**
 * Netlink attributes by a generated table: values by name to attributes and back. Numbers keep the
 * byte order their row names; a 64-bit value in network order is an identifier, as 16 hexadecimal
 * digits. What a newer kernel adds is passed over, and what does not fit its row is left out.
 */
import { assert } from '../../base/assert.ts';
import { fromHex, toHex } from '../../base/bytes.ts';
import { littleEndian } from '../byte-order.ts';
import { eachAttribute, type MessageBuilder } from './nlmsg.ts';

export interface AttributeRow {
  readonly type: number;
  readonly kind: 'u8' | 'u16' | 'u32' | 'u64' | 'flag' | 'binary' | 'nest' | 'pad';
  readonly bigEndian?: true;
  readonly many?: true;
  readonly nested?: string;
}
export type AttributeTable = Readonly<Record<string, AttributeRow>>;
/** The tables of a family by the name its rows call them. */
export type AttributeTables = Readonly<Record<string, AttributeTable>>;

type One<Tables extends AttributeTables, Row extends AttributeRow> = Row extends {
  readonly nested: infer Name extends keyof Tables;
}
  ? Values<Tables, Tables[Name]>
  : Row['kind'] extends 'binary'
    ? Uint8Array
    : Row['kind'] extends 'flag'
      ? boolean
      : Row extends { readonly kind: 'u64'; readonly bigEndian: true }
        ? string
        : number;

/** What stands for the attributes of a table: absent ones are absent. */
export type Values<Tables extends AttributeTables, Table extends AttributeTable> = {
  readonly [Name in keyof Table]?:
    | (Table[Name] extends { readonly many: true }
        ? readonly One<Tables, Table[Name]>[]
        : One<Tables, Table[Name]>)
    | undefined;
};

const byteCount = { u8: 1, u16: 2, u32: 4, u64: 8 } as const;

type Value = number | string | boolean | Uint8Array | { readonly [name: string]: unknown };

/** Adds `values` to the message in the order of the table. */
export function putAttributes(
  message: MessageBuilder,
  tables: AttributeTables,
  table: AttributeTable,
  values: Readonly<Record<string, unknown>>,
): void {
  for (const [name, row] of Object.entries(table)) {
    const value = values[name];
    if (value === undefined) continue;
    for (const one of row.many ? (value as readonly Value[]) : [value as Value]) {
      putOne(message, tables, row, one);
    }
  }
}

function putOne(
  message: MessageBuilder,
  tables: AttributeTables,
  row: AttributeRow,
  value: Value,
): void {
  if (row.nested !== undefined) {
    const table = tables[row.nested];
    assert(table !== undefined, 'a nest names a table of its family');
    message.nested(row.type, (inner) =>
      putAttributes(inner, tables, table, value as Readonly<Record<string, unknown>>),
    );
  } else if (row.kind === 'flag') {
    if (value === true) message.attribute(row.type, new Uint8Array(0));
  } else if (row.kind === 'binary') {
    message.attribute(row.type, value as Uint8Array);
  } else {
    message.attribute(row.type, numberBytes(row, value as number | string));
  }
}

function numberBytes(row: AttributeRow, value: number | string): Uint8Array {
  if (typeof value === 'string') {
    const bytes = fromHex(value);
    assert(bytes?.length === 8, 'an identifier has 16 hexadecimal digits');
    return bytes;
  }
  const bytes = new Uint8Array(byteCount[row.kind as keyof typeof byteCount]);
  const little = littleEndian && !row.bigEndian;
  let rest = value;
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[little ? index : bytes.length - 1 - index] = rest % 0x100;
    rest = Math.floor(rest / 0x100);
  }
  return bytes;
}

/** The values of the attributes from `offset` on. */
export function takeAttributes<Tables extends AttributeTables, Name extends keyof Tables & string>(
  tables: Tables,
  name: Name,
  bytes: Uint8Array,
  offset = 0,
): Values<Tables, Tables[Name]> {
  const values: Record<string, unknown> = {};
  const nameByType = namesOf(tables[name] as AttributeTable);
  for (const [type, value] of eachAttribute(bytes, offset)) {
    const found = nameByType.get(type);
    const row = found === undefined ? undefined : tables[name]?.[found];
    if (found === undefined || !row) continue;
    const taken = takeOne(tables, row, value);
    if (taken === undefined) continue;
    if (row.many) values[found] = [...((values[found] as unknown[]) ?? []), taken];
    else values[found] = taken;
  }
  return values as Values<Tables, Tables[Name]>;
}

const namesByTable = new WeakMap<AttributeTable, ReadonlyMap<number, string>>();

function namesOf(table: AttributeTable): ReadonlyMap<number, string> {
  const known = namesByTable.get(table);
  if (known) return known;
  const names = new Map(Object.entries(table).map(([name, row]) => [row.type, name]));
  namesByTable.set(table, names);
  return names;
}

function takeOne(tables: AttributeTables, row: AttributeRow, bytes: Uint8Array): unknown {
  if (row.nested !== undefined) return takeAttributes(tables, row.nested, bytes);
  if (row.kind === 'flag') return true;
  if (row.kind === 'binary') return bytes;
  if (row.kind === 'pad' || row.kind === 'nest') return undefined;
  if (bytes.length < byteCount[row.kind]) return undefined;
  if (row.kind === 'u64' && row.bigEndian) return toHex(bytes.subarray(0, 8));
  let value = 0;
  const count = byteCount[row.kind];
  const little = littleEndian && !row.bigEndian;
  for (let index = 0; index < count; index += 1) {
    value = value * 0x100 + (bytes[little ? count - 1 - index : index] as number);
  }
  return value;
}
