/**
 * One part of a big world, or all of it: thousands of nodes in pairs that talk, each moving about once a minute
 * between the public internet and private networks. The two of a pair belong to different Direction Servers, and the
 * pairs are spread over all of these: no zone is asked more by another one than it serves.
 */

import { assert } from '../../../src/base/assert.ts';
import { endpointIp, type Ip, type Prefix } from '../../../src/base/ip.ts';
import type { Suite } from '../../../src/noise/suite.ts';
import { randomFor } from '../dice.ts';
import { DistantEnd } from '../hosts/distant-end.ts';
import { Host } from '../hosts/host.ts';
import { markerLength } from '../hosts/inner-packet.ts';
import type { End, Flow, Half } from '../hosts/traffic.ts';
import { openNat, restrictedNat, symmetricNat } from '../network/nat.ts';
import { link, type Realm } from '../network/realm.ts';
import { type DirectionServer, partOfIp, World } from '../world.ts';
import { type Arrivals, type Exchange, lookaheadMs, type Note } from './exchange.ts';

export interface BigWorldOptions {
  readonly nodes: number;
  readonly minutes: number;
  readonly seed: number;
  readonly suite: Suite;
  readonly directionServers: number;
  readonly relayServers: number;
  readonly parts: number;
}

/** What a part has seen so far, and at the end. */
export interface Tally {
  virtualMs: number;
  nodes: number;
  unregistered: number;
  moves: number;
  overtaken: number;
  unheard: number;
  /** Virtual milliseconds until both ends heard each other, of every move that came to that. */
  latencies: number[];
  sent: number;
  received: number;
  /** Directions of flows in which nothing ever came. */
  silent: number;
  wrongDeliveries: number;
  dataDatagrams: number;
  controlDatagrams: number;
  events: number;
}

const nodesANetwork = 20;
/** Between the starts of two nodes: so many come to one Direction Server in a second. */
const startsPerSecond = 250;
const backgroundIntervalMs = 15_000;
const probeIntervalMs = 20;
const giveUpMs = 5000;
const tellEveryMs = 200;
const minute = 60_000;

interface Move {
  readonly at: number;
  /** The node that moved is of this part, which counts the move. */
  readonly own: boolean;
  readonly heard: Set<Half>;
  lastHeardAt: number;
}

export class BigWorldPart {
  readonly #options: BigWorldOptions;
  readonly #exchange: Exchange | undefined;
  readonly #part: number;
  readonly #tell: (tally: Tally) => void;
  readonly #world: World;
  readonly #realms: Realm[] = [];
  readonly #serverByIndex = new Map<number, DirectionServer>();
  readonly #ends: End[] = [];
  readonly #nodes: Host[] = [];
  readonly #flowByNode = new Map<End, Flow>();
  readonly #moveByFlow = new Map<Flow, Move>();
  readonly #tally: Tally;
  #meetingAt: number;

