/**
 * The static key of a role (protocol.md section 2): made at first start, mode 0600, and never
 * replaced. The file holds the secret and the public key in hexadecimal; the second tells a damaged
 * file.
 */
import { fromHex, fromUtf8, toHex, utf8 } from '../base/bytes.ts';
import type { Random } from '../base/random.ts';
import { type KeyPair, keyLength, type Suite } from '../noise/suite.ts';
import { readFile, writeFileDurably } from './files.ts';
import { libc } from './tjs/libc.ts';
import { ProblemToMend } from './tjs/system-error.ts';

/** Throws ProblemToMend for a damaged file, SystemError when it cannot be read or written. */
export function loadOrMakeKey(path: string, suite: Suite, random: Random): KeyPair {
  const content = readFile(path);
  if (content !== undefined) {
    libc.chmod(path, 0o600);
    return parseKeyFile(path, content, suite);
  }
  const secretKey = random.bytes(keyLength);
  const keys = { secretKey, publicKey: suite.publicKey(secretKey) };
  const text = `secret ${toHex(keys.secretKey)}\npublic ${toHex(keys.publicKey)}\n`;
  writeFileDurably(path, utf8(text));
  return keys;
}

function parseKeyFile(path: string, content: Uint8Array, suite: Suite): KeyPair {
  const lines = /^secret ([0-9a-f]{64})\npublic ([0-9a-f]{64})\n$/.exec(fromUtf8(content) ?? '');
  const secretKey = fromHex(lines?.[1] ?? '');
  if (lines && secretKey) {
    const publicKey = suite.publicKey(secretKey);
    if (toHex(publicKey) === lines[2]) return { secretKey, publicKey };
  }
  throw new ProblemToMend(
    `The key file ${path} is damaged. Restore it from a backup; without one, remove it, and this ` +
      'machine gets a new Node ID and needs a new invite.',
  );
}
