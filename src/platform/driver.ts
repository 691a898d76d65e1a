/**
 * Runs the roles of one daemon on one UDP port and one data path: gives each role its inputs,
 * carries out its effects in order after every input, and wakes whoever has the earliest deadline.
 * A change that a role stores is on disk before any later effect of that role: those are held until the
 * end of the turn, so that all inputs of one turn need one commit. It holds no socket, file or device itself; those are its ports. An exception out of a role is a mistake of our own
 * and ends the daemon.
 */
import { assert } from '../base/assert.ts';
import { Counters } from '../base/counters.ts';
import type { Endpoint } from '../base/ip.ts';
import type { PathNotice } from '../datapath/commands.ts';
import type { RoleName } from '../protocol/control-results.ts';
import type { ForeignZone } from '../protocol/foreign-zone.ts';
import type { ControlAnswer, ControlCall, Input, Output, Uplink } from '../protocol/machine.ts';
import type { SuiteSet } from '../protocol/suites.ts';
import type { DriverPorts, HostedRole, InterfaceOutput } from './driver-ports.ts';
import { PathOwners } from './path-owners.ts';
import { WakeUp } from './wake-up.ts';

export type DriverCount =
  | 'control-datagrams'
  | 'for-no-role'
  | 'store-failures'
  | 'effects-held-back'
  | 'interface-failures';

const capsulatedPacket = 0x80;
function datagramInput(
  now: number,
  from: Endpoint,
  bytes: Uint8Array,
  uplink: string | undefined,
): Input {
  return uplink === undefined
    ? { kind: 'datagram', now, from, bytes }
    : { kind: 'datagram', now, from, bytes, uplink };
}

const storeComplaintMs = 10_000;

interface RunningRole extends HostedRole {
  fatalText: string | undefined;
  storeComplainedAt: number;
  /** Whether the input in hand made it store something. */
  hasStored: boolean;
  /** Effects that wait for what was stored before them. */
  readonly held: Output[];
}

export class Driver {
  readonly counters = new Counters<DriverCount>();
  readonly #ports: DriverPorts;
  readonly #roles: readonly RunningRole[];
  readonly #owners = new PathOwners();
  readonly #notices: PathNotice[] = [];
  readonly #answerById = new Map<number, (answer: ControlAnswer) => void>();
  readonly #wakeUp: WakeUp;
  #lastId = 0;
  #inTurn = false;
  #stopped = false;

