/**
 * Runs the kernel's checkpatch --strict over the module. Debian has the script only in the source package
 * of the kernel, from which it is taken once.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/paths.mjs';
import { guestRoot, run } from './guest-tree.mjs';
import { unpackSource } from './kernel-source.mjs';

const folder = '/usr/local/lib/checkpatch';
const script = join(folder, 'scripts/checkpatch.pl');
const files = ['checkpatch.pl', 'spelling.txt', 'const_structs.checkpatch'].map(
  (file) => `scripts/${file}`,
);
/** That file compares versions: it is what it is for. */
const versionFile = 'compat.h';
const versionTypes = 'LINUX_VERSION_CODE,CONSTANT_COMPARISON';

/** What checkpatch says, a line each; undefined when the script cannot be had, and `say` says so. */
export function checkpatch(kernel, say) {
  if (!existsSync(join(guestRoot, script))) {
    say("checkpatch out of the kernel's source package");
    try {
      unpackSource(kernel, folder, files);
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
