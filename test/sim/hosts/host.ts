/**
 * A machine of the world: uplinks, a disk, virtual addresses, and the process that runs its roles on one
 * UDP port. The process can end in any moment with the disk kept, and start again with a new incarnation.
 */
import { assert } from '../../../src/base/assert.ts';
import { toHex } from '../../../src/base/bytes.ts';
import { type Endpoint, type Ip, isIpv6, type Prefix, prefixIp } from '../../../src/base/ip.ts';
import type { Random } from '../../../src/base/random.ts';
import type { KeyPair, Suite } from '../../../src/noise/suite.ts';
import type {
  ControlAnswer,
  Environment,
  JsonObject,
  Output,
  Uplink,
} from '../../../src/protocol/machine.ts';
import type { Incarnation } from '../../../src/wire/ids.ts';
import { messages } from '../../../src/wire/messages.ts';
import type { EventQueue } from '../event-queue.ts';
import type { Network } from '../network/network.ts';
import type { Attachment, Datagram, LinkProfile, Realm } from '../network/realm.ts';
import { Interfaces } from './interfaces.ts';
import { Process, type ProcessHost, type Role } from './process.ts';
import type { End } from './traffic.ts';

export interface RolePlan {
  readonly name: string;
  readonly keys: KeyPair;
  /** Called at every start of the process. */
  readonly make: (environment: Environment) => Role;
  /** Other than the host's: that of a role that lies. */
  readonly suite?: Suite;
}

/** What invariants look at. */
export interface HostWatcher {
  output?(host: Host, role: string, output: Output): void;
  ended?(host: Host): void;
  wrong?(text: string): void;
}

export interface HostSetting {
  readonly queue: EventQueue;
  readonly network: Network;
  readonly suite: Suite;
  readonly random: Random;
  readonly watchers: readonly HostWatcher[];
  /** Messages that each role keeps for its trace. */
  readonly traceKept: number | undefined;
  readonly deliver: (host: Host, bytes: Uint8Array) => void;
  /** The name servers of the world: the answer, or undefined for none. */
  readonly resolve: (question: Uint8Array, done: (answer: Uint8Array | undefined) => void) => void;
}

const dataType = messages.capsulatedPacket.code;

export class Host implements ProcessHost, End {
  readonly name: string;
  readonly port: number;
  readonly #setting: HostSetting;
  readonly #plans: RolePlan[] = [];
  readonly #diskByRole = new Map<string, Map<string, JsonObject>>();
  readonly #interfaces: Interfaces;
  #process: Process | undefined;
  #bootCount = 0;
  #virtual: readonly Prefix[] = [];
  readonly #heldIps = new Set<Ip>();
  readonly #lastIp: { 4: Ip | undefined; 6: Ip | undefined } = { 4: undefined, 6: undefined };
  readonly #doneByCall = new Map<number, (answer: ControlAnswer) => void>();
  #calls = 0;
  readonly #doneByQuery = new Map<number, (answer: Uint8Array | undefined) => void>();
  /** Sentences of `fatal` effects since the last start. */
  fatal: string[] = [];
  /** Stands between the process and its socket: what it returns is sent, nothing when undefined. */
  alterTransmission: ((to: Endpoint, bytes: Uint8Array) => Datagram | undefined) | undefined;

