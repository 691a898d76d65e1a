/**
 * All sessions of one role (protocol.md 4), made of initiator, responder and requests: which datagram
 * belongs to which session, confirmation, renewal, address changes and end. What a message means is the
 * role's affair: it drains events and says what to answer. Not in the paper, which leaves security aside.
 */
import { BoundedMap } from '../base/bounded-map.ts';
import { toHex } from '../base/bytes.ts';
import type { Endpoint } from '../base/ip.ts';
import { randomBelow } from '../base/random.ts';
import { Timers } from '../base/timers.ts';
import { nodeIdOf, receiverMacKey } from '../noise/keys.ts';
import { type Drop, drop, isDrop } from '../wire/drops.ts';
import type { NodeId, SessionId } from '../wire/ids.ts';
import { messages, type SealedName, type Values } from '../wire/messages.ts';
import type { RoleContext } from './context.ts';
import { type HintSender, hintLength } from './hint-sender.ts';
import { Initiator } from './initiator.ts';
import { limits } from './limits.ts';
import { decodePlain } from './plain-message.ts';
import { Requests } from './requests.ts';
import { type Initiation, Responder } from './responder.ts';
import {
  open,
  readSealedHeader,
  type SealedMessage,
  seal,
  sealedMessage,
} from './sealed-message.ts';
import { type Association, newAssociation, type Session } from './session.ts';

export type SessionEvent =
  /** Somebody proved a key: the role answers through `accept` or `refuse`. */
  | { readonly event: 'initiation'; readonly initiation: Initiation }
  /** The first message under new keys. `renewed` when there was a session before. */
  | { readonly event: 'established'; readonly association: Association; readonly renewed: boolean }
  | {
      readonly event: 'message';
      readonly association: Association;
      readonly message: SealedMessage;
      readonly from: Endpoint;
      readonly uplink: string | undefined;
    }
  | {
      readonly event: 'answer';
      readonly association: Association;
      readonly request: SealedMessage;
      readonly message: SealedMessage;
    }
  | {
      readonly event: 'request-failed';
      readonly association: Association;
      readonly request: SealedMessage;
    }
  /** An accepted association is now heard from another address. */
  | { readonly event: 'moved'; readonly association: Association; readonly from: Endpoint }
  /** An initiated session is due for renewal or in doubt: the role connects again, with what it has to say. */
  | { readonly event: 'session-wanted'; readonly association: Association };

const noEvents: readonly SessionEvent[] = [];

export class Sessions {
  readonly #context: RoleContext;
  readonly #hints: HintSender;
  readonly #initiator: Initiator;
  readonly #responder: Responder;
  readonly #requests: Requests;
  readonly #timers: Timers<'renew' | 'forget'>;
  readonly #sessionById = new Map<SessionId, Session>();
  readonly #unconfirmed = new BoundedMap<SessionId, Session>(limits.maxUnconfirmed);
  readonly #initiated = new Map<NodeId, Association>();
  readonly #accepted = new BoundedMap<NodeId, Association>(limits.maxAssociations);
  #events: SessionEvent[] = [];

