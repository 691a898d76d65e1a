/**
 * `ping`: builds the path, then measures round trips through it and sums them up, in the form everyone
 * knows. A probe without answer counts as lost and does not end the run.
 */
import { CallRefused } from '../../platform/control/errors.ts';
import type { ParsedCommand } from './arguments.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { controlPath } from './option-values.ts';
import type { Daemon, System } from './system.ts';
import { describeRoute } from './views.ts';

interface Probe {
  readonly rttMs: number | null;
  readonly route: string | null;
  readonly error: string | null;
}

export interface PingSummary {
  readonly sent: number;
  readonly received: number;
  readonly lostPercent: number;
  readonly minMs: number | null;
  readonly averageMs: number | null;
  readonly maxMs: number | null;
}

/** Throws CallRefused when no path can be built, DaemonUnreachable. */
export async function ping(
  system: System,
  command: ParsedCommand,
  options: { readonly count: number; readonly intervalSeconds: number },
): Promise<ExitCode> {
  const json = command.switches.has('json');
  const peer = command.positionals[0] as string;
  const daemon = await system.connect(controlPath(command));
  try {
    const path = await daemon.call('connect', { peer });
    const ip = path.virtualIpv4 ?? path.virtualIpv6;
    if (!json) {
      const route = describeRoute(path.route, path.relayName);
      system.print(`PING ${path.peerName}${ip === null ? '' : ` (${ip})`} by ${route}`);
    }
    const probes: Probe[] = [];
    for (let index = 0; index < options.count; index += 1) {
      if (index > 0) await system.sleep(options.intervalSeconds * 1000);
      const probe = await probeOnce(daemon, peer);
      probes.push(probe);
      if (!json) system.print(describeProbe(probe, path.peerName, index + 1));
    }
    const summary = summarize(probes.map((probe) => probe.rttMs));
    if (json)
      system.print(JSON.stringify({ peerName: path.peerName, virtualIp: ip, probes, summary }));
    else system.print(describeSummary(summary, path.peerName));
    return summary.received > 0 ? exitCodes.ok : exitCodes.failed;
  } finally {
    daemon.close();
  }
}

async function probeOnce(daemon: Daemon, peer: string): Promise<Probe> {
  try {
    const result = await daemon.call('ping', { peer });
    const route = describeRoute(result.route, result.relayName);
    return { rttMs: result.rttMs, route, error: null };
  } catch (error) {
    if (!(error instanceof CallRefused)) throw error;
    return { rttMs: null, route: null, error: error.message };
  }
}

function describeProbe(probe: Probe, name: string, number: number): string {
  if (probe.rttMs === null) return `no answer from ${name}: seq=${number}: ${probe.error}`;
  return `answer from ${name}: seq=${number} route=${probe.route} time=${probe.rttMs.toFixed(2)} ms`;
}

export function summarize(rtts: readonly (number | null)[]): PingSummary {
  const known = rtts.filter((ms) => ms !== null);
  const sum = known.reduce((total, ms) => total + ms, 0);
  const none = known.length === 0;
  return {
    sent: rtts.length,
    received: known.length,
    lostPercent: rtts.length === 0 ? 0 : Math.round((1 - known.length / rtts.length) * 100),
    minMs: none ? null : Math.min(...known),
    averageMs: none ? null : sum / known.length,
    maxMs: none ? null : Math.max(...known),
  };
}

function describeSummary(summary: PingSummary, name: string): string {
  const { sent, received, lostPercent, minMs, averageMs, maxMs } = summary;
  const head = `--- ${name}: ${sent} sent, ${received} received, ${lostPercent} % lost`;
  if (minMs === null || averageMs === null || maxMs === null) return head;
  const times = [minMs, averageMs, maxMs].map((ms) => ms.toFixed(2)).join('/');
  return `${head}, min/avg/max ${times} ms`;
}
