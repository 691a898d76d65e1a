/** Connecting to the control socket of a daemon; what cannot be reached is told with what to do. */
import { ProblemToMend } from '../tjs/system-error.ts';
import { connectUnix } from '../tjs/unix-socket.ts';
import { ControlClient } from './client.ts';
import { DaemonUnreachable } from './errors.ts';

/** Throws DaemonUnreachable. */
export async function connectControl(path: string): Promise<ControlClient> {
  try {
    return new ControlClient(await connectUnix(path), path);
  } catch (error) {
    if (error instanceof ProblemToMend) {
      throw new DaemonUnreachable(error.message, 'Name another one with --control.');
    }
    const code = String((error as { code?: unknown })?.code ?? error);
    if (/EACCES|EPERM/.test(code)) {
      throw new DaemonUnreachable(`You may not use ${path}.`, 'Run this as root.');
    }
    throw new DaemonUnreachable(
      `ntmobiled is not running: nothing answers at ${path}.`,
      'Start it ("/etc/init.d/ntmobile start" on OpenWrt, "ntmobiled" elsewhere), or name its ' +
        'socket with --control.',
    );
  }
}
