/**
 * Names on their way to the operator's own primary server (protocol.md 10): whatever changes is sent there as
 * dynamic update, many names at once, and again until it is acknowledged. What the primary has is brought up to
 * date as a whole at the start and after each time it was not reached. A removal outlives a restart.
 */
import { backoffMs } from '../../base/backoff.ts';
import { randomBelow } from '../../base/random.ts';
import { type Deadline, Timers } from '../../base/timers.ts';
import { responseCodeName, responseCodes } from '../../dns/constants.ts';
import { decodeMessage, responseCodeOf } from '../../dns/message.ts';
import { addressRecord, ntmRecordOf } from '../../dns/records.ts';
import { encodeUpdate, type NameState } from '../../dns/update.ts';
import type { RoleContext } from '../../protocol/context.ts';
import type { Input } from '../../protocol/machine.ts';
import type { DsRole } from './ds-role.ts';
import { lastingNtmRecord, publishedIps, publishedTtl } from './published.ts';

/** Changes that come together leave together. */
const gatherMs = 200;
const namesPerUpdate = 50;
const retry = { firstMs: 1000, mostMs: 300_000 } as const;
const table = 'updates/';

export class NameUpdates {
  readonly #context: RoleContext;
  readonly #ds: DsRole;
  readonly #timers = new Timers<'send'>();
  /** Names without the zone that the primary may not have as they are. */
  readonly #changed = new Set<string>();
  /** Of these, removed or given up names: written down until the primary has taken note. */
  readonly #removed = new Set<string>();
  #underWay: readonly string[] = [];
  #failures = 0;
  #lastId = 0;
  #told = '';

  constructor(context: RoleContext, ds: DsRole) {
    this.#context = context;
    this.#ds = ds;
  }

  get #settings() {
    return this.#ds.config.names?.updates;
  }

  start(): void {
    if (!this.#settings) return;
    for (const name of this.#ds.directory.formerNames) this.#removed.add(name);
    this.#all();
  }

  #all(): void {
    for (const { name, role } of this.#ds.directory.records()) {
      if (role === 'node') this.#changed.add(name);
    }
    for (const name of this.#removed) this.#changed.add(name);
    this.#soon(gatherMs);
  }

  /** The records of this name may be others now. */
  changed(name: string): void {
    if (!this.#settings) return;
    if (!this.#ds.directory.byName(name) && !this.#removed.has(name)) {
      this.#removed.add(name);
      this.#context.store(`${table}${name}`, {});
    }
    this.#changed.add(name);
    if (this.#underWay.length === 0 && this.#failures === 0) this.#soon(gatherMs);
  }

  #soon(waitMs: number): void {
    if (this.#changed.size > 0) this.#timers.set('send', '', this.#context.now + waitMs);
  }

  deadline(): Deadline | undefined {
    return this.#timers.deadline();
  }

  timeout(): void {
    while (this.#timers.take(this.#context.now)) this.#send();
  }

  #send(): void {
    const settings = this.#settings;
    if (!settings || this.#underWay.length > 0 || this.#changed.size === 0) return;
    const names: string[] = [];
    for (const name of this.#changed) {
      names.push(name);
      this.#changed.delete(name);
      if (names.length === namesPerUpdate) break;
    }
    this.#underWay = names;
    this.#lastId += 1;
    const id = randomBelow(this.#context.environment.random, 0x1_0000);
    const states = names.map((name) => this.#state(name));
    const bytes = encodeUpdate(id, settings.zone, states);
    const to = settings.server;
    this.#context.emit({ kind: 'dns-request', id: this.#lastId, to, bytes, signed: true });
  }

  #state(label: string): NameState {
    const name = `${label}.${this.#ds.config.zone}`;
    const record = this.#ds.directory.byName(label);
    if (record?.role !== 'node') return { name, records: [] };
    const { environment } = this.#context;
    const data = lastingNtmRecord(this.#ds, environment, record);
    const ips = publishedIps(this.#ds, record);
    return {
      name,
      records: [
        ntmRecordOf(name, publishedTtl.ntm, data),
        ...ips.map((ip) => addressRecord(name, publishedTtl.address, ip)),
      ],
    };
  }

  responded({ id, response, error }: Input & { readonly kind: 'dns-response' }): void {
    if (id !== this.#lastId || this.#underWay.length === 0) return;
    const names = this.#underWay;
    this.#underWay = [];
    const message = response && decodeMessage(response);
    const code = message && responseCodeOf(message.flags);
    if (code === responseCodes.noError) return this.#taken(names);
    for (const name of names) this.#changed.add(name);
    const what = code === undefined ? (error ?? 'malformed') : responseCodeName(code);
    this.#complain(`Names could not be given to the primary server: ${what}`);
    const { random } = this.#context.environment;
    const waitMs = backoffMs(retry, this.#failures, random);
    this.#failures += 1;
    this.#soon(waitMs);
  }

  #taken(names: readonly string[]): void {
    for (const name of names) if (!this.#changed.has(name)) this.#forgetRemoved(name);
    if (this.#failures > 0) {
      this.#context.log('info', 'The primary server takes names again; it gets all of them.');
      this.#told = '';
      this.#failures = 0;
      return this.#all();
    }
    this.#soon(0);
  }

  #forgetRemoved(name: string): void {
    if (this.#removed.delete(name)) this.#context.store(`${table}${name}`, undefined);
  }

  #complain(text: string): void {
    if (text === this.#told) return;
    this.#told = text;
    this.#context.log('error', text);
  }
}
