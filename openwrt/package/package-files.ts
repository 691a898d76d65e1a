/**
 * What a package holds and says of itself, without how it is packed. Owner and group are root; there are
 * only plain files, and the folders on the way to them.
 */

export interface PackageFile {
  /** Absolute, on the router. */
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

export interface Package {
  readonly name: string;
  /** With its release: 0.1.0-r1. */
  readonly version: string;
  /** "all", or the package architecture of a target. */
  readonly architecture: string;
  readonly depends: readonly string[];
  readonly section: string;
  readonly license: string;
  readonly maintainer: string;
  /** Path of the source in this project. */
  readonly source: string;
  readonly description: string;
  readonly files: readonly PackageFile[];
  /** Absolute paths as the Makefile lists them; a folder ends with "/". */
  readonly conffiles: readonly string[];
  /** The package's own scriptlets; what every package does besides comes with the ipk. */
  readonly scriptByName: ReadonlyMap<'preinst' | 'postinst' | 'prerm' | 'postrm', string>;
}

/** Folders that the files need, parents first, without "/". */
export function foldersOf(files: readonly PackageFile[]): string[] {
  const folders = new Set<string>();
  for (const { path } of files) {
    const parts = path.split('/').slice(1, -1);
    parts.forEach((_, index) => {
      folders.add(`/${parts.slice(0, index + 1).join('/')}`);
    });
  }
  return [...folders].sort();
}
