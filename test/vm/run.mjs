/**
 * Builds the kernel module against the headers of Debian 13's kernel, boots that kernel under QEMU
 * without KVM, and runs the module's own tests in it. The guest says on a second serial port whether all
 * passed; a warning of the kernel is a panic, and then it says nothing. `--build-only` boots nothing;
 * other arguments are names of cases in guest/tests.sh, to run those alone.
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  createWriteStream,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { argv, exit, getuid, stdout } from 'node:process';
import { root } from '../setup/paths.mjs';
import { ensureGuestTree, guestRoot, inTree, packInitramfs } from './guest-tree.mjs';

const bootSeconds = 900;
const kernelOptions = [
  'console=ttyS0 quiet loglevel=5',
  'panic=-1 panic_on_warn=1 random.trust_cpu=on',
];
const cases = argv.slice(2).filter((each) => !each.startsWith('--'));
const say = (text) => console.log(`# ${text}`);

/** Warnings of the compiler (W=1) and of sparse are failures. */
function buildModule(kernel) {
  const build = join(guestRoot, 'build');
  rmSync(build, { recursive: true, force: true });
  cpSync(join(root, 'kmod-ntmobile'), build, { recursive: true });
  const target = ['-C', `/usr/src/linux-headers-${kernel}`, 'M=/build', 'W=1', 'C=2', 'modules'];
  const output = inTree('sh', ['-c', 'exec make "$@" 2>&1', 'make', ...target]);
  const warnings = output.split('\n').filter((line) => /\b(warning|error):/.test(line));
  if (warnings.length > 0)
    throw new Error(`the module does not build cleanly:\n${warnings.join('\n')}`);
}

function installTests() {
  const vm = join(guestRoot, 'vm');
  mkdirSync(vm, { recursive: true });
  cpSync(join(root, 'test/vm/guest'), vm, { recursive: true });
  cpSync(join(root, 'kmod-ntmobile/uapi/linux/ntmobile.h'), join(vm, 'ntmobile.h'));
  cpSync(join(guestRoot, 'build/ntmobile.ko'), join(vm, 'ntmobile.ko'));
  chmodSync(join(vm, 'init'), 0o755);
  for (const program of ['ntmctl', 'burst', 'forge', 'pour', 'sink']) {
    const files = ['-o', `/vm/${program}`, `/vm/${program}.c`];
    inTree('gcc', ['-O2', '-Wall', '-Wextra', '-Werror', ...files]);
  }
}

/** Boots; whether the guest said that all passed. The console goes to stdout and out/vm/console. */
function boot(kernel, initramfs) {
  const verdict = join(root, 'out/vm/verdict');
  writeFileSync(verdict, '');
  const args = [
    // One thread: QEMU's several mishandle code that the kernel patches while another one runs it.
    [
      '-accel',
      'tcg,thread=single',
      '-cpu',
      'max',
      '-smp',
      '2',
      '-m',
      '1024',
      '-no-reboot',
      '-nodefaults',
    ],
    ['-display', 'none', '-serial', 'stdio', '-serial', `file:${verdict}`],
    ['-kernel', join(guestRoot, `boot/vmlinuz-${kernel}`), '-initrd', initramfs],
    ['-append', [...kernelOptions, `ntm.cases=${cases.join(',')}`].join(' ')],
    ['-fsdev', `local,id=root,path=${guestRoot},security_model=none,multidevs=remap`],
    ['-device', 'virtio-9p-pci,fsdev=root,mount_tag=root'],
  ].flat();
  return new Promise((resolve, reject) => {
    const log = createWriteStream(join(root, 'out/vm/console'));
    const limit = ['-n', '19', 'timeout', String(bootSeconds), 'qemu-system-x86_64', ...args];
    const guest = spawn('nice', limit, { stdio: ['ignore', 'pipe', 'inherit'] });
    guest.stdout.on('data', (bytes) => {
      log.write(bytes);
      stdout.write(bytes);
    });
    guest.on('error', reject);
    guest.on('close', () => {
      log.end();
      resolve(readFileSync(verdict, 'utf8').trim() === 'pass');
    });
  });
}

if (getuid() !== 0) {
  console.error('this builds in a chroot: run it as root');
  exit(1);
}
const kernel = ensureGuestTree(say);
say(`module for ${kernel}`);
buildModule(kernel);
if (!argv.includes('--build-only')) {
  installTests();
  const passed = await boot(kernel, packInitramfs(kernel));
  say(passed ? 'the guest says: all passed' : 'the guest does not say that all passed');
  exit(passed ? 0 : 1);
}
