/**
 * What one zone of the operator's primary server is to be told (protocol.md 10): names whose records have
 * changed, many in one dynamic update, again until it is acknowledged, and all of them after it was not reached.
 * A name that is to be gone is written down until the primary has taken note, so a removal outlives a restart.
 */
import { backoffMs } from '../../base/backoff.ts';
import { randomBelow } from '../../base/random.ts';
import { Timers } from '../../base/timers.ts';
import { responseCodeName, responseCodes } from '../../dns/constants.ts';
import { decodeMessage, responseCodeOf } from '../../dns/message.ts';
import { encodeUpdate, type NameState } from '../../dns/update.ts';
import type { RoleContext } from '../../protocol/context.ts';
import type { Input } from '../../protocol/machine.ts';

/** Changes that come together leave together. */
const gatherMs = 200;
const namesPerUpdate = 50;
const retry = { firstMs: 1000, mostMs: 300_000 } as const;
const table = 'updates/';

export interface QueueSource {
  /** In the zone of the primary that is told. */
  readonly zone: string;
  /** All that the zone is to hold. A name is what `state` takes and what is written down. */
  readonly names: () => Iterable<string>;
  readonly state: (name: string) => NameState;
  /** Sends to the primary; the number of the request. */
  readonly send: (bytes: Uint8Array) => number;
}

export class UpdateQueue {
  readonly #context: RoleContext;
  readonly #source: QueueSource;
  readonly #timers: Timers<'send'>;
  /** Names that the primary may not have as they are. */
  readonly #changed = new Set<string>();
  /** Of these, removed or given up. */
  readonly #removed = new Set<string>();
  #underWay: { readonly id: number; readonly names: readonly string[] } | undefined;
  #failures = 0;
  #complaint: string | undefined;

  constructor(context: RoleContext, source: QueueSource) {
    this.#context = context;
    this.#timers = new Timers(context.alarm);
    this.#source = source;
  }

  get zone(): string {
    return this.#source.zone;
  }

  /** Why the primary does not take these names; undefined while it does. */
  get complaint(): string | undefined {
    return this.#complaint;
  }

  start(formerNames: Iterable<string>): void {
    for (const name of formerNames) this.#removed.add(name);
    this.#all();
  }

  #all(): void {
    for (const name of this.#source.names()) this.#changed.add(name);
    for (const name of this.#removed) this.#changed.add(name);
    this.#soon(gatherMs);
  }

  /** The records of this name may be others now, or none when it is gone. */
  changed(name: string, isGone: boolean): void {
    if (isGone && !this.#removed.has(name)) {
      this.#removed.add(name);
      this.#context.store(`${table}${name}`, {});
    }
    this.#changed.add(name);
    if (!this.#underWay && this.#failures === 0) this.#soon(gatherMs);
  }

  #soon(waitMs: number): void {
    if (this.#changed.size > 0) this.#timers.set('send', '', this.#context.now + waitMs);
  }

  timeout(): void {
    while (this.#timers.take(this.#context.now)) this.#send();
  }

  #send(): void {
    if (this.#underWay || this.#changed.size === 0) return;
    const names: string[] = [];
    for (const name of this.#changed) {
      names.push(name);
      this.#changed.delete(name);
      if (names.length === namesPerUpdate) break;
    }
    const states = names.map(this.#source.state);
    const messageId = randomBelow(this.#context.environment.random, 0x1_0000);
    const id = this.#source.send(encodeUpdate(messageId, this.#source.zone, states));
    this.#underWay = { id, names };
  }

  /** False when it answers none of our requests. */
  responded({ id, response, error }: Input & { readonly kind: 'dns-response' }): boolean {
    const underWay = this.#underWay;
    if (underWay?.id !== id) return false;
    this.#underWay = undefined;
    const message = response && decodeMessage(response);
    const code = message && responseCodeOf(message.flags);
    if (code === responseCodes.noError) this.#taken(underWay.names);
    else this.#notTaken(underWay.names, code, error);
    return true;
  }

  #notTaken(names: readonly string[], code: number | undefined, error: string | undefined): void {
    for (const name of names) this.#changed.add(name);
    const what = code === undefined ? (error ?? 'malformed') : responseCodeName(code);
    const text = `Names in ${this.zone} could not be given to the primary server: ${what}`;
    if (text !== this.#complaint) this.#context.log('error', text);
    this.#complaint = text;
    const { random } = this.#context.environment;
    const waitMs = backoffMs(retry, this.#failures, random);
    this.#failures += 1;
    this.#soon(waitMs);
  }

  #taken(names: readonly string[]): void {
    for (const name of names) if (!this.#changed.has(name)) this.#forgetRemoved(name);
    if (this.#failures === 0) return this.#soon(0);
    const text = `The primary server takes names in ${this.zone} again; it gets all of them.`;
    this.#context.log('info', text);
    this.#complaint = undefined;
    this.#failures = 0;
    this.#all();
  }

  #forgetRemoved(name: string): void {
    if (this.#removed.delete(name)) this.#context.store(`${table}${name}`, undefined);
  }
}
