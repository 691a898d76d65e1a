/**
 * `doctor`: what is wrong and what mends it. Looks at the configuration and the machine itself, then asks
 * the daemon for what it knows; so it says something useful when nothing works at all.
 */
import { DaemonUnreachable } from '../../platform/control/errors.ts';
import { parsePort, portPath } from '../../platform/port-file.ts';
import { parseToken, tokenPath } from '../../platform/token-file.ts';
import { formatProblem } from '../../platform/uci/options.ts';
import { readSettings, type Settings } from '../../platform/uci/settings.ts';
import type { CheckRow } from '../../protocol/control-results.ts';
import { clockNeverSetBefore } from '../../protocol/invite.ts';
import { defaultConfigPath, defaultStatePath } from '../default-paths.ts';
import type { ParsedCommand } from './arguments.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { controlPath } from './option-values.ts';
import { formatUnixTime, plural } from './quantities.ts';
import { udpPortInUse } from './socket-list.ts';
import type { System } from './system.ts';
import { displayWidth, printable } from './table.ts';

export async function doctor(system: System, command: ParsedCommand): Promise<ExitCode> {
  const configPath = command.valueByOption.get('config') ?? defaultConfigPath;
  const statePath = command.valueByOption.get('state') ?? defaultStatePath;
  const text = await system.readText(configPath);
  const settings = text === undefined ? undefined : readSettings(text, configPath);
  const checks = configurationChecks(settings, configPath);
  checks.push(rootCheck(system), await sodiumCheck(system));
  if (settings && needsTun(settings)) checks.push(await deviceCheck(system, settings));
  checks.push(clockCheck(system.unixSeconds()));
  if (settings) checks.push(...(await tokenChecks(system, settings, statePath)));
  checks.push(...(await daemonChecks(system, command, settings, statePath)));
  const failed = checks.filter((check) => check.state === 'fail').length;
  const warned = checks.filter((check) => check.state === 'warn').length;
  if (command.switches.has('json')) system.print(JSON.stringify({ checks }));
  else system.print(`${viewChecks(checks, system.wantsColour)}\n\n${verdict(failed, warned)}`);
  return failed === 0 ? exitCodes.ok : exitCodes.failed;
}

function configurationChecks(settings: Settings | undefined, path: string): CheckRow[] {
  const check = 'Configuration';
  if (!settings) {
    const act = 'Join a network with "ntmobile join INVITE", or write the file to start one.';
    return [{ check, state: 'fail', finding: `There is no ${path}.`, act }];
  }
  const problems = settings.problems.map((problem): CheckRow => {
    const act = `Correct it in ${path} and restart the daemon.`;
    return { check, state: 'fail', finding: formatProblem(problem), act };
  });
  const warnings = settings.warnings.map((problem): CheckRow => {
    return { check, state: 'warn', finding: formatProblem(problem), act: 'Correct or remove it.' };
  });
  if (problems.length > 0) return [...problems, ...warnings];
  const roles = { node: 'node', ds: 'Direction Server', rs: 'Relay Server' } as const;
  const enabled = (['node', 'ds', 'rs'] as const).filter((role) => settings[role] !== undefined);
  const finding = `${path} is valid: ${enabled.map((role) => roles[role]).join(', ')}.`;
  return [{ check, state: 'ok', finding, act: null }, ...warnings];
}

function rootCheck(system: System): CheckRow {
  const check = 'Rights';
  if (system.isRoot) return { check, state: 'ok', finding: 'This runs as root.', act: null };
  const finding = 'This does not run as root, so some checks see less.';
  return { check, state: 'warn', finding, act: 'Run "ntmobile doctor" as root.' };
}

async function sodiumCheck(system: System): Promise<CheckRow> {
  const check = 'libsodium';
  const finding = await system.sodiumProblem();
  if (finding === undefined) return { check, state: 'ok', finding: 'It can be used.', act: null };
  const act = system.isOpenWrt
    ? 'Install the package libsodium.'
    : 'Install libsodium (Debian: "apt install libsodium23").';
  return { check, state: 'fail', finding, act };
}

/** The virtual interface is a node's, or that of a Relay Server with an exit. */
function needsTun(settings: Settings): boolean {
  return settings.node !== undefined || settings.rs?.exit === true;
}

