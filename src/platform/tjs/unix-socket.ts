/**
 * Unix stream sockets: connecting, and listening with one handler call per connection. The socket
 * file is made readable and writable for its owner and group only; a file left behind by a process
 * that was killed is replaced, one that is in use is not.
 */
import { libc } from './libc.ts';
import { acceptAll, type ByteStream, streamOf } from './stream.ts';
import { errorOfLastCall, ProblemToMend } from './system-error.ts';

export interface UnixListener {
  /** Stops accepting and removes the socket file; connections that exist go on. */
  close(): void;
}

/** The kernel's limit for a path, which the engine does not check. */
const maxPathBytes = 107;

function checkPath(path: string): void {
  if (new TextEncoder().encode(path).length > maxPathBytes) {
    throw new ProblemToMend(`The path of a socket has at most ${maxPathBytes} bytes: ${path}`);
  }
}

/**
 * Rejects with the engine's error (`code` ENOENT, ECONNREFUSED, EACCES) when nobody listens there.
 */
export async function connectUnix(path: string): Promise<ByteStream> {
  checkPath(path);
  return streamOf(await tjs.connect('pipe', path));
}

/**
 * Calls `accept` for every connection. Rejects with ProblemToMend when another process listens
 * there.
 */
export async function listenUnix(
  path: string,
  accept: (stream: ByteStream) => void,
): Promise<UnixListener> {
  checkPath(path);
  await removeStale(path);
  const previous = libc.umask(0o117);
  let server: unknown;
  try {
    server = await tjs.listen('pipe', path);
    await (server as Partial<TjsPipeServer>).opened;
  } finally {
    libc.umask(previous);
  }
  if (libc.chmod(path, 0o660) !== 0) throw errorOfLastCall(`chmod ${path}`);
  let open = true;
  acceptAll(server, accept).catch(() => {
    // Accepting ends with an error when the listener is closed: that is its end.
  });
  return {
    close: () => {
      if (!open) return;
      open = false;
      (server as { close(): void }).close();
      libc.unlink(path);
    },
  };
}

async function removeStale(path: string): Promise<void> {
  try {
    (await connectUnix(path)).close();
  } catch (error) {
    if ((error as { code?: string }).code === 'ECONNREFUSED') libc.unlink(path);
    return;
  }
  throw new ProblemToMend(
    `Another ntmobiled already listens at ${path}. Stop it, or use --control.`,
  );
}
