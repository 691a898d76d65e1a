/** A directory of its own for one test file, removed at its end. */
import { run } from '../../../src/platform/tjs/process.ts';

export async function makeScratch(): Promise<string> {
  const { out } = await run(['mktemp', '-d', '/tmp/ntm-test-XXXXXX']);
  return out.trim();
}

export async function removeScratch(path: string): Promise<void> {
  await run(['rm', '-rf', path]);
}