  constructor(name: string, port: number, setting: HostSetting) {
    this.name = name;
    this.port = port;
    this.#setting = setting;
    this.#interfaces = new Interfaces(name, port, (attachment, datagram) =>
      this.#receive(attachment, datagram),
    );
  }

  get process(): Process | undefined {
    return this.#process;
  }

  get bootCount(): number {
    return this.#bootCount;
  }

  get uplinks(): readonly Uplink[] {
    return this.#interfaces.uplinks;
  }

  get attachments(): readonly Attachment[] {
    return this.#interfaces.attachments;
  }

  disk(role: string): Map<string, JsonObject> {
    let disk = this.#diskByRole.get(role);
    if (!disk) {
      disk = new Map();
      this.#diskByRole.set(role, disk);
    }
    return disk;
  }

  addRole(plan: RolePlan): void {
    assert(!this.#process, 'roles are added before the process starts');
    this.#plans.push(plan);
  }

  /** A new address; preferred over those there are unless told otherwise. */
  attach(realm: Realm, link: LinkProfile, preferred = true, ip?: Ip): Attachment {
    const attachment = this.#interfaces.add(realm, link, preferred, ip);
    this.#uplinksChanged();
    return attachment;
  }

  detach(attachment: Attachment): void {
    this.#interfaces.remove(attachment);
    this.#uplinksChanged();
  }

  /** Hard move: everything there was goes and the new address comes, told as one change. */
  replace(realm: Realm, link: LinkProfile, ip?: Ip): Attachment {
    this.#interfaces.clear();
    return this.attach(realm, link, true, ip);
  }

  #uplinksChanged(): void {
    const now = this.#setting.queue.now;
    this.#process?.feedAll({ kind: 'uplinks', now, uplinks: this.uplinks });
  }

  start(): void {
    assert(!this.#process, 'a running process is not started again');
    this.#bootCount += 1;
    this.fatal = [];
    const { queue, random, suite, traceKept } = this.#setting;
    const process = new Process(this, queue, suite);
    const incarnation = toHex(random.bytes(8)) as Incarnation;
    process.roles = this.#plans.map((plan) => ({
      name: plan.name,
      role: plan.make({
        suite: plan.suite ?? suite,
        random,
        keys: plan.keys,
        incarnation,
        bootCount: this.#bootCount,
        software: 'simulator',
        stored: new Map(this.disk(plan.name)),
        ...(traceKept !== undefined && { traceKept }),
      }),
    }));
    this.#process = process;
    process.feedAll({ kind: 'start', now: queue.now, uplinks: this.uplinks });
  }

  /** The process is gone, and its virtual interface with it; the disk stays. */
  crash(): void {
    this.#process?.kill();
    this.#process = undefined;
    this.#virtual = [];
    this.#doneByCall.clear();
    for (const watcher of this.#setting.watchers) watcher.ended?.(this);
  }

  /** An orderly end: the roles say goodbye first. */
  stop(): void {
    this.#process?.feedAll({ kind: 'stop', now: this.#setting.queue.now });
    this.crash();
  }

  restart(): void {
    if (this.#process) this.crash();
    this.start();
  }

  /** A control call. The answer comes at once, later, or never if the process ends. */
  call(
    role: string,
    method: string,
    args: JsonObject,
    done: (answer: ControlAnswer) => void,
  ): void {
    const process = this.#process;
    const target = process?.roles.find((each) => each.name === role);
    if (!process || !target) {
      done({ ok: false, error: `${role} of ${this.name} is not running` });
      return;
    }
    this.#calls += 1;
    const id = this.#calls;
    this.#doneByCall.set(id, done);
    const now = this.#setting.queue.now;
    const stats = process.dataPath.stats();
    process.feed(target, { kind: 'control', now, id, call: { method, arguments: args }, stats });
  }

  #resolve(role: string, { id, bytes }: Output & { kind: 'dns-request' }): void {
    const process = this.#process;
    this.#setting.resolve(bytes, (response) => {
      const target = process?.alive && process.roles.find((each) => each.name === role);
      const error = response ? undefined : 'no answer';
      const now = this.#setting.queue.now;
      if (target) process.feed(target, { kind: 'dns-response', now, id, response, error });
    });
  }

  /** A DNS query to the Direction Server of this host. */
  query(from: Endpoint, bytes: Uint8Array, done: (answer: Uint8Array | undefined) => void): void {
    const { roles = [] } = this.#process ?? {};
    const target = ['ds', 'node'].flatMap(
      (name) => roles.find((each) => each.name === name) ?? [],
    )[0];
    if (!target) return done(undefined);
    this.#calls += 1;
    const id = this.#calls;
    this.#doneByQuery.set(id, done);
    const now = this.#setting.queue.now;
    this.#process?.feed(target, { kind: 'name-query', now, id, from, stream: false, bytes });
  }

  /** The virtual IP that the interface has now. */
  virtualIp(ipv6: boolean): Ip | undefined {
    const found = this.#virtual.find((each) => isIpv6(prefixIp(each)) === ipv6);
    return found && prefixIp(found);
  }

  /** The virtual IP it has or last had: what a peer's application goes on using. */
  lastVirtualIp(ipv6: boolean): Ip | undefined {
    return this.#lastIp[ipv6 ? 6 : 4];
  }

  hasHeld(ip: Ip): boolean {
    return this.#heldIps.has(ip);
  }

  /** Whether the virtual interface has this address now. */
  holds(ip: Ip): boolean {
    return this.#virtual.some((each) => prefixIp(each) === ip);
  }

  sendInner(buffer: Uint8Array, offset: number, length: number): void {
    this.#process?.outbound(buffer, offset, length);
  }

  #receive(attachment: Attachment, datagram: Datagram): void {
    const process = this.#process;
    const at = this.#interfaces.of(attachment);
    if (!process || !at || datagram.destination !== at.endpoint) return;
    const { bytes, source } = datagram;
    const uplink = at.uplink.id;
    if (bytes[0] === dataType) {
      process.inbound(bytes, source, uplink);
      return;
    }
    // What nobody wants goes to the first role, which counts it and may answer with a hint.
    const { roles } = process;
    const wanted = roles.length > 1 && roles.find((each) => each.role.wants(bytes));
    const target = wanted || roles[0];
    const now = this.#setting.queue.now;
    if (target) process.feed(target, { kind: 'datagram', now, from: source, uplink, bytes });
  }

  transmit(to: Endpoint, uplinkId: string | undefined, bytes: Uint8Array): void {
    const from = this.#interfaces.towards(to, uplinkId);
    if (!from) return;
    const source = from.endpoint;
    const altered = this.alterTransmission?.(to, bytes);
    if (this.alterTransmission && !altered) return;
    const { destination, bytes: sent } = altered ?? { destination: to, bytes };
    this.#setting.network.send(from.attachment, source, destination, sent);
  }

  deliver(bytes: Uint8Array): void {
    this.#setting.deliver(this, bytes);
  }

  effect(role: string, output: Output): void {
    for (const watcher of this.#setting.watchers) watcher.output?.(this, role, output);
    switch (output.kind) {
      case 'transmit':
        this.transmit(output.to, output.uplink, output.bytes);
        break;
      case 'interface':
        if (role === 'node') this.#setInterface(output.addresses);
        break;
      case 'store':
        if (output.value === undefined) this.disk(role).delete(output.name);
        else this.disk(role).set(output.name, copyOf(output.value));
        break;
      case 'control-answer': {
        const done = this.#doneByCall.get(output.id);
        this.#doneByCall.delete(output.id);
        done?.(output.answer);
        break;
      }
      case 'dns-request':
        this.#resolve(role, output);
        break;
      case 'name-answer': {
        const done = this.#doneByQuery.get(output.id);
        this.#doneByQuery.delete(output.id);
        done?.(output.bytes);
        break;
      }
      case 'fatal':
        this.fatal.push(output.text);
        break;
    }
  }

  died(wrong?: string): void {
    if (wrong) for (const watcher of this.#setting.watchers) watcher.wrong?.(wrong);
    this.crash();
  }

  #setInterface(addresses: readonly Prefix[]): void {
    this.#virtual = addresses;
    for (const each of addresses) {
      const ip = prefixIp(each);
      this.#heldIps.add(ip);
      this.#lastIp[isIpv6(ip) ? 6 : 4] = ip;
    }
  }
}

/** What a disk keeps is a value of its own. */
function copyOf(value: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}
