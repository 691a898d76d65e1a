/** Boots the guest under QEMU without KVM, its root the tree of guest-tree.mjs over 9p. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '../setup/paths.mjs';
import { guestRoot } from './guest-tree.mjs';

/**
 * Runs until the guest powers off or `seconds` have passed. `line` gets what it prints on its console.
 * Gives the last line on its second serial port, which is how it tells a verdict.
 */
export function bootGuest({
  kernel,
  initramfs,
  qemu,
  append,
  seconds,
  line,
  program = ['qemu-system-x86_64'],
  tree = guestRoot,
  console = 'ttyS0',
  bus = 'pci',
}) {
  const verdict = join(root, 'out/vm', `verdict-${process.pid}`);
  writeFileSync(verdict, '');
  const args = [
    ['-no-reboot', '-nodefaults', '-display', 'none'],
    ['-serial', 'stdio', '-serial', `file:${verdict}`],
    ['-kernel', join(tree, `boot/vmlinuz-${kernel}`), '-initrd', initramfs],
    ['-append', `console=${console} quiet panic=-1 random.trust_cpu=on ${append}`],
    ['-fsdev', `local,id=root,path=${tree},security_model=none,multidevs=remap`],
    ['-device', `virtio-9p-${bus},fsdev=root,mount_tag=root`],
    qemu,
  ].flat();
  const limit = [String(seconds), ...program, ...args];
  return new Promise((resolve, reject) => {
    const guest = spawn('timeout', limit, { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: guest.stdout }).on('line', (text) => line(text.trimEnd()));
    guest.on('error', reject);
    // Some kernels say their first words on every port.
    guest.on('close', () => resolve(readFileSync(verdict, 'utf8').trim().split('\n').at(-1)));
  });
}
