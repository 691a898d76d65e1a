/**
 * The kernel module's own tests, without a daemon. The netlink files are compared with the spec, checkpatch
 * reads the source, and the module is built against the headers of Debian 13's kernel with W=1 and sparse;
 * then that kernel is booted under QEMU without KVM and guest/tests.sh runs in it. The guest says on a
 * second serial port whether all passed; a warning of the kernel is a panic, and then it says nothing.
 *
 *     node test/vm/run.mjs [--build-only] [--arch s390x | --debug] [CASE]...
 *
 * `--build-only` boots nothing; names of cases in guest/tests.sh are run alone; `--arch s390x` is the
 * big-endian guest (s390x.mjs), `--debug` a kernel that checks itself (debug-kernel.mjs).
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { argv, execPath, exit, getuid } from 'node:process';
import { root } from '../setup/paths.mjs';
import { bootGuest } from './boot.mjs';
import { checkpatch } from './checkpatch.mjs';
import { ensureDebugKernel } from './debug-kernel.mjs';
import { ensureGuestTree, guestRoot, inTree, packInitramfs } from './guest-tree.mjs';
import { buildModule } from './module-build.mjs';

const ordinary = { memory: 1024, seconds: 1200, bytes: 3_000_000 };
const debugging = { memory: 3072, seconds: 7200, bytes: 300_000 };
const say = (text) => console.log(`# ${text}`);

function installTests() {
  const vm = join(guestRoot, 'vm');
  mkdirSync(vm, { recursive: true });
  cpSync(join(root, 'test/vm/guest'), vm, { recursive: true });
  cpSync(join(root, 'kmod-ntmobile/uapi/linux/ntmobile.h'), join(vm, 'ntmobile.h'));
  cpSync(join(guestRoot, 'build/ntmobile.ko'), join(vm, 'ntmobile.ko'));
  chmodSync(join(vm, 'init'), 0o755);
  for (const file of readdirSync(vm).filter((name) => name.endsWith('.c'))) {
    const files = ['-o', `/vm/${file.slice(0, -2)}`, `/vm/${file}`];
    inTree('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', ...files]);
  }
}

function checkSources(kernel) {
  execFileSync(execPath, [join(root, 'test/vm/generate-netlink.mjs'), '--check'], {
    stdio: 'inherit',
  });
  const complaints = checkpatch(kernel, say);
  if (complaints?.length > 0) throw new Error(`checkpatch says:\n${complaints.join('\n')}`);
  if (complaints !== undefined) say('checkpatch --strict: clean');
}

async function main(args) {
  const arch = args.includes('--arch') ? (args[args.indexOf('--arch') + 1] ?? '') : undefined;
  const cases = args.filter((each, at) => !each.startsWith('--') && args[at - 1] !== '--arch');
  if (arch !== undefined) {
    if (arch !== 's390x')
      throw new Error(`there is no guest of architecture "${arch}", only s390x`);
    const { runBigEndian } = await import('./s390x.mjs');
    return runBigEndian(cases, say);
  }
  const debian = ensureGuestTree(say);
  checkSources(debian);
  const { kernel, headers, memory, seconds, bytes } = args.includes('--debug')
    ? { ...ensureDebugKernel(debian, say), ...debugging }
    : { kernel: debian, headers: `linux-headers-${debian}`, ...ordinary };
  say(`module for ${kernel}`);
  buildModule(guestRoot, headers);
  say('W=1 and sparse: clean');
  if (args.includes('--build-only')) return true;
  installTests();
  const verdict = await bootGuest({
    kernel,
    initramfs: packInitramfs(kernel),
    // One thread: QEMU's several mishandle code that the kernel patches while another one runs it.
    qemu: ['-accel', 'tcg,thread=single', '-cpu', 'max', '-smp', '2', '-m', `${memory}`],
    // The check of the timer fails, and with it the boot, when this machine is busy.
    append: `no_timer_check loglevel=5 panic_on_warn=1 ntm.bytes=${bytes} ntm.cases=${cases.join(',')}`,
    seconds,
    line: (text) => console.log(text),
  });
  return verdict === 'pass';
}

if (getuid() !== 0) {
  console.error('this builds in a chroot: run it as root');
  exit(1);
}
try {
  const passed = await main(argv.slice(2));
  say(passed ? 'all passed' : 'not all passed, or the guest did not say so');
  exit(passed ? 0 : 1);
} catch (error) {
  console.error(error.message);
  exit(1);
}
