/**
 * The engine as the package `txikijs`, around a `tjs` that was built elsewhere. What it needs is read from
 * the file, so that the router's package manager brings it along.
 */
import { readElf } from './elf.ts';
import type { Package } from './package-files.ts';

export interface Engine {
  readonly content: Uint8Array;
  /** Digits and dots: 26.6.0. */
  readonly version: string;
  readonly architecture: string;
  readonly maintainer: string;
}

/** e_machine by how an OpenWrt architecture begins. */
const machines = [
  ['x86_64', 62],
  ['i386', 3],
  ['aarch64', 183],
  ['arm', 40],
  ['mips', 8],
  ['riscv64', 243],
  ['loongarch64', 258],
  ['powerpc', 20],
] as const;

/** Packages of OpenWrt by the libraries they hold; the C library's own parts need none. */
const packageByLibrary: readonly (readonly [RegExp, string])[] = [
  [/^libcurl\.so/, 'libcurl4'],
  [/^libffi\.so/, 'libffi'],
  [/^libsqlite3\.so/, 'libsqlite3-0'],
  [/^libuv\.so/, 'libuv1'],
  [/^libz\.so/, 'zlib'],
  [/^libatomic\.so/, 'libatomic1'],
  [/^libgcc_s\.so/, 'libgcc1'],
  [/^libstdc\+\+\.so/, 'libstdcpp6'],
  [/^lib(c|m|dl|rt|pthread)\.so|^ld-/, 'libc'],
];

/** Warnings are sentences for the owner. Throws an Error when the file cannot be for the architecture. */
export function enginePackage(engine: Engine): {
  readonly package: Package;
  readonly warnings: readonly string[];
} {
  if (!/^\d+(\.\d+)*$/.test(engine.version)) {
    throw new Error(`"${engine.version}" is no version for a package: digits and dots only.`);
  }
  const facts = readElf(engine.content);
  if (!facts) throw new Error('The given tjs is no program for Linux (no ELF file).');
  const wanted = machines.find(([start]) => engine.architecture.startsWith(start))?.[1];
  if (wanted === undefined) {
    throw new Error(
      `"${engine.architecture}" is no architecture of OpenWrt; "opkg print-architecture" on the router shows it.`,
    );
  }
  if (wanted !== facts.machine) {
    const found =
      machines.find(([, machine]) => machine === facts.machine)?.[0] ?? 'another machine';
    throw new Error(`The given tjs is for ${found}, not for ${engine.architecture}.`);
  }
  const warnings: string[] = [];
  if (facts.interpreter !== undefined && !facts.interpreter.includes('musl')) {
    warnings.push(
      `The given tjs asks for ${facts.interpreter}, which OpenWrt does not have: build it for musl.`,
    );
  }
  const depends = new Set(['libc']);
  for (const library of facts.needed) {
    const known = packageByLibrary.find(([pattern]) => pattern.test(library));
    if (known) depends.add(known[1]);
    else warnings.push(`No package is known for ${library}, which the given tjs needs.`);
  }
  const description = 'txiki.js, a small JavaScript runtime: the engine that NTMobile runs on.';
  return {
    warnings,
    package: {
      name: 'txikijs',
      version: `${engine.version}-r1`,
      architecture: engine.architecture,
      depends: [...depends],
      section: 'lang',
      license: 'MIT',
      maintainer: engine.maintainer,
      source: 'openwrt/package',
      description,
      files: [{ path: '/usr/bin/tjs', mode: 0o755, content: engine.content }],
      conffiles: [],
      scriptByName: new Map(),
    },
  };
}
