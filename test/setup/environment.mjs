/**
 * Brings a bare Debian 12, Debian 13 or Ubuntu 24.04 machine to where the project can be built, tested
 * and shown: system packages, npm packages, and a Debian 13 user space for the txiki.js engine where the
 * machine's own C library is too old for it. Looks at what is there first, so a second run takes no time.
 * Ends with out/bin/tjs, a wrapper that runs the engine (NTM_TJS names another one).
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { arch, env, getuid, pid, platform } from 'node:process';
import { CommandFailed, runLogged, runQuiet } from './command.mjs';
import { npmEngine, root } from './paths.mjs';

const tree = join(root, 'out/trixie');
const treeLibraries = join(tree, 'usr/lib/x86_64-linux-gnu');
const treePackages = ['libcurl4t64', 'libffi8', 'libsodium23', 'iproute2', 'nftables'];
const engineLibraries = ['libcurl.so.4', 'libffi.so.8', 'libsodium.so.23'];
const wrapper = join(root, 'out/bin/tjs');

export class NotReady extends Error {}

/** What the machine must have for tests alone, and what the lab needs besides. */
const commands = [
  { command: 'ip', package: 'iproute2' },
  { command: 'nft', package: 'nftables' },
  { command: 'shellcheck', package: 'shellcheck' },
  { command: 'strace', package: 'strace' },
  { command: 'make', package: 'make' },
  { command: 'busybox', package: 'busybox' },
  { command: 'signify-openbsd', package: 'signify-openbsd' },
  { command: 'curl', package: 'curl' },
  { command: 'named', package: 'bind9' },
  { command: 'dig', package: 'bind9-dnsutils' },
  { command: 'dnsmasq', package: 'dnsmasq-base' },
  { command: 'unbound', package: 'unbound' },
  { command: 'knotd', package: 'knot' },
  { command: 'sshd', package: 'openssh-server' },
  { command: 'ssh', package: 'openssh-client' },
];

/** What building and packing need, which is less: any Linux with Node.js, nothing installed as root. */
export async function ensureBuildTools(say = console.log) {
  try {
    await ensureNpmPackages(say);
  } catch (error) {
    if (error instanceof CommandFailed) throw new NotReady(error.message);
    throw error;
  }
}

/** Makes the machine ready or throws NotReady with a sentence that says what to do. */
export async function ensureEnvironment(say = console.log) {
  if (platform !== 'linux') throw new NotReady('this needs Linux: network namespaces are used');
  if (Number(process.versions.node.split('.')[0]) < 20) {
    throw new NotReady(`Node.js 20 or later is needed, this is ${process.versions.node}`);
  }
  if (arch !== 'x64' && !env.NTM_TJS) {
    throw new NotReady(
      'the npm engine is for x86-64: let NTM_TJS name a txiki.js for this machine',
    );
  }
  mkdirSync(join(root, 'out/bin'), { recursive: true });
  try {
    await ensureNpmPackages(say);
    await ensureSystemPackages(say);
    await ensureEngine(say);
  } catch (error) {
    if (error instanceof CommandFailed) throw new NotReady(error.message);
    throw error;
  }
}

/** Whether namespaces and TUN devices can be made here: undefined, or the sentence that says why not. */
export async function whyNoNamespaces() {
  if (getuid() !== 0) return 'network namespaces need root: run this as root';
  const name = `ntm-${pid}-probe`;
  const added = await runQuiet('ip', ['netns', 'add', name]);
  if (added.code !== 0) return `a network namespace cannot be made here: ${added.err.trim()}`;
  const tun = await runQuiet('ip', ['-n', name, 'tuntap', 'add', 'ntm0', 'mode', 'tun']);
  await runQuiet('ip', ['netns', 'del', name]);
  if (tun.code !== 0) return `a TUN device cannot be made here: ${tun.err.trim()}`;
  return undefined;
}

/**
 * The browser in which LuCI is tried; installed when it is missing. Undefined, or the sentence that says
 * why there is none: Ubuntu has no package of it that runs without its snap service.
 */
export async function whyNoBrowser(say = console.log) {
  if (existsSync(env.NTM_CHROMIUM ?? '/usr/bin/chromium')) return undefined;
  const { out } = await runQuiet('apt-cache', ['policy', 'chromium']);
  if (!/Candidate: \d/.test(out) || /Ubuntu/.test(readFileSync('/etc/os-release', 'utf8'))) {
    return 'there is no package of Chromium here: let NTM_CHROMIUM name one to try the pages in';
  }
  try {
    await installPackages(say, ['chromium', 'fonts-ipafont-gothic']);
  } catch (error) {
    return error.message;
  }
  return undefined;
}

async function ensureNpmPackages(say) {
  if (npmPackagesCurrent()) return;
  await runLogged(say, 'npm packages', 'npm', ['ci', '--no-fund', '--no-audit'], { cwd: root });
}

/** npm keeps what it installed in node_modules/.package-lock.json: the versions are compared. */
function npmPackagesCurrent() {
  const installedFile = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' || entry.optional || installed[path]?.integrity === entry.integrity,
  );
}

async function ensureSystemPackages(say) {
  const missing = commands.filter((row) => !onPath(row.command)).map((row) => row.package);
  await installPackages(say, missing);
}

/** What building and booting a guest needs of this machine, besides what its tree holds. */
const guestCommands = [
  { command: 'qemu-system-x86_64', package: 'qemu-system-x86' },
  { command: 'debootstrap', package: 'debootstrap' },
  { command: 'cpio', package: 'cpio' },
  { command: 'xz', package: 'xz-utils' },
  { command: 'gcc', package: 'gcc libc6-dev' },
];

