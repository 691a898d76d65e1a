/**
 * Kernels out of Debian's source package, for what its binary ones do not offer: the source in the guest's
 * tree, unpacked once, and a kernel configured from it with nothing but what is asked for.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guestRoot, inTree, withProc } from './guest-tree.mjs';

const tools = ['flex', 'bison', 'bc', 'libelf-dev'];

/** Unpacks the source of the guest's kernel, or these files of it, into a folder of the guest's tree. */
export function unpackSource(kernel, folder, files = []) {
  const name = `linux-source-${/^\d+\.\d+/.exec(kernel)[0]}`;
  const download = join(guestRoot, 'var/tmp/source');
  mkdirSync(download, { recursive: true });
  mkdirSync(join(guestRoot, folder), { recursive: true });
  const members = files.map((file) => `${name}/${file}`).join(' ');
  const steps = [
    `cd /var/tmp/source && apt-get download ${name} >&2`,
    `dpkg-deb --fsys-tarfile ${name}_*.deb | tar -xO ./usr/src/${name}.tar.xz > source.tar.xz`,
    `tar -xJf source.tar.xz -C ${folder} --strip-components=1 ${members}`,
  ];
  try {
    inTree('sh', ['-c', steps.join(' && ')], { stdio: ['ignore', 'ignore', 'pipe'] });
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}

/** The whole source; its folder, as seen from inside the tree. */
function ensureSource(kernel, say) {
  const folder = '/usr/src/linux-source';
  if (existsSync(join(guestRoot, folder))) return folder;
  say("the kernel's source package");
  inTree('apt-get', ['install', '-y', '--no-install-recommends', ...tools], { stdio: 'ignore' });
  const unfinished = `${folder}.new`;
  rmSync(join(guestRoot, unfinished), { recursive: true, force: true });
  unpackSource(kernel, unfinished);
  renameSync(join(guestRoot, unfinished), join(guestRoot, folder));
  return folder;
}

/**
 * Configures a kernel in a folder of its own and makes these targets. `lines` are those of its
 * configuration besides the smallest one; a line that is not taken as it stands is an error.
 */
export function makeKernel({ kernel, folder, lines, options = [], targets, say }) {
  const source = ensureSource(kernel, say);
  const place = join(guestRoot, folder);
  const wanted = `${lines.join('\n')}\n`;
  const stamp = join(place, 'wanted');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'lines'), wanted);
  const make = (...words) =>
    inTree('make', ['-s', '-C', source, `O=${folder}`, ...options, ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  withProc(guestRoot, () => {
    make('tinyconfig');
    const merge = 'cd "$1" && scripts/kconfig/merge_config.sh -m -O "$2" "$2/.config" "$2/lines"';
    inTree('sh', ['-c', merge, 'sh', source, folder], { stdio: 'ignore' });
    make('olddefconfig');
    const taken = readFileSync(join(place, '.config'), 'utf8').split('\n');
    const refused = lines.filter((line) => !taken.includes(line));
    if (refused.length > 0) throw new Error(`the kernel has not taken ${refused.join(', ')}`);
    say(`${targets.join(' and ')} of ${folder}`);
    make('-j2', ...targets);
  });
  writeFileSync(stamp, wanted);
}
