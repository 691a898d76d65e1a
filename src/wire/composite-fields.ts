/**
 * Field types made of other field types: lists behind a count, optional values behind a flag, and
 * structures. Every count is bounded, so the longest form of a message follows from the table.
 */
import { AssertionFailure } from '../base/assert.ts';
import { randomBelow } from '../base/random.ts';
import { type Field, type Fields, flag, type ValuesOf } from './fields.ts';

/** A count in one byte, then at most `limit` items. */
export function list<Item>(item: Field<Item>, limit: number): Field<readonly Item[]> {
  return {
    description: `at most ${limit}, behind their count (u8), each: ${item.description}`,
    least: 1,
    most: 1 + limit * item.most,
    ...(item.parts && { parts: item.parts }),
    read: (reader) => {
      const count = reader.u8();
      if (count > limit) reader.fail();
      const items: Item[] = [];
      for (let index = 0; index < count && reader.ok; index += 1) items.push(item.read(reader));
      return items;
    },
    write: (writer, value) => {
      if (value.length > limit) {
        throw new AssertionFailure(`at most ${limit} items are written here`);
      }
      writer.u8(value.length);
      // No iterator here: a small engine makes one for every list.
      for (let index = 0; index < value.length; index += 1)
        item.write(writer, value[index] as Item);
    },
    sample: (random) =>
      Array.from({ length: randomBelow(random, Math.min(limit, 3) + 1) }, () =>
        item.sample(random),
      ),
    show: (value) => `[${value.map((entry) => item.show(entry)).join(' ')}]`,
  };
}

/** A flag, then the value if the flag is 1. */
export function optional<Value>(field: Field<Value>): Field<Value | undefined> {
  return {
    description: `flag (u8), then if it is 1: ${field.description}`,
    least: 1,
    most: 1 + field.most,
    ...(field.parts && { parts: field.parts }),
    read: (reader) => (flag.read(reader) ? field.read(reader) : undefined),
    write: (writer, value) => {
      flag.write(writer, value !== undefined);
      if (value !== undefined) field.write(writer, value);
    },
    sample: (random) => (randomBelow(random, 2) === 0 ? undefined : field.sample(random)),
    show: (value) => (value === undefined ? '-' : field.show(value)),
  };
}

/** Several fields in the order of their declaration. */
export function struct<F extends Fields>(fields: F): Field<ValuesOf<F>> {
  const names = Object.keys(fields);
  const types = Object.values(fields);
  return {
    description: `structure of ${names.join(', ')}`,
    least: types.reduce((sum, type) => sum + type.least, 0),
    most: types.reduce((sum, type) => sum + type.most, 0),
    parts: fields,
    read: (reader) => {
      const value: Record<string, unknown> = {};
      for (let index = 0; index < names.length; index += 1) {
        value[names[index] as string] = (types[index] as Field<unknown>).read(reader);
      }
      return value as ValuesOf<F>;
    },
    write: (writer, value) => {
      for (let index = 0; index < names.length; index += 1) {
        (types[index] as Field<unknown>).write(writer, value[names[index] as string]);
      }
    },
    sample: (random) =>
      Object.fromEntries(
        names.map((name, index) => [name, (types[index] as Field<unknown>).sample(random)]),
      ) as ValuesOf<F>,
    show: (value) =>
      `{${names.map((name, at) => `${name}=${(types[at] as Field<unknown>).show(value[name])}`).join(' ')}}`,
  };
}
