/**
 * `npm test [-- WORD]`: makes the machine ready, then types, lint, shell scripts, build, unit tests under
 * Node and under txiki.js, the simulator and the lab. WORD keeps what holds it in its path or name.
 * One line a step; the last line is `N passed, N failed`.
 */
import { argv, exit, stdout } from 'node:process';
import { endOnSignals, interactive } from './setup/command.mjs';
import { ensureEnvironment, NotReady } from './setup/environment.mjs';

const atOnce = 2;
const progressEveryMs = 10_000;
const totals = { passed: 0, failed: 0, skipped: 0 };
const running = new Map();

function clearLine() {
  if (interactive) stdout.write('\r\x1b[K');
}

function print(text) {
  clearLine();
  console.log(text);
}

function showProgress() {
  const parts = [...running].map(([name, { at, begin }]) => {
    const seconds = Math.round((Date.now() - begin) / 1000);
    return `${name} ${seconds} s ${at}`.trim();
  });
  if (parts.length === 0) return;
  const text = `… ${parts.join('; ')}`;
  if (interactive) stdout.write(`\r\x1b[K${text.slice(0, (stdout.columns ?? 80) - 1)}`);
  else console.log(text);
}

async function runStep(step) {
  const begin = Date.now();
  const state = { at: '', begin };
  running.set(step.name, state);
  const result = await step
    .run((text) => {
      state.at = text.slice(0, 60);
    })
    .catch((error) => ({ passed: 0, failed: 1, skipped: 0, failures: [error.stack] }));
  running.delete(step.name);
  for (const key of Object.keys(totals)) totals[key] += result[key];
  const counts = [`${result.passed} passed`];
  if (result.failed > 0) counts.push(`${result.failed} FAILED`);
  if (result.skipped > 0) counts.push(`${result.skipped} skipped`);
  const seconds = ((Date.now() - begin) / 1000).toFixed(1);
  const note = result.note === undefined ? '' : `  ${result.note}`;
  print(`${step.name.padEnd(26)} ${counts.join(', ').padEnd(24)} ${seconds.padStart(6)} s${note}`);
  for (const failure of result.failures) print(indent(failure));
}

function indent(text) {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}

async function runAll(steps) {
  const together = steps.filter((step) => !step.alone);
  const next = async () => {
    for (let step = together.shift(); step !== undefined; step = together.shift()) {
      await runStep(step);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, next));
  for (const step of steps.filter((one) => one.alone)) await runStep(step);
}

async function main() {
  const word = argv.slice(2).join(' ').toLowerCase();
  try {
    await ensureEnvironment(print);
  } catch (error) {
    if (!(error instanceof NotReady)) throw error;
    print(error.message);
    print('0 passed, 1 failed');
    return 1;
  }
  const { stepsOf } = await import('./runner/steps.mjs');
  const timer = setInterval(showProgress, interactive ? 500 : progressEveryMs);
  await runAll(stepsOf(word));
  clearInterval(timer);
  if (totals.passed + totals.failed === 0) {
    print(`No test holds "${word}" in its path or name.`);
    totals.failed = 1;
  }
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  print(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
  return totals.failed === 0 ? 0 : 1;
}

endOnSignals();
exit(await main());
