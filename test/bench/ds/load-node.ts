/**
 * One node that loads a Direction Server: the real session machine with what a node says in it, and no more, so
 * that the load costs less than what it loads. It moves between the sockets of the generator.
 */
import type { Endpoint, Ip } from '../../../src/base/ip.ts';
import { endpoint } from '../../../src/base/ip.ts';
import { RoleContext } from '../../../src/protocol/context.ts';
import { HintSender } from '../../../src/protocol/hint-sender.ts';
import type { Association } from '../../../src/protocol/session.ts';
import { type SessionEvent, Sessions } from '../../../src/protocol/sessions.ts';
import type { Incarnation, NodeId, PathId } from '../../../src/wire/ids.ts';
import type { Values } from '../../../src/wire/messages.ts';
import { nodeSuite } from '../../support/node-suite.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import type { Member } from './members.ts';

export interface LoadEvents {
  /** Bytes for the Direction Server, from the socket the node is at. */
  readonly send: (node: LoadNode, bytes: Uint8Array) => void;
  readonly registered: (node: LoadNode, values: Values<'registrationResponse'>) => void;
  readonly updated: (node: LoadNode) => void;
  /** A Route Direction for this node came. */
  readonly directed: (node: LoadNode, pathId: PathId) => void;
}

export class LoadNode {
  readonly nodeId: NodeId;
  readonly association: Association;
  /** Which of the generator's sockets it is at. */
  place: number;
  readonly #context: RoleContext;
  readonly #sessions: Sessions;
  readonly #events: LoadEvents;
  readonly #incarnation: Incarnation;
  #move = 0;
  /** Datagrams made and not sent yet, while `held`. */
  readonly #prepared: Uint8Array[] = [];
  #held = false;

  constructor(
    member: Member,
    index: number,
    server: { readonly publicKey: Uint8Array; readonly at: Endpoint },
    place: number,
    events: LoadEvents,
  ) {
    this.nodeId = member.nodeId;
    this.place = place;
    this.#events = events;
    this.#incarnation = index.toString(16).padStart(16, '0') as Incarnation;
    this.#context = new RoleContext({
      suite: nodeSuite,
      random: seededRandom(1_000_000 + index),
      keys: member.keys as NonNullable<Member['keys']>,
      incarnation: this.#incarnation,
      bootCount: 1,
      software: 'bench',
      stored: [],
    });
    this.#sessions = new Sessions(this.#context, new HintSender(this.#context));
    this.association = this.#sessions.to(server.publicKey, [server.at]);
  }

  /** Makes the first message of a registration, with the token of an invite if it needs one; `release` sends it. */
  prepare(token?: Uint8Array): void {
    this.#context.now = performance.now();
    this.#held = true;
    this.#sessions.connect(this.association, 'registrationRequest', {
      role: 'node',
      incarnation: this.#incarnation,
      software: 'bench 1',
      wantedName: '',
      token,
      advertised: [],
      exit: false,
      publish: false,
    });
    this.#drain();
  }

  release(): void {
    this.#held = false;
    for (const bytes of this.#prepared.splice(0)) this.#events.send(this, bytes);
  }

  update(local: Ip): void {
    this.#context.now = performance.now();
    this.#move += 1;
    this.#sessions.request(this.association, 'updateRequest', {
      move: this.#move,
      incarnation: this.#incarnation,
      local: [endpoint(local, 4649)],
      mapped: [],
      relayDelays: [],
      livePaths: [],
    });
    this.#drain();
  }

  askFor(peerId: NodeId): void {
    this.#context.now = performance.now();
    this.#sessions.request(this.association, 'directionRequest', {
      target: 'node-id',
      peerId,
      peerName: '',
      peerIp: undefined,
      lostPath: undefined,
    });
    this.#drain();
  }

  receive(bytes: Uint8Array, from: Endpoint): void {
    this.#context.now = performance.now();
    const hint = bytes[0] === 0x04;
    if (hint) this.#sessions.receiveHint(bytes);
    else this.#sessions.receive(bytes, from, undefined);
    for (const event of this.#sessions.takeEvents()) this.#event(event);
    this.#drain();
  }

  wants(bytes: Uint8Array): boolean {
    return this.#sessions.wants(bytes);
  }

  #event(event: SessionEvent): void {
    if (event.event === 'answer') {
      if (event.message.name === 'registrationResponse') {
        this.#events.registered(this, event.message.values);
      } else if (event.message.name === 'updateResponse') this.#events.updated(this);
    } else if (event.event === 'message' && event.message.name === 'routeDirection') {
      const { revision, pathId } = event.message.values;
      const { transaction } = event.message;
      this.#sessions.answer(event.association, transaction, 'routeDirectionAcknowledgement', {
        revision,
      });
      this.#events.directed(this, pathId);
    }
  }

  /** Says again what was lost. */
  timeout(): void {
    this.#context.now = performance.now();
    this.#sessions.timeout();
    this.#drain();
  }

  get isDue(): boolean {
    return (this.#context.alarm.deadline()?.at ?? Number.POSITIVE_INFINITY) <= performance.now();
  }

  #drain(): void {
    for (let out = this.#context.poll(); out; out = this.#context.poll()) {
      if (out.kind !== 'transmit') continue;
      if (this.#held) this.#prepared.push(out.bytes);
      else this.#events.send(this, out.bytes);
    }
  }
}