/** Throws NotReady with a sentence that says what to do. */
export async function ensureGuestPrograms(say) {
  const missing = guestCommands.filter((row) => !onPath(row.command));
  try {
    await installPackages(
      say,
      missing.flatMap((row) => row.package.split(' ')),
    );
  } catch (error) {
    if (error instanceof CommandFailed) throw new NotReady(error.message);
    throw error;
  }
}

function onPath(command) {
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, command)));
}

async function installPackages(say, names) {
  if (names.length === 0) return;
  if (!onPath('apt-get')) {
    throw new NotReady(`these are missing and there is no apt-get to get them: ${names.join(' ')}`);
  }
  if (getuid() !== 0) throw new NotReady(`run this as root: it has to install ${names.join(' ')}`);
  const options = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' } };
  const install = [
    'install',
    '-y',
    '-o',
    'DPkg::Lock::Timeout=120',
    '--no-install-recommends',
    ...names,
  ];
  await runLogged(say, 'package lists', 'apt-get', ['update'], options);
  const allowServices = forbidServices();
  try {
    await runLogged(say, `packages ${names.join(' ')}`, 'apt-get', install, options);
  } finally {
    allowServices();
  }
}

/** Servers are installed for tests in namespaces: none of them is to start on this machine. */
function forbidServices() {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return () => {};
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return () => rmSync(policy, { force: true });
}

async function ensureEngine(say) {
  if (env.NTM_TJS) {
    // The wrapper serves runs without NTM_TJS too: those still need the tree.
    writeWrapper(treeComplete() ? tree : undefined);
    await ensureRuns(say, env.NTM_TJS);
    return;
  }
  const builtTree = treeComplete();
  if (!builtTree && (await runsWithSodium(npmEngine))) {
    writeWrapper(undefined);
    return;
  }
  if (!builtTree) {
    if (hostIsNewEnough(await glibcVersion())) {
      await installPackages(say, treePackages.slice(0, 3));
      writeWrapper(undefined);
      await ensureRuns(say, npmEngine);
      return;
    }
    await buildTree(say);
  }
  writeWrapper(tree);
  if (!(await runsWithSodium(wrapper))) {
    throw new NotReady(`the engine does not run in ${tree}: remove that folder and try again`);
  }
}

async function ensureRuns(say, engine) {
  if (await runsWithSodium(engine)) return;
  await installPackages(say, ['libsodium23']);
  if (await runsWithSodium(engine)) return;
  throw new NotReady(`${engine} does not run here, or finds no libsodium.so.23`);
}

/** Starts the engine and loads libsodium by FFI, since both may be missing apart. */
async function runsWithSodium(engine) {
  if (!existsSync(engine)) return false;
  const probe = join(root, 'test/setup/engine-probe.mjs');
  const { code, out } = await runQuiet(engine, ['run', probe]);
  return code === 0 && out.includes('engine ready');
}

async function glibcVersion() {
  const { out } = await runQuiet('getconf', ['GNU_LIBC_VERSION']);
  const [, major, minor] = /(\d+)\.(\d+)/.exec(out) ?? [];
  return { major: Number(major ?? 0), minor: Number(minor ?? 0) };
}

function hostIsNewEnough({ major, minor }) {
  return major > 2 || (major === 2 && minor >= 38);
}

function treeComplete() {
  return engineLibraries.every((name) => existsSync(join(treeLibraries, name)));
}

async function buildTree(say) {
  if (getuid() !== 0) throw new NotReady('run this as root: it has to make a Debian 13 user space');
  if (!onPath('debootstrap')) await installPackages(say, ['debootstrap']);
  const part = `${tree}.part`;
  rmSync(part, { recursive: true, force: true });
  rmSync(tree, { recursive: true, force: true });
  const options = ['--variant=minbase', `--include=${treePackages.join(',')}`, 'trixie', part];
  await runLogged(say, 'Debian 13 user space', 'debootstrap', [...options, ...debianMirror()]);
  renameSync(part, tree);
}

/** The mirror this machine's own apt uses, if it is Debian's; else debootstrap knows one. */
function debianMirror() {
  const folder = '/etc/apt/sources.list.d';
  const files = ['/etc/apt/sources.list'];
  if (existsSync(folder)) files.push(...readdirSync(folder).map((name) => join(folder, name)));
  for (const file of files.filter((name) => existsSync(name))) {
    const [uri] = /https?:\/\/\S+\/debian\/?(?=\s|$)/.exec(readFileSync(file, 'utf8')) ?? [];
    if (uri !== undefined) return [uri];
  }
  return [];
}

function writeWrapper(tree) {
  const loader = tree === undefined ? '' : join(tree, 'lib64/ld-linux-x86-64.so.2');
  const run = tree === undefined ? '' : `"${loader}" --library-path "${treeLibraries}" `;
  const text = [
    '#!/bin/sh',
    '# Runs txiki.js: the engine that NTM_TJS names, or the one from npm. Made by test/setup.',
    '[ -z "$NTM_TJS" ] || exec "$NTM_TJS" "$@"',
    `exec ${run}"${npmEngine}" "$@"`,
    '',
  ].join('\n');
  if (existsSync(wrapper) && readFileSync(wrapper, 'utf8') === text) return;
  writeFileSync(wrapper, text);
  chmodSync(wrapper, 0o755);
}
