/**
 * Runs one test bundle as a process and turns its report lines into a result. A process that dies, is
 * silent for too long or ends without a result counts as one failed test that names where it stood.
 */
import { createInterface } from 'node:readline';
import { spawnKnown } from '../setup/command.mjs';

const silenceLimitMs = 5 * 60_000;
const keptLines = 40;
const longestLine = 2000;
const drawnByUvu = /^[•✘ ]*(\(\d+ \/ \d+\))?\s*$/;
const nothing = { passed: 0, failed: 0, skipped: 0 };

/** { passed, failed, skipped, failures: [text], files }; `onFile(done)` after each test file. */
export function runBundle({ program, args, env, onFile }) {
  return new Promise((resolve) => {
    const state = { ended: false, failures: [], files: 0, at: 'start', lines: [], why: '' };
    Object.assign(state, nothing);
    const child = spawnKnown(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    let watch;
    const heard = () => {
      clearTimeout(watch);
      watch = setTimeout(() => {
        state.why = `nothing was heard of it for ${silenceLimitMs / 60_000} minutes`;
        child.kill('SIGKILL');
      }, silenceLimitMs);
    };
    const take = (line) => {
      heard();
      if (takeReport(state, line)) {
        if (line.startsWith('@file')) onFile(state.files);
      } else if (!drawnByUvu.test(line)) state.lines.push(line.slice(0, longestLine));
      state.lines.splice(0, state.lines.length - keptLines);
    };
    heard();
    createInterface({ input: child.stdout }).on('line', take);
    createInterface({ input: child.stderr }).on('line', take);
    child.on('error', (error) => {
      state.why = error.message;
    });
    child.on('close', (code, signal) => {
      clearTimeout(watch);
      resolve(outcome(state, signal ?? `exit code ${code}`));
    });
  });
}

function takeReport(state, line) {
  const [, kind, json] = /^@(begin|file|failure|result) (.*)$/.exec(line) ?? [];
  if (kind === undefined) return false;
  const value = parsed(json);
  if (value === undefined) return false;
  if (kind === 'begin') state.at = value;
  if (kind === 'file') {
    state.files += 1;
    for (const key of Object.keys(nothing)) state[key] += value[key];
  }
  if (kind === 'failure') state.failures.push(`${value.file}\n${value.text}`);
  if (kind === 'result') state.ended = true;
  return true;
}

/** Undefined for the half of a line that a process left when it died. */
function parsed(json) {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function outcome(state, how) {
  const { passed, skipped, failures, files } = state;
  if (state.ended) return { passed, failed: state.failed, skipped, failures, files };
  const why = state.why === '' ? `the process ended with ${how}` : state.why;
  const text = [`${state.at}: ${why}`, ...state.lines].join('\n    ');
  return { passed, failed: state.failed + 1, skipped, failures: [...failures, text], files };
}
