/**
 * The arguments of `ntmobile` by its command table: "--option VALUE", "--option=VALUE", switches, and "--"
 * before arguments that begin with a hyphen. Anything else is a sentence with the word that was meant.
 */
import { nearest } from '../../base/nearest.ts';
import {
  type CommandName,
  commandRow,
  commandTable,
  commonOptions,
  type OptionRow,
} from './command-table.ts';

export interface ParsedCommand {
  readonly kind: 'command';
  readonly name: CommandName;
  readonly positionals: readonly string[];
  readonly valueByOption: ReadonlyMap<string, string>;
  readonly switches: ReadonlySet<string>;
}

export type ParsedArguments =
  | ParsedCommand
  | { readonly kind: 'help'; readonly name: CommandName | undefined }
  | { readonly kind: 'version' }
  | { readonly kind: 'wrong'; readonly error: string; readonly name: CommandName | undefined };

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commandTable, name);
}

export function parseArguments(words: readonly string[]): ParsedArguments {
  const scan = scanWords(words);
  const named = scan.plain[0];
  const [first, ...positionals] = scan.plain;
  if (first === 'help') return helpFor(positionals[0]);
  if (named !== undefined && !isCommand(named)) return unknownCommand(named);
  if (scan.switches.has('help')) return { kind: 'help', name: named };
  if (scan.switches.has('version')) return { kind: 'version' };
  const wrong = (error: string): ParsedArguments => ({ kind: 'wrong', error, name: named });
  if (scan.error !== undefined) return wrong(scan.error);
  if (named === undefined) return { kind: 'help', name: undefined };
  const row = commandRow(named);
  const missing = row.positionals.find(
    (positional, index) => positional.required && positionals[index] === undefined,
  );
  if (missing) return wrong(`"${named}" needs ${missing.name}: ${missing.help}.`);
  const extra = positionals[row.positionals.length];
  if (extra !== undefined) return wrong(`"${extra}" is too much for "${named}".`);
  const { valueByOption, switches } = scan;
  return { kind: 'command', name: named, positionals, valueByOption, switches };
}

function helpFor(word: string | undefined): ParsedArguments {
  if (word === undefined) return { kind: 'help', name: undefined };
  return isCommand(word) ? { kind: 'help', name: word } : unknownCommand(word);
}

function unknownCommand(word: string): ParsedArguments {
  const meant = nearest(word, Object.keys(commandTable));
  const hint = meant ? `Did you mean "${meant}"?` : '"ntmobile --help" lists the commands.';
  return { kind: 'wrong', error: `There is no command "${word}". ${hint}`, name: undefined };
}

interface Scan {
  readonly plain: string[];
  readonly valueByOption: Map<string, string>;
  readonly switches: Set<string>;
  error: string | undefined;
}

const shortNames: Readonly<Record<string, string>> = {
  '-h': '--help',
  '-j': '--json',
  '-V': '--version',
  '-c': '--count',
};

function scanWords(words: readonly string[]): Scan {
  const scan: Scan = { plain: [], valueByOption: new Map(), switches: new Set(), error: undefined };
  const command = words.find(isCommand);
  const known: Readonly<Record<string, OptionRow>> = {
    ...commonOptions,
    version: { help: '' },
    ...(command === undefined ? {} : commandRow(command).options),
  };
  for (let index = 0; index < words.length; index += 1) {
    const given = words[index] as string;
    const word = shortNames[given] ?? given;
    if (word === '--') {
      scan.plain.push(...words.slice(index + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      scan.plain.push(word);
      continue;
    }
    const [name, inline] = splitOption(word);
    const row = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!row) scan.error ??= unknownOption(given, name, known, command);
    else if (row.value === undefined) {
      scan.switches.add(name);
      if (inline !== undefined) scan.error ??= `"--${name}" takes no value.`;
    } else {
      if (inline === undefined) index += 1;
      const value = inline ?? words[index];
      if (value === undefined) scan.error ??= `"--${name}" needs ${row.value}: ${row.help}.`;
      else scan.valueByOption.set(name, value);
    }
  }
  return scan;
}

function splitOption(word: string): [string, string | undefined] {
  const name = word.replace(/^--?/, '');
  const at = name.indexOf('=');
  return at < 0 ? [name, undefined] : [name.slice(0, at), name.slice(at + 1)];
}

function unknownOption(
  given: string,
  name: string,
  known: Readonly<Record<string, OptionRow>>,
  command: string | undefined,
): string {
  const meant = nearest(name, Object.keys(known));
  const where = command === undefined ? '' : ` of "${command}"`;
  const hint = meant ? ` Did you mean "--${meant}"?` : '';
  return `There is no option "${given.split('=')[0]}"${where}.${hint}`;
}
