/**
 * The big-endian guest: the module's own tests on Debian 13's kernel for s390x. Its packages are fetched
 * and unpacked without running anything of theirs; the module and the tests' programs come from a cross
 * compiler in the other guest's tree. The user space is Debian 12's, which changes no more: for an
 * architecture that few use, the index of the current release may be ahead of its pool.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/paths.mjs';
import { bootGuest } from './boot.mjs';
import { ensureGuestTree, guestRoot, inTree, ofTree, packInitramfs } from './guest-tree.mjs';
import { buildModule } from './module-build.mjs';

/** As seen from inside the other guest's tree. */
const place = '/var/lib/s390x';
const kernelApt = aptOf('trixie');
const userApt = aptOf('bookworm');
const tree = join(guestRoot, place, 'root');
const qemu = 'qemu-system-s390x';
const compiler = 's390x-linux-gnu-gcc';
const bootSeconds = 7200;
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

/** Where apt keeps what it knows of a release for this architecture, and its options for that. */
function aptOf(release) {
  const folder = `${place}/${release}`;
  const options = [
    'APT::Architecture=s390x',
    'APT::Architectures=s390x',
    `Dir::State=${folder}/state`,
    `Dir::State::status=${folder}/state/status`,
    `Dir::Cache=${folder}/cache`,
    `Dir::Etc::sourcelist=${folder}/sources`,
    'Dir::Etc::sourceparts=/dev/null',
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);
  return { release, folder, archives: `${folder}/cache/archives`, options };
}

/** Its index of packages, from where the guest's own come. */
function updateIndex({ release, folder, options }) {
  for (const each of ['state/lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(guestRoot, folder, each), { recursive: true });
  }
  writeFileSync(join(guestRoot, folder, 'state/status'), '');
  const [mirror] = /https?:\/\/\S+/.exec(
    readFileSync(join(guestRoot, 'etc/apt/sources.list'), 'utf8'),
  );
  writeFileSync(join(guestRoot, folder, 'sources'), `deb ${mirror} ${release} main\n`);
  inTree('apt-get', [...options, 'update'], { stdio: 'ignore' });
}

const shell = (script, ...args) =>
  inTree('sh', ['-c', script, 'sh', ...args], { stdio: ['ignore', 'pipe', 'ignore'] });

/** The newest kernel whose packages can be had: an index may be ahead of the pool. */
function fetchKernel() {
  const listed = inTree('apt-cache', [
    ...kernelApt.options,
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
      shell(`cd ${kernelApt.archives} && apt-get "$@"`, ...kernelApt.options, 'download', ...names);
      // These are programs of the building machine.
      shell(`cd ${kernelApt.archives} && apt-get download linux-kbuild-${version}`);
      return version;
    } catch {
      // The next older one, then.
    }
  }
  throw new Error('no kernel for s390x can be fetched');
}

/** A newer QEMU than Debian 12's, with which IPv6 does not work in this guest. */
function ensureQemu(say) {
  if (!existsSync(join(guestRoot, 'usr/bin', qemu))) {
    say(qemu);
    inTree('apt-get', ['install', '-y', '--no-install-recommends', qemu], { stdio: 'ignore' });
  }
  return [...ofTree(qemu), '-L', join(guestRoot, 'usr/share/qemu')];
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
  updateIndex(kernelApt);
  const version = fetchKernel();
  const files = ['common_*', 's390x_*'].map((end) => `linux-headers-${version}-${end}.deb`);
  const unpack = `for each in ${files.join(' ')} linux-kbuild-${version}_*.deb`;
  shell(`cd ${kernelApt.archives} && ${unpack}; do dpkg-deb -x "$each" / || exit 1; done`);
  return `${version}-s390x`;
}

/** Unpacks packages into the root, whose folders of commands and libraries are links to those below usr. */
function unpack(folder, names) {
  for (const name of names) {
    shell(
      'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink -C "$2"',
      `${folder}/${name}`,
      `${place}/root`,
    );
  }
}

function ensureRoot(kernel, say) {
  if (existsSync(join(tree, 'lib/modules', kernel, 'modules.dep'))) return;
  say('root of the s390x guest');
  updateIndex(userApt);
  const install = ['install', '-y', '--download-only', '--no-install-recommends'];
  inTree('apt-get', [...userApt.options, ...install, ...userSpace], { stdio: 'ignore' });
  rmSync(tree, { recursive: true, force: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(tree, 'usr', name), { recursive: true });
    symlinkSync(`usr/${name}`, join(tree, name));
  }
  const debs = ({ archives }) =>
    readdirSync(join(guestRoot, archives)).filter((name) => name.endsWith('.deb'));
  unpack(userApt.archives, debs(userApt));
  // No script of a package has made them, and tcpdump asks who it is.
  writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/bash\n');
  writeFileSync(join(tree, 'etc/group'), 'root:x:0:\n');
  const image = `linux-image-${kernel}_`;
  unpack(
    kernelApt.archives,
    debs(kernelApt).filter((name) => name.startsWith(image)),
  );
  for (const [name, target] of Object.entries({ awk: 'mawk', sh: 'bash' })) {
    if (!existsSync(join(tree, 'usr/bin', name))) symlinkSync(target, join(tree, 'usr/bin', name));
  }
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
    const warnings = ['-O2', '-Wall', '-Wextra', '-Werror'];
    inTree(compiler, ['-static', ...warnings, '-o', program, `${program}.c`]);
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
    program: ensureQemu(say),
    tree,
    kernel,
    initramfs: packInitramfs(kernel, '/vm/init', tree),
    // One processor: two would wait for each other in a single thread of QEMU.
    qemu: ['-accel', 'tcg,thread=single', '-cpu', 'max', '-smp', '1', '-m', '1024'],
    // The first console of this machine is the second serial port, and the other way round.
    console: 'ttyS1',
    bus: 'ccw',
    append: `loglevel=5 panic_on_warn=1 ntm.cases=${cases.join(',')}`,
    seconds: bootSeconds,
    line: (text) => console.log(text),
  });
  return verdict === 'pass';
}
