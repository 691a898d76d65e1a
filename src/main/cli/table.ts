/**
 * Tables for the terminal: columns as wide as their widest cell, numbers to the right, two blanks between.
 * Width is counted in terminal columns, so that names in Japanese stay aligned. Control characters in
 * what others chose, such as names, are shown as "?", lest they drive the terminal.
 */

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly right?: boolean;
}

export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => printable(column.cell(row)))),
  ];
  const widths = columns.map((_, index) =>
    Math.max(...lines.map((line) => displayWidth(line[index] as string))),
  );
  return lines
    .map((line) =>
      line
        .map((cell, index) => pad(cell, widths[index] as number, columns[index]?.right === true))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Labels in a column of their own, values behind them; a value of several lines stays indented. */
export function renderFields(fields: readonly (readonly [string, string])[], indent = 2): string {
  const width = Math.max(0, ...fields.map(([label]) => displayWidth(label)));
  const gap = `\n${' '.repeat(indent + width + 2)}`;
  return fields
    .map(([label, value]) => {
      const lines = value.split('\n').map(printable);
      return `${' '.repeat(indent)}${pad(label, width, false)}  ${lines.join(gap)}`.trimEnd();
    })
    .join('\n');
}

function pad(text: string, width: number, right: boolean): string {
  const blanks = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return right ? blanks + text : text + blanks;
}

export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}

/** Columns of a text in a terminal: two for East Asian wide letters, none for combining marks. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const letter of text) {
    if (/\p{M}/u.test(letter)) continue;
    width += isWide(letter.codePointAt(0) as number) ? 2 : 1;
  }
  return width;
}

function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}
