/**
 * A UCI file as sections with options, and edits that leave all other text of the file as it was. Rules of
 * OpenWrt's own parser: the last of two equal options wins, an empty value is no option, a second section
 * of the same name continues the first. Staged changes of the `uci` tool are not looked at.
 */
import { assert } from '../../base/assert.ts';
import {
  isUciName,
  parseStatements,
  quote,
  type Statement,
  type UciProblem,
  valueLine,
} from './text.ts';

export interface UciOption {
  /** One value for an option, all of them for a list. */
  readonly values: readonly string[];
  readonly isList: boolean;
  readonly line: number;
}

export interface UciSection {
  readonly type: string;
  readonly name: string | undefined;
  readonly line: number;
  readonly optionByName: ReadonlyMap<string, UciOption>;
}

export interface UciDocument {
  readonly statements: readonly Statement[];
}

/** The document of what is right in the text, and every problem of the rest. */
export function parseUci(text: string): { document: UciDocument; problems: UciProblem[] } {
  const { statements, problems } = parseStatements(text);
  const typeByName = new Map<string, string>();
  let inSection = false;
  for (const statement of statements) {
    if (statement.kind === 'other') continue;
    if (statement.kind !== 'config') {
      if (inSection) continue;
      const found = `"${statement.kind} ${statement.name}" stands before the first section.`;
      problems.push({ line: statement.line, text: found });
      continue;
    }
    inSection = true;
    if (statement.name === undefined) continue;
    const type = typeByName.get(statement.name);
    if (type !== undefined && type !== statement.type) {
      const found = `Section "${statement.name}" was of type "${type}" before.`;
      problems.push({ line: statement.line, text: found });
    }
    typeByName.set(statement.name, statement.type);
  }
  problems.sort((left, right) => left.line - right.line);
  return { document: { statements }, problems };
}

export function sections(document: UciDocument): UciSection[] {
  type Open = UciSection & { readonly optionByName: Map<string, UciOption> };
  const found: Open[] = [];
  let current: Open | undefined;
  for (const statement of document.statements) {
    if (statement.kind === 'other') continue;
    if (statement.kind === 'config') {
      const { type, name, line } = statement;
      current = name === undefined ? undefined : found.find((section) => section.name === name);
      if (!current) {
        current = { type, name, line, optionByName: new Map() };
        found.push(current);
      }
      continue;
    }
    if (!current || statement.value === '') continue;
    const { name, value, line } = statement;
    const before = current.optionByName.get(name);
    if (statement.kind === 'list' && before) {
      const values = [...before.values, value];
      current.optionByName.set(name, { values, isList: true, line: before.line });
    } else {
      current.optionByName.set(name, { values: [value], isList: statement.kind === 'list', line });
    }
  }
  return found;
}

/** The text of the file: unedited statements letter for letter. */
export function formatDocument(document: UciDocument): string {
  return document.statements.map((statement) => statement.raw).join('');
}

/** As OpenWrt's own tool writes a whole file: no comments, one form of quoting. */
export function canonicalText(list: readonly UciSection[]): string {
  const lines = list.map((section) => {
    const options = [...section.optionByName].flatMap(([name, { values, isList }]) =>
      values.map((value) => valueLine(isList ? 'list' : 'option', name, value)),
    );
    return `\n${configLine(section.type, section.name)}${options.join('')}`;
  });
  return `${lines.join('')}\n`;
}

function configLine(type: string, name: string | undefined): string {
  return name === undefined ? `config ${type}\n` : `config ${type} ${quote(name)}\n`;
}

/** Which section an edit means: its index in `sections(document)`. */
export type SectionIndex = number;

/** Appends an empty section. */
export function addSection(document: UciDocument, type: string, name?: string): UciDocument {
  assert(name === undefined || isUciName(name), 'a section name is a UCI name');
  const statements = endedByNewline(document.statements);
  const gap: Statement[] =
    statements.length === 0 || /^\s*$/.test((statements.at(-1) as Statement).raw)
      ? []
      : [{ kind: 'other', raw: '\n', line: 0 }];
  const config: Statement = { kind: 'config', raw: configLine(type, name), line: 0, type, name };
  return { statements: [...statements, ...gap, config] };
}

/**
 * Sets an option (text), a list (texts), or removes it (undefined). The first line of that name is
 * replaced where it stands and keeps its comment; a new option goes behind the last of its section.
 */
export function setOption(
  document: UciDocument,
  index: SectionIndex,
  name: string,
  value: string | readonly string[] | undefined,
): UciDocument {
  assert(isUciName(name), 'an option name is a UCI name');
  const kind = typeof value === 'string' ? 'option' : 'list';
  const values = typeof value === 'string' ? [value] : (value ?? []);
  const owners = ownersOf(document);
  const fresh = (comment: string): Statement[] =>
    values.map((text, position) => {
      const kept = position === 0 ? comment : '';
      const plain = valueLine(kind, name, text);
      const raw = kept === '' ? plain : `${plain.slice(0, -1)} ${kept}\n`;
      return { kind, raw, line: 0, name, value: text, comment: kept };
    });
  const statements: Statement[] = [];
  let placed = false;
  document.statements.forEach((statement, position) => {
    const mine = owners[position] === index && 'comment' in statement && statement.name === name;
    if (!mine) statements.push(statement);
    else if (!placed) {
      placed = true;
      statements.push(...fresh(statement.comment));
    }
  });
  if (placed) return { statements };
  const last = owners.findLastIndex(
    (owner, position) => owner === index && document.statements[position]?.kind !== 'other',
  );
  assert(last >= 0, 'the section to edit exists');
  const head = endedByNewline(document.statements.slice(0, last + 1));
  return { statements: [...head, ...fresh(''), ...document.statements.slice(last + 1)] };
}

/** Removes the section; comments that stand inside go with it. */
export function removeSection(document: UciDocument, index: SectionIndex): UciDocument {
  const owners = ownersOf(document);
  return { statements: document.statements.filter((_, position) => owners[position] !== index) };
}

export function renameSection(
  document: UciDocument,
  index: SectionIndex,
  name: string,
): UciDocument {
  assert(isUciName(name), 'a section name is a UCI name');
  const owners = ownersOf(document);
  const statements = document.statements.map((statement, position) => {
    if (statement.kind !== 'config' || owners[position] !== index) return statement;
    return { ...statement, name, raw: configLine(statement.type, name) };
  });
  return { statements };
}

/** For every statement the index of its section in `sections(document)`, -1 before the first. */
function ownersOf(document: UciDocument): number[] {
  const indexByName = new Map<string, number>();
  let count = 0;
  let current = -1;
  return document.statements.map((statement) => {
    if (statement.kind !== 'config') return current;
    const known = statement.name === undefined ? undefined : indexByName.get(statement.name);
    if (known === undefined) {
      current = count;
      count += 1;
      if (statement.name !== undefined) indexByName.set(statement.name, current);
    } else current = known;
    return current;
  });
}

function endedByNewline(statements: readonly Statement[]): Statement[] {
  const last = statements.at(-1);
  if (!last || last.raw.endsWith('\n')) return [...statements];
  return [...statements.slice(0, -1), { ...last, raw: `${last.raw}\n` }];
}
