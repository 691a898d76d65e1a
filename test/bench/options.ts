/** Arguments of a benchmark. */
import { exit } from 'node:process';
import { type ParseArgsConfig, parseArgs } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;

/** What was given, by name. Ends the program with `usage` for --help, and for what it does not know. */
export function benchOptions(usage: string, known: Options): Record<string, string | true> {
  const inside = { type: 'boolean' } as const;
  try {
    const { values } = parseArgs({
      options: { ...known, inside, help: { type: 'boolean' } },
      strict: true,
    });
    if (!values['help']) return values as Record<string, string | true>;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(usage);
    exit(64);
  }
  console.log(usage);
  exit(0);
}

/** A number of at least one, or, where none was given, `fallback`; ends the program for anything else. */
export function countOf(name: string, text: string | true | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`--${name}: "${text}" is no number of nodes.`);
  exit(64);
}
