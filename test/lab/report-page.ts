/**
 * The lab's report as one self-contained page: the verdict, a bar for each pattern with how long the move
 * silenced the probes, and the plot of a trial for each pattern.
 */
import type { Row } from './main.ts';
import { actText, type ReportEntry, worstInterruption } from './outcome.ts';
import type { LabReport, PatternSummary } from './report.ts';
import { plotOf } from './report-plot.ts';

/** The aim for a hard move with both ends sending. */
const aimMs = 60;
const barLimitMs = 200;

export function reportPage(rows: readonly Row[], report: LabReport): string {
  const wrong = report.patterns.filter((entry) => entry.problems.length > 0).length;
  const floor = report.environment['engine'] === 'none';
  const verdict = floor
    ? '<p class="verdict">Without the overlay: what the harness itself costs.</p>'
    : wrong === 0
      ? `<p class="verdict good">All ${rows.length} moves kept every connection.</p>`
      : `<p class="verdict bad">${wrong} of ${rows.length} moves went wrong.</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>NTMobile lab</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Connections that stay alive when devices move</h1>
${verdict}
<p>Each row of table 1 of the paper, with real daemons, real NATs and ordinary programs. The bar is the
longest silence that the move caused at a receiver of one datagram each 10 ms, the worse of both
directions; ${aimMs} ms is the aim. Where a process is killed, it is away for a second.</p>
${bars(report, rows)}
<h2>What the programs saw</h2>
<p class="legend"><span class="up">to the correspondent</span> <span class="down">from the
correspondent</span> <span class="moved">the move</span> <span class="gone">lost</span></p>
<div class="cards">${cards(rows)}</div>
<h2>Where this was measured</h2>
<table class="facts">${facts(report)}</table>
</main>
</body>
</html>
`;
}

function bars(report: LabReport, rows: readonly Row[]): string {
  const lines = report.summary.map((summary) => {
    const entry = rows.find((row) => row.entry.pattern === summary.pattern)?.entry;
    return entry === undefined ? '' : bar(summary, entry);
  });
  const aim = `left:${share(aimMs)}%`;
  return `<div class="bars"><div class="scale"><i style="${aim}"></i></div>${lines.join('')}</div>`;
}

function bar(
  { pattern, interruptionMs, right, trials }: PatternSummary,
  entry: ReportEntry,
): string {
  const median = interruptionMs?.median;
  const wide = median === undefined ? 100 : share(median);
  const slow = (median ?? 0) > aimMs && entry.killed === null;
  const kind = right < trials ? 'bad' : slow ? 'slow' : 'good';
  const range =
    interruptionMs === null || trials === 1
      ? ''
      : ` (${interruptionMs.min.toFixed(0)}–${interruptionMs.max.toFixed(0)})`;
  const text = median === undefined ? 'no figure' : `${median.toFixed(0)} ms${range}`;
  return `<div class="bar ${kind}"><b>${escaped(pattern)}</b>
<span>${arrows(actText(entry))}</span>
<span>${arrows(entry.peer)}</span><span>${escaped(entry.pathAfter)}</span>
<div><i style="width:${wide}%"></i><em>${text}</em></div></div>`;
}

function share(ms: number): string {
  return Math.min(100, (ms / barLimitMs) * 100).toFixed(1);
}

/** For each pattern the trial with the longest silence: the page hides nothing. */
function cards(rows: readonly Row[]): string {
  const ids = [...new Set(rows.map(({ entry }) => entry.pattern))];
  return ids.map((id) => card(rows.filter(({ entry }) => entry.pattern === id))).join('\n');
}

function card(trials: readonly Row[]): string {
  const longest = (row: Row): number => worstInterruption(row.entry) ?? Number.MAX_VALUE;
  const row = trials.reduce((worst, one) => (longest(one) > longest(worst) ? one : worst));
  const { entry, result } = row;
  const { up, down } = entry.lost;
  const many = trials.length > 1 ? `the longest of ${trials.length}; ` : '';
  const silence = worstInterruption(entry);
  const figures = `${silence === null ? 'no figure' : `${silence.toFixed(0)} ms`}, lost ${up}/${down}`;
  const state = entry.problems.length === 0 ? 'good' : 'bad';
  const problems = entry.problems.map((text) => `<p class="bad">${escaped(text)}</p>`).join('');
  return `<figure class="${state}"><figcaption><b>${escaped(entry.pattern)}</b>
${arrows(`${actText(entry)}, ${entry.peer}`)}<br>
<small>${escaped(`${entry.pathBefore} ⇒ ${entry.pathAfter}; ${many}${figures}`)}</small></figcaption>
${problems}${result === undefined ? '' : plotOf(result)}</figure>`;
}

