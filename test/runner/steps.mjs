/**
 * The steps of `npm test`: each has a name and runs to { passed, failed, skipped, failures: [text] }.
 * A word given on the command line leaves out the steps that cannot hold it.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { env, execPath } from 'node:process';
import { buildPrograms } from '../../esbuild.config.mjs';
import { runQuiet } from '../setup/command.mjs';
import { whyNoBrowser, whyNoNamespaces } from '../setup/environment.mjs';
import { engineWrapper, root } from '../setup/paths.mjs';
import { bundleTests } from './bundle-tests.mjs';
import { runBundle } from './run-bundle.mjs';

/** Seeds 1 to 1000; most with cheap cryptography, which makes the same worlds in half the time. */
const chaosParts = [
  { first: 1, count: 100, options: [] },
  { first: 101, count: 450, options: ['--cheap'] },
  { first: 551, count: 450, options: ['--cheap'] },
];
const bigWorld = ['--nodes', '400', '--ds', '2', '--threads', '2', '--minutes', '0.5'];
const simulatorOnly = /^test\/(scenarios|sim)\//;
const inBrowser = /\.browser\.test\.ts$/;
const bin = (name) => join(root, 'node_modules/.bin', name);
const passed = { passed: 1, failed: 0, skipped: 0, failures: [] };
const failed = (text) => ({ passed: 0, failed: 1, skipped: 0, failures: [text] });

/** Every file below `folder` as a path from the project's root. */
function filesBelow(folder) {
  const top = join(root, folder);
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true })
    .map((name) => relative(root, join(top, name)))
    .filter((path) => statSync(join(root, path)).isFile())
    .sort();
}

function testFiles() {
  return filesBelow('test').filter((path) => path.endsWith('.test.ts'));
}

/** With a word, only files whose path or text holds it need be bundled; names are matched later. */
function mayHold(file, word) {
  if (word === '' || file.toLowerCase().includes(word)) return true;
  return readFileSync(join(root, file), 'utf8').toLowerCase().includes(word);
}

async function check(program, args) {
  const { code, out, err } = await runQuiet(program, args, { cwd: root });
  return code === 0 ? passed : failed(`${out}${err}`.trim());
}

function isShellScript(path) {
  if (path.endsWith('.sh')) return true;
  const [head] = readFileSync(join(root, path), 'latin1').split('\n', 1);
  return /^#!\s*\/(usr\/)?bin\/(env )?(ba)?sh\b/.test(head);
}

function shellcheck() {
  const folders = ['.ci', 'openwrt', 'test', 'luci', 'kmod-ntmobile'];
  const scripts = folders.flatMap(filesBelow).filter(isShellScript);
  // SC2034, SC2154: init and protocol scripts of OpenWrt share variables with what sources them.
  // SC2317, SC2329: callbacks of config_foreach look like code that nothing reaches.
  const excluded = 'SC2034,SC2154,SC1091,SC3043,SC2317,SC2329';
  const args = ['--shell=bash', '--severity=style', `--exclude=${excluded}`];
  return check('shellcheck', [...args, ...scripts]);
}

async function build() {
  const { code, out, err } = await runQuiet(execPath, ['esbuild.config.mjs', '--sizes'], {
    cwd: root,
  });
  if (code !== 0) return failed(`${out}${err}`.trim());
  const sizes = out.split('\n').filter((line) => line.startsWith('out/'));
  return { ...passed, note: sizes.join(', ') };
}

async function unitTests({ name, files, program, args, word, progress }) {
  const wanted = files.filter((file) => mayHold(file, word));
  if (wanted.length === 0 && word !== '') return { ...passed, passed: 0 };
  if (wanted.length === 0) return failed('there are no test files');
  mkdirSync(join(root, 'out/test'), { recursive: true });
  const absent = program === engineWrapper ? 'node:' : 'tjs:';
  const bundled = await bundleTests({ name, files: wanted, word, absent }).catch((error) => error);
  if (bundled instanceof Error) return failed(bundled.message);
  const result = await runBundle({
    program,
    args: [...args, bundled],
    env: { ...env, TJS_HOME: join(root, 'out/test'), NTM_ROOT: root },
    onFile: (done) => progress(`${done} of ${wanted.length} files`),
  });
  if (word === '' && result.passed + result.failed === 0) return failed('no test ran');
  return result;
}

/** A tool of the project that ends with a line `N passed, N failed`, such as the lab. */
async function tool(name, args, progress) {
  const { runTool } = await import('./tool.mjs');
  return runTool(name, args, progress);
}

