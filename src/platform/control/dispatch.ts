/**
 * One control call to the roles of a daemon: which role it is for, and how the parts of several roles
 * become one answer. What concerns the daemon as a whole (version, port, data path) is added here.
 */
import { type ControlMethod, controlMethods } from '../../protocol/control-methods.ts';
import {
  type CheckRow,
  type DaemonStatus,
  type DiagnoseResult,
  type PathRow,
  type PathsResult,
  type RoleName,
  type StatusResult,
  wallClockArgument,
} from '../../protocol/control-results.ts';
import { holds, pageOf, pageWish } from '../../protocol/list-page.ts';
import type { ControlAnswer, ControlCall, Json, JsonObject } from '../../protocol/machine.ts';
import { statusChecks } from './status-checks.ts';

/** What a call needs of the daemon. */
export interface DaemonView {
  /** Roles that run. */
  readonly roles: readonly RoleName[];
  ask(role: RoleName, call: ControlCall): Promise<ControlAnswer>;
  status(): DaemonStatus;
  checks(): readonly CheckRow[];
  unixSeconds(): number;
}

const titles: Readonly<Record<RoleName, string>> = {
  node: 'node',
  ds: 'Direction Server',
  rs: 'Relay Server',
};

/** `call` has been checked by the method table. */
export async function dispatchCall(view: DaemonView, call: ControlCall): Promise<ControlAnswer> {
  const row: ControlMethod = controlMethods[call.method as keyof typeof controlMethods];
  const timed: ControlCall = {
    method: call.method,
    arguments: { ...call.arguments, [wallClockArgument]: view.unixSeconds() },
  };
  if (row.role !== 'any') {
    if (view.roles.includes(row.role)) return view.ask(row.role, timed);
    const error = `This daemon runs no ${titles[row.role]}; "${call.method}" is a question to one.`;
    return { ok: false, error };
  }
  if (call.method === 'diagnose') return diagnose(view, timed);
  return askAll(view, timed);
}

/** The call to every role that runs, and one answer of all. */
async function askAll(view: DaemonView, call: ControlCall): Promise<ControlAnswer> {
  const answers = await Promise.all(
    view.roles.map(async (role) => ({ role, answer: await view.ask(role, call) })),
  );
  const results = new Map<RoleName, JsonObject>();
  for (const { role, answer } of answers) {
    if (!answer.ok) return answer;
    results.set(role, answer.result);
  }
  return { ok: true, result: mergeResults(call, results, view) };
}

/** What daemon and roles say of themselves, and what their status and paths show. */
async function diagnose(view: DaemonView, call: ControlCall): Promise<ControlAnswer> {
  const status = await askAll(view, { ...call, method: 'status' });
  if (!status.ok) return status;
  const paths = await askAll(view, { ...call, method: 'paths' });
  if (!paths.ok) return paths;
  const own = await askAll(view, call);
  if (!own.ok) return own;
  const seen = statusChecks(
    status.result as unknown as StatusResult,
    (paths.result as unknown as PathsResult).paths,
  );
  const told = (own.result as unknown as DiagnoseResult).checks;
  return { ok: true, result: { checks: [...view.checks(), ...seen, ...told] } };
}

function mergeResults(
  { method, arguments: given }: ControlCall,
  results: ReadonlyMap<RoleName, JsonObject>,
  view: DaemonView,
): JsonObject {
  if (method === 'status') {
    return {
      daemon: view.status(),
      node: results.get('node') ?? null,
      ds: results.get('ds') ?? null,
      rs: results.get('rs') ?? null,
    };
  }
  if (method === 'diagnose') return { checks: rows(results, 'checks') };
  if (method === 'paths') return pathsPage(rows(results, 'paths') as unknown as PathRow[], given);
  if (method === 'trace') return { trace: oldestFirst(rows(results, 'trace')) };
  return { [method]: rows(results, method) };
}

function rows(results: ReadonlyMap<RoleName, JsonObject>, name: string): Json[] {
  return [...results.values()].flatMap((result) => {
    const list = result[name];
    return Array.isArray(list) ? (list as Json[]) : [];
  });
}

function pathsPage(all: readonly PathRow[], given: JsonObject): PathsResult & JsonObject {
  const wish = pageWish(given);
  const found = all.filter((row) =>
    holds(wish, [row.peerName, row.peerId, row.virtualIpv4, row.virtualIpv6, row.endpoint]),
  );
  const sum = (key: 'sentBytes' | 'receivedBytes') =>
    found.reduce((bytes, row) => bytes + row[key], 0);
  return {
    paths: pageOf(wish, found),
    total: found.length,
    sentBytes: sum('sentBytes'),
    receivedBytes: sum('receivedBytes'),
  };
}

function oldestFirst(trace: Json[]): Json[] {
  const age = (row: Json): number => Number((row as JsonObject).agoMs ?? 0);
  return trace.sort((left, right) => age(right) - age(left));
}
