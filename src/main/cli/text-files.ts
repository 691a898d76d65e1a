/**
 * Text files of the command line. A file is replaced whole: written beside its place, on disk, then
 * renamed, mode 0600. Errors are sentences with what to do.
 */
import { utf8 } from '../../base/bytes.ts';
import { fileConstants } from '../../platform/tjs/abi.ts';
import { errno, errorText } from '../../platform/tjs/ffi.ts';
import { libc } from '../../platform/tjs/libc.ts';
import { errnoName, errnos } from '../../platform/tjs/system-error.ts';
import { CommandFailure, exitCodes } from './exit-codes.ts';

const { O_RDONLY, O_WRONLY, O_CREAT, O_TRUNC, O_CLOEXEC } = fileConstants;
const chunkBytes = 65_536;

/** Undefined when there is no such file. */
export function readTextFile(path: string): string | undefined {
  const fd = libc.open(path, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) {
    if (errno() === errnos.ENOENT) return undefined;
    throw failure('read', path);
  }
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(chunkBytes);
  let text = '';
  for (;;) {
    const count = libc.read(fd, chunk, chunkBytes);
    if (count < 0) {
      const error = failure('read', path);
      libc.close(fd);
      throw error;
    }
    if (count === 0) break;
    text += decoder.decode(chunk.subarray(0, count), { stream: true });
  }
  libc.close(fd);
  return text + decoder.decode();
}

export function writeTextFile(path: string, text: string): void {
  const beside = `${path}.new`;
  const fd = libc.open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600);
  if (fd < 0) throw failure('write', path);
  const bytes = utf8(text);
  let done = 0;
  while (done < bytes.length) {
    const count = libc.write(fd, bytes.subarray(done), bytes.length - done);
    if (count <= 0) break;
    done += count;
  }
  const written = done === bytes.length && libc.fsync(fd) === 0;
  const error = written ? undefined : failure('write', path);
  libc.close(fd);
  if (!error && libc.rename(beside, path) === 0) {
    syncDirectory(path);
    return;
  }
  const reason = error ?? failure('write', path);
  libc.unlink(beside);
  throw reason;
}

function syncDirectory(path: string): void {
  const fd = libc.open(path.replace(/[^/]*$/, '') || '.', O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return;
  libc.fsync(fd);
  libc.close(fd);
}

/** One level; nothing when it exists or the path is empty. */
export function makeDirectory(path: string, mode: number): void {
  if (path !== '' && libc.mkdir(path, mode) !== 0 && errno() !== errnos.EEXIST)
    throw failure('make', path);
}

export function removeFile(path: string): void {
  if (libc.unlink(path) !== 0 && errno() !== errnos.ENOENT) throw failure('remove', path);
}

export function fileExists(path: string): boolean {
  const fd = libc.open(path, O_RDONLY | O_CLOEXEC, 0);
  if (fd >= 0) libc.close(fd);
  return fd >= 0;
}

/** To be called directly after the call that failed. */
function failure(verb: string, path: string): CommandFailure {
  const number = errno();
  const name = errnoName(number);
  const acts: Readonly<Record<string, string>> = {
    EACCES: 'Run this as root.',
    EPERM: 'Run this as root.',
    ENOENT: 'Make its directory first.',
  };
  const act = acts[name] ?? `The system says: ${errorText(number)}.`;
  return new CommandFailure(exitCodes.failed, `Cannot ${verb} ${path}. ${act}`);
}
