/**
 * The protocol page, src/wire/README.md: a hand-written frame, and in it every message, refusal and
 * drop reason as the tables of src/wire have them.
 */
import { messageRow } from '../../src/wire/codec.ts';
import { dropReasons } from '../../src/wire/drops.ts';
import type { Fields } from '../../src/wire/fields.ts';
import { firstMessageLength, maxControlDatagram } from '../../src/wire/header.ts';
import type { MessageRow } from '../../src/wire/message-row.ts';
import { type MessageName, messages } from '../../src/wire/messages.ts';
import { refusals } from '../../src/wire/refusals.ts';

const rows = (Object.keys(messages) as MessageName[])
  .map(messageRow)
  .sort((left, right) => left.code - right.code);

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`;
}

function bounds(least: number, most: number): string {
  return least === most ? String(least) : `${least}–${most}`;
}

/** A table of Markdown with its columns aligned, as the formatter wants it. */
function table(heads: readonly string[], lines: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) =>
    Math.max(3, head.length, ...lines.map((line) => (line[column] as string).length)),
  );
  const rule = widths.map((width) => '-'.repeat(width));
  return [heads, rule, ...lines]
    .map((line) => line.map((cell, column) => cell.padEnd(widths[column] as number)).join(' | '))
    .map((line) => `| ${line} |`)
    .join('\n');
}

/** One line a field; the parts of structures follow their field, behind its name and a dot. */
function fieldLines(fields: Fields, notes: Readonly<Record<string, unknown>>, before: string) {
  const lines: string[][] = [];
  for (const [name, field] of Object.entries(fields)) {
    const note = notes[name] === undefined ? '' : ` — ${notes[name]}`;
    const size = bounds(field.least, field.most);
    lines.push([`\`${before}${name}\``, `${field.description}${note}`, size]);
    if (field.parts) lines.push(...fieldLines(field.parts, {}, `${before}${name}.`));
  }
  return lines;
}

function total(fields: Fields, bound: 'least' | 'most'): number {
  return Object.values(fields).reduce((sum, field) => sum + field[bound], 0);
}

function answerOf(row: MessageRow): string {
  if (row.answer === undefined || row.answer === 'none') return '—';
  return messageRow(row.answer as MessageName).title;
}

function section(row: MessageRow): string {
  const { fields } = row;
  const facts = `_${row.framing}_, from ${row.from} to ${row.to}. Source: ${row.source}.`;
  const answer = answerOf(row) === '—' ? '' : ` Answered by ${answerOf(row)}.`;
  const parts = [`### ${hex(row.code)} ${row.title}`, `${facts}${answer}`, row.purpose];
  if (Object.keys(fields).length > 0) {
    const size = bounds(total(fields, 'least'), total(fields, 'most'));
    parts.push(
      `Fields of ${size} bytes together:`,
      table(['field', 'type', 'bytes'], fieldLines(fields, row.notes ?? {}, '')),
    );
  }
  return parts.join('\n\n');
}

function overview(): string {
  const heads = ['code', 'message', 'framing', 'from', 'to', 'answer', 'source'];
  const lines = rows.map((row) => [
    hex(row.code),
    row.title,
    row.framing,
    row.from,
    row.to,
    answerOf(row),
    row.source,
  ]);
  return table(heads, lines);
}

function refusalTable(): string {
  const lines = Object.entries(refusals).map(([name, { code, text }]) => [
    String(code),
    `\`${name}\``,
    text,
  ]);
  return table(['code', 'name', 'text'], lines);
}

/** The text of the page; `frame` is test/generate/protocol-page.md. */
export function protocolPage(frame: string): string {
  const parts: Readonly<Record<string, string>> = {
    firstMessageLength: firstMessageLength.toLocaleString('en'),
    maxControlDatagram: maxControlDatagram.toLocaleString('en'),
    overview: overview(),
    messages: rows.map(section).join('\n\n'),
    refusals: refusalTable(),
    drops: `${dropReasons.map((reason) => `\`${reason}\``).join(', ')}.`,
  };
  return frame.replace(/\{\{(\w+)\}\}/g, (place, name: string) => {
    const part = parts[name];
    if (part === undefined) throw new Error(`nothing is known for ${place} of the page`);
    return part;
  });
}
