/** The `uci` object of rpcd on one real file: staged changes of a session, applied when it says so. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseUci, sections } from '../../src/platform/uci/document.ts';
import { quote } from '../../src/platform/uci/text.ts';

type Value = string | readonly string[];

interface Section {
  readonly name: string;
  readonly type: string;
  readonly isAnonymous: boolean;
  readonly options: Map<string, Value>;
}

export class UciFile {
  readonly #path: string;
  #sections: Section[] = [];
  #number = 0;

  constructor(path: string) {
    this.#path = path;
    this.revert();
  }

  /** Forgets what is not applied, and reads what the file holds now. */
  revert(): void {
    const { document } = parseUci(readFileSync(this.#path, 'utf8'));
    this.#sections = sections(document).map((section, index) => ({
      name: section.name ?? `cfg${index}`,
      type: section.type,
      isAnonymous: section.name === undefined,
      options: new Map(
        [...section.optionByName].map(([name, { values, isList }]) => [
          name,
          isList ? values : (values[0] as string),
        ]),
      ),
    }));
  }

  values(): Record<string, Record<string, Value | boolean | number>> {
    return Object.fromEntries(
      this.#sections.map((section, index) => [
        section.name,
        {
          '.anonymous': section.isAnonymous,
          '.type': section.type,
          '.name': section.name,
          '.index': index,
          ...Object.fromEntries(section.options),
        },
      ]),
    );
  }

  #find(name: string): Section {
    const found = this.#sections.find((section) => section.name === name);
    if (!found) throw new Error(`there is no section ${name}`);
    return found;
  }

  add(type: string, name: string | undefined, values: Record<string, Value> = {}): string {
    this.#number += 1;
    const given = name ?? `new${this.#number}`;
    const options = new Map(Object.entries(values));
    this.#sections.push({ name: given, type, isAnonymous: name === undefined, options });
    return given;
  }

  set(name: string, values: Record<string, Value>): void {
    for (const [option, value] of Object.entries(values)) {
      this.#find(name).options.set(option, value);
    }
  }

  delete(name: string, options: readonly string[] | undefined): void {
    if (options) for (const option of options) this.#find(name).options.delete(option);
    else this.#sections = this.#sections.filter((section) => section.name !== name);
  }

  /** Writes the file; whether it has changed. */
  apply(): boolean {
    const text = this.#sections.map(textOf).join('\n');
    if (readFileSync(this.#path, 'utf8') === text) return false;
    writeFileSync(this.#path, text);
    return true;
  }
}

function textOf({ name, type, isAnonymous, options }: Section): string {
  const lines = [`config ${type}${isAnonymous ? '' : ` ${quote(name)}`}`];
  for (const [option, value] of options) {
    if (typeof value === 'string') lines.push(`\toption ${option} ${quote(value)}`);
    else for (const each of value) lines.push(`\tlist ${option} ${quote(each)}`);
  }
  return `${lines.join('\n')}\n`;
}
