/**
 * The device of the kernel module: made for this daemon, and removed with it. It outlives a daemon
 * that was killed, so one that nobody's port stands behind any more is removed before another is made.
 */
import { writeSetting } from '../kernel-settings.ts';
import type { Rtnl } from '../netlink/rtnl.ts';
import { ProblemToMend } from '../tjs/system-error.ts';
import { openSocket } from '../tjs/udp-socket.ts';
import type { KernelModule } from './kernel-module.ts';
import type { KernelDevice } from './kernel-path.ts';

const linkKind = 'ntmobile';

/**
 * Removes a device of this name that an earlier daemon left behind. Throws ProblemToMend when another
 * daemon still uses it, SystemError.
 */
export function removeStaleDevice(
  rtnl: Rtnl,
  module: KernelModule,
  name: string,
  ownPort: number,
): void {
  const link = rtnl.findLink(name);
  if (link?.kind !== linkKind) return;
  const port = module.get('devGet', { ifindex: link.index }).port ?? 0;
  if (port !== 0 && port !== ownPort && isTaken(port)) {
    throw new ProblemToMend(
      `option device: ${name} is in use by another ntmobiled (UDP port ${port}). Stop it, or choose ` +
        'another name.',
    );
  }
  rtnl.deleteLink(link.index);
}

function isTaken(port: number): boolean {
  try {
    openSocket(4, port).close();
    return false;
  } catch {
    return true;
  }
}

/** Throws SystemError: EEXIST when a device of another kind has the name. */
export function makeDevice(
  rtnl: Rtnl,
  module: KernelModule,
  name: string,
  port: number,
): KernelDevice {
  rtnl.addLink(name, linkKind);
  const link = rtnl.findLink(name);
  if (!link) throw new ProblemToMend(`The device ${name} was deleted while it was made.`);
  try {
    module.run('devSet', { ifindex: link.index, port });
  } catch (error) {
    rtnl.deleteLink(link.index);
    throw error;
  }
  writeSetting(`net/ipv4/conf/${name}/send_redirects`, 0);
  return { name, ifindex: link.index };
}
