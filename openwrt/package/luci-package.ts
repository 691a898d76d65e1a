/**
 * Packages of the web interface, as luci.mk makes them from the same sources: the files, a scriptlet that
 * lets LuCI and rpcd notice what is new, and translations in packages of their own.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { dependencies, type FeedSource, readMakefile, required } from './feed-package.ts';
import type { Package, PackageFile } from './package-files.ts';

const noticed = `[ -z "\${IPKG_INSTROOT}" ] || exit 0
rm -f /tmp/luci-indexcache.*
rm -rf /tmp/luci-modulecache/
/etc/init.d/rpcd reload 2>/dev/null
exit 0
`;

/** What the build of luci/ has made ready for packing: folders named after packages, paths as on the router. */
export interface LuciTrees {
  readonly folder: string;
}

/** The package of a Makefile in luci/, with the files of its tree. */
export function luciPackage(source: Pick<FeedSource, 'root' | 'path'>, trees: LuciTrees): Package {
  const makefile = readMakefile(source);
  const folder = dirname(source.path);
  const name = basename(folder);
  const value = (variable: string) => required(makefile, variable, source.path);
  return {
    name,
    version: `${value('PKG_VERSION')}-r${value('PKG_RELEASE')}`,
    architecture: value('LUCI_PKGARCH'),
    depends: dependencies(value('LUCI_DEPENDS')),
    section: 'luci',
    license: value('PKG_LICENSE'),
    maintainer: value('PKG_MAINTAINER'),
    source: folder,
    description: value('LUCI_TITLE'),
    files: filesBelow(join(trees.folder, name), ''),
    conffiles: [],
    scriptByName: new Map([['postinst', noticed]]),
  };
}

/** The translations of a package, one package for each language. */
export function translationPackages(of: Package, trees: LuciTrees): Package[] {
  const start = `luci-i18n-${of.name.replace(/^luci-(app-)?/, '')}-`;
  const names = readdirSync(trees.folder).filter((name) => name.startsWith(start));
  return names.sort().map((name) => ({
    ...of,
    name,
    depends: [of.name],
    description: `${of.description}: translation (${name.slice(start.length)})`,
    files: filesBelow(join(trees.folder, name), ''),
    scriptByName: new Map(),
  }));
}

function filesBelow(folder: string, target: string): PackageFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort()
    .map((name) => ({
      path: `${target}/${name}`,
      mode: statSync(join(folder, name)).mode & 0o100 ? 0o755 : 0o644,
      content: readFileSync(join(folder, name)),
    }));
}
