/**
 * A big world: thousands of nodes in pairs that talk, each moving about once a minute between the public
 * internet and private networks. Prints progress every 2 s and at the end what moving cost: virtual time
 * until both ends heard each other again, messages and losses.
 */

import type { Prefix } from '../../src/base/ip.ts';
import type { Suite } from '../../src/noise/suite.ts';
import type { Host } from './hosts/host.ts';
import type { Flow, Half } from './hosts/traffic.ts';
import { openNat, restrictedNat, symmetricNat } from './network/nat.ts';
import { link, type Realm } from './network/realm.ts';
import { World } from './world.ts';

export interface BigWorldOptions {
  readonly nodes: number;
  readonly minutes: number;
  readonly seed: number;
  readonly suite: Suite;
  /** Direction Servers; one for every 2,500 nodes when undefined. */
  readonly directionServers: number | undefined;
  /** Relay Servers, shared out among those; two for each when undefined. */
  readonly relayServers: number | undefined;
}

const nodesADs = 2500;
const nodesANetwork = 20;
/** Between the starts of two nodes: so many come to one Direction Server in a second. */
const startsPerSecond = 250;
const backgroundIntervalMs = 15_000;
const probeIntervalMs = 20;
const giveUpMs = 5000;
const progressMs = 2000;
const minute = 60_000;

interface Move {
  readonly at: number;
  readonly heard: Set<Half>;
}

class BigWorld {
  readonly options: BigWorldOptions;
  readonly world: World;
  readonly #realms: Realm[] = [];
  #relays = 0;
  readonly #nodes: Host[] = [];
  readonly #flows: Flow[] = [];
  readonly #flowByNode = new Map<Host, Flow>();
  readonly #moveByFlow = new Map<Flow, Move>();
  readonly latencies: number[] = [];
  moves = 0;
  overtaken = 0;
  unheard = 0;
  wrongDeliveries = 0;
  controlDatagrams = 0;
  dataDatagrams = 0;
  readonly #begin = Date.now();
  #shownAt = Date.now();

  constructor(options: BigWorldOptions) {
    this.options = options;
    const { seed, suite } = options;
    // Nobody looks at the traces of thousands, which would be half of all memory.
    this.world = new World({ seed, suite, link: link({ delayMs: 10 }), traceKept: 0 });
    this.world.network.taps.push(({ fate, datagram }) => {
      if (fate !== 'sent') return;
      if (datagram.bytes[0] === 0x80) this.dataDatagrams += 1;
      else this.controlDatagrams += 1;
    });
    this.world.traffic.onWrongDelivery = () => {
      this.wrongDeliveries += 1;
    };
    this.world.traffic.onDelivery = (flow, half) => this.#heard(flow, half);
  }

  run(): void {
    this.#addServers();
    this.#addRealms();
    this.#addNodes();
    this.#runFor(5000);
    for (const flow of this.#flows) this.#startFlow(flow);
    this.#runFor(20_000);
    for (const node of this.#nodes) {
      this.world.queue.after(this.world.dice.below(minute), () => this.#moveOften(node));
    }
    this.#runFor(this.options.minutes * minute);
  }

  #addServers(): void {
    const { nodes, directionServers, relayServers } = this.options;
    const count = directionServers ?? Math.ceil(nodes / nodesADs);
    const pools = poolsFor(count, Math.ceil(nodes / count));
    for (const [index, pool] of pools.entries()) this.world.addDs(`ds${index}`, { pool });
    this.world.startServers();
    const servers = this.world.directionServers;
    this.#relays = relayServers ?? count * 2;
    for (let index = 0; index < this.#relays; index += 1) {
      const ds = servers[index % count] as (typeof servers)[number];
      this.world.addRs(`rs${index}`, ds);
    }
    this.#runFor(2000);
  }

  #addRealms(): void {
    this.#realms.push(this.world.publicRealm);
    const count = Math.ceil(this.options.nodes / nodesANetwork);
    const kinds = [symmetricNat, restrictedNat, openNat];
    for (let index = 0; index < count; index += 1) {
      const kind = kinds[index % kinds.length] as typeof symmetricNat;
      this.#realms.push(this.world.addPrivate(`net${index}`, kind));
    }
  }

  /** Half of the places are public. */
  #anyRealm(): Realm {
    const { dice } = this.world;
    return dice.chance(0.5) ? this.world.publicRealm : dice.pick(this.#realms);
  }

  #addNodes(): void {
    const servers = this.world.directionServers;
    for (let index = 0; index < this.options.nodes; index += 1) {
      const ds = servers[index % servers.length] as (typeof servers)[number];
      this.#nodes.push(this.world.addNode(`n${index}`, ds, this.#anyRealm()));
      this.#runFor(1000 / (startsPerSecond * servers.length));
    }
    for (let index = 0; index + 1 < this.#nodes.length; index += 2) {
      const [a, b] = [this.#nodes[index] as Host, this.#nodes[index + 1] as Host];
      const options = { intervalMs: 0, length: 100, record: false };
      const flow = this.world.traffic.start(a, b, options);
      this.#flows.push(flow);
      this.#flowByNode.set(a, flow).set(b, flow);
    }
  }

