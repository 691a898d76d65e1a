/**
 * The lab: real daemons in network namespaces behind real NATs, moved through the patterns of table 1 of
 * the paper while TCP and UDP run between ordinary programs. Prints a table as it goes and leaves
 * out/lab/report.html and report.json. Exit code 0 only if every row is right.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Programs } from './daemon.ts';
import { impair } from './impairment.ts';
import { Lab, outFolder } from './lab.ts';
import { type LabOptions, parseOptions, UsageError, usage } from './options.ts';
import { failedEntry, type ReportEntry, reportEntry } from './outcome.ts';
import { setSlowness, slow } from './pace.ts';
import { type Pattern, rowsFor } from './patterns.ts';
import { Progress } from './progress.ts';
import { summaryText, writeReports } from './report.ts';
import { tableHead, tableRow } from './table.ts';
import { runTrial, type TrialOptions, type TrialResult } from './trial.ts';

const tcpBytesPerSecond = 50_000;
/** A connection that is late and loses packets takes longer to show its pace. */
const longerWhenFar = 3;
/** What is promised after a crash, and what `npm test`, which judges no times, puts up with. */
const promisedBackMs = 2000;
const checkedBackMs = 15_000;

export interface Row {
  readonly entry: ReportEntry;
  readonly result: TrialResult | undefined;
}

async function runRows(lab: Lab, options: LabOptions, progress: Progress): Promise<Row[]> {
  const trialOptions: TrialOptions = {
    handover: options.handover,
    traffic: options.traffic,
    tcpBytesPerSecond: Math.round(tcpBytesPerSecond / options.slow),
    floor: options.floor,
    suite: options.suite,
    throughputMs: options.throughputMs,
    backLimitMs: slow(options.check ? checkedBackMs : promisedBackMs),
  };
  const rows: Row[] = [];
  progress.line(tableHead(options));
  const patterns = rowsFor(options);
  for (let repetition = 1; repetition <= options.repeat; repetition += 1) {
    for (const pattern of patterns) {
      progress.show(`pattern ${pattern.id}, repetition ${repetition} of ${options.repeat} …`);
      const row = await runRow(lab, pattern, trialOptions);
      rows.push(row);
      progress.line(tableRow(row.entry, options));
    }
  }
  if (options.thenNetem.length > 0) await impair(lab.namespaces);
  const farOptions = { ...trialOptions, throughputMs: options.throughputMs * longerWhenFar };
  for (const pattern of withNetem(options)) {
    progress.show(`pattern ${pattern.id} …`);
    const row = await runRow(lab, pattern, farOptions);
    rows.push(row);
    progress.line(tableRow(row.entry, options));
  }
  return rows;
}

function withNetem(options: LabOptions): readonly Pattern[] {
  if (options.thenNetem.length === 0) return [];
  const again = rowsFor({ ...options, patterns: options.thenNetem });
  return again.map((pattern) => ({ ...pattern, id: `${pattern.id} netem` }));
}

async function runRow(lab: Lab, pattern: Pattern, options: TrialOptions): Promise<Row> {
  try {
    const result = await runTrial(lab, pattern, options);
    return { entry: reportEntry(result, options), result };
  } catch (error) {
    if (lab.namespaces.closed) throw error;
    const why = error instanceof Error ? error.message : String(error);
    return { entry: failedEntry(pattern, options, why), result: undefined };
  }
}

async function runLab(options: LabOptions): Promise<number> {
  const progress = new Progress(options.json ? process.stderr : process.stdout);
  const lab = new Lab();
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      // Stays: a second signal must not end the lab before it has cleaned up.
      process.on(signal, () => resolve('interrupted'));
    }
  });
  const begin = Date.now();
  try {
    const work = (async () => {
      await lab.build((text) => progress.show(`setting up: ${text}`), options.home);
      if (!options.floor) {
        await lab.startOverlay(programs(options), options, (text) =>
          progress.show(`starting: ${text}`),
        );
      }
      return runRows(lab, options, progress);
    })();
    const rows = await Promise.race([work, interrupted]);
    if (rows === 'interrupted') {
      work.catch(() => undefined);
      progress.line('interrupted');
      return 130;
    }
    const report = writeReports(rows, options, Date.now() - begin, lab.overlay?.figures() ?? {});
    progress.line(summaryText(rows, report, options));
    if (options.json) console.log(JSON.stringify(report.json, null, 2));
    if (options.keep) {
      progress.line(`Left up: ip netns exec ${lab.namespaces.of('mn')} sh. Ctrl-C takes it down.`);
      await interrupted;
    }
    return rows.every(({ entry }) => entry.problems.length === 0) ? 0 : 1;
  } finally {
    await lab.remove();
  }
}

function programs(options: LabOptions): Programs {
  const programs = {
    engine: options.engine ?? join(outFolder, 'bin/tjs'),
    daemon: join(outFolder, 'ntmobiled.js'),
    cli: join(outFolder, 'ntmobile.js'),
  };
  const missing = Object.values(programs).find((file) => !existsSync(file));
  if (missing !== undefined) throw new Error(`${missing} is missing: run npm run build`);
  return programs;
}

async function main(): Promise<number> {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options === 'help') {
      console.log(usage);
      return 0;
    }
    setSlowness(options.slow);
    if (rowsFor(options).length === 0) {
      console.log('0 passed, 0 failed');
      return 0;
    }
    mkdirSync(join(outFolder, 'lab'), { recursive: true });
    return await runLab(options);
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\n${usage}`);
      return 2;
    }
    console.error(error instanceof Error ? error.message : error);
    return 1;
  }
}

process.exit(await main());
