/** Builds the kernel module in a Debian tree that has a kernel's headers; any warning is a failure. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../setup/paths.mjs';
import { run, withProc } from './guest-tree.mjs';

/** Some architectures tell sparse all macros of the compiler, of which it has a few itself. */
const ownMacros = /^builtin:.*preprocessor token __ATOMIC_\w+ redefined$/;

/**
 * Copies the module into the tree at /build and makes it there with W=1, and with sparse unless told
 * otherwise. `options` are further arguments of make. Throws with the compiler's words.
 */
export function buildModule(tree, headers, { sparse = true, options = [] } = {}) {
  const build = join(tree, 'build');
  rmSync(build, { recursive: true, force: true });
  cpSync(join(root, 'kmod-ntmobile'), build, { recursive: true });
  const checks = ['W=1', ...(sparse ? ['C=2'] : [])];
  const target = ['-C', `/usr/src/${headers}`, 'M=/build', ...checks, ...options, 'modules'];
  const env = { ...process.env, PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };
  // A failure of make ends in a line with the word error, too.
  const script = 'make "$@" 2>&1 || echo "error: make failed"';
  const output = withProc(tree, () =>
    run('chroot', [tree, 'sh', '-c', script, 'make', ...target], { env }),
  );
  const warnings = output
    .split('\n')
    .filter((line) => /\b(warning|error):/.test(line) && !ownMacros.test(line));
  if (warnings.length > 0)
    throw new Error(`the module does not build cleanly:\n${warnings.join('\n')}`);
}
