/**
 * `npm run test:vm`: the kernel module in a guest under QEMU. First its own tests, without a daemon; then
 * the lab with real daemons, a few rows of it. The last line is `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { argv, execPath, exit, getuid } from 'node:process';
import { createInterface } from 'node:readline';
import { ensureGuestPrograms, NotReady } from '../setup/environment.mjs';
import { root } from '../setup/paths.mjs';

const usage = `npm run test:vm -- [options]
  --module        the module's own tests alone
  --lab           the lab alone
  --all           every row of the lab
  --arch s390x    the module's own tests alone, on a big-endian guest (half an hour)
  --debug         the same, on a kernel that checks itself, built once (an hour and more)
  --help`;
const options = ['--module', '--lab', '--all', '--arch', '--debug', '--help'];
const words = argv.slice(2);
const strange = words.find(
  (each, index) => !options.includes(each) && words[index - 1] !== '--arch',
);
if (words.includes('--help') || strange !== undefined) {
  console.log(strange === undefined ? usage : `there is no option ${strange}\n${usage}`);
  exit(strange === undefined ? 0 : 2);
}
const isSpecial = words.includes('--arch') || words.includes('--debug');
const halves = ['--module', '--lab'].filter((each) => words.includes(each));
const wanted = (half) => halves.length === 0 || halves.includes(half);
const totals = { passed: 0, failed: 0 };

/** Counts lines of KTAP, or takes the totals that the last line tells. */
function run(file, args) {
  const counts = { passed: 0, failed: 0 };
  const child = spawn(execPath, [join(root, file), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    console.log(line);
    const [, bad] = /^(not )?ok \d+/.exec(line) ?? [];
    if (/^(not )?ok \d+/.test(line)) counts[bad ? 'failed' : 'passed'] += 1;
    const [, passed, failed] = /^(\d+) passed, (\d+) failed/.exec(line) ?? [];
    if (passed !== undefined) Object.assign(counts, { passed: +passed, failed: +failed });
  });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      if (code !== 0 && counts.failed === 0) counts.failed = 1;
      totals.passed += counts.passed;
      totals.failed += counts.failed;
      resolve();
    });
  });
}

try {
  if (getuid() !== 0) throw new NotReady('this builds in a chroot: run it as root');
  await ensureGuestPrograms(console.log);
} catch (error) {
  if (!(error instanceof NotReady)) throw error;
  console.log(`${error.message}\n0 passed, 0 failed, 1 skipped`);
  exit(0);
}
if (wanted('--module')) await run('test/vm/run.mjs', isSpecial ? words : []);
if (wanted('--lab') && !isSpecial)
  await run('test/vm/lab/main.mjs', words.includes('--all') ? ['--all'] : []);
console.log(`${totals.passed} passed, ${totals.failed} failed`);
exit(totals.failed === 0 ? 0 : 1);
