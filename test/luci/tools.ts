/** The tools of `luci/` that are plain JavaScript, with their types. */
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface PoEntry {
  readonly context: string | undefined;
  readonly id: string;
  readonly plural: string | undefined;
  readonly texts: readonly string[];
}

export interface Tools {
  hash(bytes: Uint8Array): number;
  lmoBytes(entries: readonly PoEntry[]): Uint8Array;
  readPo(text: string): readonly PoEntry[];
}

export async function loadTool(): Promise<Tools> {
  const folder = join(process.env['NTM_ROOT'] ?? '.', 'luci');
  const load = (name: string) => import(pathToFileURL(resolve(folder, name)).href);
  const [lmo, po] = await Promise.all([load('lmo.mjs'), load('po.mjs')]);
  return { ...lmo, ...po } as Tools;
}
