/**
 * A big world in as many parts as there are processors, each on a thread. Prints progress every 2 s and at the end what
 * moving cost: virtual time until both ends heard each other again, messages and losses.
 */

import { availableParallelism } from 'node:os';
import {
  isMainThread,
  MessageChannel,
  type MessagePort,
  parentPort,
  type TransferListItem,
  Worker,
  workerData,
} from 'node:worker_threads';
import type { Suite } from '../../../src/noise/suite.ts';
import { fastSuite } from '../../support/fast-suite.ts';
import { nodeSuite } from '../../support/node-suite.ts';
import { Exchange } from './exchange.ts';
import { type BigWorldOptions, BigWorldPart, emptyTally, type Tally } from './part.ts';

export interface BigWorldWish {
  readonly nodes: number;
  readonly minutes: number;
  readonly seed: number;
  /** Real cryptography instead of the cheap one. */
  readonly real: boolean;
  /** Direction Servers; one for every 2,500 nodes when undefined. */
  readonly directionServers: number | undefined;
  /** Relay Servers, shared out among those; two for each when undefined. */
  readonly relayServers: number | undefined;
  /** Parts of the world, never more than Direction Servers; one for each processor when undefined. */
  readonly threads: number | undefined;
}

/** What a thread is given. */
interface PartPlan {
  readonly wish: BigWorldWish;
  readonly part: number;
  readonly ports: readonly (MessagePort | undefined)[];
  readonly meetings: Int32Array;
}

type Word = { readonly progress: Tally } | { readonly done: Tally };

const nodesADs = 2500;
const progressMs = 2000;
const heapMegabytes = 16_384;

function suiteOf(wish: BigWorldWish): Suite {
  return wish.real ? nodeSuite : fastSuite;
}

function optionsOf(wish: BigWorldWish): BigWorldOptions {
  const { nodes, minutes, seed } = wish;
  const directionServers = wish.directionServers ?? Math.ceil(nodes / nodesADs);
  const relayServers = wish.relayServers ?? directionServers * 2;
  const parts = Math.max(1, Math.min(wish.threads ?? availableParallelism(), directionServers));
  return { nodes, minutes, seed, suite: suiteOf(wish), directionServers, relayServers, parts };
}

/** Whether every node registered, every pair talked, and every move was over in 5 s. */
export async function runBigWorld(wish: BigWorldWish): Promise<boolean> {
  const begin = Date.now();
  const options = optionsOf(wish);
  const tallies: Tally[] = Array.from({ length: options.parts }, emptyTally);
  let shownAt = begin;
  const show = (part: number, tally: Tally) => {
    tallies[part] = tally;
    if (Date.now() - shownAt < progressMs) return;
    shownAt = Date.now();
    console.log(progressOf(sumOf(tallies), begin));
  };
  if (options.parts === 1) {
    tallies[0] = new BigWorldPart(options, undefined, (tally) => show(0, tally)).run();
  } else await runParts(wish, options.parts, show);
  const { text, ok } = summaryOf(sumOf(tallies), options, begin);
  console.log(text);
  console.log(ok ? '1 passed, 0 failed' : '0 passed, 1 failed');
  return ok;
}

