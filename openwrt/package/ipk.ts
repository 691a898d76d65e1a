/**
 * The ipk format of OpenWrt 24.10 and before: gzip of a tar of debian-binary, data.tar.gz and
 * control.tar.gz. opkg loses files behind pax headers without a word, so the tars are GNU's; and all that
 * could differ between two runs (order, times, owners, modes) is set.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzip } from './gzip.ts';
import { foldersOf, type Package, type PackageFile } from './package-files.ts';

const stubHead = '#!/bin/sh\n';
const stubFunctions = [
  `[ -s "\${IPKG_INSTROOT}/lib/functions.sh" ] || exit 0`,
  `. "\${IPKG_INSTROOT}/lib/functions.sh"`,
];

/** The tar's entries have this time; seconds since 1970. */
export type SourceDate = number;

/** The whole ipk, and the control text that an index repeats. */
export function buildIpk(
  given: Package,
  date: SourceDate,
): { readonly ipk: Uint8Array; readonly control: string } {
  const files = [...given.files, ...keptFiles(given)];
  const data = tarOf(files, date);
  const control = controlText(given, date, data.length);
  const controlTar = tarOf(controlFiles(given, control), date);
  const members: PackageFile[] = [
    { path: '/debian-binary', mode: 0o644, content: Buffer.from('2.0\n') },
    { path: '/data.tar.gz', mode: 0o644, content: gzip(data) },
    { path: '/control.tar.gz', mode: 0o644, content: gzip(controlTar) },
  ];
  return { ipk: gzip(tarOf(members, date, membersInOrder)), control };
}

export function ipkFileName({ name, version, architecture }: Package): string {
  return `${name}_${version}_${architecture}.ipk`;
}

/** The control text inside an ipk. */
export function controlOf(ipk: Uint8Array): string {
  const member = (archive: Uint8Array, name: string): Buffer =>
    execFileSync('tar', ['-xzOf', '-', name], { input: archive, maxBuffer: 2 ** 28 });
  return member(member(ipk, './control.tar.gz'), './control').toString();
}

const membersInOrder = ['./debian-binary', './data.tar.gz', './control.tar.gz'];

function tarOf(files: readonly PackageFile[], date: SourceDate, names = ['.']): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'ntm-package-'));
  try {
    chmodSync(folder, 0o755);
    for (const path of foldersOf(files)) {
      mkdirSync(join(folder, path));
      chmodSync(join(folder, path), 0o755);
    }
    for (const { path, mode, content } of files) {
      writeFileSync(join(folder, path), content);
      chmodSync(join(folder, path), mode);
    }
    const fixed = ['--format=gnu', '--sort=name', '--owner=0', '--group=0', '--numeric-owner'];
    const args = [...fixed, `--mtime=@${date}`, '-C', folder, '-cf', '-', ...names];
    return execFileSync('tar', args, { maxBuffer: 2 ** 28, env: { ...process.env, LC_ALL: 'C' } });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the conffiles list beyond plain files of the package is kept by a sysupgrade. */
function keptFiles({ name, conffiles, files }: Package): PackageFile[] {
  const kept = conffiles.filter((path) => !files.some((file) => file.path === path));
  if (kept.length === 0) return [];
  const content = Buffer.from(kept.map((path) => `${path}\n`).join(''));
  return [{ path: `/lib/upgrade/keep.d/${name}`, mode: 0o644, content }];
}

function controlText(given: Package, date: SourceDate, installedSize: number): string {
  const fields: readonly (readonly [string, string])[] = [
    ['Package', given.name],
    ['Version', given.version],
    ['Depends', given.depends.join(', ')],
    ['Source', given.source],
    ['License', given.license],
    ['Section', given.section],
    ['SourceDateEpoch', String(date)],
    ['Maintainer', given.maintainer],
    ['Architecture', given.architecture],
    ['Installed-Size', String(installedSize)],
  ];
  const lines = fields
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}\n`);
  const description = given.description.split('\n').map((line) => ` ${line.trim()}\n`);
  return `${lines.join('')}Description: ${description.join('')}`;
}

/** The package's own scriptlets run from OpenWrt's generic ones, which also start and stop services. */
function controlFiles(given: Package, control: string): PackageFile[] {
  const text = (name: string, content: string, mode = 0o755): PackageFile => {
    return { path: `/${name}`, mode, content: Buffer.from(content) };
  };
  const isFile = (path: string) => given.files.some((file) => file.path === path);
  const conffiles = given.conffiles.filter(isFile).sort();
  const after = `[ "\${IPKG_NO_SCRIPT}" = "1" ] && exit 0`;
  const stub = (...lines: readonly string[]) => `${stubHead}${lines.join('\n')}\n`;
  const files = [
    text('control', control, 0o644),
    text('postinst', stub(after, ...stubFunctions, 'default_postinst "$0" "$@"')),
    text('prerm', stub(...stubFunctions, 'default_prerm "$0" "$@"')),
  ];
  if (conffiles.length > 0) files.push(text('conffiles', `${conffiles.join('\n')}\n`, 0o644));
  for (const [name, script] of given.scriptByName) {
    const isStubbed = name === 'postinst' || name === 'prerm';
    files.push(text(isStubbed ? `${name}-pkg` : name, script));
  }
  return files;
}
