/**
 * The load on a Direction Server: nodes behind a few sockets, so many at work at once (closed loop), or so many
 * started a second (open loop), which measures how long an answer takes.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { toHex } from '../../../src/base/bytes.ts';
import { type Endpoint, endpoint, type Ip } from '../../../src/base/ip.ts';
import type { SessionId } from '../../../src/wire/ids.ts';
import { benchAddress } from '../namespace.ts';
import { LoadNode } from './load-node.ts';
import type { Member } from './members.ts';
import { type Pace, pace, type Work } from './pace.ts';

const places = 8;
const port = 4649;
const serverAt = endpoint(benchAddress, port);
const socketBuffer = 8 * 1024 * 1024;
/** Where in a datagram the session ID of its receiver stands, by its code: 0x01 and 0x02 first messages. */
const receiverAt: Readonly<Record<number, number>> = { 2: 12, 3: 4, 4: 5 };
const sealedReceiverAt = 4;

/** What a node still waits for. */
interface Waiting {
  registered: boolean;
  updated: boolean;
  directed: number;
  readonly done: () => void;
}

export class Load {
  readonly nodes: LoadNode[] = [];
  readonly #sockets: Socket[] = [];
  readonly #nodeBySession = new Map<SessionId, LoadNode>();
  readonly #waiting = new Map<LoadNode, Waiting>();
  /** The other node of its pair. */
  readonly #peer = new Map<LoadNode, LoadNode>();
  #local = 1;
  #repeats: ReturnType<typeof setInterval> | undefined;

  async open(members: readonly Member[], publicKey: Uint8Array): Promise<void> {
    for (let place = 0; place < places; place += 1) {
      const socket = createSocket('udp4');
      socket.bind(0, benchAddress);
      await once(socket, 'listening');
      socket.setRecvBufferSize(socketBuffer);
      socket.on('message', (bytes, from) => this.#receive(bytes, from.port));
      this.#sockets.push(socket);
    }
    const server = { publicKey, at: serverAt };
    for (const [index, member] of members.entries()) {
      this.nodes.push(
        new LoadNode(member, index, server, index % places, {
          send: (node, bytes) => this.#sockets[node.place]?.send(bytes, port, benchAddress),
          registered: (node) => this.#happened(node, (waiting) => (waiting.registered = false)),
          updated: (node) => this.#happened(node, (waiting) => (waiting.updated = false)),
          directed: (node) => this.#directed(node),
        }),
      );
    }
    for (let index = 0; index + 1 < this.nodes.length; index += 2) {
      const [one, other] = [this.nodes[index] as LoadNode, this.nodes[index + 1] as LoadNode];
      this.#peer.set(one, other).set(other, one);
    }
    this.#repeats = setInterval(() => this.#repeat(), 100);
  }

  close(): void {
    clearInterval(this.#repeats);
    for (const socket of this.#sockets) socket.close();
  }

  #receive(bytes: Uint8Array, from: number): void {
    const at = receiverAt[bytes[0] as number] ?? sealedReceiverAt;
    const node = this.#nodeBySession.get(toHex(bytes.subarray(at, at + 8)) as SessionId);
    if (!node) return;
    node.receive(bytes, endpoint(benchAddress as Ip, from) as Endpoint);
    this.#index(node);
  }

  #index(node: LoadNode): void {
    const { handshake, current } = node.association;
    const sessionId = handshake?.localId ?? current?.localId;
    if (sessionId) this.#nodeBySession.set(sessionId, node);
  }

  /** Only those at work: the others have nothing to repeat. */
  #repeat(): void {
    for (const node of this.#waiting.keys()) {
      for (const each of [node, this.#peer.get(node)]) {
        if (!each?.isDue) continue;
        each.timeout();
        this.#index(each);
      }
    }
  }

  #happened(node: LoadNode, note: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(node);
    if (!waiting) return;
    note(waiting);
    if (waiting.registered || waiting.updated || waiting.directed > 0) return;
    this.#waiting.delete(node);
    waiting.done();
  }

  /** Directions that a move causes come to both ends, the mover's own and its peer's. */
  #directed(node: LoadNode): void {
    const mover = this.#waiting.has(node) ? node : this.#peer.get(node);
    if (mover) this.#happened(mover, (waiting) => (waiting.directed -= 1));
  }

  #wait(node: LoadNode, registered: boolean, directed: number, act: () => void): Promise<void> {
    return new Promise((done) => {
      this.#waiting.set(node, { registered, updated: true, directed, done });
      act();
      this.#index(node);
    });
  }

  /** Handshakes that are made now and sent by `register`, so that making them is no part of what is measured. */
  prepare(): void {
    const cookies = new Map<number, Uint8Array>();
    for (const { place, association } of this.nodes) {
      if (association.cookie.length > 0) cookies.set(place, association.cookie);
    }
    for (const node of this.nodes) {
      const cookie = cookies.get(node.place);
      if (cookie) {
        node.association.cookie = cookie;
        node.association.cookieAt = performance.now();
      }
      node.prepare();
      this.#index(node);
    }
  }

  /** Handshake, Registration Request and Response, then the NTM Update that makes it count. */
  async register(node: LoadNode): Promise<void> {
    const waiting = this.#waiting;
    await new Promise<void>((done) => {
      waiting.set(node, { registered: true, updated: false, directed: 0, done });
      node.release();
    });
    await this.#wait(node, false, 0, () => node.update(this.#nextLocal()));
  }

  #nextLocal(): Ip {
    this.#local = (this.#local + 1) % 0xfffe;
    return `10.7.${this.#local >>> 8}.${this.#local & 0xff}` as Ip;
  }

  /** A path between the two of each pair. */
  async connectPairs(): Promise<void> {
    const firsts = this.nodes.filter((_, index) => index % 2 === 0 && this.nodes[index + 1]);
    await pace(firsts, { atOnce: 16 }, async (node) => {
      const peer = this.#peer.get(node) as LoadNode;
      await new Promise<void>((done) => {
        this.#waiting.set(node, { registered: false, updated: false, directed: 2, done });
        node.askFor(peer.nodeId);
      });
    });
  }

  /** From one socket to another: NTM Update and its answer, Route Directions to both ends. */
  move(node: LoadNode): Promise<void> {
    node.place = (node.place + 1) % places;
    return this.#wait(node, false, 2, () => node.update(this.#nextLocal()));
  }

  /** One of each pair moves, then the other. */
  moves(count: number, how: Pace): Promise<Work> {
    const movers: LoadNode[] = [];
    const paired = this.nodes.filter((node) => this.#peer.has(node));
    for (let turn = 0; movers.length < count; turn += 1) {
      for (let index = turn % 2; index < paired.length && movers.length < count; index += 2) {
        movers.push(paired[index] as LoadNode);
      }
    }
    return pace(movers, how, (node) => this.move(node));
  }

  registrations(how: Pace): Promise<Work> {
    return pace(this.nodes, how, (node) => this.register(node));
  }
}
