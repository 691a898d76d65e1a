/** The lab's table in the terminal: a line as each row is done, so that it grows before one's eyes. */
import type { LabOptions } from './options.ts';
import { actText, type ReportEntry, worstInterruption } from './outcome.ts';

interface Column {
  readonly title: string;
  readonly width: number;
  readonly right?: boolean;
  readonly of: (entry: ReportEntry) => string;
}

const routeNames = { direct: 'end-to-end', punched: 'punched', relay: 'relay', none: 'none' };

const columns: readonly Column[] = [
  { title: '#', width: 11, of: (entry) => entry.pattern },
  { title: 'MN moves', width: 14, of: actText },
  { title: 'CN', width: 23, of: (entry) => entry.peer },
  { title: 'route after', width: 11, of: (entry) => routeNames[entry.pathAfter] },
  {
    title: 'silence ms',
    width: 10,
    right: true,
    of: (entry) => inMs(worstInterruption(entry)),
  },
  { title: 'lost up/down', width: 12, right: true, of: lostText },
  { title: 'recorded', width: 8, right: true, of: recordedText },
  { title: 'echo ms', width: 7, right: true, of: (entry) => inMs(entry.longestEchoMs) },
  { title: 'signal ms', width: 9, right: true, of: (entry) => inMs(entry.signallingMs) },
  { title: 'TCP', width: 5, of: tcpText },
];

const throughputColumn: Column = {
  title: 'MB/s',
  width: 6,
  right: true,
  of: ({ bytesPerSecond }) => (bytesPerSecond === null ? '-' : (bytesPerSecond / 1e6).toFixed(2)),
};

type Shown = Pick<LabOptions, 'throughputMs'>;

export function tableHead(options: Shown): string {
  const columns = columnsFor(options);
  return [line(columns, (column) => column.title), line(columns, rule)].join('\n');
}

export function tableRow(entry: ReportEntry, options: Shown): string {
  const text = line(columnsFor(options), (column) => column.of(entry));
  const right = entry.backMs === null ? 'ok' : `ok, back ${inMs(entry.backMs)} ms after restart`;
  const verdict = entry.problems.length === 0 ? right : `FAILED: ${entry.problems.join('; ')}`;
  return `${text}  ${verdict}`;
}

function columnsFor({ throughputMs }: Shown): readonly Column[] {
  return throughputMs > 0 ? [...columns, throughputColumn] : columns;
}

function line(columns: readonly Column[], text: (column: Column) => string): string {
  return columns
    .map((column) => {
      const cell = text(column);
      return column.right === true ? cell.padStart(column.width) : cell.padEnd(column.width);
    })
    .join('  ');
}

function rule(column: Column): string {
  return '-'.repeat(column.width);
}

function lostText({ lost, traffic }: ReportEntry): string {
  return traffic === 'peer-only' ? `-/${lost.down}` : `${lost.up}/${lost.down}`;
}

function recordedText({ recorded: { up, down } }: ReportEntry): string {
  return `${up ?? '-'}/${down ?? '-'}`;
}

function inMs(ms: number | null): string {
  return ms === null ? '-' : ms.toFixed(0);
}

function tcpText(entry: ReportEntry): string {
  if (!entry.tcpSurvived) return '-';
  return entry.bytesOk ? 'whole' : 'wrong';
}
