/**
 * One trial: places the hosts of a pattern, starts the applications between them, moves, waits until both
 * directions are back, and gathers what the applications and the node saw.
 */
import type { DataSuite } from '../../src/datapath/commands.ts';
import type { HandoverPath, RouteKind } from '../../src/protocol/control-results.ts';
import type { TcpRecord, TypingRecord, UdpRecord } from './agent/calls.ts';
import { nowMs, sleep } from './agent/clock.ts';
import type { Agent } from './agents.ts';
import type { Daemon } from './daemon.ts';
import type { Lab } from './lab.ts';
import { type FlowFigures, flowFigures, steadyRate } from './measure.ts';
import type { Handover, MoveTimes } from './movement.ts';
import { slow } from './pace.ts';
import type { Pattern, Victim } from './patterns.ts';
import { correspondentPlaces, mobilePlaces, relayNames, servers } from './topology.ts';

export type Traffic = 'both' | 'peer-only';

export interface TrialOptions {
  readonly handover: Handover;
  readonly traffic: Traffic;
  readonly tcpBytesPerSecond: number;
  /** No overlay: only the UDP probes run. */
  readonly floor: boolean;
  /** After a killed process was started again, traffic is to be back within this. */
  readonly backLimitMs: number;
  /** What every path is to use. */
  readonly suite: DataSuite;
  /** 0: throughput is not looked at. */
  readonly throughputMs: number;
}

export interface TrialResult {
  readonly pattern: Pattern;
  readonly routeBefore: RouteKind;
  readonly routeAfter: RouteKind;
  readonly suite: DataSuite | null;
  /** Towards the correspondent, and from it. */
  readonly up: FlowFigures;
  readonly down: FlowFigures;
  readonly tcpSurvived: boolean;
  readonly bytesOk: boolean;
  /** The node's own record of the handover; none of a crash. */
  readonly record: HandoverPath | undefined;
  readonly longestEchoMs: number | null;
  /** Since the killed process was started again; null for a move, or if nothing came back. */
  readonly backMs: number | null;
  /** What came from the correspondent when nothing held it back; null where that was not tried. */
  readonly bytesPerSecond: number | null;
  readonly move: MoveTimes;
  readonly records: TrialRecords;
}

export interface TrialRecords {
  readonly mobileUdp: UdpRecord;
  readonly peerUdp: UdpRecord;
  readonly mobileTcp: TcpRecord | undefined;
  readonly peerTcp: TcpRecord | undefined;
  readonly typing: TypingRecord | undefined;
  /** When the correspondent sent as fast as it could. */
  readonly poured: MoveTimes | undefined;
}

const steadyMs = 500;
const steadyDatagrams = 30;
const phaseMs = 200;
const readyLimitMs = 20_000;
const backLimitMs = 20_000;
const routeLimitMs = 10_000;
const settleMs = 1000;
/** How long a killed process stays away. */
const downMs = 1000;
const lastDatagramMs = 300;
const pollMs = 20;
const datagramEveryMs = 10;
const tcpLimitMs = 10_000;
const firstPort = 20_000;

let trials = 0;

export async function runTrial(
  lab: Lab,
  pattern: Pattern,
  options: TrialOptions,
): Promise<TrialResult> {
  trials += 1;
  const run = new TrialRun(lab, pattern, options, trials);
  await lab.place(pattern);
  if (pattern.spare) await lab.overlay?.startSpare();
  const routeBefore = await run.begin();
  const move = await run.act();
  await run.back(move.end);
  await run.route(pattern.expected);
  await sleep(slow(settleMs));
  const routeAfter = await run.currentRoute();
  const suite = (await lab.overlay?.suite(pattern.peer)) ?? null;
  const record = pattern.kill === undefined ? await lab.recordOfMove(pattern.peer) : undefined;
  const records = await run.end();
  if (pattern.spare) await run.restore();
  return {
    pattern,
    routeBefore,
    routeAfter: pattern.peer === 'gn' ? routeByExit(routeAfter, records) : routeAfter,
    suite,
    up: flowFigures(records.mobileUdp, records.peerUdp, move.begin),
    down: flowFigures(records.peerUdp, records.mobileUdp, move.begin),
    ...tcpVerdict(records.mobileTcp, records.peerTcp),
    record,
    longestEchoMs: longestEcho(records.typing, move.begin),
    backMs: pattern.kill === undefined || pattern.spare ? null : backAfter(records, move.end),
    bytesPerSecond: throughput(records),
    move,
    records,
  };
}

class TrialRun {
  readonly #lab: Lab;
  readonly #pattern: Pattern;
  readonly #options: TrialOptions;
  readonly #trial: number;
  readonly #mobile: Agent;
  readonly #peer: Agent;
  /** Killed, and not started again. */
  #lost: Daemon | undefined;
  #peerIp = '';

