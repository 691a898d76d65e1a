/**
 * The .pot templates of the LuCI packages: every text that a view marks for translation with `_` or `N_`,
 * and the titles of menu and access list, as LuCI's own scanner takes them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { luciAccess } from './luci-access.ts';

export interface MarkedText {
  readonly id: string;
  readonly plural: string | undefined;
  readonly context: string | undefined;
  /** Where it stands, "file:line". */
  readonly places: string[];
}

interface Literal {
  readonly text: string;
  /** Behind the closing quotation mark. */
  readonly end: number;
}

/** A string literal in single or double quotation marks, or undefined for anything else. */
function literalAt(source: string, start: number): Literal | undefined {
  const mark = source[start];
  if (mark !== "'" && mark !== '"') return undefined;
  let text = '';
  for (let at = start + 1; at < source.length; at += 1) {
    const letter = source[at] as string;
    if (letter === mark) return { text, end: at + 1 };
    if (letter !== '\\') text += letter;
    else {
      at += 1;
      text += source[at] === 'n' ? '\n' : source[at];
    }
  }
  return undefined;
}

function skipBlanks(source: string, at: number): number {
  const [blanks] = /^[\s]*/.exec(source.slice(at)) ?? [''];
  return at + blanks.length;
}

/** The literals that follow each other, parted by commas; the first that is none ends them. */
function literalsFrom(source: string, start: number): string[] {
  const found: string[] = [];
  let at = skipBlanks(source, start);
  for (let each = literalAt(source, at); each; each = literalAt(source, at)) {
    found.push(each.text);
    at = skipBlanks(source, each.end);
    if (source[at] !== ',') break;
    at = skipBlanks(source, at + 1);
  }
  return found;
}

/** Texts that are marked in JavaScript. LuCI collapses blanks in them. */
export function textsOfScript(source: string, file: string): MarkedText[] {
  const found: MarkedText[] = [];
  for (const { 0: all, 1: name, index } of source.matchAll(/(?<![\w$.])(N_|_)\(/g)) {
    const inside = index + all.length;
    const place = `${file}:${source.slice(0, index).split('\n').length}`;
    const places = [place];
    if (name === '_') {
      const [id, context] = literalsFrom(source, inside);
      if (id !== undefined) found.push({ id: collapse(id), plural: undefined, context, places });
      continue;
    }
    const comma = source.indexOf(',', inside);
    const [id, plural, context] = literalsFrom(source, comma + 1);
    if (id !== undefined && plural !== undefined) {
      found.push({ id: collapse(id), plural: collapse(plural), context, places });
    }
  }
  return found;
}

function collapse(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Titles and descriptions anywhere in a menu or access list. */
export function textsOfJson(source: string, file: string): MarkedText[] {
  return [...source.matchAll(/"(?:title|description)"\s*:\s*"((?:[^"\\]|\\.)*)"/g)].map(
    (match) => ({
      id: JSON.parse(`"${match[1]}"`),
      plural: undefined,
      context: undefined,
      places: [`${file}:${source.slice(0, match.index).split('\n').length}`],
    }),
  );
}

/** Every text of a package, each once, in the order of their first places. */
export function textsOfPackage(root: string, name: string): MarkedText[] {
  const folder = join(root, 'luci', name);
  const files = readdirSync(folder, { recursive: true }).map(String).sort();
  const byKey = new Map<string, MarkedText>();
  for (const path of files) {
    const isScript = path.endsWith('.js');
    if (!isScript && !/(menu|acl)\.d\/.*\.json$/.test(path)) continue;
    // What is on disk may be about to be made anew.
    const isAccess = path.endsWith('acl.d/luci-app-ntmobile.json');
    const source = isAccess ? luciAccess() : readFileSync(join(folder, path), 'utf8');
    const file = path;
    for (const each of isScript ? textsOfScript(source, file) : textsOfJson(source, file)) {
      const key = JSON.stringify([each.context, each.id]);
      const known = byKey.get(key);
      if (known) known.places.push(...each.places);
      else byKey.set(key, each);
    }
  }
  return [...byKey.values()];
}

function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

export function luciTemplate(root: string, name: string): string {
  const head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n';
  const entries = textsOfPackage(root, name).map((each) => {
    const lines = each.places.map((place) => `#: ${place}`);
    if (each.context !== undefined) lines.push(`msgctxt ${quoted(each.context)}`);
    lines.push(`msgid ${quoted(each.id)}`);
    if (each.plural === undefined) lines.push('msgstr ""');
    else lines.push(`msgid_plural ${quoted(each.plural)}`, 'msgstr[0] ""', 'msgstr[1] ""');
    return `${lines.join('\n')}\n`;
  });
  return [head, ...entries].join('\n');
}
