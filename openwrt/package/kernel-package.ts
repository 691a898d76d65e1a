/**
 * kmod-ntmobile around a module that was built elsewhere, named, versioned and made dependent on one
 * kernel as OpenWrt's build does: a module fits one release of one target and no other.
 */
import { dependencies, type FeedSource, readMakefile, required } from './feed-package.ts';
import { assignments } from './makefile.ts';
import type { Package } from './package-files.ts';

export interface BuiltModule {
  readonly content: Uint8Array;
  /** Version of the package "kernel" on the router: 6.6.86~HASH-r1. */
  readonly kernel: string;
  readonly architecture: string;
}

export function kernelPackage(
  source: Pick<FeedSource, 'root' | 'path'>,
  name: string,
  module: BuiltModule,
): Package {
  const makefile = readMakefile(source);
  const [, release] = /^(\d+\.\d+(?:\.\d+)?)~[0-9a-f]+-r\d+$/.exec(module.kernel) ?? [];
  if (release === undefined) {
    throw new Error(
      `"${module.kernel}" is no version of the package "kernel", such as 6.6.86~0123456789abcdef0123456789abcdef-r1: ` +
        '"opkg list-installed kernel" on the router shows it.',
    );
  }
  const fields = assignments(makefile.blockByName.get(`KernelPackage/${name}`) ?? []);
  const loaded = /^\$\(call AutoProbe,([\w-]+)\)$/.exec(fields.get('AUTOLOAD') ?? '')?.[1];
  if (loaded === undefined) throw new Error(`${source.path}: AUTOLOAD is not understood.`);
  const version = required(makefile, 'PKG_VERSION', source.path);
  return {
    name: `kmod-${name}`,
    version: `${release}.${version}-r${required(makefile, 'PKG_RELEASE', source.path)}`,
    architecture: module.architecture,
    depends: [`kernel (=${module.kernel})`, ...dependencies(fields.get('DEPENDS') ?? '')],
    section: 'kernel',
    license: required(makefile, 'PKG_LICENSE', source.path),
    maintainer: required(makefile, 'PKG_MAINTAINER', source.path),
    source: source.path.replace(/\/Makefile$/, ''),
    description: (makefile.blockByName.get(`KernelPackage/${name}/description`) ?? []).join('\n'),
    files: [
      { path: `/lib/modules/${release}/${name}.ko`, mode: 0o644, content: module.content },
      { path: `/etc/modules.d/${name}`, mode: 0o644, content: Buffer.from(`${loaded}\n`) },
    ],
    conffiles: [],
    scriptByName: new Map(),
  };
}
