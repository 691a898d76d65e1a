/** The lab's table in the terminal: a line as each row is done, so that it grows before one's eyes. */
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

export function tableHead(): string {
  return [line(columns.map((column) => column.title)), line(columns.map(rule))].join('\n');
}

export function tableRow(entry: ReportEntry): string {
  const text = line(columns.map((column) => column.of(entry)));
  const right = entry.backMs === null ? 'ok' : `ok, back ${inMs(entry.backMs)} ms after restart`;
  const verdict = entry.problems.length === 0 ? right : `FAILED: ${entry.problems.join('; ')}`;
  return `${text}  ${verdict}`;
}

function line(cells: readonly string[]): string {
  return cells
    .map((cell, index) => {
      const { width, right } = columns[index] as Column;
      return right === true ? cell.padStart(width) : cell.padEnd(width);
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