  constructor(context: RoleContext, hints: HintSender) {
    this.#context = context;
    this.#hints = hints;
    this.#timers = new Timers(context.alarm);
    const { suite, keys } = context.environment;
    const macKey = receiverMacKey(suite, keys.publicKey);
    this.#initiator = new Initiator(context, macKey);
    this.#responder = new Responder(context, hints, macKey);
    this.#requests = new Requests(context, (association, message) =>
      this.#send(association, message),
    );
  }

  /** The events so far, in order; the role drains them after every call into here. */
  takeEvents(): readonly SessionEvent[] {
    if (this.#events.length === 0) return noEvents;
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** The association that this peer opened, if it is in session. */
  accepted(peerId: NodeId): Association | undefined {
    return this.#accepted.get(peerId);
  }

  initiated(peerId: NodeId): Association | undefined {
    return this.#initiated.get(peerId);
  }

  /** The association that this end opens sessions of; made when there is none. */
  to(peerKey: Uint8Array, endpoints: readonly Endpoint[]): Association {
    const peerId = nodeIdOf(this.#context.environment.suite, peerKey);
    const known = this.#initiated.get(peerId);
    const association =
      known ?? newAssociation(peerId, peerKey, true, endpoints, this.#firstTransaction());
    association.endpoints = endpoints;
    this.#initiated.set(peerId, association);
    return association;
  }

  #firstTransaction(): number {
    return randomBelow(this.#context.environment.random, 0x7fff_ffff);
  }

  /** Whether a datagram with this session ID, or this first message, is for this role. */
  wants(datagram: Uint8Array): boolean {
    const type = datagram[0];
    if (type === messages.sessionInitiation.code || type === messages.sessionResponse.code) {
      return this.#responder.isForMe(datagram);
    }
    const isHint = type === messages.hint.code;
    const offset = isHint ? 5 : 4;
    const sessionId = toHex(datagram.subarray(offset, offset + 8)) as SessionId;
    if (type === messages.cookie.code) return this.#initiator.has(sessionId);
    if (isHint) {
      const lost = [...this.#initiated.values()].some(
        (each) => each.current?.remoteId === sessionId,
      );
      return lost || this.#initiator.has(sessionId);
    }
    return this.#sessionById.has(sessionId);
  }

  /** Opens a session, or renews it, with this first request. */
  connect<Name extends SealedName>(
    association: Association,
    name: Name,
    values: Values<Name>,
  ): void {
    const payload = sealedMessage(name, this.#requests.newTransaction(association), values);
    this.#initiator.start(association, payload, 0);
  }

  /** Session Initiation, Session Response, Cookie or a message in session framing. */
  receive(datagram: Uint8Array, from: Endpoint, uplink: string | undefined): Drop | undefined {
    switch (datagram[0]) {
      case messages.sessionInitiation.code: {
        const initiation = this.#responder.receive(datagram, from, uplink);
        if (isDrop(initiation)) return initiation;
        this.#context.note(
          'received',
          'sessionInitiation',
          from,
          datagram.length,
          initiation.payload.name,
        );
        this.#events.push({ event: 'initiation', initiation });
        return undefined;
      }
      case messages.sessionResponse.code:
        return this.#receiveResponse(datagram, from);
      case messages.cookie.code:
        return this.#initiator.receiveCookie(datagram);
      default:
        return this.#receiveSealed(datagram, from, uplink);
    }
  }

  #receiveResponse(datagram: Uint8Array, from: Endpoint): Drop | undefined {
    const opened = this.#initiator.receiveResponse(datagram, from);
    if (isDrop(opened)) return opened;
    const { session, request, answer } = opened;
    const { association } = session;
    this.#context.note('received', 'sessionResponse', from, datagram.length, answer.name);
    this.#sessionById.set(session.localId, session);
    this.#install(session);
    this.#events.push({ event: 'answer', association, request, message: answer });
    this.#requests.resendAll(association);
    return undefined;
  }

  /** A hint about a session; path hints are the role's. */
  receiveHint(datagram: Uint8Array): Drop | undefined {
    const values = decodePlain('hint', datagram);
    if (isDrop(values)) return values;
    const subject = toHex(values.subject) as SessionId;
    if (values.reason === 'stale-first-message') {
      return this.#initiator.receiveStaleHint(subject, values.incarnation);
    }
    for (const association of this.#initiated.values()) {
      if (association.current?.remoteId !== subject) continue;
      if (association.handshake) return this.#initiator.hurry(association);
      if (this.#context.now - association.hintedAt < 1000) return drop('rate-limited');
      association.hintedAt = this.#context.now;
      this.#events.push({ event: 'session-wanted', association });
      return undefined;
    }
    return drop('unknown-session');
  }

  /** Answers a first message; the session counts once its first message has come. */
  accept<Name extends SealedName>(initiation: Initiation, name: Name, values: Values<Name>): void {
    const { peerId, peerKey, payload } = initiation;
    const association =
      this.#accepted.get(peerId) ??
      newAssociation(peerId, peerKey, false, [], this.#firstTransaction());
    const answer = sealedMessage(name, payload.transaction, values);
    const session = this.#responder.respond(initiation, association, answer);
    const evicted = this.#unconfirmed.setEvicting(session.localId, session);
    if (evicted) this.#forgetSession(evicted[1]);
    this.#sessionById.set(session.localId, session);
    this.#timers.set('forget', session.localId, this.#context.now + limits.unconfirmedLifeMs);
  }

  /** Answers a first message with a Refusal and keeps nothing. */
  refuse(initiation: Initiation, values: Values<'refusal'>): void {
    const association = newAssociation(initiation.peerId, initiation.peerKey, false, [], 0);
    const answer = sealedMessage('refusal', initiation.payload.transaction, values);
    this.#responder.respond(initiation, association, answer);
  }

  /** Makes a session the current one; the one before still receives for a while. */
  #install(session: Session): void {
    const { association } = session;
    const before = association.current;
    const now = this.#context.now;
    association.current = session;
    if (before) this.#timers.set('forget', before.localId, now + limits.sessionOverlapMs);
    this.#timers.set('forget', session.localId, now + limits.sessionLifeMs);
    if (association.initiates) {
      this.#timers.set('renew', association.peerId, now + limits.sessionRenewMs);
    }
    this.#events.push({ event: 'established', association, renewed: before !== undefined });
  }

  #receiveSealed(
    datagram: Uint8Array,
    from: Endpoint,
    uplink: string | undefined,
  ): Drop | undefined {
    const header = readSealedHeader(datagram);
    if (isDrop(header)) return header;
    const session = this.#sessionById.get(header.sessionId);
    if (!session) {
      if (datagram.length >= hintLength) {
        this.#hints.send('unknown-session', header.sessionId, from, uplink);
      }
      return drop('unknown-session');
    }
    if (!session.window.check(header.counter)) return drop('replayed');
    const message = open(this.#context.environment.suite, session.receiveKey, header, datagram);
    if (isDrop(message)) return message;
    const newest = header.counter > session.window.highest;
    session.window.mark(header.counter);
    const { association } = session;
    association.lastHeardAt = this.#context.now;
    this.#context.note('received', message.name, from, datagram.length);
    if (!session.confirmed) this.#confirm(session);
    const isRequest = !isAnswerName(message.name) && message.name !== 'sessionClose';
    if (newest && isRequest && association.current === session) this.#follow(session, from);
    this.#dispatch(association, message, from, uplink);
    return undefined;
  }

  #confirm(session: Session): void {
    const { association } = session;
    session.confirmed = true;
    this.#unconfirmed.delete(session.localId);
    if (this.#accepted.get(association.peerId) !== association) {
      const evicted = this.#accepted.setEvicting(association.peerId, association);
      if (evicted) this.forget(evicted[1]);
    }
    this.#install(session);
    this.#requests.resendAll(association);
  }

  /**
   * A responder follows the initiator; an initiator stays with the endpoint it chose. Only requests move a
   * session: when an observer was quicker with a copy from elsewhere, the answer goes there, and the request
   * comes again from the right place, while nobody would notice that an answer was copied.
   */
  #follow(session: Session, from: Endpoint): void {
    const { association } = session;
    if (session.endpoint === from || association.initiates) return;
    session.endpoint = from;
    this.#events.push({ event: 'moved', association, from });
    this.#requests.resendAll(association);
  }

  #dispatch(
    association: Association,
    message: SealedMessage,
    from: Endpoint,
    uplink: string | undefined,
  ): void {
    if (isAnswerName(message.name)) {
      const request = this.#requests.answered(association, message);
      if (request) this.#events.push({ event: 'answer', association, request, message });
    } else if (message.name === 'sessionClose' || this.#requests.isNew(association, message)) {
      this.#events.push({ event: 'message', association, message, from, uplink });
    }
  }

  /** A request, repeated until it is answered; without a session it waits for one. */
  request<Name extends SealedName>(
    association: Association,
    name: Name,
    values: Values<Name>,
  ): number {
    return this.#requests.request(association, name, values);
  }

  answer<Name extends SealedName>(
    association: Association,
    transaction: number,
    name: Name,
    values: Values<Name>,
  ): void {
    this.#requests.answer(association, transaction, name, values);
  }

  /** A message that wants no answer. */
  tell<Name extends SealedName>(association: Association, name: Name, values: Values<Name>): void {
    this.#send(
      association,
      sealedMessage(name, this.#requests.newTransaction(association), values),
    );
  }

  /** Ends the requests that a newer one replaces. */
  withdraw(association: Association, isObsolete: (message: SealedMessage) => boolean): void {
    if (association.requests.size === 0) return;
    for (const [transaction, pending] of [...association.requests]) {
      if (isObsolete(pending.message)) this.#requests.end(association, transaction);
    }
  }

  /** Says everything that is unanswered again, at once. */
  resendAll(association: Association): void {
    this.#requests.resendAll(association);
    this.#initiator.again(association);
  }

  #send(association: Association, message: SealedMessage): void {
    const session = association.current;
    if (!session) return;
    const counter = session.sendCounter;
    if (counter >= limits.maxMessagesPerSession) return;
    session.sendCounter += 1;
    if (counter === limits.maxMessagesPerSession / 2 && association.initiates) {
      this.#timers.set('renew', association.peerId, this.#context.now);
    }
    const { suite } = this.#context.environment;
    const datagram = seal(suite, session.sendKey, session.remoteId, counter, message);
    this.#context.note('sent', message.name, session.endpoint, datagram.length);
    this.#context.transmit(session.endpoint, datagram, association.uplink);
  }

  timeout(): void {
    const now = this.#context.now;
    this.#initiator.timeout();
    for (const { association, request, failed } of this.#requests.timeout()) {
      if (failed) this.#events.push({ event: 'request-failed', association, request });
      else if (association.initiates && !association.handshake) {
        this.#events.push({ event: 'session-wanted', association });
      }
    }
    for (let due = this.#timers.take(now); due; due = this.#timers.take(now)) {
      if (due.name === 'forget') {
        const session = this.#sessionById.get(due.key as SessionId);
        if (session) this.#forgetSession(session);
      } else {
        const association = this.#initiated.get(due.key as NodeId);
        if (association) this.#events.push({ event: 'session-wanted', association });
      }
    }
  }

  #forgetSession(session: Session): void {
    this.#sessionById.delete(session.localId);
    this.#unconfirmed.delete(session.localId);
    this.#timers.clear('forget', session.localId);
    if (session.association.current === session) session.association.current = undefined;
  }

  /** Ends everything with this peer: sessions, handshake, requests. */
  forget(association: Association): void {
    this.#initiator.drop(association);
    this.#requests.endAll(association);
    if (association.current) this.#forgetSession(association.current);
    const { peerId } = association;
    if (association.initiates) {
      this.#timers.clear('renew', peerId);
      if (this.#initiated.get(peerId) === association) this.#initiated.delete(peerId);
    } else if (this.#accepted.get(peerId) === association) {
      this.#accepted.delete(peerId);
    }
  }
}

/** Whatever the table has as the answer to a message, and the refusal of any. */
const answerNames: ReadonlySet<string> = new Set([
  'refusal',
  ...Object.values(messages).flatMap((row) => ('answer' in row ? [row.answer] : [])),
]);

function isAnswerName(name: SealedName): boolean {
  return answerNames.has(name);
}
