/**
 * The packages of `npm run package`: the same bytes every time, tars that opkg can read, an index that
 * signify accepts, and contents that agree with what GNU make reads out of the feed's Makefiles.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readElf } from '../../openwrt/package/elf.ts';
import { enginePackage } from '../../openwrt/package/engine-package.ts';
import { modulePackage, programFiles, writeFeed } from '../../openwrt/package/feed.ts';
import { feedPackage } from '../../openwrt/package/feed-package.ts';
import { luciPackage, translationPackages } from '../../openwrt/package/luci-package.ts';
import { buildLuciTrees } from '../../openwrt/package/luci-trees.ts';
import { parseMakefile } from '../../openwrt/package/makefile.ts';
import { readOptions } from '../../openwrt/package/options.ts';
import type { Package } from '../../openwrt/package/package-files.ts';
import {
  makeSigningKey,
  publicKeyText,
  readSecretKey,
  secretKeyText,
} from '../../openwrt/package/signify.ts';

const root = process.env['NTM_ROOT'] ?? '.';
const date = 1_790_000_000;
const folder = mkdtempSync(join(tmpdir(), 'ntm-feed-'));
const kernel = '6.6.86~0123456789abcdef0123456789abcdef-r1';
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

test.after(() => rmSync(folder, { recursive: true, force: true }));

function run(program: string, args: readonly string[], cwd = folder) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'buffer' });
  return { code: status, out: stdout ?? Buffer.alloc(0), text: `${stdout}${stderr}` };
}

/** As `npm run package` reads it, with stand-ins for the two bundles: what is in them does not matter. */
function daemonPackage(): Package {
  const built = join(folder, 'built');
  const tree = join(built, 'openwrt/ntmobile');
  mkdirSync(join(built, 'out'), { recursive: true });
  cpSync(join(root, 'openwrt/ntmobile'), tree, { recursive: true });
  for (const name of programFiles) {
    writeFileSync(join(built, 'out', name), `// ${name}\n`.repeat(2000));
  }
  const builtByName = new Map(programFiles.map((name) => [name, `out/${name}`]));
  const path = 'openwrt/ntmobile/Makefile';
  return feedPackage({ root: built, path, builtByName }, 'ntmobile');
}

function packages(): Package[] {
  const content = Buffer.from('module');
  return [daemonPackage(), modulePackage(root, { content, kernel, architecture: 'x86_64' })];
}

test('two runs give the same bytes, whatever the file modes of the checkout', () => {
  const key = makeSigningKey();
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  writeFeed(one, packages(), key, date);
  const mask = process.umask(0o077);
  try {
    writeFeed(two, packages(), key, date);
  } finally {
    process.umask(mask);
  }
  const names = readdirSync(one).sort();
  assert.equal(names, readdirSync(two).sort());
  assert.equal(names, [
    'Packages',
    'Packages.gz',
    'Packages.sig',
    `kmod-ntmobile_6.6.86.${version}-r1_x86_64.ipk`,
    `ntmobile_${version}-r1_all.ipk`,
  ]);
  for (const name of names) {
    assert.ok(readFileSync(join(one, name)).equals(readFileSync(join(two, name))), name);
  }
});

test('a second run keeps packages of other architectures and removes an older version', () => {
  const out = join(folder, 'again');
  mkdirSync(out);
  const [daemon, module] = packages() as [Package, Package];
  const key = makeSigningKey();
  writeFeed(out, [{ ...daemon, version: '0.0.9-r1' }, module], key, date);
  writeFeed(out, [daemon, { ...module, architecture: 'aarch64_generic' }], key, date);
  const ipks = readdirSync(out).filter((name) => name.endsWith('.ipk'));
  assert.equal(ipks.sort(), [
    `kmod-ntmobile_6.6.86.${version}-r1_aarch64_generic.ipk`,
    `kmod-ntmobile_6.6.86.${version}-r1_x86_64.ipk`,
    `ntmobile_${version}-r1_all.ipk`,
  ]);
  assert.is(readFileSync(join(out, 'Packages'), 'utf8').match(/^Package: /gm)?.length, 3);
});

