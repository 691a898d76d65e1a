/** Programs of a test's own: the build of the project may be replaced while the test runs. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Programs } from './daemon.ts';

const root = process.env['NTM_ROOT'] ?? '.';

export function programsIn(folder: string): Programs {
  return {
    engine: join(root, 'out/bin/tjs'),
    daemon: join(folder, 'ntmobiled.js'),
    cli: join(folder, 'ntmobile.js'),
  };
}

/** Builds them as they are shipped. */
export async function buildProgramsIn(folder: string): Promise<void> {
  const config = JSON.stringify(join(root, 'esbuild.config.mjs'));
  const script = `const { buildPrograms } = await import(${config});
    await buildPrograms(${JSON.stringify(folder)});`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
}
