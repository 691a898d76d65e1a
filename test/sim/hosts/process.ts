/**
 * The running daemon of a host: its roles and one data path, run as the daemon's driver runs them. Facts
 * go in, effects are carried out in order, notices of the data path become facts, and there is one
 * wake-up at the earliest deadline. The power can go between two effects.
 */
import { assert } from '../../../src/base/assert.ts';
import type { Endpoint } from '../../../src/base/ip.ts';
import type { PathNotice } from '../../../src/datapath/commands.ts';
import { DataPath } from '../../../src/datapath/data-path.ts';
import type { Suite } from '../../../src/noise/suite.ts';
import type { Input, Machine, Output } from '../../../src/protocol/machine.ts';
import type { EventQueue } from '../event-queue.ts';

/** A role as the daemon's driver sees it. */
export interface Role extends Machine {
  /** Whether a datagram that is no Capsulated Packet is this role's. */
  wants(bytes: Uint8Array): boolean;
}

export interface RunningRole {
  readonly name: string;
  readonly role: Role;
}

/** What the machine around the process does for it. */
export interface ProcessHost {
  readonly name: string;
  transmit(to: Endpoint, uplink: string | undefined, bytes: Uint8Array): void;
  deliver(bytes: Uint8Array): void;
  /** Everything but path commands, which are carried out here; called for those too, before. */
  effect(role: string, output: Output): void;
  /** The process is not to go on: power lost, or it wakes without end. */
  died(wrong?: string): void;
}

const maxWakesAtOnce = 1000;

export class Process {
  readonly #host: ProcessHost;
  readonly #queue: EventQueue;
  readonly #notices: PathNotice[] = [];
  readonly dataPath: DataPath;
  roles: readonly RunningRole[] = [];
  #alive = true;
  #busy = false;
  #effectsLeft = Number.POSITIVE_INFINITY;
  #wakeAt = Number.POSITIVE_INFINITY;
  #lastWokenAt = -1;
  #wakesAtOnce = 0;

  constructor(host: ProcessHost, queue: EventQueue, suite: Suite) {
    this.#host = host;
    this.#queue = queue;
    this.dataPath = new DataPath(suite, {
      send: (to, uplink, buffer, offset, length) => {
        if (this.#alive) host.transmit(to, uplink, buffer.slice(offset, offset + length));
      },
      deliver: (buffer, offset, length) => {
        if (this.#alive) host.deliver(buffer.subarray(offset, offset + length));
      },
      notice: (notice) => this.#notices.push(notice),
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  kill(): void {
    this.#alive = false;
  }

  /** Power goes after so many more effects: what was not carried out by then never is. */
  limitEffects(effects: number): void {
    this.#effectsLeft = effects;
  }

  feedAll(input: Input): void {
    for (const each of this.roles) if (this.#alive) this.feed(each, input);
  }

  feed(target: RunningRole, input: Input): void {
    if (!this.#alive) return;
    assert(!this.#busy, 'an effect is no input');
    this.#busy = true;
    target.role.handle(input);
    this.#drain(target);
    this.#busy = false;
    this.#settle();
  }

  /** A Capsulated Packet from the network. */
  inbound(bytes: Uint8Array, from: Endpoint, uplink: string): void {
    if (!this.#alive) return;
    this.dataPath.inbound(this.#queue.now, bytes, 0, bytes.length, from, uplink);
    this.#settle();
  }

  /** An inner packet from the virtual interface. */
  outbound(buffer: Uint8Array, offset: number, length: number): void {
    if (!this.#alive) return;
    this.dataPath.outbound(this.#queue.now, buffer, offset, length);
    this.#settle();
  }

  #drain(target: RunningRole): void {
    for (let output = target.role.poll(); output; output = target.role.poll()) {
      if (this.#effectsLeft <= 0) {
        this.#host.died();
        return;
      }
      this.#effectsLeft -= 1;
      this.#host.effect(target.name, output);
      if (output.kind === 'path') this.dataPath.command(this.#queue.now, output.command);
    }
  }

  #settle(): void {
    if (this.#busy) return;
    const notice = this.#notices.shift();
    if (!notice) this.#arm();
    else if (this.#alive) {
      this.feedAll({ kind: 'notice', now: this.#queue.now, notice });
      this.#settle();
    }
  }

  #arm(): void {
    if (!this.#alive) return;
    let at = this.dataPath.deadline()?.at ?? Number.POSITIVE_INFINITY;
    for (const { role } of this.roles) at = Math.min(at, role.deadline()?.at ?? at);
    if (at >= this.#wakeAt) return;
    this.#wakeAt = at;
    this.#queue.at(at, () => this.#wake(at));
  }

  #wake(at: number): void {
    if (!this.#alive || this.#wakeAt !== at) return;
    const now = this.#queue.now;
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.#wakesAtOnce = this.#lastWokenAt === now ? this.#wakesAtOnce + 1 : 0;
    this.#lastWokenAt = now;
    if (this.#wakesAtOnce > maxWakesAtOnce) {
      const why = this.roles.map((each) => each.role.deadline()?.why).join(', ');
      this.#host.died(`${this.#host.name} wakes without end at ${now}: ${why}`);
      return;
    }
    const due = this.dataPath.deadline();
    if (due && due.at <= now) {
      this.dataPath.timeout(now);
      this.#settle();
    }
    for (const each of this.roles) {
      const deadline = each.role.deadline();
      if (deadline && deadline.at <= now) this.feed(each, { kind: 'timeout', now });
    }
    this.#arm();
  }
}
