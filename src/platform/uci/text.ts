/**
 * The text of UCI files: lines into statements and back. A statement keeps the text it came from, so that
 * writing a file back changes nothing but what was edited; comments, order and blank lines stay. Quoting
 * is that of OpenWrt's own parser: '…' takes all as it is, "…" and bare words know the backslash, pieces
 * without a blank between them are one word. What statements mean together is in document.ts.
 */

export interface UciProblem {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

export type Statement =
  /** Blank lines, comments and the package line: kept, without meaning here. */
  | { readonly kind: 'other'; readonly raw: string; readonly line: number }
  | {
      readonly kind: 'config';
      readonly raw: string;
      readonly line: number;
      readonly type: string;
      readonly name: string | undefined;
    }
  | {
      readonly kind: 'option' | 'list';
      readonly raw: string;
      readonly line: number;
      readonly name: string;
      readonly value: string;
      /** A comment behind the value, with its "#", or empty. */
      readonly comment: string;
    };

/** Option and section names. */
export function isUciName(text: string): boolean {
  return /^[A-Za-z0-9_]+$/.test(text);
}

interface Word {
  readonly text: string;
  readonly end: number;
}

interface Line {
  readonly words: readonly string[];
  readonly comment: string;
  /** Index behind the line's end. */
  readonly end: number;
  readonly problem: string | undefined;
}

/** All statements, and every line that is none; the statements that are right are there nonetheless. */
export function parseStatements(text: string): { statements: Statement[]; problems: UciProblem[] } {
  const statements: Statement[] = [];
  const problems: UciProblem[] = [];
  let line = 1;
  for (let start = 0; start < text.length; ) {
    const read = readLine(text, start);
    const raw = text.slice(start, read.end);
    const result = read.problem ?? toStatement(read, raw, line);
    if (typeof result === 'string') problems.push({ line, text: result });
    else statements.push(result);
    line += raw.split('\n').length - 1;
    start = read.end;
  }
  return { statements, problems };
}

function toStatement(line: Line, raw: string, number: number): Statement | string {
  const [keyword, first, second] = line.words;
  const at = { raw, line: number };
  if (keyword === undefined) return { kind: 'other', ...at };
  if (keyword === 'package' || keyword === 'p') return { kind: 'other', ...at };
  if (keyword === 'config' || keyword === 'c') {
    if (first === undefined) return 'After "config" the type of the section is missing.';
    if (line.words.length > 3) return tooMany(line.words[3] as string);
    if (!/^[!-~]+$/.test(first)) return `"${first}" cannot be a section type.`;
    if (second !== undefined && second !== '' && !isUciName(second))
      return badName('section', second);
    return { kind: 'config', ...at, type: first, name: second === '' ? undefined : second };
  }
  const kind = { option: 'option', o: 'option', list: 'list', l: 'list' }[keyword];
  if (kind !== 'option' && kind !== 'list') {
    return `"${keyword}" is not known here: a line starts with "config", "option" or "list".`;
  }
  if (first === undefined) return `After "${keyword}" the name is missing.`;
  if (!isUciName(first)) return badName('option', first);
  if (second === undefined) return `"${keyword} ${first}" has no value; an empty one is ''.`;
  if (line.words.length > 3) return tooMany(line.words[3] as string);
  return { kind, ...at, name: first, value: second, comment: line.comment };
}

function badName(what: string, name: string): string {
  return `"${name}" cannot be the name of a ${what}: letters, digits and "_" only.`;
}

function tooMany(word: string): string {
  return `"${word}" is too much on this line; a value with blanks needs quotation marks.`;
}

/** One statement from `start`: to the end of its line, which may lie lines further inside quotes. */
function readLine(text: string, start: number): Line {
  const words: string[] = [];
  let at = start;
  for (;;) {
    while (at < text.length && /[ \t\r\v\f]/.test(text[at] as string)) at += 1;
    const letter = text[at];
    if (letter === undefined) return { words, comment: '', end: at, problem: undefined };
    if (letter === '\n' || letter === ';') {
      return { words, comment: '', end: at + 1, problem: undefined };
    }
    if (letter === '#') {
      const end = lineEnd(text, at);
      return { words, comment: text.slice(at, end).trimEnd(), end, problem: undefined };
    }
    const word = readWord(text, at);
    if (typeof word === 'string') {
      return { words, comment: '', end: lineEnd(text, at), problem: word };
    }
    words.push(word.text);
    at = word.end;
  }
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end + 1;
}

/** A word of quoted and bare pieces, or the sentence that says why it is none. */
function readWord(text: string, start: number): Word | string {
  let word = '';
  let quote = '';
  let at = start;
  for (; at < text.length; at += 1) {
    const letter = text[at] as string;
    if (quote === '' && /[\s;#]/.test(letter)) break;
    if (letter === quote) quote = '';
    else if (quote === '' && (letter === "'" || letter === '"')) quote = letter;
    else if (letter === '\\' && quote !== "'") {
      at += 1;
      const next = text[at];
      if (next === undefined) return 'The file ends behind a backslash.';
      if (next !== '\n') word += next;
    } else word += letter;
  }
  if (quote !== '') return `The quotation mark ${quote} on this line is never closed.`;
  return { text: word, end: at };
}

/** As OpenWrt's own tool writes it: '…', with a quotation mark inside as '\''. */
export function quote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

/** The lines of an option or list as OpenWrt's own tool writes them. */
export function valueLine(kind: 'option' | 'list', name: string, value: string): string {
  return `\t${kind} ${name} ${quote(value)}\n`;
}
