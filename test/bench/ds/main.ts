/**
 * `npm run bench:ds -- [--enrolled N,N…] [--online N]`: one real Direction Server on txiki.js, alone on one core in
 * a namespace, its load on the other. Registrations with their handshakes, moves of nodes with their Route
 * Directions, DNS answers, and memory, at 1,000, 10,000 and 100,000 enrolled nodes. Writes out/bench/ds.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { env, exit } from 'node:process';
import { enterNamespace, isInside } from '../namespace.ts';
import { benchOptions, countOf } from '../options.ts';
import { DnsLoad } from './dns-load.ts';
import { Load } from './load.ts';
import { type Member, makeMembers } from './members.ts';
import { type Pace, quantile, type Work } from './pace.ts';
import { BenchServer, engineName } from './server.ts';

/** Of the load's own engine: young objects have room, so that it collects them seldom. */
const loadOptions = ['--max-semi-space-size=64'];
const root = env['NTM_ROOT'] ?? '.';
const isSlow = env['NTM_TJS'] === undefined;
const usage = `npm run bench:ds -- [options]
  --enrolled N,N…  enrolled nodes of each row (1000,10000,100000)
  --online N       of them, how many come online (${isSlow ? 200 : 1000})
  --load           also what the load itself cost
  --counters       also what the server counted
  --help           this text
NTM_TJS names another txiki.js than npm's, which is a debug build.`;
const options = benchOptions(usage, {
  enrolled: { type: 'string', default: '1000,10000,100000' },
  online: { type: 'string' },
  load: { type: 'boolean' },
  counters: { type: 'boolean' },
});

/** Never both nodes of a pair at once. */
function busy(online: number): Pace {
  return { atOnce: Math.min(128, Math.floor(online / 4)) };
}

/** What one kind of work did to the server. */
interface Rate {
  readonly perSecond: number;
  /** As if the server had the core for itself all the time: what a shared machine cannot falsify. */
  readonly perCpuSecond: number;
}

interface Row {
  readonly enrolled: number;
  readonly registrationsPerS: number;
  readonly movesPerS: number;
  readonly dnsAnswersPerS: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How late the load itself was: of `p99Ms` no fault of the server. */
  readonly ownP99Ms: number;
  readonly residentBytesPerNode: number;
  readonly registrationsPerCpuS: number;
  readonly movesPerCpuS: number;
  readonly dnsAnswersPerCpuS: number;
  readonly online: number;
  readonly residentBytesPerOnlineNode: number;
}

async function measured(
  server: BenchServer,
  act: () => Promise<Work>,
): Promise<Rate & { work: Work }> {
  const before = server.usage();
  const ownBefore = process.cpuUsage();
  const work = await act();
  const cpu = server.usage().cpuSeconds - before.cpuSeconds;
  if (options['load']) {
    const own = process.cpuUsage(ownBefore);
    console.error(
      `… ${work.done} in ${work.seconds.toFixed(1)} s, server ${cpu.toFixed(1)} s, load ${((own.user + own.system) / 1e6).toFixed(1)} s of processor`,
    );
  }
  return { perSecond: work.done / work.seconds, perCpuSecond: work.done / cpu, work };
}

function say(text: string): void {
  console.error(`… ${text}`);
}

async function emptyBytes(): Promise<number> {
  const server = new BenchServer();
  try {
    server.fill(makeMembers(1, 1));
    await server.start();
    return server.residentBytes();
  } finally {
    await server.stop();
  }
}

/** Those that come online: what is remembered of the others would slow the load, not the server. */
function enrol(server: BenchServer, enrolled: number, online: number): readonly Member[] {
  const members = makeMembers(enrolled, online);
  server.fill(members);
  return members.slice(0, online);
}

async function measure(enrolled: number, online: number, empty: number): Promise<Row> {
  const server = new BenchServer();
  const load = new Load();
  try {
    say(`enrolling ${enrolled} nodes`);
    const members = enrol(server, enrolled, online);
    await server.start();
    const resident = server.residentBytes();
    await load.open(members, server.publicKey);
    say(`${online} of them come online`);
    load.prepare();
    await load.registrations(busy(online));
    const nowResident = server.residentBytes();
    const registered: (Rate & { work: Work })[] = [];
    for (let round = 0; round < (isSlow ? 1 : 3); round += 1) {
      say(`registrations, round ${round + 1}`);
      load.prepare();
      registered.push(await measured(server, () => load.registrations(busy(online))));
    }
    const best = registered.reduce((a, b) => (a.perCpuSecond > b.perCpuSecond ? a : b));
    say('paths for all pairs');
    await load.connectPairs();
    say('moves');
    await load.moves(isSlow ? 100 : 2000, busy(online));
    const moved = await measured(server, () => load.moves(isSlow ? 500 : 15_000, busy(online)));
    const half = Math.min(moved.perSecond, moved.perCpuSecond) / 2;
    say(`moves at ${half.toFixed(0)} a second`);
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const calm = await load.moves(Math.ceil(half * 5), { perSecond: half });
    delay.disable();
    const ownP99Ms = Number((delay.percentile(99) / 1e6).toFixed(2));
    say('DNS');
    const dns = new DnsLoad(enrolled);
    await dns.open();
    await dns.run(isSlow ? 500 : 5000, 64);
    const answered = await measured(server, () => dns.run(isSlow ? 3000 : 60_000, 64));
    dns.close();
    if (options['counters']) console.error(await server.counters());
    return {
      enrolled,
      registrationsPerS: Math.round(best.perSecond),
      movesPerS: Math.round(moved.perSecond),
      dnsAnswersPerS: Math.round(answered.perSecond),
      p50Ms: Number(quantile(calm.latencies, 0.5).toFixed(2)),
      p99Ms: Number(quantile(calm.latencies, 0.99).toFixed(2)),
      ownP99Ms,
      residentBytesPerNode: Math.round((resident - empty) / enrolled),
      registrationsPerCpuS: Math.round(best.perCpuSecond),
      movesPerCpuS: Math.round(moved.perCpuSecond),
      dnsAnswersPerCpuS: Math.round(answered.perCpuSecond),
      online,
      residentBytesPerOnlineNode: Math.round((nowResident - resident) / online),
    };
  } finally {
    load.close();
    await server.stop();
  }
}

async function main(): Promise<void> {
  const sizes = String(options['enrolled'])
    .split(',')
    .map((each) => countOf('enrolled', each, 1000));
  const online = countOf('online', options['online'], isSlow ? 200 : 1000);
  const engine = engineName();
  console.log(engine);
  const empty = await emptyBytes();
  const rows: Row[] = [];
  for (const enrolled of sizes) {
    rows.push(await measure(enrolled, Math.min(enrolled, online), empty));
    console.table(rows.slice(-1));
  }
  mkdirSync(join(root, 'out/bench'), { recursive: true });
  const result = { engine, emptyBytes: empty, rows };
  writeFileSync(join(root, 'out/bench/ds.json'), `${JSON.stringify(result, null, 1)}\n`);
  console.table(rows);
  console.log('out/bench/ds.json has these figures.');
}

/** Before others on this machine: what is measured is to have its cores for itself, as far as that can be had. */
function goFirst(): void {
  try {
    setPriority(-15);
    // Where the system groups processes by session, the group's own priority counts.
    writeFileSync('/proc/self/autogroup', '-15');
  } catch {
    console.error('… without priority: others on this machine will show in the figures');
  }
}

if (isInside) {
  goFirst();
  await main();
  exit(0);
} else exit(await enterNamespace(['taskset', '-c', '1'], loadOptions));
