/** Compression by the system's gzip, whose output does not change from version to version as zlib's does. */
import { execFileSync } from 'node:child_process';

/** Without name and time in the head: the same bytes for the same input. */
export function gzip(bytes: Uint8Array): Uint8Array {
  return execFileSync('gzip', ['-n', '-9', '-c'], { input: bytes, maxBuffer: 2 ** 28 });
}
