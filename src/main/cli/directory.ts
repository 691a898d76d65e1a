/** The directory of a Direction Server on the command line: its nodes as a list or for other programs, backups. */
import type { NodeRow } from '../../protocol/control-results.ts';
import { defaultStatePath } from '../default-paths.ts';
import type { ParsedCommand } from './arguments.ts';
import { CommandFailure, type ExitCode, exitCodes } from './exit-codes.ts';
import { controlPath } from './option-values.ts';
import { formatUnixTime } from './quantities.ts';
import type { Daemon, System } from './system.ts';
import { viewNodes } from './views.ts';

export async function listNodes(system: System, command: ParsedCommand): Promise<ExitCode> {
  const [action] = command.positionals;
  if (action !== undefined && action !== 'export') {
    throw new CommandFailure(
      exitCodes.usage,
      `"nodes" knows "export" and nothing else, not "${action}". "ntmobile nodes" alone lists them.`,
    );
  }
  if (command.switches.has('csv') && action === undefined) {
    throw new CommandFailure(exitCodes.usage, '"--csv" belongs to "ntmobile nodes export".');
  }
  const daemon = await system.connect(controlPath(command));
  try {
    const nodes = await allNodes(daemon);
    if (action === 'export') exportNodes(system, nodes, command.switches.has('csv'));
    else if (command.switches.has('json')) {
      system.print(JSON.stringify({ nodes, total: nodes.length }));
    } else system.print(viewNodes({ nodes, total: nodes.length }));
  } finally {
    daemon.close();
  }
  return exitCodes.ok;
}

/** Page after page; a node that joins or leaves meanwhile may be missed, none is there twice. */
async function allNodes(daemon: Daemon): Promise<NodeRow[]> {
  const rowById = new Map<string, NodeRow>();
  for (let first = 0; ; ) {
    const { nodes, total } = await daemon.call('nodes', { first });
    for (const row of nodes) rowById.set(row.nodeId, row);
    first += nodes.length;
    if (nodes.length === 0 || !(first < total)) return [...rowById.values()];
  }
}

const exported = [
  'kind',
  'name',
  'nodeId',
  'publicKey',
  'virtualIpv4',
  'virtualIpv6',
  'online',
  'endpoint',
  'nat',
  'software',
] as const satisfies readonly (keyof NodeRow)[];

function exportNodes(system: System, nodes: readonly NodeRow[], csv: boolean): void {
  if (!csv) {
    const rows = nodes.map((row) => Object.fromEntries(exported.map((key) => [key, row[key]])));
    system.print(JSON.stringify(rows, null, 1));
    return;
  }
  const lines = nodes.map((row) => exported.map((key) => csvCell(row[key])).join());
  system.print([exported.join(), ...lines].join('\n'));
}

/** RFC 4180; a spreadsheet would take what begins like a formula for one. */
function csvCell(value: string | number | boolean | null): string {
  const text = value === null ? '' : String(value);
  const safe = /^[=+@\t\r-]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function statePath(command: ParsedCommand): string {
  return command.valueByOption.get('state') ?? defaultStatePath;
}

export async function backup(system: System, command: ParsedCommand): Promise<ExitCode> {
  const file = command.positionals[0] as string;
  const result = await system.backUpDirectory(statePath(command), file);
  if (command.switches.has('json')) system.print(JSON.stringify(result));
  else {
    system.print(`${file} holds ${contents(result)} and the key of this Direction Server.`);
    system.print('Keep it where nobody else can read it.');
  }
  return exitCodes.ok;
}

export async function restore(system: System, command: ParsedCommand): Promise<ExitCode> {
  const file = command.positionals[0] as string;
  const result = await system.restoreDirectory(statePath(command), file);
  if (command.switches.has('json')) {
    system.print(JSON.stringify({ file, ...result }));
    return exitCodes.ok;
  }
  system.print(`Restored ${contents(result)}, as of ${formatUnixTime(result.madeAt)}.`);
  if (result.before !== null) system.print(`What was there before is in ${result.before}.`);
  const start = system.isOpenWrt ? 'run "/etc/init.d/ntmobile start"' : 'start ntmobiled';
  system.print(`Next: ${start}. Nodes that joined since then have to be invited again.`);
  return exitCodes.ok;
}

function contents(count: { nodes: number; relays: number; invites: number }): string {
  const some = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
  const parts = [some(count.nodes, 'node'), some(count.relays, 'Relay Server')];
  return `${parts.join(', ')} and ${some(count.invites, 'open invite')}`;
}
