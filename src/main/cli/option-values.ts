/** Values of options that several commands take. */
import { defaultControlPath } from '../default-paths.ts';
import type { ParsedCommand } from './arguments.ts';
import { CommandFailure, exitCodes } from './exit-codes.ts';

export function controlPath(command: ParsedCommand): string {
  return command.valueByOption.get('control') ?? defaultControlPath;
}

/** A number given as text; throws CommandFailure outside the bounds. */
export function numberOption(
  command: ParsedCommand,
  name: string,
  absent: number,
  least: number,
  most: number,
): number {
  const text = command.valueByOption.get(name);
  if (text === undefined) return absent;
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new CommandFailure(
    exitCodes.usage,
    `"--${name} ${text}" must be a number from ${least} to ${most}.`,
  );
}
