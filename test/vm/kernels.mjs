/**
 * `npm run test:kernels`: builds the module, with W=1 and sparse, against the headers of other kernels than
 * the guest's: Debian 12's, the same for 32 bits, the newest that Debian has, and Debian 13's big-endian
 * one for s390x by a cross compiler. Each has a tree of its own below out/vm/kernels, made once. Words are
 * names of rows to build alone. The last line is `N passed, N failed`.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { argv, exit, getuid } from 'node:process';
import { root } from '../setup/paths.mjs';
import { ensureGuestTree, guestRoot, run } from './guest-tree.mjs';
import { buildModule } from './module-build.mjs';

const folder = join(root, 'out/vm/kernels');
const say = (text) => console.log(`# ${text}`);

const rows = [
  { name: 'bookworm', release: 'bookworm', arch: 'amd64', headers: 'linux-headers-amd64' },
  { name: 'bookworm-i386', release: 'bookworm', arch: 'i386', headers: 'linux-headers-686-pae' },
  { name: 'sid', release: 'sid', arch: 'amd64', headers: 'linux-headers-amd64' },
  { name: 's390x' },
];

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
  if (row.name === 's390x') {
    ensureGuestTree(say);
    const { crossOptions, ensureCross } = await import('./s390x.mjs');
    const kernel = ensureCross(say);
    buildModule(guestRoot, `linux-headers-${kernel}`, { options: crossOptions });
    return kernel;
  }
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
