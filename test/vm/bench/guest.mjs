/**
 * The benchmark's guest: builds the module, the traffic program and the counting plugin, and boots once
 * for each kind of processor. Virtual time counts instructions, so that what else runs here changes nothing.
 */
import { chmodSync, copyFileSync, cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../setup/paths.mjs';
import { bootGuest } from '../boot.mjs';
import { guestRoot, inTree, packInitramfs, run } from '../guest-tree.mjs';

const source = join(root, 'test/vm/bench');
const folder = join(guestRoot, 'bench');
const out = join(root, 'out/bench');
const bootSeconds = 3600;
/**
 * A router without instructions for ciphers, and one with them. Without "-erms,-fsrm" the kernel copies
 * by an instruction that counts once for each byte.
 */
export const processors = { nosimd: 'qemu64,+rdrand', simd: 'max,-erms,-fsrm' };
/** As OpenWrt has it, memory is not cleared when it is given out; addresses have to be those of the symbols. */
const kernelOptions = 'loglevel=4 mitigations=off init_on_alloc=0 nokaslr tsc=reliable';

/** `module` is the folder of the module's source. */
export function buildBench(kernel, module) {
  rmSync(folder, { recursive: true, force: true });
  cpSync(module, join(folder, 'module'), { recursive: true });
  for (const name of ['init', 'measure.sh', 'traffic.c']) {
    copyFileSync(join(source, name), join(folder, name));
  }
  copyFileSync(join(root, 'test/vm/guest/ntmctl.c'), join(folder, 'ntmctl.c'));
  copyFileSync(join(module, 'uapi/linux/ntmobile.h'), join(folder, 'ntmobile.h'));
  chmodSync(join(folder, 'init'), 0o755);
  const headers = `/usr/src/linux-headers-${kernel}`;
  inTree('make', ['-s', '-C', headers, 'M=/bench/module', 'modules'], { stdio: 'pipe' });
  copyFileSync(join(folder, 'module/ntmobile.ko'), join(folder, 'ntmobile.ko'));
  for (const program of ['ntmctl', 'traffic']) {
    inTree('gcc', ['-O2', '-Wall', '-o', `/bench/${program}`, `/bench/${program}.c`]);
  }
  mkdirSync(out, { recursive: true });
  const plugin = join(out, 'count-plugin.so');
  const flags = ['-O2', '-Wall', '-shared', '-fPIC', `-DPLUGIN_API=${pluginApi()}`];
  run('gcc', [...flags, '-o', plugin, join(source, 'count-plugin.c')]);
  return { plugin, initramfs: packInitramfs(kernel, '/bench/init') };
}

/** The version of the plugin interface that this machine's QEMU has. */
function pluginApi() {
  const text = run('qemu-system-x86_64', ['--version']);
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(text).map(Number);
  if (major < 9) return 1;
  return major === 9 && minor === 0 ? 2 : 3;
}

/** Boots; `line` gets what the guest prints. Gives the file of the plugin's windows. */
export async function boot({ kernel, plugin, initramfs }, processor, only, line) {
  const windows = join(out, `windows-${processor}`);
  await bootGuest({
    kernel,
    initramfs,
    qemu: [
      ['-accel', 'tcg', '-icount', 'shift=0,sleep=off', '-plugin', `${plugin},out=${windows}`],
      ['-cpu', processors[processor], '-smp', '1', '-m', '1024'],
    ].flat(),
    append: `${kernelOptions} ntm.only=${only} ntm.heavy=${heavyBytes(processor)}`,
    seconds: bootSeconds,
    line,
  });
  copyFileSync(join(folder, 'kallsyms'), join(out, `kallsyms-${processor}`));
  return readFileSync(windows, 'utf8');
}

/** AES without its instructions costs four times what ChaCha20 does: less of it is enough. */
function heavyBytes(processor) {
  return processor === 'nosimd' ? 2097152 : 8388608;
}