  /** `tell` hears a tally every 200 virtual milliseconds. */
  constructor(
    options: BigWorldOptions,
    exchange: Exchange | undefined,
    tell: (tally: Tally) => void,
  ) {
    this.#options = options;
    this.#exchange = exchange;
    this.#part = exchange?.part ?? 0;
    this.#tell = tell;
    const { seed, suite } = options;
    const marker = randomFor(seed, 'marker').bytes(markerLength);
    // Nobody looks at the traces of thousands, which would be half of all memory.
    this.#world = new World({
      seed,
      suite,
      link: link({ delayMs: lookaheadMs }),
      traceKept: 0,
      ...(exchange && { part: { number: exchange.part, marker } }),
    });
    this.#tally = emptyTally();
    this.#meetingAt = this.#world.now + lookaheadMs;
    const { network, traffic } = this.#world;
    network.taps.push(({ fate, datagram }) => {
      if (fate !== 'sent') return;
      if (datagram.bytes[0] === 0x80) this.#tally.dataDatagrams += 1;
      else this.#tally.controlDatagrams += 1;
    });
    traffic.onDelivery = (flow, half) => this.#delivered(flow, half);
    traffic.onWrongDelivery = () => {
      this.#tally.wrongDeliveries += 1;
    };
    if (exchange) network.beyond = this.#crosses(exchange);
  }

  run(): Tally {
    this.#addServers();
    this.#addRealms();
    this.#addNodes();
    this.#runFor(5000);
    this.#tellAddresses();
    const { flows } = this.#world.traffic;
    for (const flow of flows) if (!flow.a.isDistant || !flow.b.isDistant) this.#startFlow(flow);
    this.#runFor(20_000);
    for (const node of this.#nodes) {
      this.#world.queue.after(this.#world.dice.below(minute), () => this.#moveOften(node));
    }
    this.#runFor(this.#options.minutes * minute);
    return this.#finalTally();
  }

  #crosses(exchange: Exchange) {
    return (datagram: Parameters<World['network']['come']>[1], origin: string, at: number) => {
      const part = partOfIp(endpointIp(datagram.destination));
      if (part === this.#part || part < 0 || part >= this.#options.parts) return false;
      assert(at >= this.#world.now + lookaheadMs, 'nothing reaches another part at once');
      exchange.send(part, { datagram, origin, at });
      return true;
    };
  }

  #isHere(server: number): boolean {
    return server % this.#options.parts === this.#part;
  }

  /** Which Direction Server a node belongs to; the second of a pair to each of the others in turn. */
  #serverOf(node: number): number {
    const { directionServers: count } = this.#options;
    const pair = node >>> 1;
    if (node % 2 === 0 || count === 1) return pair % count;
    return (pair + 1 + (Math.floor(pair / count) % (count - 1))) % count;
  }

  #addServers(): void {
    const { nodes, directionServers: count, relayServers } = this.#options;
    for (const [index, pool] of poolsFor(count, Math.ceil(nodes / count)).entries()) {
      if (!this.#isHere(index)) continue;
      const server = this.#world.addDs(`ds${index}`, { pool });
      this.#serverByIndex.set(index, server);
      const { zone, endpoints, keys } = server;
      const { publicKey } = keys;
      this.#exchange?.tellAll({ note: 'server', zone, endpoints, publicKey, pool });
    }
    this.#meet();
    this.#world.startServers();
    for (let index = 0; index < relayServers; index += 1) {
      const server = this.#serverByIndex.get(index % count);
      if (server) this.#world.addRs(`rs${index}`, server);
    }
    this.#runFor(2000);
  }

  #addRealms(): void {
    this.#realms.push(this.#world.publicRealm);
    const count = Math.ceil(this.#options.nodes / nodesANetwork);
    const kinds = [symmetricNat, restrictedNat, openNat];
    for (let index = 0; index < count; index += 1) {
      if (!this.#isHere(index)) continue;
      const kind = kinds[index % kinds.length] as typeof symmetricNat;
      this.#realms.push(this.#world.addPrivate(`net${index}`, kind));
    }
  }

  /** Half of the places are public. */
  #anyRealm(): Realm {
    const { dice } = this.#world;
    return dice.chance(0.5) ? this.#world.publicRealm : dice.pick(this.#realms);
  }

  #addNodes(): void {
    const { nodes, directionServers } = this.#options;
    for (let index = 0; index < nodes; index += 1) {
      const server = this.#serverByIndex.get(this.#serverOf(index));
      if (server) {
        const node = this.#world.addNode(`n${index}`, server, this.#anyRealm());
        this.#nodes.push(node);
        this.#ends.push(node);
      } else this.#ends.push(new DistantEnd(`n${index}`));
      this.#runFor(1000 / (startsPerSecond * directionServers));
    }
    for (let index = 0; index + 1 < nodes; index += 2) {
      const [a, b] = [this.#ends[index] as End, this.#ends[index + 1] as End];
      const options = { intervalMs: 0, length: 100, record: false };
      const flow = this.#world.traffic.start(a, b, options);
      this.#flowByNode.set(a, flow).set(b, flow);
    }
  }

  #tellAddresses(): void {
    for (const [node, end] of this.#ends.entries()) {
      const ip = end.virtualIp(false);
      if (ip !== undefined) this.#exchange?.tellAll({ note: 'address', node, ip });
    }
    this.#meet();
  }

  #startFlow(flow: Flow): void {
    const tick = (): void => {
      this.#world.traffic.sendOne(flow, 0);
      this.#world.traffic.sendOne(flow, 1);
      this.#world.queue.after(backgroundIntervalMs, tick);
    };
    this.#world.queue.after(this.#world.dice.below(backgroundIntervalMs), tick);
  }

  #moveOften(node: Host): void {
    this.#world.queue.after(minute, () => this.#moveOften(node));
    this.#world.move(node, this.#anyRealm());
    this.#tally.moves += 1;
    const flow = this.#flowByNode.get(node);
    if (!flow) return;
    if (this.#moveByFlow.get(flow)?.own) this.#tally.overtaken += 1;
    this.#begin(flow, this.#world.now, true);
    this.#tellOther(flow, { note: 'move', flow: flow.number, at: this.#world.now });
  }

  /** A peer elsewhere has moved. Of two moves at once the later one counts, in both parts. */
  #peerMoved(flow: Flow, at: number, from: number): void {
    const mine = this.#moveByFlow.get(flow);
    if (mine?.own) {
      if (mine.at > at || (mine.at === at && this.#part < from)) return;
      this.#tally.overtaken += 1;
    }
    this.#begin(flow, at, false);
  }

  #begin(flow: Flow, at: number, own: boolean): void {
    const move: Move = { at, own, heard: new Set(), lastHeardAt: at };
    this.#moveByFlow.set(flow, move);
    this.#probe(flow, move);
  }

  #probe(flow: Flow, move: Move): void {
    if (this.#moveByFlow.get(flow) !== move) return;
    if (this.#world.now - move.at > giveUpMs) {
      if (move.own) this.#tally.unheard += 1;
      this.#moveByFlow.delete(flow);
      return;
    }
    for (const direction of [0, 1] as const) {
      if (!move.heard.has(flow.halves[direction])) this.#world.traffic.sendOne(flow, direction);
    }
    this.#world.queue.after(probeIntervalMs, () => this.#probe(flow, move));
  }

  #delivered(flow: Flow, half: Half): void {
    const move = this.#moveByFlow.get(flow);
    if (!move || move.heard.has(half)) return;
    const at = this.#world.now;
    const direction = half === flow.halves[0] ? 0 : 1;
    this.#tellOther(flow, { note: 'heard', flow: flow.number, movedAt: move.at, direction, at });
    this.#heard(flow, move, half, at);
  }

  #heard(flow: Flow, move: Move, half: Half, at: number): void {
    move.heard.add(half);
    move.lastHeardAt = Math.max(move.lastHeardAt, at);
    if (move.heard.size < 2) return;
    if (move.own) this.#tally.latencies.push(move.lastHeardAt - move.at);
    this.#moveByFlow.delete(flow);
  }

  /** The part of the end that is not here, if one is not. */
  #tellOther(flow: Flow, note: Note): void {
    const distant = [flow.a, flow.b].findIndex((end) => end.isDistant);
    if (distant < 0) return;
    const node = flow.number * 2 + distant;
    this.#exchange?.tell(this.#serverOf(node) % this.#options.parts, note);
  }

  #runFor(ms: number): void {
    const { queue } = this.#world;
    const until = queue.now + ms;
    while (queue.now < until) {
      const next = this.#exchange ? this.#meetingAt : until;
      queue.runUntil(Math.min(until, next, queue.now + tellEveryMs));
      if (queue.now >= this.#meetingAt) {
        this.#meetingAt += lookaheadMs;
        this.#meet();
      }
      this.#tell(this.#tallyNow());
    }
  }

  #meet(): void {
    for (const arrivals of this.#exchange?.meet() ?? []) this.#take(arrivals);
  }

  #take({ from, crossings, notes }: Arrivals): void {
    const { network, publicRealm, distantServers, traffic } = this.#world;
    for (const { datagram, origin, at } of crossings)
      network.come(publicRealm, datagram, origin, at);
    for (const note of notes) {
      if (note.note === 'server') distantServers.push(note);
      else if (note.note === 'address') this.#learn(note.node, note.ip);
      else {
        const flow = traffic.flows[note.flow] as Flow;
        if (note.note === 'move') this.#peerMoved(flow, note.at, from);
        else this.#peerHeard(flow, note.movedAt, note.direction, note.at);
      }
    }
  }

  #learn(node: number, ip: Ip): void {
    const end = this.#ends[node];
    if (end instanceof DistantEnd) end.ipv4 = ip;
  }

  #peerHeard(flow: Flow, movedAt: number, direction: 0 | 1, at: number): void {
    const move = this.#moveByFlow.get(flow);
    if (move?.at === movedAt) this.#heard(flow, move, flow.halves[direction], at);
  }

  #tallyNow(): Tally {
    this.#tally.virtualMs = this.#world.now;
    this.#tally.nodes = this.#nodes.length;
    this.#tally.events = this.#world.queue.executed;
    return this.#tally;
  }

  #finalTally(): Tally {
    const tally = this.#tallyNow();
    tally.unregistered = this.#nodes.filter((node) => !node.virtualIp(false)).length;
    for (const half of this.#world.traffic.flows.flatMap((flow) => flow.halves)) {
      tally.sent += half.sent;
      tally.received += half.received;
      if (half.to instanceof Host && half.received === 0) tally.silent += 1;
    }
    return tally;
  }
}

export function emptyTally(): Tally {
  return {
    virtualMs: 0,
    nodes: 0,
    unregistered: 0,
    moves: 0,
    overtaken: 0,
    unheard: 0,
    latencies: [],
    sent: 0,
    received: 0,
    silent: 0,
    wrongDeliveries: 0,
    dataDatagrams: 0,
    controlDatagrams: 0,
    events: 0,
  };
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
