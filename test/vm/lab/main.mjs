/**
 * The lab of `npm start` inside a guest whose kernel has the module: real daemons, real NATs, and packets
 * by the module, in user space, or one end so and one so. The guest emulates its processor, so that function
 * counts: routes, connections and bytes. Its times compare data paths with each other and with nothing else.
 */
import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, env, exit, getuid } from 'node:process';
import { buildPrograms, programFiles } from '../../../esbuild.config.mjs';
import { bundleTests } from '../../runner/bundle-tests.mjs';
import { toolBundle } from '../../runner/tool.mjs';
import { npmEngine, root } from '../../setup/paths.mjs';
import { bootGuest } from '../boot.mjs';
import { ensureGuestTree, guestRoot, inTree, packInitramfs } from '../guest-tree.mjs';
import { collectRuns, comparison } from './comparison.mjs';

const usage = `npm run lab:kernel -- [options]
  --all        every row by TUN, by the module, and with one end by TUN, and some again with netem; one table
               of the three, and out/bench/lab-kernel.json
  --run "…"    the lab once with these options, such as "--datapath mixed --pattern 3,12"
  --router     hosts behind a router that is a node, and what it exports (test/lab/behind-router)
  --slow N     the guest is N times slower than a usual machine (4, or 1 with NTM_TJS)
  --module FOLDER   another source of the module (kmod-ntmobile)
  --help
NTM_TJS names another txiki.js than npm's, which is a debug build; it has to run on Debian 13.`;
const engine = env.NTM_TJS ?? npmEngine;
const few = [
  '--datapath kernel --pattern 2,13 --then-netem 16',
  '--datapath mixed --pattern 3',
  '--datapath kernel --home --pattern 3,4',
];
const all = ['kernel', 'user', 'mixed'].map(
  (dataPath) => `--datapath ${dataPath} --then-netem 1,8,16 --throughput 1`,
);
/** What the table does not show: equal pools, other suites, exports. */
const further = [
  '--datapath kernel --overlap --pattern 3,4,12 --throughput 1',
  '--datapath kernel --suite none --pattern 3,4,12 --throughput 1',
  '--datapath kernel --suite aes-128-gcm --pattern 3,4,12 --throughput 1',
  '--datapath mixed --suite none --pattern 3,4,12 --throughput 1',
];
const folder = join(guestRoot, 'lab');
const say = (text) => console.log(`# ${text}`);

const routerTests = 'behind-router';
const masquerade = 'openwrt/ntmobile/files/usr/share/ntmobile/masquerade.nft';

async function install({ kernel, module, slow, runs }) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'out/test'), { recursive: true });
  mkdirSync(join(folder, 'out/bin'), { recursive: true });
  await buildPrograms();
  await toolBundle('lab');
  const files = ['test/lab/behind-router.node.test.ts'];
  await bundleTests({ name: routerTests, files, word: '', absent: 'tjs:' });
  cpSync(join(root, masquerade), join(folder, masquerade));
  const programs = [...programFiles('ntmobiled'), ...programFiles('ntmobile')];
  for (const name of [
    ...programs,
    'test/lab.mjs',
    'test/lab-agent.mjs',
    `test/${routerTests}.mjs`,
  ]) {
    copyFileSync(join(root, 'out', name), join(folder, 'out', name));
  }
  copyFileSync(engine, join(folder, 'tjs'));
  copyFileSync(join(root, 'test/vm/lab/init'), join(folder, 'init'));
  for (const program of ['tjs', 'init']) chmodSync(join(folder, program), 0o755);
  cpSync(module, join(folder, 'module'), { recursive: true });
  const headers = `/usr/src/linux-headers-${kernel}`;
  inTree('make', ['-s', '-C', headers, 'M=/lab/module', 'modules'], { stdio: 'pipe' });
  copyFileSync(join(folder, 'module/ntmobile.ko'), join(folder, 'ntmobile.ko'));
  const lines = runs.map((run) => (run === routerTests ? run : `--slow ${slow} ${run}`));
  writeFileSync(join(folder, 'runs'), `${lines.join('\n')}\n`);
}

function parse(words) {
  const rest = [...words];
  const runs = [];
  // The guest's processor does a thousand million instructions a second.
  let slow = env.NTM_TJS ? '1' : '4';
  let module = join(root, 'kmod-ntmobile');
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--all') runs.push(...all, ...further, routerTests);
    else if (word === '--router') runs.push(routerTests);
    else if (word === '--run' && rest.length > 0) runs.push(rest.shift());
    else if (word === '--slow' && rest.length > 0) slow = rest.shift();
    else if (word === '--module' && rest.length > 0) module = rest.shift();
    else {
      console.log(usage);
      exit(word === '--help' ? 0 : 2);
    }
  }
  return { module, slow, runs: runs.length > 0 ? runs : few };
}

const { module, slow, runs } = parse(argv.slice(2));
if (getuid() !== 0) {
  console.error('this builds in a chroot: run it as root');
  exit(1);
}
const kernel = ensureGuestTree(say);
say(`programs and module for ${kernel}`);
await install({ kernel, module, slow, runs });
const totals = { passed: 0, failed: 0 };
const verdict = await bootGuest({
  kernel,
  initramfs: packInitramfs(kernel, '/lab/init'),
  // Virtual time counts instructions, so that a busy machine makes nothing in the guest late; only
  // what is idle takes its time.
  qemu: [
    ['-accel', 'tcg', '-icount', 'shift=0', '-cpu', 'max,-erms,-fsrm'],
    ['-smp', '1', '-m', '2048'],
  ].flat(),
  append: 'loglevel=5 panic_on_warn=1 mitigations=off init_on_alloc=0 tsc=reliable',
  seconds: runs.length * 3600,
  line: (text) => {
    console.log(text);
    const [, passed, failed] =
      /^(\d+) passed, (\d+) failed/.exec(text) ??
      /^@result \{"passed":(\d+),"failed":(\d+)/.exec(text) ??
      [];
    totals.passed += Number(passed ?? 0);
    totals.failed += Number(failed ?? 0);
  },
});
const reports = collectRuns(join(folder, 'results'));
if (reports.length > 1) {
  const file = join(root, 'out/bench/lab-kernel.json');
  mkdirSync(join(root, 'out/bench'), { recursive: true });
  writeFileSync(file, `${JSON.stringify(reports, null, 2)}\n`);
  console.log(`\n${comparison(reports)}\nwritten: ${file}`);
}
if (verdict !== 'pass' && totals.failed === 0) {
  say('the guest did not finish');
  totals.failed = 1;
}
console.log(`${totals.passed} passed, ${totals.failed} failed`);
exit(verdict === 'pass' ? 0 : 1);
