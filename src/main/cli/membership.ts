/**
 * `join` and `leave`: they work on the configuration and the state directory, with or without a daemon, and
 * on a router on whatever else belongs to it (router.ts).
 * The token is durable before the configuration names its Direction Server, so that a power cut in
 * between leaves a device that can simply join again.
 */
import { toHex } from '../../base/bytes.ts';
import { formatToken, tokenPath } from '../../platform/token-file.ts';
import {
  type Edited,
  type JoinRole,
  joinedKey,
  joinText,
  leaveText,
  roleOfInvite,
} from '../../platform/uci/join.ts';
import { formatProblem } from '../../platform/uci/options.ts';
import { readSettings } from '../../platform/uci/settings.ts';
import { decodeInvite, expiryProblem, type Invite, isName } from '../../protocol/invite.ts';
import { defaultConfigPath, defaultControlPath, defaultStatePath } from '../default-paths.ts';
import type { ParsedCommand } from './arguments.ts';
import { CommandFailure, exitCodes } from './exit-codes.ts';
import { formatUnixTime } from './quantities.ts';
import { awaitRegistration, setUpRouter, takeDownRouter } from './router.ts';
import type { System } from './system.ts';

const roleWords: Readonly<Record<JoinRole, string>> = { node: 'node', rs: 'Relay Server' };

export async function join(system: System, command: ParsedCommand): Promise<void> {
  const { configPath, statePath } = pathsOf(command);
  const invite = await readInvite(system, command);
  const role = roleOfInvite(invite);
  const name = command.valueByOption.get('name');
  if (name !== undefined && !isName(name)) {
    throw new CommandFailure(
      exitCodes.usage,
      `"${name}" cannot be a name: 1 to 63 letters, digits and hyphens.`,
    );
  }
  const before = (await system.readText(configPath)) ?? '';
  checkNotElsewhere(before, role, invite, command);
  const after = textOf(joinText(before, invite, name), configPath);
  await system.makeDirectory(configPath.replace(/\/?[^/]*$/, ''), 0o755);
  await system.makeDirectory(statePath, 0o700);
  await system.writeText(tokenPath(statePath, role), formatToken(invite.token));
  await system.writeText(configPath, after);
  const settings = readSettings(after, configPath);
  const problems = settings.problems.map(formatProblem);
  const joinedName = name ?? invite.name;
  const isRouter = managesRouter(system, command) && problems.length === 0;
  if (command.switches.has('json')) {
    const directionServer = { endpoints: invite.endpoints, publicKey: toHex(invite.publicKey) };
    const result = { role, name: joinedName || null, directionServer, configPath, problems };
    const done = isRouter ? { done: await setUpRouter(system) } : {};
    const standing = isRouter ? await awaitRegistration(system, role, defaultControlPath) : {};
    system.print(JSON.stringify({ ...result, ...done, ...standing }));
    return;
  }
  const as = joinedName === '' ? '' : ` as "${joinedName}"`;
  system.print(`This device will join as a ${roleWords[role]}${as}.`);
  system.print(`  Direction Server  ${invite.endpoints.join('  ')}`);
  system.print(`  configuration     ${configPath}`);
  system.print(`  use it before     ${formatUnixTime(invite.expiresAt)}`);
  for (const problem of problems) system.print(`Still to do: ${problem}`);
  if (!isRouter) {
    system.print(`Next: ${restartAct(system)}, then look at "ntmobile status".`);
    return;
  }
  system.print('Enabled the role in the configuration, with the key of the Direction Server.');
  for (const line of await setUpRouter(system)) system.print(line);
  if (system.isTerminal) system.print('Waiting for the Direction Server …');
  system.print((await awaitRegistration(system, role, defaultControlPath)).text);
  system.print('"ntmobile leave" takes all of this back.');
}

export async function leave(system: System, command: ParsedCommand): Promise<void> {
  const { configPath, statePath } = pathsOf(command);
  const role: JoinRole = command.switches.has('relay') ? 'rs' : 'node';
  const before = await system.readText(configPath);
  const key = before === undefined ? undefined : joinedKey(before, role);
  const token = await system.readText(tokenPath(statePath, role));
  const after = before === undefined ? undefined : textOf(leaveText(before, role), configPath);
  if (token === undefined && (after === undefined || after === before)) {
    throw new CommandFailure(
      exitCodes.failed,
      `The ${roleWords[role]} of this device has joined no network (${configPath}).`,
    );
  }
  if (after !== undefined && after !== before) await system.writeText(configPath, after);
  await system.remove(tokenPath(statePath, role));
  const done = managesRouter(system, command)
    ? await takeDownRouter(system, role, readSettings(after ?? '', configPath))
    : undefined;
  if (command.switches.has('json')) {
    const result = { role, directionServer: key ?? null, configPath };
    system.print(JSON.stringify(done ? { ...result, done } : result));
    return;
  }
  system.print(`The ${roleWords[role]} of this device no longer belongs to a network.`);
  if (!done) system.print(`Next: ${restartAct(system)}.`);
  for (const line of done ?? []) system.print(line);
}

function pathsOf(command: ParsedCommand): { configPath: string; statePath: string } {
  return {
    configPath: command.valueByOption.get('config') ?? defaultConfigPath,
    statePath: command.valueByOption.get('state') ?? defaultStatePath,
  };
}

/** With files of its own the command edits those and nothing else. */
function managesRouter(system: System, command: ParsedCommand): boolean {
  const { valueByOption } = command;
  return system.isOpenWrt && !valueByOption.has('config') && !valueByOption.has('state');
}

function restartAct(system: System): string {
  return system.isOpenWrt ? 'run "/etc/init.d/ntmobile restart"' : 'start (or restart) ntmobiled';
}

async function readInvite(system: System, command: ParsedCommand): Promise<Invite> {
  const given = command.positionals[0] as string;
  const decoded = decodeInvite(given === '-' ? await system.readInput() : given);
  if (!decoded.ok) throw new CommandFailure(exitCodes.failed, decoded.error);
  const { invite } = decoded;
  if (command.switches.has('relay') && invite.kind !== 'relay') {
    throw new CommandFailure(
      exitCodes.failed,
      'This invite is for a node. Ask for one for a Relay Server ("ntmobile invite NAME --relay").',
    );
  }
  const expired = expiryProblem(invite, system.unixSeconds());
  if (expired === undefined || command.switches.has('force')) return invite;
  const now = formatUnixTime(system.unixSeconds());
  throw new CommandFailure(
    exitCodes.failed,
    `${expired} If the clock of this device (${now}) is wrong, set it or add --force.`,
  );
}

function checkNotElsewhere(
  text: string,
  role: JoinRole,
  invite: Invite,
  command: ParsedCommand,
): void {
  const key = joinedKey(text, role);
  if (key === undefined || command.switches.has('force')) return;
  if (key.toLowerCase() === toHex(invite.publicKey)) return;
  const leaving = role === 'rs' ? 'ntmobile leave --relay' : 'ntmobile leave';
  throw new CommandFailure(
    exitCodes.failed,
    `This device belongs to another network already. Leave it with "${leaving}", or add --force.`,
  );
}

function textOf(edited: Edited, configPath: string): string {
  if (edited.ok) return edited.text;
  const problems = edited.problems.map(({ line, text }) => `${configPath}, line ${line}: ${text}`);
  throw new CommandFailure(exitCodes.configuration, problems.join('\n'));
}
