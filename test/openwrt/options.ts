/** The arguments of `npm run test:openwrt`. */

export type Userland =
  | { readonly kind: 'image'; readonly image: string }
  | { readonly kind: 'kernel'; readonly folder: string; readonly kernel: string }
  /** No kernel: the folder runs in namespaces of this machine. */
  | { readonly kind: 'namespaces'; readonly folder: string };

export interface OpenwrtOptions {
  readonly userland: Userland | undefined;
  readonly packages: string | undefined;
  readonly memory: number;
  readonly word: string;
  readonly keep: boolean;
  readonly kvm: boolean;
}

export const usage = `Usage: npm run test:openwrt -- --image FILE | --rootfs DIR [--kernel FILE] [OPTION]…
Two routers behind two NATs, installed, configured, upgraded and cleaned up again by OpenWrt's own tools.

  --image FILE      disk image of OpenWrt for x86-64 (…-ext4-combined.img, unpacked); started in QEMU
  --rootfs DIR      an OpenWrt user space for x86-64 as a folder (…-rootfs.tar.gz, unpacked)
  --kernel FILE     start DIR in QEMU with this kernel; without it, in network namespaces of this machine
  --packages DIR    further packages to install from, such as txikijs, libsodium, kmod-tun
  --memory MB       of each router in QEMU (256)
  --only WORD       only checks whose name holds the word (what they need is done anyway)
  --kvm             let the processor run the guests itself; else QEMU emulates it, which is slow
  --keep            leave the routers' folders in out/
  --help            this text

The variables NTM_OPENWRT_IMAGE, NTM_OPENWRT_ROOTFS, NTM_OPENWRT_KERNEL and NTM_OPENWRT_PACKAGES name the
same for "npm test". Without either the test is skipped.
`;

export class UsageError extends Error {}

const names = {
  '--image': 'image',
  '--rootfs': 'rootfs',
  '--kernel': 'kernel',
  '--packages': 'packages',
  '--memory': 'memory',
  '--only': 'word',
} as const;

/** Undefined when help is asked for. Throws UsageError. */
export function readOptions(
  words: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): OpenwrtOptions | undefined {
  if (words.includes('--help')) return undefined;
  const given = new Map<string, string>();
  for (const name of ['image', 'rootfs', 'kernel', 'packages']) {
    const value = environment[`NTM_OPENWRT_${name.toUpperCase()}`];
    if (value) given.set(name, value);
  }
  const rest = words.filter((word) => word !== '--keep' && word !== '--kvm');
  for (let at = 0; at < rest.length; at += 2) {
    const [word, value] = [rest[at] as string, rest[at + 1]];
    if (!(word in names)) throw new UsageError(`"${word}" is not known. See --help.`);
    if (!value) throw new UsageError(`${word} needs a value.`);
    given.set(names[word as keyof typeof names], value);
  }
  const memory = Number(given.get('memory') ?? 256);
  if (!(memory >= 64 && memory <= 4096))
    throw new UsageError('--memory is in MB, from 64 to 4096.');
  return {
    userland: userlandOf(given),
    packages: given.get('packages'),
    memory,
    word: given.get('word') ?? '',
    keep: words.includes('--keep'),
    kvm: words.includes('--kvm'),
  };
}

function userlandOf(given: ReadonlyMap<string, string>): Userland | undefined {
  const [image, folder, kernel] = ['image', 'rootfs', 'kernel'].map((name) => given.get(name));
  if (image && folder) throw new UsageError('Give --image or --rootfs, not both.');
  if (image) return { kind: 'image', image };
  if (!folder) return undefined;
  return kernel ? { kind: 'kernel', folder, kernel } : { kind: 'namespaces', folder };
}