  #startFlow(flow: Flow): void {
    const tick = (): void => {
      this.world.traffic.sendOne(flow, 0);
      this.world.traffic.sendOne(flow, 1);
      this.world.queue.after(backgroundIntervalMs, tick);
    };
    this.world.queue.after(this.world.dice.below(backgroundIntervalMs), tick);
  }

  #moveOften(node: Host): void {
    this.world.queue.after(minute, () => this.#moveOften(node));
    this.world.move(node, this.#anyRealm());
    this.moves += 1;
    const flow = this.#flowByNode.get(node);
    if (!flow) return;
    if (this.#moveByFlow.has(flow)) this.overtaken += 1;
    const move: Move = { at: this.world.now, heard: new Set() };
    this.#moveByFlow.set(flow, move);
    this.#probe(flow, move);
  }

  #probe(flow: Flow, move: Move): void {
    if (this.#moveByFlow.get(flow) !== move) return;
    if (this.world.now - move.at > giveUpMs) {
      this.unheard += 1;
      this.#moveByFlow.delete(flow);
      return;
    }
    for (const direction of [0, 1] as const) {
      if (!move.heard.has(flow.halves[direction])) this.world.traffic.sendOne(flow, direction);
    }
    this.world.queue.after(probeIntervalMs, () => this.#probe(flow, move));
  }

  #heard(flow: Flow, half: Half): void {
    const move = this.#moveByFlow.get(flow);
    if (!move) return;
    move.heard.add(half);
    if (move.heard.size < 2) return;
    this.latencies.push(this.world.now - move.at);
    this.#moveByFlow.delete(flow);
  }

  #runFor(ms: number): void {
    const until = this.world.now + ms;
    while (this.world.now < until) {
      this.world.run(Math.min(200, until - this.world.now));
      if (Date.now() - this.#shownAt >= progressMs) this.#progress();
    }
  }

  /** The most that the process had in memory, with what the collector had not yet taken back. */
  #memory(): string {
    const kilobytes = process.resourceUsage().maxRSS;
    const each = (kilobytes / Math.max(1, this.#nodes.length)).toFixed(1);
    return `memory at most ${(kilobytes / 1024).toFixed(0)} MB, ${each} KB a node`;
  }

  #progress(): void {
    this.#shownAt = Date.now();
    const seconds = ((Date.now() - this.#begin) / 1000).toFixed(0);
    const virtual = (this.world.now / 1000).toFixed(1);
    const parts = [`${this.#nodes.length} nodes`, `${this.moves} moves`, `${this.unheard} unheard`];
    const events = `${(this.world.queue.executed / 1e6).toFixed(1)} M events`;
    console.log(`${seconds} s: virtual ${virtual} s, ${parts.join(', ')}, ${events}`);
  }

  summary(): { text: string; ok: boolean } {
    this.latencies.sort((left, right) => left - right);
    const last = this.latencies.length - 1;
    const at = (share: number) => this.latencies[Math.min(last, Math.floor(last * share))];
    const halves = this.#flows.flatMap((flow) => flow.halves);
    const sent = halves.reduce((sum, half) => sum + half.sent, 0);
    const received = halves.reduce((sum, half) => sum + half.received, 0);
    const unregistered = this.#nodes.filter((node) => !node.virtualIp(false)).length;
    const silent = halves.filter((half) => half.received === 0).length;
    const { controlDatagrams, dataDatagrams } = this;
    const perMove = (controlDatagrams / Math.max(1, this.moves)).toFixed(1);
    const lines = [
      `Direction Servers ${this.world.directionServers.length}, Relay Servers ${this.#relays}`,
      `nodes ${this.#nodes.length}, not registered ${unregistered}, never heard ${silent}`,
      `moves ${this.moves}, overtaken by the next ${this.overtaken}, not heard in 5 s ${this.unheard}`,
      `handover, virtual ms until both ends heard each other: median ${at(0.5)},` +
        ` 90 % ${at(0.9)}, 99 % ${at(0.99)}, most ${at(1)}`,
      `packets sent ${sent}, lost ${sent - received}, wrongly delivered ${this.wrongDeliveries}`,
      `datagrams: data ${dataDatagrams}, control ${controlDatagrams}` +
        ` (${perMove} a move, all else included)`,
      `events ${this.world.queue.executed}, real time ${((Date.now() - this.#begin) / 1000).toFixed(1)} s,` +
        ` of it ${processorSeconds()} s on a processor`,
      this.#memory(),
    ];
    const ok = unregistered + silent + this.unheard + this.wrongDeliveries === 0;
    return { text: lines.join('\n'), ok };
  }
}

/** What was spent on processors: the real time of a machine that does nothing else. */
function processorSeconds(): string {
  const { user, system } = process.cpuUsage();
  return ((user + system) / 1e6).toFixed(1);
}

/** Parts of 198.18.0.0/15 of one size, large enough for so many nodes each. */
function poolsFor(count: number, nodes: number): Prefix[] {
  const length = Math.min(20, 32 - Math.ceil(Math.log2(nodes + 2)));
  const size = 2 ** (32 - length);
  if (count * size > 2 ** 17) throw new Error('198.18.0.0/15 has no room for so many nodes');
  return Array.from({ length: count }, (_, index) => {
    const first = index * size;
    const bytes = [198, 18 + (first >>> 16), (first >>> 8) & 0xff, first & 0xff];
    return `${bytes.join('.')}/${length}` as Prefix;
  });
}

/** Whether every node registered, every pair talked, and every move was over in 5 s. */
export function runBigWorld(options: BigWorldOptions): boolean {
  const big = new BigWorld(options);
  big.run();
  const { text, ok } = big.summary();
  console.log(text);
  console.log(ok ? '1 passed, 0 failed' : '0 passed, 1 failed');
  return ok;
}
