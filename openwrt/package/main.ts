/** `npm run package`: see `options.ts` for what it can do and README.md for what it makes. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { argv, env, exit } from 'node:process';
import { commonPackages, modulePackage, txikiPackage, writeFeed } from './feed.ts';
import { buildLuciTrees, fillForSdk } from './luci-trees.ts';
import { help, type PackageOptions, readOptions, UsageError } from './options.ts';
import type { Package } from './package-files.ts';
import {
  keyFileName,
  makeSigningKey,
  publicKeyText,
  readSecretKey,
  type SigningKey,
  secretKeyText,
} from './signify.ts';

const root = env['NTM_ROOT'] ?? '.';
/** For a source tree without history. */
const dateWithoutHistory = 1_764_000_000;

/** Of the last commit, so that the same source gives the same packages. */
function sourceDate(): number {
  const given = env['SOURCE_DATE_EPOCH'];
  if (given !== undefined) {
    if (/^\d{1,11}$/.test(given)) return Number(given);
    throw new UsageError(`SOURCE_DATE_EPOCH is "${given}"; it must be seconds since 1970.`);
  }
  try {
    const args = ['-C', root, 'log', '-1', '--format=%ct'];
    const stdio = ['ignore', 'pipe', 'ignore'] as const;
    return Number(execFileSync('git', args, { encoding: 'utf8', stdio: [...stdio] }));
  } catch {
    return dateWithoutHistory;
  }
}

/** The key of the feed; one that is made stays in out/, and its public half lies beside it. */
function signingKey(options: PackageOptions): SigningKey {
  const path = options.key ?? join(root, 'out/feed-key/ntmobile.sec');
  if (existsSync(path)) {
    try {
      return readSecretKey(readFileSync(path, 'utf8'));
    } catch (error) {
      throw new UsageError(`${path}: ${error instanceof Error ? error.message : error}`);
    }
  }
  if (options.key !== undefined) throw new UsageError(`There is no ${path}.`);
  const key = makeSigningKey();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, secretKeyText(key), { mode: 0o600, flag: 'wx' });
  writeFileSync(path.replace(/\.sec$/, '.pub'), publicKeyText(key));
  console.log(`Made a key for the feed: ${path}. Keep it, or routers must be told of a new one.`);
  return key;
}

function given(path: string): Uint8Array {
  if (!existsSync(path)) throw new UsageError(`There is no ${path}.`);
  return readFileSync(path);
}

function engineVersion(options: PackageOptions, path: string): string {
  if (options.tjsVersion !== undefined) return options.tjsVersion;
  try {
    const text = execFileSync(resolve(path), ['--version'], { encoding: 'utf8', stdio: 'pipe' });
    const [version] = /\d+(\.\d+)+/.exec(text) ?? [];
    if (version !== undefined) return version;
  } catch {
    // It is for another machine than this one: the version has to be told.
  }
  throw new UsageError(
    `${path} does not tell its version here: add --tjs-version, such as 26.6.0.`,
  );
}

function packagesFor(options: PackageOptions): Package[] {
  const { architecture, tjs, module, kernel } = options;
  const made: Package[] = [];
  if (tjs !== undefined && architecture !== undefined) {
    const version = engineVersion(options, tjs);
    const engine = txikiPackage(root, { content: given(tjs), version, architecture });
    for (const warning of engine.warnings) console.error(`Note: ${warning}`);
    made.push(engine.package);
  }
  if (module !== undefined && kernel !== undefined && architecture !== undefined) {
    made.push(modulePackage(root, { content: given(module), kernel, architecture }));
  }
  return made;
}

async function main(): Promise<number> {
  const options = readOptions(argv.slice(2));
  if (!options) {
    console.log(help.trimEnd());
    return 0;
  }
  const key = signingKey(options);
  const folder = mkdtempSync(join(tmpdir(), 'ntm-luci-'));
  try {
    if (options.sdk) await fillForSdk(root);
    const trees = await buildLuciTrees(root, folder);
    const packages = [...commonPackages(root, trees), ...packagesFor(options)];
    const out = resolve(options.out);
    const written = writeFeed(out, packages, key, sourceDate());
    for (const { fileName, bytes } of written) {
      console.log(`${(bytes / 1024).toFixed(1).padStart(8)} KB  ${fileName}`);
    }
    writeFileSync(join(out, `${keyFileName(key)}.pub`), publicKeyText(key));
    console.log(`In ${out}, with Packages, Packages.gz and Packages.sig.`);
    console.log(`Routers trust the feed with its key as /etc/opkg/keys/${keyFileName(key)}.`);
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  exit(await main());
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(error instanceof UsageError ? error.message : `npm run package: ${error.message}`);
  exit(error instanceof UsageError ? 2 : 1);
}
