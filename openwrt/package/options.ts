/** The arguments of `npm run package`. */

export interface PackageOptions {
  readonly out: string;
  /** Secret key of the feed; made when absent. */
  readonly key: string | undefined;
  readonly architecture: string | undefined;
  readonly tjs: string | undefined;
  readonly tjsVersion: string | undefined;
  readonly module: string | undefined;
  readonly kernel: string | undefined;
  /** Also put what LuCI needs beside its sources, where an SDK looks for it. */
  readonly sdk: boolean;
}

export const help = `Usage: npm run package -- [OPTION]…
Makes packages for OpenWrt 24.10 (ipk) and a signed feed of them.

  --out DIR          where they go (out/packages)
  --key FILE         secret key of the feed, as usign makes it (out/feed-key/ntmobile.sec, made once)
  --arch ARCH        architecture of the router for what follows; "opkg print-architecture" shows it
  --tjs FILE         a txiki.js for that router: becomes the package txikijs
  --tjs-version V    its version, where "FILE --version" cannot be run here
  --kmod FILE        a built ntmobile.ko: becomes the package kmod-ntmobile
  --kernel VERSION   the kernel it is for; "opkg list-installed kernel" shows it
  --sdk              also make luci/ ready for an SDK: the bundled modules beside its sources
  --help             this text
`;

const optionNames = {
  '--out': 'out',
  '--key': 'key',
  '--arch': 'architecture',
  '--tjs': 'tjs',
  '--tjs-version': 'tjsVersion',
  '--kmod': 'module',
  '--kernel': 'kernel',
} as const;

export class UsageError extends Error {}

/** Undefined when help is asked for. Throws UsageError with a sentence. */
export function readOptions(words: readonly string[]): PackageOptions | undefined {
  if (words.includes('--help')) return undefined;
  const given = new Map<string, string>();
  const rest = words.filter((word) => word !== '--sdk');
  for (let at = 0; at < rest.length; at += 2) {
    const [word, value] = [rest[at] as string, rest[at + 1]];
    if (!(word in optionNames)) throw new UsageError(`"${word}" is not known. See --help.`);
    if (value === undefined || value === '') throw new UsageError(`${word} needs a value.`);
    given.set(optionNames[word as keyof typeof optionNames], value);
  }
  const options: PackageOptions = {
    out: given.get('out') ?? 'out/packages',
    key: given.get('key'),
    architecture: given.get('architecture'),
    tjs: given.get('tjs'),
    tjsVersion: given.get('tjsVersion'),
    module: given.get('module'),
    kernel: given.get('kernel'),
    sdk: words.includes('--sdk'),
  };
  const { architecture, tjs, module, kernel } = options;
  if ((tjs !== undefined || module !== undefined) && architecture === undefined) {
    throw new UsageError(
      '--tjs and --kmod need --arch: "opkg print-architecture" on the router shows it.',
    );
  }
  if ((module === undefined) !== (kernel === undefined)) {
    throw new UsageError('--kmod and --kernel go together: a module fits one kernel only.');
  }
  return options;
}
