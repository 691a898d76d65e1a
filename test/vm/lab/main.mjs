/**
 * The lab of `npm start` inside a guest whose kernel has the module: real daemons, real NATs, and packets
 * by the module, in user space, or one end so and one so. The guest emulates its processor, so that only
 * function counts: routes, connections and bytes, not times.
 */
import { chmodSync, copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, exit, getuid } from 'node:process';
import { buildPrograms, programFiles } from '../../../esbuild.config.mjs';
import { toolBundle } from '../../runner/tool.mjs';
import { npmEngine, root } from '../../setup/paths.mjs';
import { bootGuest } from '../boot.mjs';
import { ensureGuestTree, guestRoot, inTree, packInitramfs } from '../guest-tree.mjs';

const usage = `npm run lab:kernel -- [options]
  --all        the whole table with the module, with netem, and with one end in user space
  --run "…"    the lab once with these options, such as "--datapath mixed --pattern 3,12"
  --module FOLDER   another source of the module (kmod-ntmobile)
  --help`;
/** A processor of a thousand million instructions a second is about so many times slower than usual. */
const slow = 4;
const few = ['--datapath kernel --pattern 2,13 --then-netem 16', '--datapath mixed --pattern 3'];
const all = [
  '--datapath kernel --then-netem table',
  '--datapath mixed --pattern table --then-netem 1,8,16',
  '--datapath user --pattern table',
];
const folder = join(guestRoot, 'lab');
const say = (text) => console.log(`# ${text}`);

async function install(kernel, module, runs) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'out/test'), { recursive: true });
  mkdirSync(join(folder, 'out/bin'), { recursive: true });
  await buildPrograms();
  await toolBundle('lab');
  const programs = [...programFiles('ntmobiled'), ...programFiles('ntmobile')];
  for (const name of [...programs, 'test/lab.mjs', 'test/lab-agent.mjs']) {
    copyFileSync(join(root, 'out', name), join(folder, 'out', name));
  }
  copyFileSync(npmEngine, join(folder, 'tjs'));
  copyFileSync(join(root, 'test/vm/lab/init'), join(folder, 'init'));
  for (const program of ['tjs', 'init']) chmodSync(join(folder, program), 0o755);
  cpSync(module, join(folder, 'module'), { recursive: true });
  const headers = `/usr/src/linux-headers-${kernel}`;
  inTree('make', ['-s', '-C', headers, 'M=/lab/module', 'modules'], { stdio: 'pipe' });
  copyFileSync(join(folder, 'module/ntmobile.ko'), join(folder, 'ntmobile.ko'));
  writeFileSync(join(folder, 'runs'), runs.map((run) => `--slow ${slow} ${run}\n`).join(''));
}

function parse(words) {
  const rest = [...words];
  const runs = [];
  let module = join(root, 'kmod-ntmobile');
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--all') runs.push(...all);
    else if (word === '--run' && rest.length > 0) runs.push(rest.shift());
    else if (word === '--module' && rest.length > 0) module = rest.shift();
    else {
      console.log(usage);
      exit(word === '--help' ? 0 : 2);
    }
  }
  return { module, runs: runs.length > 0 ? runs : few };
}

const { module, runs } = parse(argv.slice(2));
if (getuid() !== 0) {
  console.error('this builds in a chroot: run it as root');
  exit(1);
}
const kernel = ensureGuestTree(say);
say(`programs and module for ${kernel}`);
await install(kernel, module, runs);
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
    const [, passed, failed] = /^(\d+) passed, (\d+) failed/.exec(text) ?? [];
    totals.passed += Number(passed ?? 0);
    totals.failed += Number(failed ?? 0);
  },
});
if (verdict !== 'pass' && totals.failed === 0) {
  say('the guest did not finish');
  totals.failed = 1;
}
console.log(`${totals.passed} passed, ${totals.failed} failed`);
exit(verdict === 'pass' ? 0 : 1);
