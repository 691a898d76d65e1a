/**
 * Messages of which one is said again and again with little that is new in it, such as a Route Direction after
 * every move: the fields that stay are put on the wire once and kept as bytes, the others are written every time.
 */
import { Writer } from '../base/bytes.ts';
import type { Field, Fields } from './fields.ts';
import { type MessageName, messages, type Values } from './messages.ts';

/** Values that write their fields themselves, which the codec lets them. */
export interface SelfWriting {
  readonly writeFields?: (writer: Writer) => void;
}

/** A field that is written every time. */
interface Changing {
  readonly name: string;
  readonly type: Field<unknown>;
  /** Whether fields that stay stand between it and the changing one before. */
  readonly behindRun: boolean;
}

/** Of the length of a run. */
const lengthBytes = 2;

export class KeptFields<Name extends MessageName> {
  readonly #fields: readonly (readonly [string, Field<unknown>])[];
  readonly #changing: readonly Changing[];

  constructor(name: Name, changing: readonly (keyof Values<Name> & string)[]) {
    const names: readonly string[] = changing;
    this.#fields = Object.entries(messages[name].fields as Fields);
    this.#changing = this.#fields.flatMap(([field, type], index) => {
      const before = this.#fields[index - 1]?.[0];
      const behindRun = before !== undefined && !names.includes(before);
      return names.includes(field) ? [{ name: field, type, behindRun }] : [];
    });
  }

  /** The fields that stay, in runs, each behind its length. */
  keep(values: Values<Name>): Uint8Array {
    const kept = new Writer();
    const run = new Writer();
    const endRun = () => {
      if (run.length > 0) kept.u16(run.length).put(run.bytes);
      run.clear();
    };
    for (const [name, type] of this.#fields) {
      if (this.#changing.some((each) => each.name === name)) endRun();
      else type.write(run, (values as Record<string, unknown>)[name]);
    }
    endRun();
    return kept.bytes.slice();
  }

  write(writer: Writer, kept: Uint8Array, values: Values<Name>): void {
    const changing = this.#changing;
    let at = 0;
    for (let index = 0; index < changing.length; index += 1) {
      const { name, type, behindRun } = changing[index] as Changing;
      if (behindRun) at = putRun(writer, kept, at);
      type.write(writer, (values as Record<string, unknown>)[name]);
    }
    if (at < kept.length) putRun(writer, kept, at);
  }
}

/** Where the next run begins. */
function putRun(writer: Writer, kept: Uint8Array, at: number): number {
  const begin = at + lengthBytes;
  const end = begin + (kept[at] as number) * 0x100 + (kept[at + 1] as number);
  writer.put(kept.subarray(begin, end));
  return end;
}
