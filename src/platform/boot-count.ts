/**
 * The count of process starts, the high half of every stamp (protocol.md 11.2): on disk before this
 * start uses it, so that no stamp is ever used twice.
 */
import { fromUtf8, utf8 } from '../base/bytes.ts';
import { readFile, writeFileDurably } from './files.ts';
import { ProblemToMend } from './tjs/system-error.ts';

const limit = 2 ** 32;

/** The count of this start, 1 for the first. Throws ProblemToMend or SystemError. */
export function nextBootCount(path: string): number {
  const content = readFile(path);
  const text = content === undefined ? '0\n' : (fromUtf8(content) ?? '');
  const count = /^\d{1,10}\n$/.test(text) ? Number(text) + 1 : Number.NaN;
  if (!(count < limit)) {
    throw new ProblemToMend(
      `The file ${path} is damaged. Write into it a number higher than the times this daemon was ` +
        'started, such as 1000000.',
    );
  }
  writeFileDurably(path, utf8(`${count}\n`));
  return count;
}
