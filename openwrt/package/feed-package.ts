/**
 * Packages from the feed's own Makefiles: names, versions, dependencies, files, conffiles and scriptlets
 * are written there and nowhere else.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { assignments, type Makefile, parseMakefile, scriptText } from './makefile.ts';
import type { Package, PackageFile } from './package-files.ts';

const modeByTool: Readonly<Record<string, number>> = {
  INSTALL_BIN: 0o755,
  INSTALL_DATA: 0o644,
  INSTALL_CONF: 0o600,
};
const scriptNames = ['preinst', 'postinst', 'prerm', 'postrm'] as const;

export interface FeedSource {
  /** Of the project. */
  readonly root: string;
  /** The Makefile, from the root. */
  readonly path: string;
  /** Where files of $(PKG_BUILD_DIR) are, each from the root. */
  readonly builtByName: ReadonlyMap<string, string>;
}

export function readMakefile(source: Pick<FeedSource, 'root' | 'path'>): Makefile {
  return parseMakefile(readFileSync(join(source.root, source.path), 'utf8'), source.path);
}

export function required(makefile: Makefile, name: string, path: string): string {
  const value = makefile.valueByName.get(name);
  if (value === undefined || value === '') throw new Error(`${path} sets no ${name}.`);
  return value;
}

/** The package NAME of its Makefile. Throws an Error that says what is missing or not understood. */
export function feedPackage(source: FeedSource, name: string): Package {
  const makefile = readMakefile(source);
  const block = (part: string): readonly string[] =>
    makefile.blockByName.get(`Package/${name}${part}`) ?? [];
  const fields = assignments(block(''));
  const version = required(makefile, 'PKG_VERSION', source.path);
  const release = required(makefile, 'PKG_RELEASE', source.path);
  const scripts = scriptNames.flatMap((script) => {
    const lines = block(`/${script}`);
    return lines.length === 0 ? [] : [[script, scriptText(lines)] as const];
  });
  return {
    name,
    version: `${version}-r${release}`,
    architecture: fields.get('PKGARCH') ?? 'all',
    depends: dependencies(fields.get('DEPENDS') ?? ''),
    section: fields.get('SECTION') ?? '',
    license: required(makefile, 'PKG_LICENSE', source.path),
    maintainer: required(makefile, 'PKG_MAINTAINER', source.path),
    source: dirname(source.path),
    description: block('/description').join('\n') || (fields.get('TITLE') ?? ''),
    files: installedFiles(source, block('/install')),
    conffiles: block('/conffiles').filter((line) => line !== ''),
    scriptByName: new Map(scripts),
  };
}

/** "+a +IPV6:b" as names; conditions on the kernel's configuration count as met. */
export function dependencies(text: string): string[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '' && !word.startsWith('@'))
    .map((word) => word.replace(/^\+?(?:[A-Z0-9_]+:)?/, ''));
}

function installedFiles(source: FeedSource, lines: readonly string[]): PackageFile[] {
  return lines.flatMap((line) => {
    const [, tool, rest] = /^\t\$\((INSTALL_\w+)\) (.*)$/.exec(line) ?? [];
    const words = (rest ?? '').split(' ');
    if (tool === 'INSTALL_DIR' && words.every((word) => word.startsWith('$(1)/'))) return [];
    const mode = modeByTool[tool ?? ''];
    const [from, to] = words;
    if (mode === undefined || words.length !== 2 || !to?.startsWith('$(1)/') || to.endsWith('/')) {
      throw new Error(`${source.path}: the line "${line.trim()}" is not understood.`);
    }
    const content = readFileSync(join(source.root, sourcePath(source, from as string)));
    return [{ path: to.slice('$(1)'.length), mode, content }];
  });
}

function sourcePath(source: FeedSource, from: string): string {
  if (!from.startsWith('$(PKG_BUILD_DIR)/')) return normalize(join(dirname(source.path), from));
  const built = source.builtByName.get(basename(from));
  if (built === undefined) throw new Error(`${source.path}: nothing builds ${from}.`);
  return built;
}
