/** Connecting to the control socket of a daemon; what cannot be reached is told with what to do. */
import { connectUnix } from '../tjs/unix-socket.ts';
import { ControlClient } from './client.ts';
import { DaemonUnreachable } from './errors.ts';

/** Throws DaemonUnreachable. */
export async function connectControl(path: string): Promise<ControlClient> {
  try {
    return new ControlClient(await connectUnix(path), path);
  } catch (error) {
    throw new DaemonUnreachable(connectSentence(path, error));
  }
}

function connectSentence(path: string, error: unknown): string {
  const code = String((error as { code?: unknown })?.code ?? error);
  if (/EACCES|EPERM/.test(code)) return `No right to use ${path}. Run this as root.`;
  return (
    `ntmobiled is not running: nothing answers at ${path}. Start it (OpenWrt: ` +
    '"/etc/init.d/ntmobile start"; elsewhere "ntmobiled"), or name its socket with --control.'
  );
}
