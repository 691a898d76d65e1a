/**
 * The guest's kernel once more, with all that a kernel can check of itself: locking (lockdep), RCU, sleeping
 * where that is forbidden, memory that is used wrongly (KASAN) or lost (kmemleak). Built from Debian's
 * source once, with little but what the tests call.
 */
import { copyFileSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { guestRoot, inTree } from './guest-tree.mjs';
import { makeKernel } from './kernel-source.mjs';

/** As seen from inside the guest's tree. */
const folder = '/usr/src/linux-debug';

const on = (names) => names.split(/\s+/).map((each) => `CONFIG_${each}=y`);

const lines = [
  'CONFIG_LOCALVERSION="-debug"',
  '# CONFIG_EXPERT is not set',
  ...on(`64BIT SMP PREEMPT NO_HZ_IDLE HIGH_RES_TIMERS KERNEL_GZIP MODULES MODULE_UNLOAD PRINTK TTY
    SERIAL_8250 SERIAL_8250_CONSOLE MAGIC_SYSRQ PCI PCI_MSI ACPI VIRTIO_MENU VIRTIO_PCI BLK_DEV_INITRD BINFMT_ELF BINFMT_SCRIPT
    DEVTMPFS PROC_FS SYSFS TMPFS NET_9P NET_9P_VIRTIO NETWORK_FILESYSTEMS 9P_FS NAMESPACES NET_NS`),
  ...on(`NET INET IPV6 UNIX PACKET INET_DIAG IP_ADVANCED_ROUTER IP_MULTIPLE_TABLES
    IPV6_MULTIPLE_TABLES NETFILTER NETFILTER_ADVANCED NF_CONNTRACK NF_TABLES NF_TABLES_INET
    NF_TABLES_IPV4 NF_TABLES_IPV6 NFT_CT NFT_NAT NFT_MASQ NFT_REDIR NET_SCHED NET_SCH_NETEM NETDEVICES NET_CORE
    DUMMY VETH WIREGUARD CRYPTO CRYPTO_AES CRYPTO_GCM`),
  // One of the cases removes them.
  'CONFIG_BRIDGE=m',
  'CONFIG_BRIDGE_NETFILTER=m',
  ...on(`DEBUG_KERNEL DEBUG_FS DEBUG_PREEMPT PROVE_LOCKING PROVE_RCU DEBUG_ATOMIC_SLEEP KASAN
    KASAN_GENERIC KASAN_INLINE KASAN_VMALLOC DEBUG_KMEMLEAK DEBUG_LIST DEBUG_OBJECTS DEBUG_OBJECTS_RCU_HEAD
    DEBUG_OBJECTS_TIMERS DEBUG_OBJECTS_WORK DEBUG_NET SLUB_DEBUG KALLSYMS`),
  'CONFIG_LOG_BUF_SHIFT=20',
  'CONFIG_DEBUG_KMEMLEAK_MEM_POOL_SIZE=64000',
];

/** The kernel made and in its place; its version, and the folder of its headers below /usr/src. */
export function ensureDebugKernel(debian, say) {
  const targets = ['bzImage', 'modules'];
  makeKernel({ kernel: debian, folder, lines, targets, say });
  inTree('make', ['-s', '-C', folder, 'modules_install'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const place = join(guestRoot, folder);
  const kernel = readFileSync(join(place, 'include/config/kernel.release'), 'utf8').trim();
  copyFileSync(join(place, 'arch/x86/boot/bzImage'), join(guestRoot, 'boot', `vmlinuz-${kernel}`));
  return { kernel, headers: basename(folder) };
}
