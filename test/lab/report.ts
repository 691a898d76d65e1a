/**
 * What the lab leaves behind: out/lab/report.json with one entry for each trial, out/lab/report.html, and
 * with repetitions out/bench/lab.json with the spread of each pattern.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import { outFolder } from './lab.ts';
import type { Row } from './main.ts';
import { type Spread, spreadOf } from './measure.ts';
import type { LabOptions } from './options.ts';
import { type ReportEntry, worstInterruption } from './outcome.ts';
import { reportPage } from './report-page.ts';

export interface PatternSummary {
  readonly pattern: string;
  readonly trials: number;
  readonly right: number;
  readonly interruptionMs: Spread | null;
  readonly lost: Spread | null;
  readonly signallingMs: Spread | null;
}

export interface LabReport {
  readonly patterns: readonly ReportEntry[];
  readonly summary: readonly PatternSummary[];
  readonly environment: Readonly<Record<string, string | number>>;
}

export interface Written {
  readonly json: LabReport;
  readonly files: readonly string[];
}

/** `figures` are what is known of the daemons. */
export function writeReports(
  rows: readonly Row[],
  options: LabOptions,
  tookMs: number,
  figures: Readonly<Record<string, number>>,
): Written {
  const json: LabReport = {
    patterns: rows.map(({ entry }) => entry),
    summary: summaries(rows.map(({ entry }) => entry)),
    environment: { ...environment(options, tookMs), ...figures },
  };
  const files = [join(outFolder, 'lab/report.json'), join(outFolder, 'lab/report.html')];
  writeJson(files[0] as string, json);
  writeFileSync(files[1] as string, reportPage(rows, json));
  if (options.repeat > 1) {
    mkdirSync(join(outFolder, 'bench'), { recursive: true });
    files.push(join(outFolder, 'bench/lab.json'));
    writeJson(files.at(-1) as string, { summary: json.summary, environment: json.environment });
  }
  return { json, files };
}

export function summaryText(
  rows: readonly Row[],
  { json, files }: Written,
  options: LabOptions,
): string {
  const wrong = rows.filter(({ entry }) => entry.problems.length > 0).length;
  const lines = [''];
  if (options.repeat > 1) lines.push(...spreadTable(json.summary), '');
  lines.push(...files.map((file) => `written: ${file}`));
  if (options.check) lines.push(`${rows.length - wrong} passed, ${wrong} failed`);
  else if (wrong === 0) lines.push(`All ${rows.length} rows are right.`);
  else lines.push(`${wrong} of ${rows.length} rows FAILED.`);
  return lines.join('\n');
}

function summaries(entries: readonly ReportEntry[]): readonly PatternSummary[] {
  const ids = [...new Set(entries.map((entry) => entry.pattern))];
  return ids.map((pattern) => {
    const trials = entries.filter((entry) => entry.pattern === pattern);
    const values = (of: (entry: ReportEntry) => number | null): Spread | null =>
      spreadOf(trials.map(of).filter((value) => value !== null)) ?? null;
    return {
      pattern,
      trials: trials.length,
      right: trials.filter((entry) => entry.problems.length === 0).length,
      interruptionMs: values(worstInterruption),
      lost: values(({ lost }) => Math.max(lost.up, lost.down)),
      signallingMs: values((entry) => entry.signallingMs),
    };
  });
}

function spreadTable(summary: readonly PatternSummary[]): readonly string[] {
  const cell = (text: string): string => text.padStart(9);
  const ms = (value: number | undefined): string =>
    cell(value === undefined ? '-' : value.toFixed(0));
  const head = ['pattern'.padEnd(12), ...['right', 'min ms', 'median', 'max', 'lost'].map(cell)];
  return [
    head.join(''),
    ...summary.map(({ pattern, right, trials, interruptionMs, lost }) =>
      [
        pattern.padEnd(12),
        cell(`${right}/${trials}`),
        ms(interruptionMs?.min),
        ms(interruptionMs?.median),
        ms(interruptionMs?.max),
        ms(lost?.median),
      ].join(''),
    ),
  ];
}

function environment(
  options: LabOptions,
  tookMs: number,
): Readonly<Record<string, string | number>> {
  return {
    kernel: release(),
    processor: cpus()[0]?.model ?? 'unknown',
    processors: cpus().length,
    node: process.versions.node,
    engine: options.floor ? 'none' : engineVersion(options.engine),
    handover: options.handover,
    traffic: options.traffic,
    'data path': options.dataPath,
    suite: options.suite,
    'equal pools': options.overlap ? 'yes' : 'no',
    'times slower': options.slow,
    'load at the end': Math.round((loadavg()[0] ?? 0) * 10) / 10,
    tookSeconds: Math.round(tookMs / 1000),
  };
}

function engineVersion(engine: string | undefined): string {
  try {
    const program = engine ?? join(outFolder, 'bin/tjs');
    return execFileSync(program, ['--version'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}
