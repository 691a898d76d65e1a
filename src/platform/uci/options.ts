/**
 * Option tables: what a section may hold, as rows of type, default and help, and the reading of a section
 * by its table. Every problem of a section is found in one pass and named by section and option, with a
 * sentence that says what to write instead. What unknown names may have meant is told as a warning.
 */
import { nearest } from '../../base/nearest.ts';
import type { UciSection } from './document.ts';

export interface ConfigProblem {
  /** Name of the section, "@type[index]" when it has none, or the file's own for its syntax. */
  readonly section: string;
  readonly option: string | undefined;
  readonly text: string;
}

/** "node.device: …", as log, command line and LuCI show it. */
export function formatProblem(problem: ConfigProblem): string {
  const { section, option, text } = problem;
  return option === undefined ? `${section}: ${text}` : `${section}.${option}: ${text}`;
}

export type Parsed<T> = { readonly value: T } | { readonly error: string };

/** Reads one value; the error says what it must be, and begins with the value in quotation marks. */
export type OptionType<T> = (text: string) => Parsed<T>;

interface Row<T> {
  readonly read: (values: readonly string[]) => Parsed<T>;
  /** What stands in for an absent option; undefined for a required one. */
  readonly absent: (() => T) | undefined;
  readonly isList: boolean;
  readonly help: string;
}

export type OptionTable = Readonly<Record<string, Row<unknown>>>;

export type Values<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Row<infer T> ? T : never;
};

function single<T>(type: OptionType<T>): Row<T>['read'] {
  return (values) =>
    values.length === 1
      ? type(values[0] as string)
      : { error: `takes one value and has ${values.length}. Keep one of them.` };
}

export function withDefault<T>(type: OptionType<T>, value: T, help: string): Row<T> {
  return { read: single(type), absent: () => value, isList: false, help };
}

export function optional<T>(type: OptionType<T>, help: string): Row<T | undefined> {
  return { read: single(type), absent: () => undefined, isList: false, help };
}

export function required<T>(type: OptionType<T>, help: string): Row<T> {
  return { read: single(type), absent: undefined, isList: false, help };
}

/** A list, or one option with blanks between the values; `least` of them are required. */
export function listOf<T>(
  type: OptionType<T>,
  least: number,
  most: number,
  help: string,
): Row<readonly T[]> {
  return {
    isList: true,
    help,
    absent: least === 0 ? () => [] : undefined,
    read: (values) => {
      const texts = values.flatMap((value) => value.split(/\s+/)).filter((text) => text !== '');
      if (texts.length > most) return { error: `has ${texts.length} values; ${most} are allowed.` };
      const results = texts.map(type);
      const errors = results.flatMap((result) => ('error' in result ? [result.error] : []));
      if (errors.length > 0) return { error: errors.join(' ') };
      return { value: results.flatMap((result) => ('value' in result ? [result.value] : [])) };
    },
  };
}

export interface Findings {
  readonly problems: ConfigProblem[];
  readonly warnings: ConfigProblem[];
}

/** The values of a section, or undefined when one of its options is wrong or missing. */
export function readSection<Table extends OptionTable>(
  table: Table,
  section: UciSection,
  label: string,
  findings: Findings,
): Values<Table> | undefined {
  const before = findings.problems.length;
  const values: Record<string, unknown> = {};
  for (const [name, row] of Object.entries(table)) {
    const given = section.optionByName.get(name);
    const problem = (text: string): void => {
      findings.problems.push({ section: label, option: name, text });
    };
    if (!given) {
      if (row.absent) values[name] = row.absent();
      else problem(`is missing: ${row.help}`);
      continue;
    }
    const result = row.read(given.values);
    if ('error' in result) problem(result.error);
    else values[name] = result.value;
  }
  for (const name of section.optionByName.keys()) {
    if (name in table) continue;
    const meant = nearest(name, Object.keys(table));
    const text = `is not known and ignored.${meant ? ` Did you mean "${meant}"?` : ''}`;
    findings.warnings.push({ section: label, option: name, text });
  }
  return findings.problems.length === before ? (values as Values<Table>) : undefined;
}