/** Kinds of tar entries by name, read from the archive's own heads. */
function entryKinds(tar: Buffer): Map<string, string> {
  const kinds = new Map<string, string>();
  const text = (at: number, length: number) =>
    tar
      .subarray(at, at + length)
      .toString('latin1')
      .replace(/\0.*/s, '');
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    assert.is(text(at + 108, 7), '0000000', 'owner');
    assert.is(text(at + 116, 7), '0000000', 'group');
    assert.is(Number.parseInt(text(at + 136, 12), 8), date, 'time');
    kinds.set(text(at, 100), text(at + 156, 1));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return kinds;
}

test('the tars hold plain files and folders of root, none of the pax heads that opkg loses files at', () => {
  const out = join(folder, 'tars');
  writeFeed(out, [daemonPackage()], makeSigningKey(), date);
  const ipk = readFileSync(join(out, `ntmobile_${version}-r1_all.ipk`));
  const unzip = (bytes: Buffer) => spawnSync('gzip', ['-dc'], { input: bytes }).stdout;
  const member = (tar: Buffer, name: string) =>
    spawnSync('tar', ['-xOf', '-', name], { input: tar }).stdout;
  const outer = unzip(ipk);
  assert.equal(
    [...entryKinds(outer).keys()],
    ['./debian-binary', './data.tar.gz', './control.tar.gz'],
  );
  assert.is(member(outer, './debian-binary').toString(), '2.0\n');
  const control = unzip(member(outer, './control.tar.gz'));
  const data = unzip(member(outer, './data.tar.gz'));
  for (const [name, kind] of [...entryKinds(control), ...entryKinds(data)]) {
    assert.is(kind, name.endsWith('/') ? '5' : '0', name);
  }
  const files = [...entryKinds(data).keys()].filter((name) => !name.endsWith('/'));
  assert.equal(files, [...files].sort(), 'names are sorted');
  assert.ok(files.includes('./etc/init.d/ntmobile'));
  assert.is(member(control, './conffiles').toString(), '/etc/config/ntmobile\n');
  assert.is(member(data, './lib/upgrade/keep.d/ntmobile').toString(), '/etc/ntmobile/\n');
  const fields = member(control, './control').toString();
  assert.match(
    fields,
    /^Package: ntmobile\nVersion: \d+\.\d+\.\d+-r\d+\nDepends: txikijs, libsodium/,
  );
  assert.match(fields, /\nArchitecture: all\nInstalled-Size: \d+\nDescription: /);
  assert.is(Number(/Installed-Size: (\d+)/.exec(fields)?.[1]), data.length);
  assert.match(member(control, './postinst').toString(), /default_postinst "\$0" "\$@"/);
  assert.match(
    member(control, './prerm-pkg').toString(),
    /"\$\{PKG_UPGRADE\}" = 1 .*router.sh remove/,
  );
});

test('signify accepts the index with the public key, and refuses it when a byte is changed', () => {
  const out = join(folder, 'signed');
  const key = readSecretKey(secretKeyText(makeSigningKey()));
  writeFeed(out, packages(), key, date);
  writeFileSync(join(out, 'key.pub'), publicKeyText(key));
  const verify = () =>
    run('signify-openbsd', ['-V', '-p', 'key.pub', '-x', 'Packages.sig', '-m', 'Packages'], out);
  const accepted = verify();
  assert.is(accepted.code, 0, accepted.text);
  const unpacked = spawnSync('gzip', ['-dc', join(out, 'Packages.gz')]).stdout;
  const index = readFileSync(join(out, 'Packages'));
  assert.ok(unpacked.equals(index));
  writeFileSync(join(out, 'Packages'), index.toString().replace('Version: 0', 'Version: 9'));
  assert.is.not(verify().code, 0);
});

