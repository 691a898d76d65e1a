/**
 * Files that survive a power cut: written beside the old one, forced to disk, then put in its place
 * in one step, so that a reader finds the old content or the new. All of them belong to their owner
 * alone.
 */
import { fileConstants } from './tjs/abi.ts';
import { errno } from './tjs/ffi.ts';
import { libc } from './tjs/libc.ts';
import { errnos, orThrow, ProblemToMend, SystemError } from './tjs/system-error.ts';

const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_TRUNC, O_CLOEXEC, LOCK_EX, LOCK_NB } = fileConstants;
const privateMode = 0o600;
const chunkBytes = 16_384;

/** The whole file, or undefined when there is none. Throws SystemError. */
export function readFile(path: string): Uint8Array | undefined {
  const fd = libc.open(path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) {
    const number = errno();
    if (number === errnos.ENOENT) return undefined;
    throw new SystemError(`read ${path}`, number);
  }
  try {
    let content = new Uint8Array(chunkBytes);
    let length = 0;
    for (;;) {
      if (length === content.length) {
        const grown = new Uint8Array(length * 2);
        grown.set(content);
        content = grown;
      }
      const room = content.subarray(length);
      const count = orThrow(libc.read(fd, room, room.length), `read ${path}`);
      if (count === 0) return content.slice(0, length);
      length += count;
    }
  } finally {
    libc.close(fd);
  }
}

/** Replaces the file; on disk, name and content, when this returns. Throws SystemError. */
export function writeFileDurably(path: string, content: Uint8Array): void {
  const beside = `${path}.new`;
  const fd = libc.open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, privateMode);
  orThrow(fd, `write ${beside}`);
  try {
    for (let offset = 0; offset < content.length; ) {
      const rest = content.subarray(offset);
      offset += orThrow(libc.write(fd, rest, rest.length), `write ${path}`);
    }
    orThrow(libc.fsync(fd), `write ${path}`);
  } catch (error) {
    libc.unlink(beside);
    throw error;
  } finally {
    libc.close(fd);
  }
  orThrow(libc.rename(beside, path), `write ${path}`);
  syncFile(directoryOf(path));
}

/** Gone for good when this returns; one that is not there is no error. */
export function removeFileDurably(path: string): void {
  if (libc.unlink(path) < 0) {
    const number = errno();
    if (number === errnos.ENOENT) return;
    throw new SystemError(`remove ${path}`, number);
  }
  syncFile(directoryOf(path));
}

function directoryOf(path: string): string {
  const end = path.lastIndexOf('/');
  return end < 0 ? '.' : path.slice(0, Math.max(end, 1));
}

/** Forces a file, or the names in a directory, to disk. Throws SystemError. */
export function syncFile(path: string): void {
  const fd = orThrow(libc.open(path, O_RDONLY | O_CLOEXEC, 0), `open ${path}`);
  // Some file systems of flash memory cannot sync a directory and need not.
  if (libc.fsync(fd) < 0 && errno() !== errnos.EINVAL) {
    const error = new SystemError(`sync ${path}`, errno());
    libc.close(fd);
    throw error;
  }
  libc.close(fd);
}

/** Makes an empty file for its owner alone where there is none. */
export function createPrivateFile(path: string): void {
  libc.close(orThrow(libc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, privateMode), `create ${path}`));
}

/** Makes the directory, mode 0700, with those above it. Throws SystemError. */
export function makeDirectory(path: string): void {
  if (libc.mkdir(path, 0o700) === 0) return;
  const number = errno();
  if (number === errnos.EEXIST) return;
  const above = directoryOf(path);
  if (number !== errnos.ENOENT || above === path) throw new SystemError(`make ${path}`, number);
  makeDirectory(above);
  orThrow(libc.mkdir(path, 0o700), `make ${path}`);
}

/**
 * Holds `path` for this process until it ends, however it ends. Throws ProblemToMend when another
 * process holds it.
 */
export function lockFile(path: string): void {
  const fd = orThrow(libc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, privateMode), `open ${path}`);
  if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) return;
  const number = errno();
  libc.close(fd);
  if (number !== errnos.EAGAIN) throw new SystemError(`lock ${path}`, number);
  throw new ProblemToMend(
    `Another ntmobiled uses ${directoryOf(path)}. Stop it, or give this one a directory with --state.`,
  );
}
