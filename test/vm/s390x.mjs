/**
 * The big-endian guest: the module's own tests on Debian 13's kernel for s390x. Its packages are fetched
 * and unpacked without running anything of theirs; the module and the tests' programs come from a cross
 * compiler in the other guest's tree.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/paths.mjs';
import { bootGuest } from './boot.mjs';
import { ensureGuestTree, guestRoot, inTree, packInitramfs } from './guest-tree.mjs';
import { buildModule } from './module-build.mjs';

/** As seen from inside the other guest's tree. */
const place = '/var/lib/s390x';
const archives = `${place}/cache/archives`;
const tree = join(guestRoot, place, 'root');
const compiler = 's390x-linux-gnu-gcc';
const bootSeconds = 3600;
const userSpace = [
  'base-files',
  'bash',
  'coreutils',
  'mount',
  'util-linux',
  'grep',
  'sed',
  'mawk',
  'procps',
  'kmod',
  'iproute2',
  'iputils-ping',
  'ethtool',
  'tcpdump',
  'nftables',
  'busybox-static',
];

export const crossOptions = ['ARCH=s390', 'CROSS_COMPILE=s390x-linux-gnu-'];

const aptOptions = [
  'APT::Architecture=s390x',
  'APT::Architectures=s390x',
  `Dir::State=${place}/state`,
  `Dir::State::status=${place}/state/status`,
  `Dir::Cache=${place}/cache`,
  'APT::Sandbox::User=root',
].flatMap((option) => ['-o', option]);

const shell = (script, ...args) =>
  inTree('sh', ['-c', script, 'sh', ...args], { stdio: ['ignore', 'pipe', 'ignore'] });

/** The newest kernel whose packages can be had: an index may be ahead of the pool. */
function fetchKernel() {
  const listed = inTree('apt-cache', [
    ...aptOptions,
    'search',
    '--names-only',
    '^linux-headers-[0-9].*-s390x$',
  ]);
  const versions = [...listed.matchAll(/^linux-headers-(\S+)-s390x/gm)].map(([, each]) => each);
  const order = new Intl.Collator('en', { numeric: true });
  for (const version of versions.sort(order.compare).toReversed()) {
    const names = [
      `linux-headers-${version}-s390x`,
      `linux-image-${version}-s390x`,
      `linux-headers-${version}-common`,
    ];
    try {
      shell(`cd ${archives} && apt-get "$@"`, ...aptOptions, 'download', ...names);
      // These are programs of the building machine.
      shell(`cd ${archives} && apt-get download linux-kbuild-${version}`);
      return version;
    } catch {
      // The next older one, then.
    }
  }
  throw new Error('no kernel for s390x can be fetched');
}

/** Compiler and headers in the other guest's tree; the version of the kernel. */
export function ensureCross(say) {
  const present = readdirSync(join(guestRoot, 'usr/src')).find((name) => name.endsWith('-s390x'));
  if (present) return present.replace('linux-headers-', '');
  say('cross compiler and headers for s390x');
  inTree('apt-get', ['install', '-y', '--no-install-recommends', 'gcc-s390x-linux-gnu'], {
    stdio: 'ignore',
  });
  inTree('apt-get', ['install', '-y', '--no-install-recommends', 'libc6-dev-s390x-cross'], {
    stdio: 'ignore',
  });
  for (const folder of ['state/lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(guestRoot, place, folder), { recursive: true });
  }
  writeFileSync(join(guestRoot, place, 'state/status'), '');
  inTree('apt-get', [...aptOptions, 'update'], { stdio: 'ignore' });
  const version = fetchKernel();
  const files = ['common_*', 's390x_*'].map((end) => `linux-headers-${version}-${end}.deb`);
  const unpack = `for each in ${files.join(' ')} linux-kbuild-${version}_*.deb`;
  shell(`cd ${archives} && ${unpack}; do dpkg-deb -x "$each" / || exit 1; done`);
  // That folder tells which kernel the other guest has.
  rmSync(join(guestRoot, 'lib/modules', `${version}-s390x`), { recursive: true, force: true });
  return `${version}-s390x`;
}

function ensureRoot(kernel, say) {
  if (existsSync(join(tree, 'usr/bin/bash'))) return;
  say('root of the s390x guest');
  const install = ['install', '-y', '-m', '--download-only', '--no-install-recommends'];
  try {
    inTree('apt-get', [...aptOptions, ...install, ...userSpace], { stdio: 'ignore' });
  } catch {
    // A package that the pool lacks shows in the test that needs it.
  }
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  const image = `linux-image-${kernel}_`;
  const debs = readdirSync(join(guestRoot, archives))
    .filter((name) => /_(s390x|all)\.deb$/.test(name))
    .filter((name) => !name.startsWith('linux-') || name.startsWith(image));
  // First what has the links of /bin and /lib.
  const order = (name) => (name.startsWith('base-files_') ? 0 : 1);
  for (const deb of debs.sort((a, b) => order(a) - order(b))) {
    inTree('dpkg-deb', ['-x', `${archives}/${deb}`, `${place}/root`]);
  }
  if (!existsSync(join(tree, 'usr/bin/awk'))) symlinkSync('mawk', join(tree, 'usr/bin/awk'));
  inTree('depmod', ['-b', `${place}/root`, kernel]);
}

function installTests() {
  const vm = join(tree, 'vm');
  cpSync(join(root, 'test/vm/guest'), vm, { recursive: true });
  cpSync(join(root, 'kmod-ntmobile/uapi/linux/ntmobile.h'), join(vm, 'ntmobile.h'));
  cpSync(join(guestRoot, 'build/ntmobile.ko'), join(vm, 'ntmobile.ko'));
  chmodSync(join(vm, 'init'), 0o755);
  for (const file of readdirSync(vm).filter((name) => name.endsWith('.c'))) {
    const program = `${place}/root/vm/${file.slice(0, -2)}`;
    inTree(compiler, ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, `${program}.c`]);
  }
}

/** Builds, boots and runs these cases, or all; whether the guest said that all passed. */
export async function runBigEndian(cases, say) {
  ensureGuestTree(say);
  const kernel = ensureCross(say);
  ensureRoot(kernel, say);
  say(`module for ${kernel}`);
  buildModule(guestRoot, `linux-headers-${kernel}`, { options: crossOptions });
  installTests();
  const verdict = await bootGuest({
    program: 'qemu-system-s390x',
    tree,
    kernel,
    initramfs: packInitramfs(kernel, '/vm/init', tree),
    qemu: ['-accel', 'tcg,thread=single', '-cpu', 'max', '-smp', '2', '-m', '1024'],
    // The first console of this machine is the second serial port, and the other way round.
    console: 'ttyS1',
    bus: 'ccw',
    append: `loglevel=5 panic_on_warn=1 ntm.cases=${cases.join(',')}`,
    seconds: bootSeconds,
    line: (text) => console.log(text),
  });
  return verdict === 'pass';
}
