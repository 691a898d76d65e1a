/**
 * One run of `ntmobile`: arguments to a command, its errors to one sentence each and an exit code. Nothing
 * here throws but a broken promise of our own code.
 */
import { AssertionFailure } from '../../base/assert.ts';
import { CallRefused, DaemonUnreachable } from '../../platform/control/errors.ts';
import { parseArguments } from './arguments.ts';
import { commandFunctions } from './commands.ts';
import { CommandFailure, type ExitCode, exitCodes } from './exit-codes.ts';
import { commandHelp, generalHelp } from './help.ts';
import type { System } from './system.ts';

export async function runCommandLine(
  words: readonly string[],
  system: System,
  version: string,
): Promise<ExitCode> {
  const parsed = parseArguments(words);
  if (parsed.kind === 'version') {
    system.print(`ntmobile ${version}`);
    return exitCodes.ok;
  }
  if (parsed.kind === 'help') {
    system.print(parsed.name === undefined ? generalHelp(version) : commandHelp(parsed.name));
    return exitCodes.ok;
  }
  if (parsed.kind === 'wrong') {
    const more = parsed.name === undefined ? '' : ` See "ntmobile ${parsed.name} --help".`;
    system.printError(`ntmobile: ${parsed.error}${more}`);
    return exitCodes.usage;
  }
  try {
    return (await commandFunctions[parsed.name](system, parsed)) ?? exitCodes.ok;
  } catch (error) {
    if (error instanceof AssertionFailure) throw error;
    return report(error, system, parsed.switches.has('json'));
  }
}

function report(error: unknown, system: System, json: boolean): ExitCode {
  const sentence = error instanceof Error ? error.message : String(error);
  if (json) system.print(JSON.stringify({ error: sentence }));
  else for (const line of sentence.split('\n')) system.printError(`ntmobile: ${line}`);
  if (error instanceof CommandFailure) return error.code;
  if (error instanceof DaemonUnreachable) return exitCodes.unavailable;
  if (error instanceof CallRefused) return exitCodes.failed;
  return exitCodes.failed;
}
