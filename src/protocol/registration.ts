/**
 * A node's or Relay Server's standing with its Direction Server (paper section 3.2, protocol.md 4 and 5):
 * registration, NTM Update after every move and as keepalive, and coming back after the server or the
 * network was gone. The role says what to tell; this machine says when.
 */
import { type Endpoint, endpointIp } from '../base/ip.ts';
import { Timers } from '../base/timers.ts';
import type { Values } from '../wire/messages.ts';
import { type RefusalName, refusalName } from '../wire/refusals.ts';
import type { RoleContext } from './context.ts';
import type { RegistrationState } from './control-results.ts';
import { limits } from './limits.ts';
import type { Association } from './session.ts';
import type { SessionEvent, Sessions } from './sessions.ts';
import type { Locality } from './tunnel/locality.ts';

export interface Registrant {
  /** Between NTM Updates; undefined for as long as the NAT and its kind allow. */
  readonly keepaliveMs: number | undefined;
  registrationRequest(): Values<'registrationRequest'>;
  updateRequest(move: number): Values<'updateRequest'>;
  /** The DS has answered a Registration Request. */
  onRegistered(values: Values<'registrationResponse'>): void;
  onUpdated(values: Values<'updateResponse'>, move: number): void;
  /** The DS has seen this end at another endpoint than before. */
  onObserved(): void;
  /** The DS has refused for good: the sentence says what to do. */
  onRefused(reason: RefusalName | undefined, text: string): void;
}

/** Refusals that no repetition changes. */
const finalRefusals: ReadonlySet<RefusalName> = new Set<RefusalName>([
  'notEnrolled',
  'inviteUnknown',
  'inviteExpired',
  'inviteSpent',
  'inviteKind',
  'removed',
  'nameTaken',
  'nameInvalid',
]);

export class Registration {
  readonly #context: RoleContext;
  readonly #sessions: Sessions;
  readonly #locality: Locality;
  readonly #registrant: Registrant;
  readonly #endpoints: readonly Endpoint[];
  readonly #timers: Timers<'keepalive' | 'retry' | 'unheard'>;
  readonly association: Association;
  state: RegistrationState = 'starting';
  stateText: string | undefined;
  reachable = false;
  reachableSince = 0;
  roundTripMs: number | undefined;
  #move = 0;
  #updateSentAt = 0;
  #keepaliveMs: number = limits.keepaliveMs;
  #steady = 0;
  /** Whether the first attempt was made. */
  #begun = false;
  /** The refusal that the log has last. */
  #toldRefusal = '';

  constructor(
    context: RoleContext,
    sessions: Sessions,
    locality: Locality,
    server: { readonly endpoints: readonly Endpoint[]; readonly publicKey: Uint8Array },
    registrant: Registrant,
  ) {
    this.#context = context;
    this.#timers = new Timers(context.alarm);
    this.#sessions = sessions;
    this.#locality = locality;
    this.#registrant = registrant;
    this.#endpoints = server.endpoints;
    this.association = sessions.to(server.publicKey, server.endpoints);
  }

  get move(): number {
    return this.#move;
  }

  get registered(): boolean {
    return this.state === 'registered';
  }

  /** Opens a session with a Registration Request inside, if there is a way out at all. */
  connect(): void {
    if (this.state === 'refused') return;
    if (!this.#begun) this.#timers.set('unheard', '', this.#context.now + limits.unheardMs);
    this.#begun = true;
    const reachable = this.#endpoints.filter((each) => this.#locality.canReach(each));
    if (reachable.length === 0) {
      this.#enter('no-uplink', 'No network connection that leads to the Direction Server.');
      return;
    }
    this.association.endpoints = reachable;
    this.association.uplink = this.#locality.uplinkTo(reachable[0] as Endpoint);
    if (this.state !== 'registered') {
      this.#enter('registering', 'Waiting for the Direction Server to answer.');
    }
    const request = this.#registrant.registrationRequest();
    this.#sessions.connect(this.association, 'registrationRequest', request);
  }

  #enter(state: RegistrationState, text: string | undefined): void {
    this.state = state;
    this.stateText = text;
  }

  /** The preferred uplink has changed: tell the DS at once, from the new address. */
  moved(): void {
    this.#move += 1;
    this.#steady = 0;
    if (this.state === 'refused') return;
    if (!this.association.current) {
      this.connect();
      return;
    }
    const target = this.association.current.endpoint;
    if (!this.#locality.canReach(target)) {
      this.connect();
      return;
    }
    this.association.uplink = this.#locality.uplinkTo(target);
    this.#sessions.withdraw(this.association, (message) => message.name === 'updateRequest');
    this.#sessions.resendAll(this.association);
    this.update();
  }

  /** NTM Update; one that is still unanswered is replaced. */
  update(): void {
    if (!this.association.current || this.state === 'refused') return;
    this.#sessions.withdraw(this.association, (message) => message.name === 'updateRequest');
    this.#updateSentAt = this.#context.now;
    const request = this.#registrant.updateRequest(this.#move);
    this.#sessions.request(this.association, 'updateRequest', request);
    this.#timers.set('keepalive', '', this.#context.now + this.#interval());
  }