test('a key that signify made signs, and a damaged or locked one is refused with a sentence', () => {
  run('signify-openbsd', ['-G', '-n', '-p', 'their.pub', '-s', 'their.sec']);
  const text = readFileSync(join(folder, 'their.sec'), 'utf8');
  const key = readSecretKey(text);
  assert.is(
    publicKeyText(key).split('\n')[1],
    readFileSync(join(folder, 'their.pub'), 'utf8').split('\n')[1],
  );
  const bytes = Buffer.from(text.split('\n')[1] as string, 'base64');
  const altered = (at: number) => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] as number) ^ 1;
    return `untrusted comment: x\n${copy.toString('base64')}\n`;
  };
  assert.throws(() => readSecretKey(altered(60)), /damaged/);
  assert.throws(() => readSecretKey(altered(7)), /passphrase/);
  assert.throws(() => readSecretKey(publicKeyText(key)), /no secret key/);
});

test('the index names, sizes and digests each file before the description', () => {
  const out = join(folder, 'index');
  writeFeed(out, packages(), makeSigningKey(), date);
  const blocks = readFileSync(join(out, 'Packages'), 'utf8').split('\n\n').filter(Boolean);
  assert.is(blocks.length, 2);
  for (const block of blocks) {
    const [, fileName, size, digest] =
      /\nFilename: (\S+)\nSize: (\d+)\nSHA256sum: (\w+)\nDescription: /.exec(block) ?? [];
    const ipk = readFileSync(join(out, fileName as string));
    assert.is(Number(size), ipk.length);
    assert.is(digest, createHash('sha256').update(ipk).digest('hex'));
  }
  assert.match(blocks[0] ?? '', /\nDepends: kernel \(=6\.6\.86~[0-9a-f]{32}-r1\), kmod-crypto-lib/);
});

const sdk = `
INSTALL_DIR:=install -d -m0755
INSTALL_BIN:=install -m0755
INSTALL_DATA:=install -m0644
INSTALL_CONF:=install -m0600
CP:=cp -fpR
`;
/** What the SDK's package.mk would call; the rest of it is not needed to see what gets installed. */
const evaluated = `
define BuildPackage
install-into:
	$$(call Package/$(1)/install,$$(INTO))
endef
`;

test('GNU make installs the same files with the same modes as the package holds', () => {
  const topdir = join(folder, 'sdk');
  mkdirSync(join(topdir, 'include'), { recursive: true });
  writeFileSync(join(topdir, 'rules.mk'), sdk);
  writeFileSync(join(topdir, 'include/package.mk'), evaluated);
  const made = daemonPackage();
  const project = join(folder, 'built');
  const into = join(folder, 'into');
  const variables = [`TOPDIR=${topdir}`, `INCLUDE_DIR=${topdir}/include`, `INTO=${into}`];
  const args = ['-C', join(project, 'openwrt/ntmobile'), ...variables];
  const ran = run('make', [...args, `PKG_BUILD_DIR=${project}/out`, 'install-into']);
  assert.is(ran.code, 0, ran.text);
  const found = readdirSync(into, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(into, name)).isFile())
    .map((name) => `${(statSync(join(into, name)).mode & 0o777).toString(8)} /${name}`);
  const packed = made.files.map(({ path, mode }) => `${mode.toString(8)} ${path}`);
  assert.equal(packed.sort(), found.sort());
  for (const { path, content } of made.files) {
    assert.ok(readFileSync(join(into, path)).equals(content), path);
  }
});

test('every file of the feed is in the package, and nothing else is', () => {
  const tree = join(root, 'openwrt/ntmobile/files');
  const inTree = readdirSync(tree, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(tree, name)).isFile())
    .map((name) => `/${name}`);
  const bundles = programFiles.map((name) => `/usr/share/ntmobile/${name}`);
  const packed = daemonPackage().files.map(({ path }) => path);
  assert.equal(packed.sort(), [...inTree, ...bundles].sort());
});

