/**
 * A router in QEMU: a disk image of OpenWrt, or a user space packed as initramfs with a kernel. Its
 * console is the serial port, kept in `console-NAME`; the packages come on a second disk, which is a tar.
 */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { copyFileSync, createWriteStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { endProcess, type Namespaces } from '../lab/namespaces.ts';
import { cablesOf, type RouterPlan } from './network.ts';
import type { OpenwrtOptions, Userland } from './options.ts';
import { Router } from './router.ts';
import { RouterShell } from './router-shell.ts';

const bootSeconds = 1800;
/** How many times as long as a machine of its own a guest may take; an emulated one needs more. */
const patience = { kvm: 5, emulated: 30 } as const;

/** The user space as an initramfs, packed once for all guests. */
export function packInitramfs(folder: string, into: string): string {
  const packed = join(into, 'initramfs.gz');
  const script = 'find . -xdev | cpio -o -H newc --quiet -R 0:0 | gzip -1 > "$0"';
  execFileSync('sh', ['-c', script, packed], { cwd: folder });
  return packed;
}

export class GuestRouter {
  readonly #folder: string;
  #child: ChildProcess | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(
    name: string,
    plan: RouterPlan,
    namespaces: Namespaces,
    userland: Exclude<Userland, { kind: 'namespaces' }>,
    initramfs: string | undefined,
    feed: string,
    { memory, kvm }: Pick<OpenwrtOptions, 'memory' | 'kvm'>,
  ): Promise<Router> {
    mkdirSync(this.#folder, { recursive: true });
    const feedDisk = join(this.#folder, `feed-${name}.tar`);
    execFileSync('tar', ['-C', feed, '-cf', feedDisk, '.']);
    const cables = cablesOf(plan);
    // The guest's cards are bridged to the cables, which end in the namespace.
    for (const cable of cables) {
      await namespaces.ipBatch(plan.host, [
        `link add br-${cable} type bridge`,
        `tuntap add tap-${cable} mode tap`,
        `link set tap-${cable} master br-${cable} up`,
        `link set ${cable} master br-${cable} up`,
        `link set br-${cable} up`,
      ]);
    }
    const card = (cable: string, index: number) => [
      ...['-netdev', `tap,id=${cable},ifname=tap-${cable},script=no,downscript=no`],
      // No ROM to boot from the network, which each card would run before the kernel.
      ...[
        '-device',
        `virtio-net-pci,netdev=${cable},romfile=,mac=52:54:00:${plan.host === 'mn' ? '0a' : '0b'}:00:0${index}`,
      ],
    ];
    // Emulated, the fast string instructions go byte by byte.
    const emulated = ['-accel', 'tcg', '-cpu', 'max,-erms,-fsrm'];
    const processor = kvm ? ['-accel', 'kvm', '-cpu', 'host'] : emulated;
    const args = [
      ...processor,
      ...['-smp', '1', '-m', String(memory), '-nographic', '-no-reboot'],
      ...['-serial', 'stdio', '-monitor', 'none'],
      ...this.#system(name, userland, initramfs),
      ...['-drive', `file=${feedDisk},format=raw,if=virtio,readonly=on`],
      ...cables.flatMap((cable, index) => card(cable, index + 1)),
    ];
    const child = namespaces.start(plan.host, ['qemu-system-x86_64', ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    const outputs = [child.stdout, child.stderr] as Readable[];
    outputs[0]?.pipe(createWriteStream(join(this.#folder, `console-${name}`)));
    const shell = new RouterShell(`router ${name}`, child.stdin as Writable, outputs);
    await this.#awake(shell, name);
    const router = new Router(`router ${name}`, shell, kvm ? patience.kvm : patience.emulated);
    // A console answers long before: what is configured meanwhile the boot overwrites.
    await router.until('logread | grep -q "procd: - init complete -"');
    const disk = userland.kind === 'image' ? 'vdb' : 'vda';
    await router.ok(`dmesg -n 1; mkdir -p /tmp/feed && tar -xf /dev/${disk} -C /tmp/feed`);
    return router;
  }

  #system(
    name: string,
    userland: Exclude<Userland, { kind: 'namespaces' }>,
    initramfs: string | undefined,
  ): string[] {
    if (userland.kind === 'image') {
      const disk = join(this.#folder, `disk-${name}.img`);
      copyFileSync(userland.image, disk);
      return ['-drive', `file=${disk},format=raw,if=virtio`];
    }
    // With INITRAMFS preinit looks for no disk that holds an overlay.
    const line =
      'console=ttyS0 quiet mitigations=off init_on_alloc=0 rdinit=/sbin/init INITRAMFS=1';
    return ['-kernel', userland.kernel, '-initrd', initramfs ?? '', '-append', line];
  }

  /** Presses Enter until a shell answers. */
  async #awake(shell: RouterShell, name: string): Promise<void> {
    const end = Date.now() + bootSeconds * 1000;
    while (Date.now() < end && !shell.closed) {
      shell.type('\necho "=awa""ke"\n');
      if (await shell.hear(/=awake/, 5)) return;
    }
    throw new Error(`router ${name} does not come up; last heard:\n${shell.tail}`);
  }

  async stop(): Promise<void> {
    if (this.#child) await endProcess(this.#child);
  }
}
