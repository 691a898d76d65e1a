/** The trees of the LuCI packages, made by their own build. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LuciTrees } from './luci-package.ts';

export async function buildLuciTrees(root: string, folder: string): Promise<LuciTrees> {
  const url = pathToFileURL(resolve(root, 'luci/build.mjs')).href;
  const { buildLuci } = (await import(url)) as { buildLuci: (into: string) => Promise<unknown> };
  await buildLuci(folder);
  return { folder };
}
