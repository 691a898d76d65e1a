/**
 * `npm run test:kernels`: builds the module, with W=1 and sparse, against the headers of other kernels than
 * the guest's: Debian 12's, the same for 32 bits, the newest that Debian has, Debian 13's big-endian
 * one for s390x by a cross compiler, and its source for 32 bits with big endian, as routers with MIPS
 * are. Each has a tree of its own below out/vm/kernels, made once. Words are
 * names of rows to build alone. The last line is `N passed, N failed`.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { argv, exit, getuid } from 'node:process';
import { ensureGuestPrograms } from '../setup/environment.mjs';
import { root } from '../setup/paths.mjs';
import { ensureGuestTree, guestRoot, inTree, run } from './guest-tree.mjs';
import { makeKernel } from './kernel-source.mjs';
import { buildModule } from './module-build.mjs';

const folder = join(root, 'out/vm/kernels');
const say = (text) => console.log(`# ${text}`);

const rows = [
  { name: 'bookworm', release: 'bookworm', arch: 'amd64', headers: 'linux-headers-amd64' },
  { name: 'bookworm-i386', release: 'bookworm', arch: 'i386', headers: 'linux-headers-686-pae' },
  { name: 'sid', release: 'sid', arch: 'amd64', headers: 'linux-headers-amd64' },
  { name: 's390x', build: buildS390x },
  { name: 'mips', build: buildMips },
];

/** The smallest kernel that offers what the module calls: WireGuard asks for the same. */
const mipsLines = [
  'CONFIG_MIPS_GENERIC_KERNEL=y',
  'CONFIG_CPU_BIG_ENDIAN=y',
  'CONFIG_CPU_MIPS32_R2=y',
  'CONFIG_32BIT=y',
  'CONFIG_MODULES=y',
  'CONFIG_NET=y',
  'CONFIG_INET=y',
  'CONFIG_IPV6=y',
  'CONFIG_NETFILTER=y',
  'CONFIG_NETDEVICES=y',
  'CONFIG_NET_CORE=y',
  'CONFIG_WIREGUARD=m',
  'CONFIG_CRYPTO=y',
  'CONFIG_CRYPTO_GCM=y',
];
const mipsOptions = ['ARCH=mips', 'CROSS_COMPILE=mips-linux-gnu-'];

async function buildS390x() {
  ensureGuestTree(say);
  const { crossOptions, ensureCross } = await import('./s390x.mjs');
  const kernel = ensureCross(say);
  buildModule(guestRoot, `linux-headers-${kernel}`, { options: crossOptions });
  return kernel;
}

/** No kernel is linked, so nobody can tell which symbols it exports. */
function buildMips() {
  const kernel = ensureGuestTree(say);
  const compiler = ['install', '-y', '--no-install-recommends', 'gcc-mips-linux-gnu'];
  inTree('apt-get', compiler, { stdio: 'ignore' });
  makeKernel({
    kernel,
    folder: '/usr/src/linux-mips',
    lines: mipsLines,
    options: mipsOptions,
    targets: ['modules_prepare'],
    say,
  });
  buildModule(guestRoot, 'linux-mips', { options: [...mipsOptions, 'KBUILD_MODPOST_WARN=1'] });
  return `${kernel.split('+')[0]}, 32 bits, big endian`;
}

/** A Debian tree with a compiler and these headers. */
function ensureTree({ name, release, arch, headers }) {
  const tree = join(folder, name);
  if (existsSync(tree)) return tree;
  say(`tree of ${release} for ${arch}`);
  const unfinished = `${tree}.new`;
  mkdirSync(folder, { recursive: true });
  rmSync(unfinished, { recursive: true, force: true });
  const include = ['gcc', 'make', 'sparse', headers].join(',');
  const options = ['--variant=minbase', `--arch=${arch}`, `--include=${include}`];
  run('debootstrap', [...options, release, unfinished], { stdio: 'ignore' });
  renameSync(unfinished, tree);
  return tree;
}

async function build(row) {
  if (row.build) return row.build();
  const tree = ensureTree(row);
  const headers = readdirSync(join(tree, 'usr/src')).find((each) =>
    /^linux-headers-.*(?<!-common)$/.test(each),
  );
  buildModule(tree, headers);
  return headers.replace('linux-headers-', '');
}

if (getuid() !== 0) {
  console.error('this builds in chroots: run it as root');
  exit(1);
}
await ensureGuestPrograms(say);
const words = argv.slice(2);
const counts = { passed: 0, failed: 0 };
for (const row of rows.filter(({ name }) => words.length === 0 || words.includes(name))) {
  try {
    console.log(`ok ${row.name}: ${await build(row)}`);
    counts.passed += 1;
  } catch (error) {
    console.log(`not ok ${row.name}\n${error.message}`);
    counts.failed += 1;
  }
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