  #updateIsPending(): boolean {
    for (const { message } of this.association.requests.values()) {
      if (message.name === 'updateRequest') return true;
    }
    return false;
  }

  #interval(): number {
    if (this.#registrant.keepaliveMs !== undefined) return this.#registrant.keepaliveMs;
    return this.#locality.nat === 'global' ? limits.keepaliveGlobalMs : this.#keepaliveMs;
  }

  /** True when the event was this machine's affair. */
  handle(event: SessionEvent): boolean {
    if (!('association' in event) || event.association !== this.association) return false;
    switch (event.event) {
      case 'established':
        return true;
      case 'session-wanted':
        this.connect();
        return true;
      case 'answer':
        return this.#answered(event);
      case 'request-failed':
        if (event.request.name !== 'updateRequest') return false;
        this.#setReachable(false);
        this.connect();
        this.#timers.set('keepalive', '', this.#context.now + this.#interval());
        return true;
      case 'message':
        if (event.message.name !== 'sessionClose') return false;
        this.#closed(event.message.values.reason);
        return true;
      default:
        return false;
    }
  }

  #answered(event: SessionEvent & { event: 'answer' }): boolean {
    const { message, request } = event;
    this.#timers.clear('unheard', '');
    this.#setReachable(true);
    if (request.name === 'registrationRequest') {
      if (message.name === 'registrationResponse') {
        this.#enter('registered', undefined);
        this.#toldRefusal = '';
        this.#observe(message.values.observed);
        this.#registrant.onRegistered(message.values);
        this.update();
      } else if (message.name === 'refusal') {
        this.#refused(message.values);
      }
      return true;
    }
    if (message.name !== 'updateResponse' || request.name !== 'updateRequest') return false;
    // The session has outlived the time without an uplink, and so has the registration.
    if (this.state === 'no-uplink') this.#enter('registered', undefined);
    this.roundTripMs = this.#context.now - this.#updateSentAt;
    this.#adapt(message.values.observed);
    this.#observe(message.values.observed);
    this.#registrant.onUpdated(message.values, request.values.move);
    return true;
  }

  #observe(observed: Endpoint): void {
    if (this.#locality.observed === observed) return;
    this.#locality.observed = observed;
    this.#registrant.onObserved();
  }

  /**
   * The mapping of our NAT is held as long as the observed endpoint stays the same: then the next keepalive
   * may come later; when it has changed without a move, it must come sooner.
   */
  #adapt(observed: Endpoint): void {
    const before = this.#locality.observed;
    if (before === undefined || this.#locality.nat === 'global') return;
    const sameHost = endpointIp(before) === endpointIp(observed);
    if (before === observed) {
      this.#steady += 1;
      if (this.#steady % 5 === 0) {
        this.#keepaliveMs = Math.min(limits.keepaliveMostMs, this.#keepaliveMs * 1.25);
      }
    } else if (sameHost) {
      this.#steady = 0;
      this.#keepaliveMs = Math.max(limits.keepaliveLeastMs, this.#keepaliveMs * 0.6);
    }
  }

  #refused(values: Values<'refusal'>): void {
    const reason = refusalName(values.code);
    const final = reason !== undefined && finalRefusals.has(reason);
    this.#enter(final ? 'refused' : 'registering', values.text);
    if (final) {
      this.#registrant.onRefused(reason, values.text);
      return;
    }
    if (this.#toldRefusal !== values.text) {
      this.#context.log('warn', `The Direction Server refuses for now: ${values.text}`);
    }
    this.#toldRefusal = values.text;
    this.#timers.set('retry', '', this.#context.now + Math.max(1, values.retrySeconds) * 1000);
  }

  #closed(reason: Values<'sessionClose'>['reason']): void {
    if (reason === 'removed') {
      this.#enter('refused', 'This node was removed by the owner of the Direction Server.');
      this.#registrant.onRefused('removed', this.stateText ?? '');
      return;
    }
    this.#setReachable(false);
    this.#timers.set('retry', '', this.#context.now + 500);
  }

  #setReachable(reachable: boolean): void {
    if (this.reachable === reachable) return;
    this.reachable = reachable;
    this.reachableSince = this.#context.now;
    const text = reachable
      ? 'The Direction Server answers.'
      : 'The Direction Server does not answer.';
    this.#context.log(reachable ? 'info' : 'warn', text);
  }

  timeout(): void {
    const now = this.#context.now;
    for (let due = this.#timers.take(now); due; due = this.#timers.take(now)) {
      if (due.name === 'keepalive') {
        // One that is unanswered goes on being repeated, until the session itself is in doubt.
        if (this.#updateIsPending()) this.#timers.set('keepalive', '', now + this.#interval());
        else if (this.association.current) this.update();
        else if (!this.association.handshake) this.connect();
      } else if (due.name === 'unheard') {
        this.#tellUnheard();
      } else {
        this.connect();
      }
    }
  }

  #tellUnheard(): void {
    const text =
      this.state === 'no-uplink'
        ? this.stateText
        : `The Direction Server does not answer at ${this.#endpoints.join(', ')}.`;
    this.#context.log('warn', `${text} "ntmobile doctor" says what to look at.`);
  }
}
