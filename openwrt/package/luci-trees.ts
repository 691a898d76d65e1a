/** The trees of the LuCI packages, made by their own build. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LuciTrees } from './luci-package.ts';

interface LuciBuild {
  readonly buildLuci: (into: string) => Promise<unknown>;
  readonly bundledModules: readonly string[];
  readonly bundledModule: (name: string) => Promise<string>;
}

function loadBuild(root: string): Promise<LuciBuild> {
  return import(pathToFileURL(resolve(root, 'luci/build.mjs')).href);
}

export async function buildLuciTrees(root: string, folder: string): Promise<LuciTrees> {
  const { buildLuci } = await loadBuild(root);
  await buildLuci(folder);
  return { folder };
}

/** Puts the modules that are bundled from TypeScript beside the views: luci.mk packs what lies there. */
export async function fillForSdk(root: string): Promise<void> {
  const { bundledModules, bundledModule } = await loadBuild(root);
  const folder = 'luci/luci-app-ntmobile/htdocs/luci-static/resources/ntmobile';
  for (const name of bundledModules) {
    writeFileSync(resolve(root, folder, `${name}.js`), await bundledModule(name));
  }
}