test('all Makefiles carry the version of package.json, literal names and versions that apk takes', () => {
  const paths = [
    'openwrt/ntmobile/Makefile',
    'openwrt/kmod-ntmobile/Makefile',
    'luci/luci-app-ntmobile/Makefile',
    'luci/luci-proto-ntmobile/Makefile',
  ];
  for (const path of paths) {
    const text = readFileSync(join(root, path), 'utf8');
    const { valueByName, blockByName } = parseMakefile(text, path);
    assert.is(valueByName.get('PKG_VERSION'), version, path);
    assert.match(version, /^\d+(\.\d+)*$/);
    assert.match(valueByName.get('PKG_RELEASE') ?? '', /^\d+$/, path);
    assert.not.match(text, /(define|call|eval).*\$\(PKG_NAME\)/, path);
    for (const [name, lines] of blockByName) {
      const literal = /\/(conffiles|preinst|postinst|prerm|postrm)$/.test(name);
      if (literal) assert.not.match(lines.join('\n'), /^[ \t]+#!|^[ \t]+\//m, `${path} ${name}`);
    }
  }
});

test('every translation of the pages becomes a package', async () => {
  const trees = await buildLuciTrees(root, join(folder, 'luci'));
  for (const name of ['luci-app-ntmobile', 'luci-proto-ntmobile']) {
    const texts = readdirSync(join(root, 'luci', name, 'po'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.po'))
      .map((path) => `/usr/lib/lua/luci/i18n/${basename(path, '.po')}.${dirname(path)}.lmo`);
    const made = translationPackages(
      luciPackage({ root, path: `luci/${name}/Makefile` }, trees),
      trees,
    );
    const files = made.flatMap((each) => each.files.map(({ path }) => path));
    assert.ok(texts.length > 0);
    assert.equal(files.filter((path) => path.endsWith('.lmo')).sort(), texts.sort());
  }
});

test('a line of a Makefile that is not understood is an error and no silent difference', () => {
  assert.throws(() => parseMakefile('ifeq (a,b)\n', 'x'), /x, line 1/);
  assert.throws(() => parseMakefile('define A\n', 'x'), /"endef"/);
  const copy = join(folder, 'odd');
  mkdirSync(dirname(join(copy, 'p/Makefile')), { recursive: true });
  const makefile = readFileSync(join(root, 'openwrt/ntmobile/Makefile'), 'utf8');
  writeFileSync(
    join(copy, 'p/Makefile'),
    makefile.replace(/^\t\$\(INSTALL_CONF\)/m, '\tsed -i s/a/b/ '),
  );
  assert.throws(
    () => feedPackage({ root: copy, path: 'p/Makefile', builtByName: new Map() }, 'ntmobile'),
    /"sed -i .*not understood/,
  );
});

test('a tjs becomes a package with the libraries it needs, for its own machine only', () => {
  const content = readFileSync(process.execPath);
  const facts = readElf(content);
  assert.ok(facts?.needed.includes('libc.so.6'));
  const engine = { content, version: '26.6.0', maintainer: 'x' };
  const own = process.arch === 'x64' ? 'x86_64' : 'aarch64_generic';
  const other = process.arch === 'x64' ? 'mipsel_24kc' : 'x86_64';
  const made = enginePackage({ ...engine, architecture: own });
  assert.is(made.package.name, 'txikijs');
  assert.ok(made.package.depends.includes('libc'));
  assert.match(made.warnings.join('\n'), /build it for musl/);
  assert.throws(() => enginePackage({ ...engine, architecture: other }), /is for .*, not for/);
  assert.throws(() => enginePackage({ ...engine, architecture: 'vax' }), /print-architecture/);
  assert.throws(
    () => enginePackage({ ...engine, content: Buffer.from('#!/bin/sh\n'), architecture: own }),
    /no ELF/,
  );
  for (const cut of [3, 40, 63, 500]) {
    assert.not.throws(() => readElf(content.subarray(0, cut)));
  }
});

test('wrong arguments are told with what to do', () => {
  assert.is(readOptions(['--help']), undefined);
  assert.throws(() => readOptions(['--frob', 'x']), /"--frob" is not known/);
  assert.throws(() => readOptions(['--tjs']), /needs a value/);
  assert.throws(() => readOptions(['--tjs', 'x']), /need --arch/);
  assert.throws(() => readOptions(['--kmod', 'x', '--arch', 'x86_64']), /go together/);
  const content = Buffer.from('x');
  assert.throws(
    () => modulePackage(root, { content, kernel: '6.6.86', architecture: 'x86_64' }),
    /list-installed kernel/,
  );
});

test.run();
