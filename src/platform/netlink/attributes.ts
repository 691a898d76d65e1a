/**
 * Netlink attributes by a generated table: values by name to attributes and back. Numbers keep the
 * byte order their row names; a 64-bit value in network order is an identifier, as 16 hexadecimal
 * digits. What a newer kernel adds is passed over, and what does not fit its row is left out.
 */
import { assert } from '../../base/assert.ts';
import { fromHex, toHex } from '../../base/bytes.ts';
import { littleEndian } from '../byte-order.ts';
import { eachAttribute, type MessageBuilder } from './nlmsg.ts';

/**
 * What an attribute holds: u8, u16, u32 or u64, with "be" behind it in network order; "flag", "binary"
 * or "pad"; or the name of the table nested in it. With "*" there may be many. The first row is type 1.
 */
export type AttributeTable = Readonly<Record<string, string>>;
/** The tables of a family by the name its rows call them. */
export type AttributeTables = Readonly<Record<string, AttributeTable>>;

type One<Tables extends AttributeTables, Kind extends string> = Kind extends keyof Tables
  ? Values<Tables, Tables[Kind]>
  : Kind extends 'binary'
    ? Uint8Array
    : Kind extends 'flag'
      ? boolean
      : Kind extends 'u64be'
        ? string
        : number;

/** What stands for the attributes of a table: absent ones are absent. */
export type Values<Tables extends AttributeTables, Table extends AttributeTable> = {
  readonly [Name in keyof Table]?:
    | (Table[Name] extends `${infer Kind}*`
        ? readonly One<Tables, Kind>[]
        : One<Tables, Table[Name]>)
    | undefined;
};

interface Row {
  readonly name: string;
  readonly type: number;
  readonly kind: string;
  readonly many: boolean;
  /** Bytes of a number; 0 for anything else. */
  readonly bytes: number;
  readonly bigEndian: boolean;
}

const rowsByTable = new WeakMap<AttributeTable, readonly Row[]>();

function rowsOf(table: AttributeTable): readonly Row[] {
  const known = rowsByTable.get(table);
  if (known) return known;
  const rows = Object.entries(table).map(([name, text], index): Row => {
    const kind = text.replace('*', '');
    const [, bits, order] = /^u(8|16|32|64)(be)?$/.exec(kind) ?? [];
    return {
      name,
      type: index + 1,
      kind,
      many: kind !== text,
      bytes: Number(bits ?? 0) / 8,
      bigEndian: order !== undefined,
    };
  });
  rowsByTable.set(table, rows);
  return rows;
}

/** Number of the attribute of that name. */
export function attributeType<Table extends AttributeTable>(
  table: Table,
  name: keyof Table & string,
): number {
  return Object.keys(table).indexOf(name) + 1;
}

type Value = number | string | boolean | Uint8Array | { readonly [name: string]: unknown };

/** Adds `values` to the message in the order of the table. */
export function putAttributes(
  message: MessageBuilder,
  tables: AttributeTables,
  table: AttributeTable,
  values: Readonly<Record<string, unknown>>,
): void {
  for (const row of rowsOf(table)) {
    const value = values[row.name];
    if (value === undefined) continue;
    for (const one of row.many ? (value as readonly Value[]) : [value as Value]) {
      putOne(message, tables, row, one);
    }
  }
}

function putOne(message: MessageBuilder, tables: AttributeTables, row: Row, value: Value): void {
  const table = tables[row.kind];
  if (table) {
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

function numberBytes(row: Row, value: number | string): Uint8Array {
  if (typeof value === 'string') {
    const bytes = fromHex(value);
    assert(bytes?.length === 8, 'an identifier has 16 hexadecimal digits');
    return bytes;
  }
  const bytes = new Uint8Array(row.bytes);
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
  const rows = rowsOf(tables[name] as AttributeTable);
  for (const [type, value] of eachAttribute(bytes, offset)) {
    const row = rows[type - 1];
    const taken = row && takeOne(tables, row, value);
    if (taken === undefined) continue;
    if (row?.many) values[row.name] = [...((values[row.name] as unknown[]) ?? []), taken];
    else if (row) values[row.name] = taken;
  }
  return values as Values<Tables, Tables[Name]>;
}

function takeOne(tables: AttributeTables, row: Row, bytes: Uint8Array): unknown {
  if (row.kind in tables) return takeAttributes(tables, row.kind, bytes);
  if (row.kind === 'flag') return true;
  if (row.kind === 'binary') return bytes;
  if (row.bytes === 0 || bytes.length < row.bytes) return undefined;
  if (row.bytes === 8 && row.bigEndian) return toHex(bytes.subarray(0, 8));
  let value = 0;
  const little = littleEndian && !row.bigEndian;
  for (let index = 0; index < row.bytes; index += 1) {
    value = value * 0x100 + (bytes[little ? row.bytes - 1 - index : index] as number);
  }
  return value;
}
