/**
 * What a changed configuration means for a daemon that runs: log level, other zones and exports take effect at
 * once and cost no session; for the rest the daemon has to be restarted, and says so.
 */
import { toHex } from '../../base/bytes.ts';
import { formatProblem } from '../../platform/uci/options.ts';
import type { Settings } from '../../platform/uci/settings.ts';
import type { ReloadResult } from '../../protocol/control-results.ts';

export interface Reloadable {
  setLogLevel(level: Settings['logLevel']): void;
  setZones(ds: NonNullable<Settings['ds']>): void;
  setExports(node: NonNullable<Settings['node']>): void;
}

/** Carries out what can be, on `daemon`; `before` is what it runs with. */
export function applySettings(before: Settings, after: Settings, daemon: Reloadable): ReloadResult {
  const applied: string[] = [];
  if (before.logLevel !== after.logLevel) {
    daemon.setLogLevel(after.logLevel);
    applied.push(`The log level is "${after.logLevel}" now.`);
  }
  if (before.ds && after.ds && differ(before.ds.zones, after.ds.zones)) {
    daemon.setZones(after.ds);
    const names = after.ds.zones.map(({ zone }) => zone).join(', ');
    applied.push(
      names === '' ? 'No other zone is known now.' : `The other zones are ${names} now.`,
    );
  }
  if (before.node && after.node && differ(before.node.exports, after.node.exports)) {
    daemon.setExports(after.node);
    applied.push(`${after.node.exports.length} exports are in force now.`);
  }
  const problems = after.problems.map(formatProblem);
  return { applied, pending: problems.length > 0 ? [] : pendingOf(before, after), problems };
}

function pendingOf(before: Settings, after: Settings): string[] {
  const [old, now] = [atStart(before), atStart(after)];
  const changed = Object.keys(old).filter((part) => differ(old[part], now[part]));
  return changed.map((part) => `What has changed in section "${part}" takes a restart.`);
}

/** What is read at the start alone, by section. */
function atStart(settings: Settings): Record<string, unknown> {
  const { ds, rs, node, port, dataPath, suites } = settings;
  return {
    main: { port, dataPath, suites },
    ds: ds && { ...ds, zones: [] },
    rs,
    node: node && { ...node, exports: [] },
  };
}

/** The settings that a daemon runs with after a reload: what takes a restart is as it was. */
export function withLive(before: Settings, after: Settings): Settings {
  const { ds, node } = before;
  return {
    ...before,
    logLevel: after.logLevel,
    ds: ds && { ...ds, zones: after.ds?.zones ?? ds.zones },
    node: node && { ...node, exports: after.node?.exports ?? node.exports },
  };
}

function differ(one: unknown, other: unknown): boolean {
  return canonical(one) !== canonical(other);
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, each) => (each instanceof Uint8Array ? toHex(each) : each)) ?? ''
  );
}
