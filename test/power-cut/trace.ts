/**
 * What strace saw of a Direction Server: every write, flush and cut of its database's files, and every answer it
 * sent, in one order. The order is that of one thread, which does all of them.
 */
import { readFileSync } from 'node:fs';

export type DiskFile = 'ds.sqlite' | 'ds.sqlite-wal';

export type DiskEvent =
  | {
      readonly kind: 'write';
      readonly file: DiskFile;
      readonly offset: number;
      readonly bytes: Buffer;
    }
  | { readonly kind: 'truncate'; readonly file: DiskFile; readonly length: number }
  | { readonly kind: 'sync'; readonly file: DiskFile }
  /** A Session Response to this session of a node, in hexadecimal. */
  | { readonly kind: 'answer'; readonly receiver: string };

export const tracedCalls = [
  'pwrite64',
  'write',
  'pwritev',
  'ftruncate',
  'fsync',
  'fdatasync',
  'sendmmsg',
] as const;

const callPattern = /^(\w+)\(\d+<((?:\\x..)*)>/;
const diskFile = /\/(ds\.sqlite(?:-wal)?)$/;
const sessionResponse = '02';

function bytesOf(escaped: string): Buffer {
  return Buffer.from(escaped.replaceAll('\\x', ''), 'hex');
}

/** Throws for a call on the database that is not understood: nothing may be missed. */
export function parseTrace(file: string): DiskEvent[] {
  return readFileSync(file, 'latin1').split('\n').flatMap(parseLine);
}

function parseLine(line: string): DiskEvent[] {
  if (line.startsWith('sendmmsg(')) return answersIn(line);
  const [, call, path] = callPattern.exec(line) ?? [];
  const [, name] = diskFile.exec(String(bytesOf(path ?? ''))) ?? [];
  if (call === undefined || name === undefined) return [];
  const file = name as DiskFile;
  const result = Number(/ = (-?\d+)/.exec(line)?.[1]);
  if (!(result >= 0)) throw new Error(`a call failed: ${line.slice(0, 200)}`);
  if (call === 'fsync' || call === 'fdatasync') return [{ kind: 'sync', file }];
  if (call === 'ftruncate') {
    return [{ kind: 'truncate', file, length: Number(/>, (\d+)\)/.exec(line)?.[1]) }];
  }
  const [, escaped, length, offset] = /"((?:\\x..)*)", (\d+), (\d+)\)/.exec(line) ?? [];
  if (call !== 'pwrite64' || escaped === undefined || Number(length) !== result) {
    throw new Error(`a call is not understood: ${line.slice(0, 200)}`);
  }
  const bytes = bytesOf(escaped);
  if (bytes.length !== result) throw new Error('strace has shortened what was written');
  return [{ kind: 'write', file, offset: Number(offset), bytes }];
}

function answersIn(line: string): DiskEvent[] {
  const sent = Number(/ = (\d+)/.exec(line)?.[1] ?? 0);
  // A message may hold several datagrams, each in a piece of its own.
  const messages = line
    .split('msg_hdr=')
    .slice(1, sent + 1)
    .join('');
  return [...messages.matchAll(/iov_base="((?:\\x..)*)"/g)].flatMap(([, escaped]) => {
    const hex = (escaped as string).slice(0, 4 * 20).replaceAll('\\x', '');
    if (!hex.startsWith(sessionResponse)) return [];
    // Header of 4 bytes, the sender's session ID, the receiver's.
    return [{ kind: 'answer' as const, receiver: hex.slice(24, 40) }];
  });
}
