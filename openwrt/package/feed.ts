/** All packages of the feed, and the folder they are written to with their index. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Engine, enginePackage } from './engine-package.ts';
import { indexFiles } from './feed-index.ts';
import { feedPackage, readMakefile, required } from './feed-package.ts';
import { buildIpk, controlOf, ipkFileName, type SourceDate } from './ipk.ts';
import { type BuiltModule, kernelPackage } from './kernel-package.ts';
import { type LuciTrees, luciPackage, translationPackages } from './luci-package.ts';
import type { Package } from './package-files.ts';
import type { SigningKey } from './signify.ts';

/** The parts of ntmobiled import each other from the same folder. */
export const programFiles = [
  'ntmobiled.js',
  'ntmobiled-chunk.js',
  'ntmobiled-servers.js',
  'ntmobile.js',
];
const programs = new Map(programFiles.map((name) => [name, `out/${name}`]));
const luciNames = ['luci-app-ntmobile', 'luci-proto-ntmobile'];

/** Everything that runs on any architecture. The programs in out/ have been built. */
export function commonPackages(root: string, trees: LuciTrees): Package[] {
  const daemon = feedPackage(
    { root, path: 'openwrt/ntmobile/Makefile', builtByName: programs },
    'ntmobile',
  );
  const luci = luciNames.flatMap((name) => {
    const made = luciPackage({ root, path: `luci/${name}/Makefile` }, trees);
    return [made, ...translationPackages(made, trees)];
  });
  return [daemon, ...luci];
}

export function modulePackage(root: string, module: BuiltModule): Package {
  return kernelPackage({ root, path: 'openwrt/kmod-ntmobile/Makefile' }, 'ntmobile', module);
}

/** See enginePackage. */
export function txikiPackage(root: string, engine: Omit<Engine, 'maintainer'>) {
  const source = { root, path: 'openwrt/ntmobile/Makefile' };
  const maintainer = required(readMakefile(source), 'PKG_MAINTAINER', source.path);
  return enginePackage({ ...engine, maintainer });
}

export interface Written {
  readonly fileName: string;
  readonly bytes: number;
}

/**
 * Writes the packages and an index of all that is in the folder then; packages for other architectures
 * from earlier runs stay, older versions of the same package go.
 */
export function writeFeed(
  folder: string,
  packages: readonly Package[],
  key: SigningKey,
  date: SourceDate,
): Written[] {
  mkdirSync(folder, { recursive: true });
  for (const each of packages) {
    for (const old of readdirSync(folder)) {
      const samePackage = old.startsWith(`${each.name}_`);
      const sameArchitecture = old.endsWith(`_${each.architecture}.ipk`);
      if (samePackage && sameArchitecture) rmSync(join(folder, old));
    }
    replaceFile(join(folder, ipkFileName(each)), buildIpk(each, date).ipk);
  }
  const indexed = readdirSync(folder)
    .filter((name) => name.endsWith('.ipk'))
    .map((fileName) => {
      const ipk = readFileSync(join(folder, fileName));
      return { fileName, ipk, control: controlOf(ipk) };
    });
  for (const [name, content] of indexFiles(indexed, key)) replaceFile(join(folder, name), content);
  return indexed.map(({ fileName, ipk }) => ({ fileName, bytes: ipk.length }));
}

function replaceFile(path: string, content: Uint8Array): void {
  writeFileSync(`${path}.part`, content);
  renameSync(`${path}.part`, path);
}
