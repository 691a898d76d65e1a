/**
 * What the machines of one role share: who it is, the time of the input in hand, the queue of effects,
 * the drop counters and the trace ring. Created by the role, handed down to its parts.
 */
import { Counters } from '../base/counters.ts';
import type { Endpoint } from '../base/ip.ts';
import { Alarm } from '../base/timers.ts';
import type { PathCommand } from '../datapath/commands.ts';
import { messageNameOf } from '../wire/codec.ts';
import type { DropReason } from '../wire/drops.ts';
import type { MessageName } from '../wire/messages.ts';
import { clockNeverSetBefore } from './invite.ts';
import { limits } from './limits.ts';
import type { Environment, JsonObject, LogLevel, Output } from './machine.ts';
import { plainSuites, type SuiteSet } from './suites.ts';

/** A control message that came or went, for the trace ring: what it was, never what was secret in it. */
export interface TraceEntry {
  at: number;
  direction: 'sent' | 'received' | 'dropped';
  message: MessageName | undefined;
  endpoint: string;
  bytes: number;
  summary: string;
}

export class RoleContext {
  readonly environment: Environment;
  /** Time of the input being handled, milliseconds on the machine's clock. */
  now = 0;
  /** What this end may seal data with. */
  suites: SuiteSet = plainSuites;
  readonly drops = new Counters<DropReason>();
  /** Of the timers of all parts. */
  readonly alarm = new Alarm();
  /** A ring; a full one is written over in place. */
  readonly #trace: TraceEntry[] = [];
  readonly #traceKept: number;
  #traced = 0;
  #outputs: Output[] = [];
  #next = 0;
  #stampCounter = 0;
  #unixOffset: number | undefined;

  constructor(environment: Environment) {
    this.environment = environment;
    this.#traceKept = environment.traceKept ?? limits.traceKept;
  }

  /** Unix seconds by the wall clock as last told, or undefined when it was never set. */
  get unixSeconds(): number | undefined {
    return this.#unixOffset === undefined ? undefined : this.#unixOffset + this.now / 1000;
  }

  /** A clock from before this software existed was never set, and says nothing. */
  tellUnixSeconds(seconds: number): void {
    this.#unixOffset = seconds < clockNeverSetBefore ? undefined : seconds - this.now / 1000;
  }

  emit(output: Output): void {
    this.#outputs.push(output);
  }

  poll(): Output | undefined {
    if (this.#next >= this.#outputs.length) {
      if (this.#next > 0) {
        this.#outputs = [];
        this.#next = 0;
      }
      return undefined;
    }
    const output = this.#outputs[this.#next];
    this.#next += 1;
    return output;
  }

  transmit(to: Endpoint, bytes: Uint8Array, uplink: string | undefined): void {
    // No spread here: it is done for every message.
    if (uplink === undefined) this.emit({ kind: 'transmit', to, bytes });
    else this.emit({ kind: 'transmit', to, bytes, uplink });
  }

  path(command: PathCommand): void {
    this.emit({ kind: 'path', command });
  }

  log(level: LogLevel, text: string): void {
    this.emit({ kind: 'log', level, text });
  }

  store(name: string, value: JsonObject | undefined): void {
    this.emit({ kind: 'store', name, value });
  }

  event(name: string, data: JsonObject): void {
    this.emit({ kind: 'event', name, data });
  }

  /** A datagram that changed nothing: counted and traced. */
  drop(reason: DropReason, from: string, datagram: Uint8Array): void {
    this.drops.add(reason);
    const name = messageNameOf(datagram[0] ?? 0);
    this.note('dropped', name, from, datagram.length, reason);
  }

  /** The next stamp counter of this process; with the boot count it orders all first messages ever sent. */
  nextStampCounter(): number {
    this.#stampCounter += 1;
    return this.#stampCounter;
  }

  /** The last messages, the oldest first. */
  get trace(): readonly TraceEntry[] {
    const next = this.#traced % Math.max(1, this.#traceKept);
    return [...this.#trace.slice(next), ...this.#trace.slice(0, next)];
  }

  note(
    direction: TraceEntry['direction'],
    message: MessageName | undefined,
    endpoint: string,
    bytes: number,
    summary = '',
  ): void {
    if (this.#traceKept === 0) return;
    const slot = this.#traced % this.#traceKept;
    this.#traced += 1;
    const entry = this.#trace[slot];
    if (!entry) {
      this.#trace.push({ at: this.now, direction, message, endpoint, bytes, summary });
      return;
    }
    entry.at = this.now;
    entry.direction = direction;
    entry.message = message;
    entry.endpoint = endpoint;
    entry.bytes = bytes;
    entry.summary = summary;
  }
}
