/** The system of a command under txiki.js: files, terminal and probes through the C library. */

import { connectControl } from '../../platform/control/connect.ts';
import { lockFile, makeDirectory as makeDirectories } from '../../platform/files.ts';
import { backUpDirectory, restoreDirectory } from '../../platform/store/directory-backup.ts';
import { fileConstants } from '../../platform/tjs/abi.ts';
import { bind, errno } from '../../platform/tjs/ffi.ts';
import { libc } from '../../platform/tjs/libc.ts';
import { run } from '../../platform/tjs/process.ts';
import { sodiumSuite } from '../../platform/tjs/sodium.ts';
import { errnoName, ProblemToMend } from '../../platform/tjs/system-error.ts';
import { CommandFailure, exitCodes } from './exit-codes.ts';
import type { System } from './system.ts';
import {
  fileExists,
  makeDirectory,
  readTextFile,
  removeFile,
  writeTextFile,
} from './text-files.ts';

const terminal = bind(['libc.so.6', 'libc.so'], { isatty: ['int', 'int'] });
const standardInput = 0;
const standardOutput = 1;
/** An invite is far shorter; more is no invite. */
const maxInputBytes = 65_536;

export function tjsSystem(): System {
  const isTerminal = terminal.isatty(standardOutput) === 1;
  return {
    print: (text) => console.log('%s', text),
    printError: (text) => console.error('%s', text),
    isTerminal,
    wantsColour: isTerminal && !tjs.env.NO_COLOR && tjs.env.TERM !== 'dumb',
    isRoot: libc.geteuid() === 0,
    isOpenWrt: fileExists('/etc/openwrt_release'),
    unixSeconds: () => Math.floor(Date.now() / 1000),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    connect: connectControl,
    readInput: () => Promise.resolve(readInput()),
    readText: async (path) => readTextFile(path),
    writeText: async (path, text) => writeTextFile(path, text),
    makeDirectory: async (path, mode) => makeDirectory(path, mode),
    remove: async (path) => removeFile(path),
    backUpDirectory: (state, file) => backUpDirectory(state, file, Math.floor(Date.now() / 1000)),
    restoreDirectory: (state, file) => {
      holdState(state);
      return restoreDirectory(state, file);
    },
    run: runProgram,
    tunProblem: () => Promise.resolve(tunProblem()),
    sodiumProblem: () => Promise.resolve(sodiumProblem()),
  };
}

/** The words behind the program's name, whether it was started as a bundle or as one executable. */
export function programArguments(): readonly string[] {
  return tjs.args[1] === 'run' ? tjs.args.slice(3) : tjs.args.slice(1);
}

/** No daemon may work on the files that are replaced, nor start meanwhile. */
function holdState(state: string): void {
  makeDirectories(state);
  try {
    lockFile(`${state}/lock`);
  } catch (error) {
    if (!(error instanceof ProblemToMend)) throw error;
    throw new ProblemToMend(
      `ntmobiled runs with ${state}. Stop it first, on OpenWrt with "/etc/init.d/ntmobile stop", then ` +
        'restore, then start it again.',
    );
  }
}

async function runProgram(
  words: readonly string[],
): Promise<{ code: number; out: string; err: string }> {
  return run(words).catch(() => {
    const sentence = `There is no ${words[0]}. Install the package "ntmobile" again.`;
    throw new CommandFailure(exitCodes.failed, sentence);
  });
}

function readInput(): string {
  const buffer = new Uint8Array(maxInputBytes);
  let length = 0;
  while (length < maxInputBytes && !buffer.subarray(0, length).includes(10)) {
    const count = libc.read(standardInput, buffer.subarray(length), maxInputBytes - length);
    if (count <= 0) break;
    length += count;
  }
  return new TextDecoder().decode(buffer.subarray(0, length)).split('\n')[0] as string;
}

function tunProblem(): { finding: string; act: string } | undefined {
  const fd = libc.open('/dev/net/tun', fileConstants.O_RDWR | fileConstants.O_CLOEXEC, 0);
  if (fd >= 0) {
    libc.close(fd);
    return undefined;
  }
  const name = errnoName(errno());
  if (name === 'EACCES' || name === 'EPERM') {
    return { finding: '/dev/net/tun may not be opened.', act: 'Run this and ntmobiled as root.' };
  }
  return {
    finding: `There is no usable /dev/net/tun (${name}).`,
    act: 'Load the TUN driver: package kmod-tun on OpenWrt, "modprobe tun" elsewhere.',
  };
}

function sodiumProblem(): string | undefined {
  try {
    sodiumSuite();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