async function runParts(
  wish: BigWorldWish,
  parts: number,
  show: (part: number, tally: Tally) => void,
): Promise<void> {
  const meetings = new Int32Array(new SharedArrayBuffer(4 * parts));
  const portsByPart = joined(parts);
  const workers: Worker[] = [];
  try {
    await Promise.all(
      portsByPart.map((ports, part) => {
        const plan: PartPlan = { wish, part, ports, meetings };
        const transferList = ports.filter((port) => port !== undefined) as TransferListItem[];
        const worker = new Worker(new URL(import.meta.url), {
          workerData: plan,
          transferList,
          resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
        });
        workers.push(worker);
        return new Promise<void>((resolve, reject) => {
          worker.on('error', reject);
          worker.on('exit', (code) => reject(new Error(`part ${part} ended with ${code}`)));
          worker.on('message', (word: Word) => {
            show(part, 'done' in word ? word.done : word.progress);
            if ('done' in word) resolve();
          });
        });
      }),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** A channel between any two parts. */
function joined(parts: number): (MessagePort | undefined)[][] {
  const ports: (MessagePort | undefined)[][] = Array.from({ length: parts }, () =>
    Array.from({ length: parts }, () => undefined),
  );
  for (let left = 0; left < parts; left += 1) {
    for (let right = left + 1; right < parts; right += 1) {
      const { port1, port2 } = new MessageChannel();
      (ports[left] as (MessagePort | undefined)[])[right] = port1;
      (ports[right] as (MessagePort | undefined)[])[left] = port2;
    }
  }
  return ports;
}

/** Runs the part that this thread was made for; false in the thread that makes the others. */
export function runPartOfThread(): boolean {
  if (isMainThread) return false;
  const { wish, part, ports, meetings } = workerData as PartPlan;
  let toldAt = 0;
  const tell = (word: Word) => parentPort?.postMessage(word);
  const exchange = new Exchange(part, ports, meetings);
  const done = new BigWorldPart(optionsOf(wish), exchange, (tally) => {
    if (Date.now() - toldAt < progressMs / 2) return;
    toldAt = Date.now();
    tell({ progress: { ...tally, latencies: [] } });
  }).run();
  tell({ done });
  return true;
}

function sumOf(tallies: readonly Tally[]): Tally {
  const sum = emptyTally();
  for (const { virtualMs, latencies, ...counts } of tallies) {
    sum.virtualMs = virtualMs;
    for (const latency of latencies) sum.latencies.push(latency);
    for (const name of Object.keys(counts) as (keyof typeof counts)[]) sum[name] += counts[name];
  }
  return sum;
}

function progressOf(tally: Tally, begin: number): string {
  const seconds = ((Date.now() - begin) / 1000).toFixed(0);
  const virtual = (tally.virtualMs / 1000).toFixed(1);
  const parts = [`${tally.nodes} nodes`, `${tally.moves} moves`, `${tally.unheard} unheard`];
  return `${seconds} s: virtual ${virtual} s, ${parts.join(', ')}, ${(tally.events / 1e6).toFixed(1)} M events`;
}

function summaryOf(
  tally: Tally,
  options: BigWorldOptions,
  begin: number,
): { text: string; ok: boolean } {
  const { latencies, moves, nodes, unregistered, silent, unheard, wrongDeliveries } = tally;
  latencies.sort((left, right) => left - right);
  const last = latencies.length - 1;
  const at = (share: number) => latencies[Math.min(last, Math.floor(last * share))];
  const { controlDatagrams, dataDatagrams, sent, received } = tally;
  const perMove = (controlDatagrams / Math.max(1, moves)).toFixed(1);
  const lines = [
    `Direction Servers ${options.directionServers}, Relay Servers ${options.relayServers}, threads ${options.parts}`,
    `nodes ${nodes}, not registered ${unregistered}, never heard ${silent}`,
    `moves ${moves}, overtaken by the next ${tally.overtaken}, not heard in 5 s ${unheard}`,
    `handover, virtual ms until both ends heard each other: median ${at(0.5)},` +
      ` 90 % ${at(0.9)}, 99 % ${at(0.99)}, most ${at(1)}`,
    `packets sent ${sent}, lost ${sent - received}, wrongly delivered ${wrongDeliveries}`,
    `datagrams: data ${dataDatagrams}, control ${controlDatagrams} (${perMove} a move, all else included)`,
    `events ${tally.events}, real time ${((Date.now() - begin) / 1000).toFixed(1)} s,` +
      ` of processors ${processorSeconds()} s`,
    memoryOf(nodes),
  ];
  const ok = unregistered + silent + unheard + wrongDeliveries === 0;
  return { text: lines.join('\n'), ok };
}

function processorSeconds(): string {
  const { user, system } = process.cpuUsage();
  return ((user + system) / 1e6).toFixed(1);
}

/** The most that the process had in memory, with what the collector had not yet taken back. */
function memoryOf(nodes: number): string {
  const kilobytes = process.resourceUsage().maxRSS;
  const each = (kilobytes / Math.max(1, nodes)).toFixed(1);
  return `memory at most ${(kilobytes / 1024).toFixed(0)} MB, ${each} KB a node`;
}
