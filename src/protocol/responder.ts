/**
 * Answering first messages (protocol.md 4, 11.1, 11.2): cheap checks first, the cookie under load, then
 * the Noise handshake. A first message changes nothing here but the last stamp of its sender; the session
 * counts once a first message under its keys has come.
 */
import { BoundedMap } from '../base/bounded-map.ts';
import { toHex } from '../base/bytes.ts';
import type { Endpoint } from '../base/ip.ts';
import { Handshake } from '../noise/handshake-state.ts';
import { generateKeyPair, nodeIdOf } from '../noise/keys.ts';
import type { Suite } from '../noise/suite.ts';
import { type Drop, drop, isDrop } from '../wire/drops.ts';
import { firstMessageLength } from '../wire/header.ts';
import type { NodeId, SessionId, Stamp } from '../wire/ids.ts';
import type { RoleContext } from './context.ts';
import { CookieJar } from './cookie-jar.ts';
import { decodeFirst, encodeFirst, hasCookie, noCookie } from './first-message.ts';
import type { HintSender } from './hint-sender.ts';
import { sessionPrologue } from './initiator.ts';
import { limits } from './limits.ts';
import { encodePlain } from './plain-message.ts';
import { RateLimit } from './rate-limit.ts';
import { decodePayload, encodePayload, type SealedMessage } from './sealed-message.ts';
import { type Association, newSession, type Session } from './session.ts';

/** Somebody proved this key and asks with this payload. */
export interface Initiation {
  readonly peerKey: Uint8Array;
  readonly peerId: NodeId;
  readonly payload: SealedMessage;
  readonly from: Endpoint;
  readonly uplink: string | undefined;
  readonly handshake: Handshake;
  readonly remoteId: SessionId;
}

export class Responder {
  readonly #context: RoleContext;
  readonly #suite: Suite;
  readonly #macKey: Uint8Array;
  readonly #hints: HintSender;
  readonly #cookies: CookieJar;
  readonly #rate = new RateLimit(limits.initiationsPerSecond);
  readonly #stampByPeer = new BoundedMap<NodeId, Stamp>(limits.maxRememberedStamps);

  /** `macKey` is the receiver mac key of this end. */
  constructor(context: RoleContext, hints: HintSender, macKey: Uint8Array) {
    this.#context = context;
    this.#suite = context.environment.suite;
    this.#macKey = macKey;
    this.#hints = hints;
    this.#cookies = new CookieJar(this.#suite, context.environment.random);
  }

  /** Whether this first message is for the key of this role. */
  isForMe(datagram: Uint8Array): boolean {
    const name = datagram[0] === 0x01 ? 'sessionInitiation' : 'sessionResponse';
    return !isDrop(decodeFirst(this.#suite, name, datagram, this.#macKey));
  }

  receive(datagram: Uint8Array, from: Endpoint, uplink: string | undefined): Initiation | Drop {
    if (datagram.length < firstMessageLength) return drop('too-short');
    const first = decodeFirst(this.#suite, 'sessionInitiation', datagram, this.#macKey);
    if (isDrop(first)) return first;
    const { values } = first;
    if (!this.#rate.take(this.#context.now) && !this.#showsCookie(datagram, from)) {
      const cookie = this.#cookies.cookie(from, this.#context.now);
      const answer = { receiver: values.sender, echoedMac: first.firstMac, cookie };
      this.#context.transmit(from, encodePlain('cookie', answer), uplink);
      return drop('rate-limited');
    }
    const { incarnation, keys, random } = this.#context.environment;
    if (values.receiverIncarnation !== incarnation) {
      this.#hints.send('stale-first-message', values.sender, from, uplink);
      return drop('wrong-incarnation');
    }
    const handshake = new Handshake({
      suite: this.#suite,
      pattern: 'IK',
      initiator: false,
      prologue: sessionPrologue(incarnation, values.stamp),
      keys,
      ephemeral: generateKeyPair(this.#suite, random),
    });
    const plaintext = handshake.readMessage(values.noise);
    const peerKey = handshake.remoteStatic;
    if (!plaintext || !peerKey) return drop('bad-handshake');
    const peerId = nodeIdOf(this.#suite, peerKey);
    const last = this.#stampByPeer.get(peerId);
    if (last !== undefined && values.stamp <= last) {
      this.#hints.send('stale-first-message', values.sender, from, uplink, last);
      return drop('stale-stamp');
    }
    const payload = decodePayload(plaintext);
    if (isDrop(payload)) return payload;
    this.#stampByPeer.setEvicting(peerId, values.stamp);
    return { peerKey, peerId, payload, from, uplink, handshake, remoteId: values.sender };
  }

  #showsCookie(datagram: Uint8Array, from: Endpoint): boolean {
    return hasCookie(this.#suite, datagram, this.#cookies.cookie(from, this.#context.now));
  }

  /** Sends the Session Response with this answer inside and gives the session, not yet confirmed. */
  respond(initiation: Initiation, association: Association, answer: SealedMessage): Session {
    const { random, incarnation } = this.#context.environment;
    const localId = toHex(random.bytes(8)) as SessionId;
    const noise = initiation.handshake.writeMessage(encodePayload(answer, 0));
    const keys = initiation.handshake.split();
    const { from, remoteId } = initiation;
    const session = newSession(association, localId, remoteId, keys, from, this.#context.now);
    const values = { sender: localId, receiver: remoteId, incarnation, noise };
    const datagram = encodeFirst(
      this.#suite,
      'sessionResponse',
      values,
      initiation.peerKey,
      noCookie,
    );
    this.#context.transmit(from, datagram, initiation.uplink);
    this.#context.note('sent', 'sessionResponse', from, datagram.length, answer.name);
    return session;
  }
}
