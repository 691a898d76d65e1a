/**
 * What a command needs of the machine it runs on, as one interface: the commands themselves name no file
 * call of the engine, and tests run them on a system of their own.
 */

import type { BackupResult, RestoreResult } from '../../platform/store/directory-backup.ts';
import type { ControlMethodName } from '../../protocol/control-methods.ts';
import type { ControlResults } from '../../protocol/control-results.ts';
import type { JsonObject } from '../../protocol/machine.ts';

/** Calls to the daemon; throws DaemonUnreachable and CallRefused. */
export interface Daemon {
  call<Method extends ControlMethodName>(
    method: Method,
    given?: JsonObject,
  ): Promise<ControlResults[Method]>;
  close(): void;
}

export interface System {
  /** Writes whole lines to standard output. */
  print(text: string): void;
  printError(text: string): void;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  readonly wantsColour: boolean;
  readonly isRoot: boolean;
  readonly isOpenWrt: boolean;
  unixSeconds(): number;
  sleep(ms: number): Promise<void>;
  /** Throws DaemonUnreachable. */
  connect(path: string): Promise<Daemon>;
  /** The first line of standard input, or all of it when there is no line end. */
  readInput(): Promise<string>;
  /** The text of a file, or undefined when there is none. Throws with a sentence. */
  readText(path: string): Promise<string | undefined>;
  /** Durable and whole or not at all, mode 0600. Throws with a sentence. */
  writeText(path: string, text: string): Promise<void>;
  /** Makes the directory when there is none; its parent must exist. Nothing for an empty path. */
  makeDirectory(path: string, mode: number): Promise<void>;
  remove(path: string): Promise<void>;
  /** Copies the Direction Server of a state directory into a file. Throws with a sentence. */
  backUpDirectory(state: string, file: string): Promise<BackupResult>;
  /** The other way round; the daemon must not run. Throws with a sentence. */
  restoreDirectory(state: string, file: string): Promise<RestoreResult>;
  /** Runs a program to its end. Throws with a sentence when there is none. */
  run(words: readonly string[]): Promise<{
    readonly code: number;
    readonly out: string;
    readonly err: string;
  }>;
  /** Why no TUN device can be opened, with the act that mends it, or undefined when one can. */
  tunProblem(): Promise<{ readonly finding: string; readonly act: string } | undefined>;
  /** Why libsodium cannot be used, or undefined when it can. */
  sodiumProblem(): Promise<string | undefined>;
}