/** The kernel module where it may be used and is loaded, else what packets go through without it. */
async function deviceCheck(system: System, settings: Settings): Promise<CheckRow> {
  const modules = await system.readText('/proc/modules').catch(() => undefined);
  const loaded = /^ntmobile /m.test(modules ?? '');
  const check = 'Kernel module';
  if (settings.dataPath === 'user' || (settings.dataPath === 'auto' && !loaded)) {
    return tunCheck(system);
  }
  if (loaded) return { check, state: 'ok', finding: 'ntmobile is loaded.', act: null };
  const act = 'Install kmod-ntmobile, or set "option datapath auto".';
  return { check, state: 'fail', finding: 'ntmobile is not loaded.', act };
}

async function tunCheck(system: System): Promise<CheckRow> {
  const check = 'TUN device';
  const problem = await system.tunProblem();
  if (problem) return { check, state: 'fail', ...problem };
  return { check, state: 'ok', finding: '/dev/net/tun can be opened.', act: null };
}

function clockCheck(unixSeconds: number): CheckRow {
  const check = 'Clock';
  const time = formatUnixTime(unixSeconds);
  if (unixSeconds >= clockNeverSetBefore)
    return { check, state: 'ok', finding: `${time}.`, act: null };
  const finding = `${time} cannot be right. Paths work all the same; expiry of invites is not judged.`;
  return { check, state: 'warn', finding, act: 'Set the clock, or let NTP set it.' };
}

async function tokenChecks(
  system: System,
  settings: Settings,
  statePath: string,
): Promise<CheckRow[]> {
  const checks: CheckRow[] = [];
  for (const role of ['node', 'rs'] as const) {
    if (!settings[role]) continue;
    const path = tokenPath(statePath, role);
    const text = await system.readText(path).catch(() => undefined);
    if (text === undefined || parseToken(text)) continue;
    const act = 'Join again with a new invite.';
    checks.push({ check: 'Invite', state: 'fail', finding: `${path} is damaged.`, act });
  }
  return checks;
}

async function daemonChecks(
  system: System,
  command: ParsedCommand,
  settings: Settings | undefined,
  state: string,
): Promise<CheckRow[]> {
  const check = 'Daemon';
  try {
    const daemon = await system.connect(controlPath(command));
    try {
      const { checks } = await daemon.call('diagnose');
      return [{ check, state: 'ok', finding: 'ntmobiled runs and answers.', act: null }, ...checks];
    } finally {
      daemon.close();
    }
  } catch (error) {
    if (error instanceof DaemonUnreachable) {
      const { finding, act } = error;
      return [
        { check, state: 'fail', finding, act },
        ...(await portChecks(system, settings, state)),
      ];
    }
    const finding = error instanceof Error ? error.message : String(error);
    return [{ check, state: 'fail', finding, act: 'Look at the log of the daemon.' }];
  }
}

/** Only asked while the daemon is down: then nobody else may hold its port. */
async function portChecks(
  system: System,
  settings: Settings | undefined,
  state: string,
): Promise<CheckRow[]> {
  const kept = async () =>
    parsePort((await system.readText(portPath(state)).catch(() => '')) ?? '');
  const port = settings && (settings.port ?? (await kept()));
  if (port === undefined) return [];
  const check = 'UDP port';
  const tables = ['/proc/net/udp', '/proc/net/udp6'];
  for (const path of tables) {
    const text = await system.readText(path).catch(() => undefined);
    if (text === undefined || !udpPortInUse(text, port)) continue;
    const finding = `Another program holds UDP port ${port}.`;
    const act = `Stop it (see "ss -lunp sport = ${port}"), or set "option port" in section "main".`;
    return [{ check, state: 'fail', finding, act }];
  }
  return [{ check, state: 'ok', finding: `UDP port ${port} is free.`, act: null }];
}

const marks = { ok: 'ok  ', warn: 'warn', fail: 'FAIL' } as const;
const colours = { ok: '32', warn: '33', fail: '31' } as const;

export function viewChecks(checks: readonly CheckRow[], coloured: boolean): string {
  const width = Math.max(...checks.map((row) => displayWidth(printable(row.check))));
  return checks
    .map((row) => {
      const mark = marks[row.state];
      const shown = coloured ? `\u001b[${colours[row.state]}m${mark}\u001b[0m` : mark;
      const name = printable(row.check);
      const gap = ' '.repeat(width - displayWidth(name));
      const head = `${shown}  ${name}${gap}  ${printable(row.finding)}`;
      return row.act === null ? head : `${head}\n${' '.repeat(8 + width)}${printable(row.act)}`;
    })
    .join('\n');
}

function verdict(failed: number, warned: number): string {
  if (failed > 0) return `${plural(failed, 'check')} failed.`;
  return warned > 0 ? `Nothing failed; ${plural(warned, 'warning')}.` : 'All is well.';
}