/** The module and the lab in a guest, whose lines are those of a tool. */
async function guest(progress) {
  const { runScript } = await import('./tool.mjs');
  const result = await runScript('kernel module', join(root, 'test/vm/main.mjs'), [], progress);
  return result.skipped > 0 ? { ...result, note: 'no guest can be made here' } : result;
}

/** The seeds are shared out, so that each processor has a part. */
function chaosSteps(held) {
  return chaosParts.map(({ first, count, options }) => {
    const args = ['--chaos', String(count), '--seed', String(first), ...options];
    const name = `chaos from seed ${first}`;
    return { name, run: (progress) => tool('sim', args, progress), held };
  });
}

/** All steps in the order they are best shown; `alone` ones measure and share the machine with none. */
export function stepsOf(word) {
  const all = testFiles();
  const units = all.filter((file) => !simulatorOnly.test(file) && !inBrowser.test(file));
  const underNode = units.filter((file) => !file.endsWith('.tjs.test.ts'));
  const underTjs = units.filter((file) => !file.endsWith('.node.test.ts'));
  const scenarios = all.filter((file) => simulatorOnly.test(file));
  const node = { program: execPath, args: ['--enable-source-maps'], word };
  const tjs = { program: engineWrapper, args: ['run'], word };
  const named = (name) => word === '' || name.includes(word);
  const steps = [
    { name: 'types', run: () => check(bin('tsc'), ['-p', '.']), held: named('types') },
    { name: 'lint', run: () => check(bin('biome'), ['check']), held: named('lint') },
    { name: 'lint of LuCI', run: () => check(bin('eslint'), ['luci']), held: named('luci') },
    { name: 'shellcheck', run: shellcheck, held: named('shellcheck') },
    { name: 'build', run: build, held: named('build') },
    {
      name: 'unit tests under Node',
      run: (progress) => unitTests({ name: 'units-node', files: underNode, ...node, progress }),
      held: true,
    },
    {
      name: 'unit tests under txiki.js',
      run: (progress) => unitTests({ name: 'units-tjs', files: underTjs, ...tjs, progress }),
      held: true,
    },
    {
      name: 'simulator scenarios',
      run: (progress) => unitTests({ name: 'scenarios', files: scenarios, ...node, progress }),
      held: true,
    },
    {
      name: 'LuCI in a browser',
      run: (progress) =>
        browserTests({ files: all.filter((file) => inBrowser.test(file)), ...node, progress }),
      held: true,
    },
    ...chaosSteps(named('chaos')),
    {
      name: 'big world in two parts',
      run: (progress) => tool('sim', bigWorld, progress),
      held: named('big world in two parts'),
    },
    { name: 'kernel module in a guest', run: guest, held: named('kernel module in a guest') },
    { name: 'lab', run: (progress) => lab(labRows(word), progress), held: true, alone: true },
    {
      name: 'lab of a home router',
      run: (progress) => lab(['--home', '--pattern', '3,4,7,8'], progress),
      held: named('lab of a home router'),
      alone: true,
    },
    { name: 'openwrt', run: openwrt, held: named('openwrt'), alone: true },
  ];
  return steps.filter((step) => step.held);
}

async function browserTests({ files, word, ...rest }) {
  if (!files.some((file) => mayHold(file, word))) return { ...passed, passed: 0 };
  const why = (await whyNoNamespaces()) ?? (await whyNoBrowser());
  if (why !== undefined) return { ...passed, passed: 0, skipped: 1, note: why };
  return unitTests({ name: 'browser', files, word, ...rest });
}

/** Two routers on OpenWrt's own tools; where the environment names none, that is told. */
async function openwrt(progress) {
  if (env.NTM_OPENWRT_IMAGE || env.NTM_OPENWRT_ROOTFS) return tool('openwrt', [], progress);
  const note = 'no OpenWrt here: npm run test:openwrt -- --image FILE';
  return { ...passed, passed: 0, skipped: 1, note };
}

function labRows(word) {
  return 'test/lab/main.ts'.includes(word) ? [] : ['--word', word];
}

async function lab(options, progress) {
  const why = await whyNoNamespaces();
  if (why !== undefined) return { ...passed, passed: 0, skipped: 1, note: why };
  // A build that fails is told by its own step, and by the lab if it has a row to run.
  await buildPrograms().catch(() => undefined);
  return tool('lab', ['--check', ...options], progress);
}
