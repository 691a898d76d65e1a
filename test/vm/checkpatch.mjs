/**
 * Runs the kernel's checkpatch --strict over the module. Debian has the script only in the source package
 * of the kernel, from which it is taken once.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/paths.mjs';
import { guestRoot, inTree, run } from './guest-tree.mjs';

const folder = join(guestRoot, 'usr/local/lib/checkpatch');
const script = '/usr/local/lib/checkpatch/checkpatch.pl';
const files = ['checkpatch.pl', 'spelling.txt', 'const_structs.checkpatch'];
/** That file compares versions: it is what it is for. */
const versionFile = 'compat.h';
const versionTypes = 'LINUX_VERSION_CODE,CONSTANT_COMPARISON';

function fetchScript(kernel) {
  const name = `linux-source-${/^\d+\.\d+/.exec(kernel)[0]}`;
  const download = join(guestRoot, 'var/tmp/source');
  mkdirSync(download, { recursive: true });
  mkdirSync(folder, { recursive: true });
  const members = files.map((file) => `${name}/scripts/${file}`).join(' ');
  const steps = [
    `cd /var/tmp/source && apt-get download ${name} >&2`,
    `dpkg-deb --fsys-tarfile ${name}_*.deb | tar -xO ./usr/src/${name}.tar.xz > source.tar.xz`,
    `tar -xJf source.tar.xz -C /usr/local/lib/checkpatch --strip-components=2 ${members}`,
  ];
  try {
    inTree('sh', ['-c', steps.join(' && ')], { stdio: ['ignore', 'ignore', 'pipe'] });
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}

/** What checkpatch says, a line each; undefined when the script cannot be had, and `say` says so. */
export function checkpatch(kernel, say) {
  if (!existsSync(join(guestRoot, script))) {
    say("checkpatch out of the kernel's source package");
    try {
      fetchScript(kernel);
    } catch (error) {
      say(`SKIPPED: checkpatch, which could not be fetched: ${error.message.split('\n')[0]}`);
      return undefined;
    }
  }
  const source = join(root, 'kmod-ntmobile');
  const named = [
    ...readdirSync(join(source, 'src')).map((file) => `src/${file}`),
    'uapi/linux/ntmobile.h',
  ];
  const complaints = (names, options) =>
    run('sh', ['-c', 'perl "$@" || true', 'perl', join(guestRoot, script), ...options, ...names], {
      cwd: source,
    })
      .split('\n')
      .filter((line) => /: (ERROR|WARNING|CHECK): /.test(line));
  const options = ['--no-tree', '--strict', '--terse', '-f'];
  const version = `src/${versionFile}`;
  return [
    ...complaints(
      named.filter((name) => name !== version),
      options,
    ),
    ...complaints([version], [`--ignore=${versionTypes}`, ...options]),
  ];
}
