/**
 * What each command does, by name. Commands that only ask print the daemon's result as it is with --json,
 * and as text otherwise.
 */
import type { ControlMethodName } from '../../protocol/control-methods.ts';
import type { ControlResults, InviteResult } from '../../protocol/control-results.ts';
import type { JsonObject } from '../../protocol/machine.ts';
import type { ParsedCommand } from './arguments.ts';
import type { CommandName } from './command-table.ts';
import { backup, listNodes, restore } from './directory.ts';
import { doctor } from './doctor.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { join, leave } from './membership.ts';
import { controlPath, numberOption } from './option-values.ts';
import { ping } from './ping.ts';
import { renderQr } from './qr.ts';
import { formatMs, formatUnixTime } from './quantities.ts';
import { viewStatus } from './status-view.ts';
import type { System } from './system.ts';
import { describeRoute, viewHandovers, viewInvites, viewPaths, viewTrace } from './views.ts';

type CommandFunction = (system: System, command: ParsedCommand) => Promise<ExitCode | undefined>;

/** Throws CommandFailure, DaemonUnreachable and CallRefused. */
export const commandFunctions: Readonly<Record<CommandName, CommandFunction>> = {
  status: (system, command) => show(system, command, 'status', viewStatus),
  paths: (system, command) => show(system, command, 'paths', viewPaths),
  nodes: listNodes,
  backup,
  restore,
  handovers: (system, command) => {
    const last = numberOption(command, 'last', 20, 1, 100);
    return show(system, command, 'handovers', (result) =>
      viewHandovers(result, last, system.unixSeconds()),
    );
  },
  trace: (system, command) => {
    const last = numberOption(command, 'last', 50, 1, 100_000);
    return show(system, command, 'trace', (result) => viewTrace(result, last));
  },
  invites: (system, command) =>
    show(system, command, 'invites', (result) => viewInvites(result, system.unixSeconds())),
  invite: makeInvite,
  uninvite: (system, command) =>
    show(system, command, 'uninvite', (result) => `The invite for "${result.name}" is revoked.`, {
      name: command.positionals[0] as string,
    }),
  rename: (system, command) =>
    show(system, command, 'rename', (result) => `"${result.oldName}" is now "${result.name}".`, {
      node: command.positionals[0] as string,
      name: command.positionals[1] as string,
    }),
  remove: (system, command) =>
    show(
      system,
      command,
      'remove',
      (result) => `"${result.name}" is removed: its paths and addresses are gone.`,
      { node: command.positionals[0] as string },
    ),
  trust: (system, command) =>
    show(system, command, 'trust', viewTrust, {
      name: command.positionals[0] as string,
      deny: command.switches.has('deny'),
    }),
  drain: (system, command) =>
    show(system, command, 'drain', viewDrain, { off: command.switches.has('off') }),
  connect: (system, command) =>
    show(system, command, 'connect', viewConnect, { peer: command.positionals[0] as string }),
  resolve: (system, command) =>
    show(system, command, 'resolve', viewResolved, { name: command.positionals[0] as string }),
  close: (system, command) =>
    show(system, command, 'close', (result) => `The path to "${result.peerName}" is closed.`, {
      peer: command.positionals[0] as string,
    }),
  ping: (system, command) =>
    ping(system, command, {
      count: numberOption(command, 'count', 4, 1, 1_000_000),
      intervalSeconds: numberOption(command, 'interval', 1, 0.01, 3600),
    }),
  join: async (system, command) => {
    await join(system, command);
    return exitCodes.ok;
  },
  leave: async (system, command) => {
    await leave(system, command);
    return exitCodes.ok;
  },
  reload: (system, command) =>
    show(system, command, 'reload', ({ applied, pending, problems }) => {
      const lines = [...applied, ...pending, ...problems];
      return lines.length > 0 ? lines.join('\n') : 'Nothing has changed.';
    }),
  doctor,
};

/** Asks the daemon and prints what it said. */
async function show<Method extends ControlMethodName>(
  system: System,
  command: ParsedCommand,
  method: Method,
  view: (result: ControlResults[Method]) => string,
  given: JsonObject = {},
): Promise<ExitCode> {
  const daemon = await system.connect(controlPath(command));
  try {
    const result = await daemon.call(method, given);
    system.print(command.switches.has('json') ? JSON.stringify(result) : view(result));
  } finally {
    daemon.close();
  }
  return exitCodes.ok;
}

function makeInvite(system: System, command: ParsedCommand): Promise<ExitCode> {
  const hours = numberOption(command, 'hours', 24, 0.01, 24 * 365);
  const given: JsonObject = {
    name: command.positionals[0] as string,
    relay: command.switches.has('relay'),
    hours,
  };
  const withQr = system.isTerminal && !command.switches.has('no-qr');
  return show(system, command, 'invite', (result) => viewInvite(result, system, withQr), given);
}

/** The line alone when it goes to a file or a program. */
function viewInvite(result: InviteResult, system: System, withQr: boolean): string {
  if (!system.isTerminal) return result.invite;
  const what = result.relay ? 'Relay Server' : 'node';
  const parts = [
    `Invite for the ${what} "${result.name}", for one use until ${formatUnixTime(result.expiresAt)}:`,
    '',
    result.invite,
    '',
  ];
  if (withQr) parts.push(renderQr(result.invite, system.wantsColour), '');
  parts.push(
    'On the new device: ntmobile join INVITE. Whoever has the line can join: send it privately.',
  );
  return parts.join('\n');
}

function viewResolved(result: ControlResults['resolve']): string {
  const lines = [
    ['Name', result.name],
    ['Node ID', result.nodeId],
    ['Virtual IP', [result.virtualIpv4, result.virtualIpv6].filter((ip) => ip).join(', ') || '-'],
    ['Behind a NAT', { unknown: 'unknown', global: 'no', private: 'yes' }[result.nat]],
    ['Direction Server', result.dsAddresses.join(', ')],
    ['Its key', result.dsKey],
    ['Told by', result.source === 'dns' ? 'the DNS' : 'the own Direction Server'],
  ];
  return lines.map(([title, text]) => `${`${title}:`.padEnd(18)}${text}`).join('\n');
}

function viewTrust({ name, kind, key, policy }: ControlResults['trust']): string {
  if (policy === 'deny') return `Paths to and from ${name} are refused.`;
  return kind === 'zone' ? `${name} is trusted with the key ${key}.` : `${name} is now ${key}.`;
}

function viewDrain({ draining, paths }: ControlResults['drain']): string {
  return draining ? `Draining; ${paths} paths are here still.` : 'Taking paths again.';
}

function viewConnect(result: ControlResults['connect']): string {
  const ip = result.virtualIpv4 ?? result.virtualIpv6 ?? '-';
  const route = describeRoute(result.route, result.relayName);
  return `Path to "${result.peerName}" (${ip}): ${route}, after ${formatMs(result.tookMs)}.`;
}