function facts({ environment }: LabReport): string {
  return Object.entries(environment)
    .map(([name, value]) => `<tr><th>${escaped(name)}</th><td>${escaped(String(value))}</td></tr>`)
    .join('');
}

function arrows(text: string): string {
  return escaped(text.replace(/=>/g, '⇒'));
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}

const style = `
:root { color-scheme: light dark; --ink: #1d2733; --soft: #6b7a8c; --paper: #fbfaf7; --card: #fff;
  --line: #d9dee5; --up: #2f6fde; --down: #e07b1f; --good: #2a9d68; --slow: #d9a21b; --bad: #cf3b3b;
  --move: #8b5cf633; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ef; --soft: #93a1b3; --paper: #12161c;
  --card: #1a2029; --line: #303947; --up: #74a5ff; --down: #ffb061; --good: #4cc48d; --slow: #e8bd4a;
  --bad: #ff7b7b; --move: #a78bfa40; } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .5rem; } h2 { margin: 2.5rem 0 .5rem; font-size: 1.2rem; }
.verdict { font-size: 1.15rem; font-weight: 600; margin: 0 0 1rem; }
p.good { color: var(--good); } p.bad, figure p.bad { color: var(--bad); }
.bars { position: relative; }
.bar { display: grid; grid-template-columns: 6.5rem 9rem 13rem 5rem 1fr; gap: .6rem;
  align-items: center; font-size: .86rem; padding: .12rem 0; }
.bar span { color: var(--soft); }
.bar div { position: relative; height: 1.15rem; background: var(--line); border-radius: 3px; }
.bar i { display: block; height: 100%; border-radius: 3px; background: var(--good); }
.bar.slow i { background: var(--slow); } .bar.bad i { background: var(--bad); }
.bar em { position: absolute; inset: 0 .4rem; text-align: right; font-style: normal;
  line-height: 1.15rem; font-variant-numeric: tabular-nums; }
.scale { position: absolute; inset: 0 0 0 calc(33.5rem + 2.4rem); pointer-events: none; z-index: 1; }
.scale i { position: absolute; top: 0; bottom: 0; border-left: 1px dashed var(--soft); }
.legend span { margin-right: 1.2rem; } .legend span::before { content: ''; display: inline-block;
  width: .8em; height: .8em; border-radius: 50%; margin-right: .4em; background: var(--up); }
.legend .down::before { background: var(--down); } .legend .gone::before { background: var(--bad); }
.legend .moved::before { background: var(--move); border-radius: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(400px, 1fr)); gap: 1rem; }
figure { margin: 0; padding: .7rem .8rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; border-top: 3px solid var(--good); } figure.bad { border-top-color: var(--bad); }
figcaption b { font-size: 1.1rem; margin-right: .3rem; } small { color: var(--soft); }
svg { width: 100%; height: auto; display: block; }
svg .move { fill: var(--move); stroke: var(--move); } svg .axis { stroke: var(--line); }
svg .probe { fill: none; stroke-width: 2.6; stroke-linecap: round; opacity: .75; }
svg .tcp { fill: none; stroke-width: 1.6; } svg .up { stroke: var(--up); }
svg .down { stroke: var(--down); } svg .lost { stroke: var(--bad); stroke-width: 1.6; }
svg text { font-size: 11px; fill: var(--soft); } svg .tick { text-anchor: end; }
svg .time { text-anchor: middle; }
.facts th { text-align: left; padding-right: 1.5rem; font-weight: 500; color: var(--soft); }
@media (max-width: 760px) { .bar { grid-template-columns: 4rem 1fr; } .bar span { display: none; }
  .scale { display: none; } }
`;