  constructor(roles: readonly HostedRole[], ports: DriverPorts) {
    this.#ports = ports;
    this.#roles = roles.map((role) => ({
      ...role,
      fatalText: undefined,
      storeComplainedAt: Number.NEGATIVE_INFINITY,
      hasStored: false,
      held: [],
    }));
    this.#wakeUp = new WakeUp(ports.now, () => this.#timeout());
  }

  /** Roles that have not ended. */
  get roles(): readonly RoleName[] {
    return this.#roles.filter((role) => role.fatalText === undefined).map(({ name }) => name);
  }

  start(uplinks: readonly Uplink[], unixSeconds: number, suites?: SuiteSet): void {
    const now = this.#ports.now();
    this.#toAll({ kind: 'start', now, uplinks, unixSeconds, ...(suites && { suites }) });
  }

  uplinks(uplinks: readonly Uplink[]): void {
    this.#toAll({ kind: 'uplinks', now: this.#ports.now(), uplinks });
  }

  /** For a Direction Server that runs: the other zones there are now. */
  zones(zones: readonly ForeignZone[]): void {
    this.#toAll({ kind: 'zones', now: this.#ports.now(), zones });
  }

  /**
   * A datagram at `offset` of a buffer that is reused afterwards. After a batch of them, `settle`
   * is to be called.
   */
  datagram(
    buffer: Uint8Array,
    offset: number,
    length: number,
    from: Endpoint,
    uplink: string | undefined,
  ): void {
    if (this.#stopped) return;
    const now = this.#ports.now();
    if (length > 0 && buffer[offset] === capsulatedPacket) {
      // No closure here: this is done for every packet.
      try {
        this.#ports.path.inbound(now, buffer, offset, length, from, uplink);
      } catch (error) {
        this.#crash('datagram', 'path', error);
      }
      return;
    }
    this.counters.add('control-datagrams');
    const bytes = buffer.slice(offset, offset + length);
    const isOnly = this.#roles.length === 1;
    for (const role of this.#roles) {
      if (role.fatalText === undefined && (isOnly || this.#wants(role, bytes))) {
        this.#give(role, datagramInput(now, from, bytes, uplink));
        return;
      }
    }
    this.counters.add('for-no-role');
    // Its sender may know us from before a restart: the first role gives the hint that says so.
    const first = this.#roles.find((role) => role.fatalText === undefined);
    if (first) this.#give(first, datagramInput(now, from, bytes, uplink));
  }

  #wants(role: RunningRole, bytes: Uint8Array): boolean {
    let wanted = false;
    this.#guard('wants', role.name, () => {
      wanted = role.machine.wants(bytes);
    });
    return wanted;
  }

  /** From the data path, at any moment; roles get it at the end of the turn. */
  notice(notice: PathNotice): void {
    this.#notices.push(notice);
  }

  /** The end of a turn: notices to their roles, datagrams out, the next wake-up set. */
  settle(): void {
    if (this.#inTurn || this.#stopped) return;
    this.#inTurn = true;
    do {
      for (let notice = this.#notices.shift(); notice; notice = this.#notices.shift()) {
        for (const name of this.#owners.of(notice, this.roles)) {
          const role = this.#roles.find((each) => each.name === name);
          if (role) this.#give(role, { kind: 'notice', now: this.#ports.now(), notice });
        }
      }
      for (const role of this.#roles) this.#release(role);
    } while (this.#notices.length > 0);
    this.#ports.flush();
    this.#inTurn = false;
    this.#wakeUp.set(this.#earliest());
  }

  #earliest(): number {
    let earliest = this.#ports.path.deadline()?.at ?? Number.POSITIVE_INFINITY;
    for (const { machine, fatalText } of this.#roles) {
      if (fatalText !== undefined) continue;
      earliest = Math.min(earliest, machine.deadline()?.at ?? Number.POSITIVE_INFINITY);
    }
    return earliest;
  }

  #timeout(): void {
    const now = this.#ports.now();
    const { path } = this.#ports;
    if ((path.deadline()?.at ?? Number.POSITIVE_INFINITY) <= now) {
      this.#guard('timeout', 'path', () => path.timeout(now));
    }
    for (const role of this.#roles) {
      const at = role.machine.deadline()?.at ?? Number.POSITIVE_INFINITY;
      if (at <= now) this.#give(role, { kind: 'timeout', now });
    }
    this.settle();
  }

  /** A DNS query that came to a role's listener. After a batch of them, `settle` is to be called. */
  nameQuery(name: RoleName, id: number, from: Endpoint, stream: boolean, bytes: Uint8Array): void {
    const role = this.#roles.find((each) => each.name === name);
    if (!role || role.fatalText !== undefined || this.#stopped) return;
    this.#give(role, { kind: 'name-query', now: this.#ports.now(), id, from, stream, bytes });
  }

  /** What came of a role's request to another name server. */
  dnsResponse(
    name: RoleName,
    id: number,
    response: Uint8Array | undefined,
    error: string | undefined,
  ): void {
    const role = this.#roles.find((each) => each.name === name);
    if (!role || this.#stopped) return;
    this.#give(role, { kind: 'dns-response', now: this.#ports.now(), id, response, error });
    this.settle();
  }

  /** A control call to one role; settles when the role answers. */
  ask(name: RoleName, call: ControlCall): Promise<ControlAnswer> {
    const role = this.#roles.find((each) => each.name === name);
    assert(role !== undefined, 'a call is for a role that runs');
    if (role.fatalText !== undefined || this.#stopped) {
      const error = role.fatalText ?? 'The daemon is ending.';
      return Promise.resolve({ ok: false, error });
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = new Promise<ControlAnswer>((resolve) => {
      this.#answerById.set(id, resolve);
    });
    const now = this.#ports.now();
    const { path } = this.#ports;
    const relayed = name === 'rs' && call.method === 'paths' ? path.relayStats(now) : [];
    const stats = [...path.stats(now), ...relayed];
    this.#give(role, { kind: 'control', now, id, call, stats });
    this.settle();
    return answered;
  }

  /** Lets the roles say goodbye, writes what is left, and takes no more inputs. */
  stop(): void {
    if (this.#stopped) return;
    this.#toAll({ kind: 'stop', now: this.#ports.now() });
    this.#stopped = true;
    this.#wakeUp.clear();
    for (const answer of this.#answerById.values()) {
      answer({ ok: false, error: 'The daemon is ending.' });
    }
    this.#answerById.clear();
    for (const { store } of this.#roles) store.close();
  }

  #toAll(input: Input): void {
    if (this.#stopped) return;
    for (const role of this.#roles) this.#give(role, input);
    this.settle();
  }

  #give(role: RunningRole, input: Input): void {
    if (role.fatalText !== undefined || this.#stopped) return;
    // No closure here: this is done for every datagram.
    try {
      role.hasStored = false;
      const { machine } = role;
      machine.handle(input);
      for (let out = machine.poll(); out; out = machine.poll()) this.#take(role, out);
    } catch (error) {
      this.#crash(input.kind, role.name, error);
    }
  }

  #take(role: RunningRole, out: Output): void {
    if (out.kind === 'store') {
      role.hasStored = true;
      return role.store.set(out.name, out.value);
    }
    if (out.kind === 'log') return this.#ports.log.add(out.level, `${role.name}: ${out.text}`);
    // A call that changed nothing is answered also while the disk is full: the owner has to look.
    const onlyLooks = out.kind === 'control-answer' && !role.hasStored;
    if (!onlyLooks && role.store.pending) role.held.push(out);
    else this.#carryOut(role, out);
  }

  /** Makes durable what the role stored in this turn, then carries out what waits for that. */
  #release(role: RunningRole): void {
    if (!role.store.pending || this.#stopped) return;
    const durable = this.#commit(role);
    for (const output of role.held.splice(0)) {
      if (durable || !role.requiresStore)
        this.#guard('held', role.name, () => this.#carryOut(role, output));
      else this.#holdBack(output);
    }
  }

  #holdBack(output: Output): void {
    this.counters.add('effects-held-back');
    if (output.kind !== 'control-answer') return;
    const error =
      'The change could not be written to disk; see the log. Free disk space and try again.';
    this.#answer(output.id, { ok: false, error });
  }

  /** Whatever a machine or the data path throws is our own mistake. */
  #guard(input: string, where: string, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#crash(input, where, error);
    }
  }

  #crash(input: string, where: string, error: unknown): void {
    this.#stopped = true;
    this.#wakeUp.clear();
    this.#ports.crashed(error, {
      where,
      input,
      roles: this.#roles.map(({ name }) => name),
      deadlines: this.#roles.map(({ machine }) => machine.deadline()?.why ?? null),
      paths: this.#owners.pathCount,
      counters: this.counters.snapshot(),
    });
  }

  #carryOut(role: RunningRole, out: Output): void {
    switch (out.kind) {
      case 'transmit':
        return this.#ports.send(out.to, out.uplink, out.bytes);
      case 'path':
        this.#owners.note(role.name, out.command);
        return this.#ports.path.command(this.#ports.now(), out.command);
      case 'interface':
        return this.#setInterface(role, out);
      case 'control-answer':
        return this.#answer(out.id, out.answer);
      case 'name-answer':
        return this.#ports.nameAnswer(role.name, out.id, out.bytes);
      case 'dns-request':
        return this.#ports.dnsRequest(role.name, out);
      case 'zones':
        return this.#ports.zones(role.name, out.zones);
      case 'event':
        return this.#ports.event(role.name, out.name, out.data);
      case 'fatal':
        role.fatalText = out.text;
        return this.#ports.fatal(role.name, out.text);
    }
  }

  #setInterface(role: RunningRole, wanted: InterfaceOutput): void {
    try {
      this.#ports.setInterface(role.name, wanted);
    } catch (error) {
      this.counters.add('interface-failures');
      this.#ports.log.error(`${role.name}: ${wanted.device}: ${(error as Error).message}`);
    }
  }

  #answer(id: number, answer: ControlAnswer): void {
    this.#answerById.get(id)?.(answer);
    this.#answerById.delete(id);
  }

  #commit(role: RunningRole): boolean {
    try {
      role.store.commit();
      return true;
    } catch (error) {
      this.counters.add('store-failures');
      const now = this.#ports.now();
      if (now - role.storeComplainedAt >= storeComplaintMs) {
        role.storeComplainedAt = now;
        const reason = (error as Error).message;
        this.#ports.log.error(
          `${role.name}: the state cannot be written: ${reason}. Free disk space.`,
        );
      }
      return false;
    }
  }
}
