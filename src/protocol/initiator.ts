/**
 * Opening sessions (protocol.md 4): Session Initiation with the first request inside, repeated with fresh
 * keys until it is answered, once more at once when a cookie is asked for or the incarnation was not current.
 */
import { backoffMs } from '../base/backoff.ts';
import { concatBytes, equalBytes, fromHex, toHex, utf8 } from '../base/bytes.ts';
import type { Endpoint } from '../base/ip.ts';
import { Timers } from '../base/timers.ts';
import { Handshake } from '../noise/handshake-state.ts';
import { generateKeyPair } from '../noise/keys.ts';
import type { Suite } from '../noise/suite.ts';
import { type Drop, drop, isDrop } from '../wire/drops.ts';
import { firstMessageLength, protocolVersion } from '../wire/header.ts';
import { type Incarnation, type SessionId, type Stamp, stamp } from '../wire/ids.ts';
import type { Values } from '../wire/messages.ts';
import type { RoleContext } from './context.ts';
import { decodeFirst, encodeFirst, noCookie } from './first-message.ts';
import { limits } from './limits.ts';
import { decodePlain } from './plain-message.ts';
import { decodePayload, encodePayload, type SealedMessage } from './sealed-message.ts';
import { type Association, newSession, type Session } from './session.ts';

/** Bytes of a Session Initiation around its payload: header, fields, macs, Noise keys and tags. */
const initiationOverhead = 156;

/** What both ends mix into the handshake: which version, which start of the responder, which message. */
export function sessionPrologue(incarnation: Incarnation, ownStamp: Stamp): Uint8Array {
  return concatBytes(
    utf8(`NTMobile ${protocolVersion} session`),
    fromHex(incarnation) as Uint8Array,
    fromHex(ownStamp) as Uint8Array,
  );
}

export interface Opened {
  readonly session: Session;
  readonly request: SealedMessage;
  readonly answer: SealedMessage;
}

export class Initiator {
  readonly #context: RoleContext;
  readonly #suite: Suite;
  readonly #macKey: Uint8Array;
  readonly #timers: Timers<'handshake'>;
  readonly #associationBySession = new Map<SessionId, Association>();
  readonly #associationByLabel = new Map<string, Association>();

  /** `macKey` is the receiver mac key of this end. */
  constructor(context: RoleContext, macKey: Uint8Array) {
    this.#context = context;
    this.#timers = new Timers(context.alarm);
    this.#suite = context.environment.suite;
    this.#macKey = macKey;
  }

  has(sessionId: SessionId): boolean {
    return this.#associationBySession.has(sessionId);
  }

  start(association: Association, payload: SealedMessage, tries: number): void {
    this.drop(association);
    const { random, bootCount, keys } = this.#context.environment;
    const localId = toHex(random.bytes(8)) as SessionId;
    const ownStamp = stamp(bootCount, this.#context.nextStampCounter());
    const handshake = new Handshake({
      suite: this.#suite,
      pattern: 'IK',
      initiator: true,
      prologue: sessionPrologue(association.peerIncarnation, ownStamp),
      keys,
      ephemeral: generateKeyPair(this.#suite, random),
      remoteStatic: association.peerKey,
    });
    const values = {
      sender: localId,
      receiverIncarnation: association.peerIncarnation,
      stamp: ownStamp,
      noise: handshake.writeMessage(
        encodePayload(payload, firstMessageLength - initiationOverhead),
      ),
    };
    const datagram = this.#encode(association, values);
    const firstMac = datagram.slice(datagram.length - 32, datagram.length - 16);
    association.handshake = { localId, handshake, firstMac, tries, payload };
    this.#associationBySession.set(localId, association);
    this.#associationByLabel.set(association.label, association);
    const target = association.endpoints[tries % Math.max(1, association.endpoints.length)];
    if (target) this.#context.transmit(target, datagram, association.uplink);
    this.#context.note('sent', 'sessionInitiation', target ?? '', datagram.length, payload.name);
    const patient = tries >= limits.patientAfterTries;
    const pause = patient ? limits.patientHandshake : limits.handshake;
    const wait = backoffMs(pause, tries, random);
    this.#timers.set('handshake', association.label, this.#context.now + wait);
  }

  #encode(association: Association, values: Values<'sessionInitiation'>): Uint8Array {
    const cookieIsFresh = this.#context.now - association.cookieAt < limits.cookieLifeMs;
    const cookie = cookieIsFresh ? association.cookie : noCookie;
    return encodeFirst(this.#suite, 'sessionInitiation', values, association.peerKey, cookie);
  }

  drop(association: Association): void {
    if (!association.handshake) return;
    this.#associationBySession.delete(association.handshake.localId);
    this.#associationByLabel.delete(association.label);
    association.handshake = undefined;
    this.#timers.clear('handshake', association.label);
  }

  /** Says a handshake under way again, at once. */
  again(association: Association): void {
    const pending = association.handshake;
    if (pending) this.start(association, pending.payload, pending.tries);
  }

  receiveResponse(datagram: Uint8Array, from: Endpoint): Opened | Drop {
    const first = decodeFirst(this.#suite, 'sessionResponse', datagram, this.#macKey);
    if (isDrop(first)) return first;
    const { values } = first;
    const association = this.#associationBySession.get(values.receiver);
    const pending = association?.handshake;
    if (!association || !pending) return drop('unknown-session');
    const plaintext = pending.handshake.readMessage(values.noise);
    if (!plaintext) return drop('bad-handshake');
    this.drop(association);
    const answer = decodePayload(plaintext);
    if (isDrop(answer)) return answer;
    const now = this.#context.now;
    association.peerIncarnation = values.incarnation;
    association.lastHeardAt = now;
    const keys = pending.handshake.split();
    // Where it was sent, not where the answer came from: a copy of it can come from anywhere.
    const { endpoints } = association;
    const sentTo = endpoints[pending.tries % Math.max(1, endpoints.length)];
    const endpoint = endpoints.includes(from) ? from : (sentTo ?? from);
    const session = newSession(association, pending.localId, values.sender, keys, endpoint, now);
    session.confirmed = true;
    return { session, request: pending.payload, answer };
  }

  receiveCookie(datagram: Uint8Array): Drop | undefined {
    const values = decodePlain('cookie', datagram);
    if (isDrop(values)) return values;
    const association = this.#associationBySession.get(values.receiver);
    const pending = association?.handshake;
    if (!association || !pending) return drop('unknown-session');
    if (!equalBytes(pending.firstMac, values.echoedMac)) return drop('bad-mac');
    association.cookie = values.cookie;
    association.cookieAt = this.#context.now;
    return this.hurry(association);
  }

  /** The responder has another incarnation than the one that was written to, or knows a later stamp. */
  receiveStaleHint(subject: SessionId, incarnation: Incarnation): Drop | undefined {
    const association = this.#associationBySession.get(subject);
    if (!association) return drop('unknown-session');
    association.peerIncarnation = incarnation;
    return this.hurry(association);
  }

  /** Unauthenticated answers cause at most one new try a second. */
  hurry(association: Association): Drop | undefined {
    const pending = association.handshake;
    const now = this.#context.now;
    if (!pending || now - association.hurriedAt < 1000) return drop('rate-limited');
    association.hurriedAt = now;
    this.start(association, pending.payload, pending.tries);
    return undefined;
  }

  timeout(): void {
    const now = this.#context.now;
    for (let due = this.#timers.take(now); due; due = this.#timers.take(now)) {
      const association = this.#associationByLabel.get(due.key);
      const pending = association?.handshake;
      if (association && pending) this.start(association, pending.payload, pending.tries + 1);
    }
  }
}
