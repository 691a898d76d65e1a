/**
 * Requests inside sessions (protocol.md 5): each is repeated with jittered backoff until its answer comes,
 * and each answer is kept for a while, so that a repetition gets the same one and changes nothing.
 */
import { backoffMs } from '../base/backoff.ts';
import { Timers } from '../base/timers.ts';
import type { SealedName, Values } from '../wire/messages.ts';
import type { RoleContext } from './context.ts';
import { limits } from './limits.ts';
import { type SealedMessage, sealedMessage } from './sealed-message.ts';
import type { Association, PendingRequest } from './session.ts';

export interface RequestOutcome {
  readonly association: Association;
  readonly request: SealedMessage;
  /** Whether all tries are spent, or only so many that the session itself is in doubt. */
  readonly failed: boolean;
}

export class Requests {
  readonly #context: RoleContext;
  readonly #send: (association: Association, message: SealedMessage) => void;
  readonly #timers: Timers<'request'>;
  readonly #pendingByKey = new Map<string, PendingRequest>();
  #lastKey = 0;

  constructor(
    context: RoleContext,
    send: (association: Association, message: SealedMessage) => void,
  ) {
    this.#context = context;
    this.#timers = new Timers(context.alarm);
    this.#send = send;
  }

  newTransaction(association: Association): number {
    association.nextTransaction = (association.nextTransaction + 1) >>> 0;
    return association.nextTransaction;
  }

  request<Name extends SealedName>(
    association: Association,
    name: Name,
    values: Values<Name>,
  ): number {
    const transaction = this.newTransaction(association);
    if (association.requests.size >= limits.maxPendingRequests) {
      for (const oldest of association.requests.keys()) {
        this.end(association, oldest);
        break;
      }
    }
    const message = sealedMessage(name, transaction, values);
    this.#lastKey += 1;
    const pending = { association, message, key: String(this.#lastKey), tries: 0 };
    association.requests.set(transaction, pending);
    this.#pendingByKey.set(pending.key, pending);
    this.#try(pending);
    return transaction;
  }

  #try(pending: PendingRequest): void {
    this.#send(pending.association, pending.message);
    const wait = backoffMs(limits.request, pending.tries, this.#context.environment.random);
    pending.tries += 1;
    this.#timers.set('request', pending.key, this.#context.now + wait);
  }

  /** The request that this message answers, which is thereby over. */
  answered(association: Association, message: SealedMessage): SealedMessage | undefined {
    const pending = association.requests.get(message.transaction);
    if (!pending) return undefined;
    this.end(association, message.transaction);
    return pending.message;
  }

  end(association: Association, transaction: number): void {
    const pending = association.requests.get(transaction);
    if (!pending) return;
    association.requests.delete(transaction);
    this.#pendingByKey.delete(pending.key);
    this.#timers.clear('request', pending.key);
  }

  endAll(association: Association): void {
    for (const transaction of [...association.requests.keys()]) this.end(association, transaction);
  }

  /** Sends all unanswered requests again, at once: this end or the other one has moved. */
  resendAll(association: Association): void {
    if (association.requests.size === 0) return;
    for (const pending of [...association.requests.values()]) {
      pending.tries = Math.min(pending.tries, 1);
      this.#try(pending);
    }
  }

  /**
   * Whether an incoming request is new. One that was answered gets its answer again; one that is still
   * being worked on is left alone.
   */
  isNew(association: Association, message: SealedMessage): boolean {
    const { answers } = association;
    const given = answers.get(message.transaction);
    if (!given) {
      this.#forgetOld(association);
      answers.setEvicting(message.transaction, { at: this.#context.now, message: undefined });
      return true;
    }
    if (given.message) this.#send(association, given.message);
    return false;
  }

  /** Answers to requests that nobody repeats any more. */
  #forgetOld({ answers }: Association): void {
    const until = this.#context.now - limits.answersKeptMs;
    for (const [transaction, { at }] of answers) {
      if (at > until) break;
      answers.delete(transaction);
    }
  }

  answer<Name extends SealedName>(
    association: Association,
    transaction: number,
    name: Name,
    values: Values<Name>,
  ): void {
    const message = sealedMessage(name, transaction, values);
    const { answers } = association;
    const given = answers.get(transaction);
    // Its place was taken when the request came.
    if (given) given.message = message;
    else answers.setEvicting(transaction, { at: this.#context.now, message });
    this.#send(association, message);
  }

  /** Repeats what is due; gives the requests that ran out of tries or put the session in doubt. */
  timeout(): readonly RequestOutcome[] {
    const now = this.#context.now;
    const outcomes: RequestOutcome[] = [];
    for (let due = this.#timers.take(now); due; due = this.#timers.take(now)) {
      const pending = this.#pendingByKey.get(due.key);
      if (!pending) continue;
      const { association, message } = pending;
      if (pending.tries >= limits.maxRequestTries) {
        this.end(association, message.transaction);
        outcomes.push({ association, request: message, failed: true });
        continue;
      }
      if (pending.tries >= limits.rehandshakeAfterTries) {
        outcomes.push({ association, request: message, failed: false });
      }
      this.#try(pending);
    }
    return outcomes;
  }
}