  constructor(lab: Lab, pattern: Pattern, options: TrialOptions, trial: number) {
    this.#lab = lab;
    this.#pattern = pattern;
    this.#options = options;
    this.#trial = trial;
    this.#mobile = lab.agents.mn;
    this.#peer = lab.agents[pattern.peer];
  }

  /** Starts the applications and waits for a steady flow; the route they then have. */
  async begin(): Promise<RouteKind> {
    this.#peerIp = await this.#connect();
    await this.#startUdp();
    await this.#steady();
    if (this.#lab.overlay !== undefined) await this.#startTcp(this.#peerIp);
    const route = await this.route(this.#lab.routesBefore(this.#pattern));
    await sleep(slow(steadyMs + Math.random() * phaseMs));
    return route;
  }

  /** Moves, or kills and starts again: what the row is about. */
  async act(): Promise<MoveTimes> {
    const { kill } = this.#pattern;
    return kill === undefined ? this.#move() : this.#crash(kill);
  }

  async #crash(victim: Victim): Promise<MoveTimes> {
    const daemon = await this.#lab.victim(victim, this.#pattern.peer);
    const begin = nowMs();
    await daemon.kill();
    if (this.#pattern.spare) {
      this.#lost = daemon;
      await this.#otherRelay(daemon);
    } else {
      await sleep(downMs);
      daemon.start();
    }
    return { begin, end: nowMs() };
  }

  /** Waits until the path runs through a Relay Server that lives. */
  async #otherRelay(dead: Daemon): Promise<void> {
    const end = nowMs() + slow(routeLimitMs);
    for (;;) {
      const now = await this.#lab.overlay?.relayOf(this.#pattern.peer).catch(() => undefined);
      if ((now !== undefined && now !== dead) || nowMs() > end) return;
      await sleep(slow(pollMs));
    }
  }

