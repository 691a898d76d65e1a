/**
 * What one trial comes to: the entry of report.json and its verdict. Route, connection and bytes decide;
 * times are reported.
 */
import type { RouteKind } from '../../src/protocol/control-results.ts';
import type { FlowFigures } from './measure.ts';
import { describe, type Pattern } from './patterns.ts';
import type { TrialOptions, TrialResult } from './trial.ts';

export interface Directions<T> {
  readonly up: T;
  readonly down: T;
}

export interface ReportEntry {
  readonly pattern: string;
  readonly handover: string;
  readonly traffic: string;
  readonly bothMove: boolean;
  readonly mobile: { readonly from: string; readonly to: string };
  readonly peer: string;
  readonly peerKind: 'NTMobile' | 'general';
  readonly pathBefore: RouteKind;
  readonly pathAfter: RouteKind;
  readonly pathExpected: readonly RouteKind[];
  /** Null: nothing came any more. */
  readonly interruptionMs: Directions<number | null>;
  /** Probes. */
  readonly lost: Directions<number>;
  /** Packets of every kind, in the node's own record of the move. */
  readonly recorded: Directions<number | null>;
  readonly sent: Directions<number>;
  readonly tcpSurvived: boolean;
  readonly bytesOk: boolean;
  /** From the correspondent, with nothing held back; null where that was not tried. */
  readonly bytesPerSecond: number | null;
  /** From the event to the first answer of the far end. */
  readonly signallingMs: number | null;
  readonly longestEchoMs: number | null;
  /** Which process was killed, and the time from its restart, if any, until traffic ran both ways. */
  readonly killed: string | null;
  readonly backMs: number | null;
  /** Empty when all is right. */
  readonly problems: readonly string[];
}

export function reportEntry(result: TrialResult, options: TrialOptions): ReportEntry {
  const { pattern, up, down } = result;
  return {
    ...entryHead(pattern, options),
    pathBefore: result.routeBefore,
    pathAfter: result.routeAfter,
    interruptionMs: { up: rounded(up.interruptionMs), down: rounded(down.interruptionMs) },
    lost: { up: up.lost, down: down.lost },
    recorded: {
      up: result.record?.peerLostPackets ?? null,
      down: result.record?.lostPackets ?? null,
    },
    sent: { up: up.sent, down: down.sent },
    tcpSurvived: result.tcpSurvived,
    bytesOk: result.bytesOk,
    bytesPerSecond: result.bytesPerSecond,
    signallingMs: rounded(result.record?.firstAnswerMs ?? undefined),
    longestEchoMs: rounded(result.longestEchoMs ?? undefined),
    backMs: rounded(result.backMs ?? undefined),
    problems: problemsOf(result, options),
  };
}

/** The entry of a trial that could not be carried out. */
export function failedEntry(pattern: Pattern, options: TrialOptions, why: string): ReportEntry {
  return {
    ...entryHead(pattern, options),
    pathBefore: 'none',
    pathAfter: 'none',
    interruptionMs: { up: null, down: null },
    lost: { up: 0, down: 0 },
    recorded: { up: null, down: null },
    sent: { up: 0, down: 0 },
    tcpSurvived: false,
    bytesOk: false,
    bytesPerSecond: null,
    signallingMs: null,
    longestEchoMs: null,
    backMs: null,
    problems: [why],
  };
}

/** What happened to the mobile node, in words. */
export function actText({ mobile, killed }: ReportEntry): string {
  return killed === null ? `${mobile.from} => ${mobile.to}` : `${mobile.from}, kill ${killed}`;
}

/** The worse direction; null when one never came back. */
export function worstInterruption(entry: ReportEntry): number | null {
  const { up, down } = entry.interruptionMs;
  if (entry.traffic === 'peer-only') return down;
  return up === null || down === null ? null : Math.max(up, down);
}

function entryHead(pattern: Pattern, { handover, traffic }: TrialOptions) {
  const words = describe(pattern);
  const [from = '', to = ''] = words.mobile.split(' => ');
  return {
    pattern: pattern.id,
    handover,
    traffic,
    bothMove: pattern.peerTo !== undefined,
    mobile: { from, to },
    peer: words.peer,
    peerKind: pattern.peer === 'gn' ? ('general' as const) : ('NTMobile' as const),
    pathExpected: pattern.expected,
    killed: pattern.kill ?? null,
  };
}

function problemsOf(result: TrialResult, options: TrialOptions): readonly string[] {
  const problems: string[] = [];
  const silent = (flow: FlowFigures): boolean => flow.interruptionMs === undefined;
  if (silent(result.down)) problems.push('nothing came from the correspondent after the move');
  if (options.traffic === 'both' && silent(result.up)) {
    problems.push('nothing came to the correspondent after the move');
  }
  if (options.floor) return problems;
  if (result.pattern.kill !== undefined && (result.backMs ?? 0) > options.backLimitMs) {
    problems.push(`traffic was back only ${result.backMs?.toFixed(0)} ms after the restart`);
  }
  const { expected } = result.pattern;
  if (!expected.includes(result.routeAfter)) {
    problems.push(`the route is ${result.routeAfter}, not ${expected.join(' or ')}`);
  }
  if (result.suite !== options.suite) {
    problems.push(`the suite is ${result.suite}, not ${options.suite}`);
  }
  if (!result.tcpSurvived) problems.push(`TCP broke: ${tcpErrors(result)}`);
  else if (!result.bytesOk) problems.push('TCP did not carry every byte');
  return problems;
}

function tcpErrors({ records }: TrialResult): string {
  const errors = [records.mobileTcp?.error, records.peerTcp?.error];
  return errors.filter((error) => error !== null && error !== undefined).join(', ');
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 10) / 10;
}
