/**
 * The guest's Debian 13 tree, out/vm/root: a copy of the engine's tree where there is one, else made by
 * debootstrap, with Debian's kernel, its headers and what the tests call. Made once; a second call finds
 * it complete. Also the initramfs that mounts the tree over 9p.
 */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../setup/paths.mjs';

export const guestRoot = join(root, 'out/vm/root');
const engineTree = join(root, 'out/trixie');
const initramfs = join(root, 'out/vm/initramfs');
const packages = [
  'linux-image-amd64',
  'linux-headers-amd64',
  'gcc',
  'libc6-dev',
  'make',
  'sparse',
  'kmod',
  'busybox-static',
  'iproute2',
  'iputils-ping',
  'ethtool',
  'tcpdump',
  'perl',
  'xz-utils',
  // The bench and the lab in the guest.
  'wireguard-tools',
  'nftables',
  'coturn',
  'libcurl4t64',
  'libffi8',
  'libsodium23',
  'nodejs',
];
const rootModules = ['virtio_pci', '9pnet_virtio', '9p'];

export function run(command, args, options = {}) {
  return execFileSync('nice', ['-n', '19', command, ...args], { encoding: 'utf8', ...options });
}

/** Runs a command inside the tree. */
export function inTree(command, args, options = {}) {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive' };
  return run('chroot', [guestRoot, command, ...args], {
    env: { ...process.env, ...env },
    ...options,
  });
}

/** The words that start a program of the tree outside of it. */
export function ofTree(program) {
  const libraries = join(guestRoot, 'usr/lib/x86_64-linux-gnu');
  const loader = join(guestRoot, 'lib64/ld-linux-x86-64.so.2');
  return [loader, '--library-path', libraries, join(guestRoot, 'usr/bin', program)];
}

/** The tree complete; the version of its kernel. */
export function ensureGuestTree(say) {
  const stamp = join(root, 'out/vm/packages');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== packages.join('\n')) {
    if (!existsSync(guestRoot)) makeTree(say);
    say('packages of the guest');
    withProc(guestRoot, () => {
      inTree('apt-get', ['update'], { stdio: 'ignore' });
      inTree('apt-get', ['install', '-y', '--no-install-recommends', ...packages], {
        stdio: 'ignore',
      });
    });
    writeFileSync(stamp, packages.join('\n'));
  }
  mkdirSync(join(guestRoot, 'vm'), { recursive: true });
  return readdirSync(join(guestRoot, 'lib/modules')).findLast((name) => name.endsWith('-amd64'));
}

function makeTree(say) {
  say('tree of the guest');
  mkdirSync(join(root, 'out/vm'), { recursive: true });
  if (existsSync(engineTree)) run('cp', ['-a', '--reflink=auto', engineTree, guestRoot]);
  else run('debootstrap', ['--variant=minbase', 'trixie', guestRoot], { stdio: 'ignore' });
}

/** With /proc mounted in a tree, which package scripts and the newest kernels' tools look at. */
export function withProc(tree, action) {
  run('mount', ['-t', 'proc', 'proc', join(tree, 'proc')]);
  try {
    return action();
  } finally {
    run('umount', [join(tree, 'proc')]);
  }
}

/** Files of the modules, each behind what it depends on. */
function moduleFiles(kernel, tree) {
  const folder = join(tree, 'lib/modules', kernel);
  const dependencies = new Map(
    readFileSync(join(folder, 'modules.dep'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(':'))
      .map(([file, needs]) => [
        file,
        needs
          .trim()
          .split(' ')
          .filter((each) => each !== ''),
      ]),
  );
  const named = (name) =>
    [...dependencies.keys()].filter(
      (file) => basename(file).split('.')[0].replaceAll('-', '_') === name,
    );
  const wanted = rootModules.flatMap(named);
  return [...new Set(wanted.flatMap((file) => [...dependencies.get(file).toReversed(), file]))].map(
    (file) => join(folder, file),
  );
}

const initScript = (program) => `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in /modules/*; do [ ! -e $module ] || /bin/busybox insmod $module; done
/bin/busybox mount -t 9p -o trans=virtio,version=9p2000.L,cache=loose,msize=262144 root /root
exec /bin/busybox switch_root /root ${program}
`;

/** Packs the initramfs, which hands over to `program` of the tree; its path. */
export function packInitramfs(kernel, program = '/vm/init', tree = guestRoot) {
  rmSync(initramfs, { recursive: true, force: true });
  for (const folder of ['bin', 'dev', 'root', 'modules']) {
    mkdirSync(join(initramfs, folder), { recursive: true });
  }
  cpSync(join(tree, 'bin/busybox'), join(initramfs, 'bin/busybox'));
  moduleFiles(kernel, tree).forEach((file, index) => {
    const name = `${String(index).padStart(2, '0')}-${basename(file).replace(/\.xz$/, '')}`;
    const bytes = file.endsWith('.xz')
      ? run('xz', ['-dc', file], { encoding: 'buffer', maxBuffer: 2 ** 26 })
      : readFileSync(file);
    writeFileSync(join(initramfs, 'modules', name), bytes);
  });
  writeFileSync(join(initramfs, 'init'), initScript(program), { mode: 0o755 });
  const packed = `${initramfs}${program.replaceAll('/', '-')}.cpio`;
  run('sh', ['-c', `find . | cpio -o -H newc --quiet > ${packed}`], { cwd: initramfs });
  return packed;
}
