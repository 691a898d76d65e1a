import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { renderQr } from '../../src/main/cli/qr.ts';
import { formatAge, formatBytes, formatMs, formatUnixTime } from '../../src/main/cli/quantities.ts';
import { udpPortInUse } from '../../src/main/cli/socket-list.ts';
import { displayWidth, renderFields, renderTable } from '../../src/main/cli/table.ts';

interface Row {
  readonly name: string;
  readonly count: number;
}

function table(rows: readonly Row[]): string[] {
  return renderTable<Row>(
    [
      { title: 'NAME', cell: (row) => row.name },
      { title: 'COUNT', cell: (row) => String(row.count), right: true },
    ],
    rows,
  ).split('\n');
}

test('columns are as wide as their widest cell, numbers to the right', () => {
  assert.equal(
    table([
      { name: 'notebook', count: 7 },
      { name: 'a', count: 12345 },
    ]),
    ['NAME      COUNT', 'notebook      7', 'a         12345'],
  );
});

test('names in Japanese keep the columns aligned', () => {
  const lines = table([
    { name: '電話', count: 1 },
    { name: 'phone', count: 2 },
  ]);
  const widths = new Set(lines.map(displayWidth));
  assert.is(widths.size, 1, lines.join('\n'));
  assert.is(displayWidth('電話'), 4);
});

test('control characters in a name cannot drive the terminal', () => {
  const [, line] = table([{ name: 'a\u001b[2Jb\u202ec\nd', count: 1 }]);
  assert.is(line, 'a?[2Jb?c?d      1');
});

test('fields keep further lines of a value indented', () => {
  assert.is(
    renderFields([
      ['a', 'x\ny'],
      ['long', 'z'],
    ]),
    '  a     x\n        y\n  long  z',
  );
});

test('ages are told in their two largest units', () => {
  const cases = { 0: '0 s', 999: '0 s', 61000: '1 min 1 s', 7200000: '2 h', 90061000: '1 d 1 h' };
  for (const [ms, text] of Object.entries(cases)) assert.is(formatAge(Number(ms)), text);
  assert.is(formatAge(null), '-');
});

test('amounts and round trips keep two or three digits', () => {
  assert.is(formatBytes(999), '999 B');
  assert.is(formatBytes(1000), '1.0 KB');
  assert.is(formatBytes(123_456), '123 KB');
  assert.is(formatBytes(999_999), '1.0 MB');
  assert.is(formatMs(1.234), '1.2 ms');
  assert.is(formatMs(123.4), '123 ms');
  assert.is(formatMs(61_000), '1 min 1 s');
});

test('times are UTC to the minute', () => {
  assert.is(formatUnixTime(1_800_000_000), '2027-01-15 08:00 UTC');
});

test('a QR code has finder patterns in three corners and a quiet zone round it', () => {
  const lines = renderQr(`ntm1:${'A'.repeat(120)}`, false).split('\n');
  const rows = lines.flatMap((line) => [
    [...line].map((letter) => letter === '█' || letter === '▀'),
    [...line].map((letter) => letter === '█' || letter === '▄'),
  ]);
  const size = (rows[0] as boolean[]).length - 8;
  assert.is((size - 17) % 4, 0, 'a QR code has 17 + 4n modules');
  for (const [top, left] of [
    [0, 0],
    [0, size - 7],
    [size - 7, 0],
  ] as const) {
    const finder = Array.from({ length: 7 }, (_, y) =>
      rows[4 + top + y]
        ?.slice(4 + left, 11 + left)
        .map((dark) => (dark ? '#' : '.'))
        .join(''),
    );
    assert.equal(finder, [
      '#######',
      '#.....#',
      '#.###.#',
      '#.###.#',
      '#.###.#',
      '#.....#',
      '#######',
    ]);
  }
  for (const row of rows.slice(0, 4)) assert.not.ok(row.includes(true), 'quiet zone above');
  for (const row of rows) assert.not.ok(row.slice(0, 4).includes(true), 'quiet zone at the left');
});

test('a bound UDP port is found in the list of the kernel, v4 and v6', () => {
  const table4 = [
    '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid',
    '  107: 00000000:1229 00000000:0000 07 00000000:00000000 00:00000000 00000000     0',
    '  108: 0100007F:0035 00000000:1230 07 00000000:00000000 00:00000000 00000000     0',
  ].join('\n');
  const table6 = table4.replaceAll('00000000:1229', `${'0'.repeat(32)}:1229`);
  for (const text of [table4, table6]) {
    assert.ok(udpPortInUse(text, 4649));
    assert.not.ok(udpPortInUse(text, 4656));
  }
});

test.run();