  /** What was lost comes back, and what stood in for it leaves. */
  async restore(): Promise<void> {
    const { overlay } = this.#lab;
    const name = relayNames.find((relay) => overlay?.daemons[relay] === this.#lost);
    if (name !== undefined) await overlay?.startRelay(name);
    await overlay?.daemons['rs-c'].stop();
  }

  async #move(): Promise<MoveTimes> {
    const { mobile, peerTo } = this.#pattern;
    const { handover } = this.#options;
    const moves = [this.#lab.mobile.move(mobilePlaces[mobile.to], handover)];
    if (peerTo !== undefined) {
      moves.push(this.#lab.correspondent.move(correspondentPlaces[peerTo], handover));
    }
    const times = await Promise.all(moves);
    return {
      begin: Math.min(...times.map((time) => time.begin)),
      end: Math.max(...times.map((time) => time.end)),
    };
  }

  /** Waits until both ends have heard something after `since`, or for too long. */
  async back(since: number): Promise<void> {
    const ends = [this.#mobile, ...(this.#options.traffic === 'both' ? [this.#peer] : [])];
    const end = nowMs() + slow(backLimitMs);
    for (;;) {
      const heard = await Promise.all(ends.map((agent) => agent.call('udpHeard')));
      if (heard.every(({ lastAt }) => lastAt > since) || nowMs() > end) return;
      await sleep(slow(pollMs));
    }
  }

  /** Waits for one of the routes that are wanted; the route at the end of the wait. */
  async route(wanted: readonly RouteKind[]): Promise<RouteKind> {
    const { overlay } = this.#lab;
    if (overlay === undefined) return 'none';
    const end = nowMs() + slow(routeLimitMs);
    for (;;) {
      const route = await overlay.route(this.#pattern.peer);
      if (wanted.includes(route) || nowMs() > end) return route;
      await sleep(slow(pollMs));
    }
  }

  async currentRoute(): Promise<RouteKind> {
    return (await this.#lab.overlay?.route(this.#pattern.peer)) ?? 'none';
  }

  async end(): Promise<TrialRecords> {
    const silent = this.#options.traffic === 'peer-only';
    const withTcp = this.#lab.overlay !== undefined;
    const both = [this.#mobile, this.#peer] as const;
    await Promise.all(both.map((agent) => agent.call('udpPause')));
    await sleep(slow(lastDatagramMs));
    const [mobileUdp, peerUdp] = await pair(both, (agent) => agent.call('udpStop'));
    if (!withTcp) {
      return {
        mobileUdp,
        peerUdp,
        mobileTcp: undefined,
        peerTcp: undefined,
        typing: undefined,
        poured: undefined,
      };
    }
    // With a silent mobile node the connection was idle over the move: now it shows that it lives.
    if (silent) {
      await Promise.all(both.map((agent) => agent.call('tcpFlow', { flowing: true })));
      await sleep(slow(settleMs));
    }
    const typing = silent ? undefined : await this.#mobile.call('typingStop');
    if (!silent) await this.#peer.call('typingStop');
    const poured = this.#options.throughputMs > 0 ? await this.#pour() : undefined;
    const finish = { limitMs: slow(tcpLimitMs) };
    const [mobileTcp, peerTcp] = await pair(both, (agent) => agent.call('tcpFinish', finish));
    return { mobileUdp, peerUdp, mobileTcp, peerTcp, typing, poured };
  }

  async #pour(): Promise<MoveTimes> {
    const forMs = this.#options.throughputMs;
    const begin = nowMs();
    await this.#peer.call('tcpPour', { forMs });
    return { begin, end: begin + forMs };
  }

  get #port(): number {
    return firstPort + this.#trial * 3;
  }

  /** The address by which the applications reach the peer. */
  async #connect(): Promise<string> {
    const { overlay } = this.#lab;
    if (this.#pattern.peer === 'gn') return servers.gn;
    if (overlay === undefined) {
      return correspondentPlaces[this.#pattern.peerAt].address.split('/')[0] ?? '';
    }
    const connected = await overlay.daemons.mn.call('connect', {
      peer: overlay.correspondentName,
    });
    return connected.virtualIpv4 ?? '';
  }

  async #startUdp(): Promise<void> {
    const common = {
      port: this.#port,
      trial: this.#trial,
      roaming: this.#lab.overlay === undefined,
      everyMs: slow(datagramEveryMs),
    };
    await this.#peer.call('udpStart', { ...common, sending: true });
    const sending = this.#options.traffic === 'both';
    const peer = { ip: this.#peerIp, port: this.#port };
    await this.#mobile.call('udpStart', { ...common, sending, peer });
  }

  async #startTcp(peerIp: string): Promise<void> {
    const rate = {
      port: this.#port + 1,
      trial: this.#trial,
      bytesPerSecond: this.#options.tcpBytesPerSecond,
    };
    await this.#peer.call('tcpListen', rate);
    await this.#mobile.call('tcpConnect', { ...rate, peerIp });
    if (this.#options.traffic === 'peer-only') return;
    const both = [this.#mobile, this.#peer];
    await Promise.all(both.map((agent) => agent.call('tcpFlow', { flowing: true })));
    const port = this.#port + 2;
    await this.#peer.call('typingListen', { port });
    await this.#mobile.call('typingConnect', { port, peerIp });
  }

  async #steady(): Promise<void> {
    const ends = [this.#mobile, ...(this.#options.traffic === 'both' ? [this.#peer] : [])];
    const end = nowMs() + slow(readyLimitMs);
    for (;;) {
      const heard = await Promise.all(ends.map((agent) => agent.call('udpHeard')));
      if (heard.every(({ count }) => count >= steadyDatagrams)) return;
      if (nowMs() > end) {
        await Promise.all([this.#mobile, this.#peer].map((agent) => agent.call('udpStop')));
        throw new Error(`no traffic before the move: ${heard.map(({ count }) => count)} datagrams`);
      }
      await sleep(slow(pollMs));
    }
  }
}

async function pair<T>(
  [first, second]: readonly [Agent, Agent],
  call: (agent: Agent) => Promise<T>,
): Promise<[T, T]> {
  return Promise.all([call(first), call(second)]);
}

/** What the node says must agree with the source that the general node sees: a Relay Server's. */
function routeByExit(route: RouteKind, { peerUdp }: TrialRecords): RouteKind {
  const source = peerUdp.sources.at(-1);
  const relays: readonly string[] = relayNames.map((name) => servers[name]);
  if (route === 'none' || source === undefined) return 'none';
  return relays.includes(source) ? route : 'direct';
}

function tcpVerdict(
  mobile: TcpRecord | undefined,
  peer: TcpRecord | undefined,
): { tcpSurvived: boolean; bytesOk: boolean } {
  if (mobile === undefined || peer === undefined) return { tcpSurvived: false, bytesOk: false };
  const tcpSurvived = mobile.error === null && peer.error === null;
  const whole = (from: TcpRecord, to: TcpRecord): boolean =>
    to.wrongAt === null &&
    from.sentBytes > 0 &&
    from.sentBytes === to.receivedBytes &&
    from.sentHash === to.receivedHash;
  return { tcpSurvived, bytesOk: whole(mobile, peer) && whole(peer, mobile) };
}

function throughput({ mobileTcp, poured }: TrialRecords): number | null {
  if (mobileTcp === undefined || poured === undefined) return null;
  return steadyRate(mobileTcp, poured.begin, poured.end);
}

/** From `since` until both directions had carried something. */
function backAfter({ mobileUdp, peerUdp }: TrialRecords, since: number): number | null {
  const firsts = [mobileUdp, peerUdp].map(
    ({ received }) => received.find(([, at]) => at > since)?.[1] ?? Number.POSITIVE_INFINITY,
  );
  const last = Math.max(...firsts);
  return Number.isFinite(last) ? last - since : null;
}

function longestEcho(typing: TypingRecord | undefined, since: number): number | null {
  const tookMs = (typing?.echoes ?? [])
    .filter(([at, took]) => at + took >= since)
    .map(([, took]) => took);
  return tookMs.length === 0 ? null : Math.max(...tookMs);
}
