/**
 * Roles joined by a network without faults: what one transmits arrives at once at whoever is seen under
 * that endpoint. Time passes from deadline to deadline. For tests of what roles do with each other and
 * with strangers; the simulator has the faults.
 */
import { toHex } from '../../src/base/bytes.ts';
import { type Endpoint, endpointIp } from '../../src/base/ip.ts';
import type { DataSuite, PathCommand } from '../../src/datapath/commands.ts';
import { generateKeyPair } from '../../src/noise/keys.ts';
import type { KeyPair, Suite } from '../../src/noise/suite.ts';
import type {
  Environment,
  Input,
  JsonObject,
  Machine,
  Output,
} from '../../src/protocol/machine.ts';
import { suiteSet } from '../../src/protocol/suites.ts';
import type { DsConfig } from '../../src/roles/ds/config.ts';
import { DsRole } from '../../src/roles/ds/ds-role.ts';
import { NodeRole } from '../../src/roles/node/node-role.ts';
import { RsRole } from '../../src/roles/rs/rs-role.ts';
import type { Incarnation } from '../../src/wire/ids.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { suite as realSuite } from '../support/suite.ts';

export interface Transmission {
  readonly at: number;
  readonly to: Endpoint;
  readonly bytes: Uint8Array;
}

export class Party {
  readonly machine: Machine;
  readonly keys: KeyPair;
  readonly local: Endpoint;
  /** The endpoint under which others see it: that of its NAT, if it is behind one. */
  seenAs: Endpoint;
  readonly transmitted: Transmission[] = [];
  readonly logs: string[] = [];
  readonly fatals: string[] = [];
  readonly stored = new Map<string, JsonObject>();
  readonly answers: JsonObject[] = [];
  readonly events: JsonObject[] = [];
  readonly paths: PathCommand[] = [];
  readonly dns: Output[] = [];

  constructor(machine: Machine, keys: KeyPair, local: Endpoint, seenAs = local) {
    this.machine = machine;
    this.keys = keys;
    this.local = local;
    this.seenAs = seenAs;
  }
}

export function environmentOf(seed: number, suite: Suite = realSuite): Environment {
  const random = seededRandom(seed);
  return {
    suite,
    random,
    keys: generateKeyPair(suite, random),
    incarnation: toHex(random.bytes(8)) as Incarnation,
    bootCount: 1,
    software: 'test',
    stored: new Map(),
  };
}

export const dsAt = '192.0.2.10:4649' as Endpoint;
export const dsConfig: DsConfig = {
  zone: 'home.example',
  advertised: [dsAt],
  pool: undefined,
  foreignZones: [],
  localRelays: [],
  localNodes: [],
  idleSeconds: 600,
};

export class LinkedRoles {
  now = 1000;
  readonly parties: Party[] = [];
  /** False takes a datagram off the network. */
  passes: (from: Party, transmission: Transmission) => boolean = () => true;
  readonly #suite: Suite;
  #seed = 0;

  constructor(suite: Suite = realSuite) {
    this.#suite = suite;
  }

  environment(): Environment {
    this.#seed += 1;
    return environmentOf(this.#seed, this.#suite);
  }

  ds(config: Partial<DsConfig> = {}): Party {
    const environment = this.environment();
    const machine = new DsRole(environment, { ...dsConfig, ...config });
    return this.#add(new Party(machine, environment.keys, dsAt));
  }

  node(
    ds: Party,
    local: Endpoint,
    token: Uint8Array | undefined,
    seenAs = local,
    suites?: readonly DataSuite[],
  ): Party {
    const environment = this.environment();
    const machine = new NodeRole(environment, {
      device: 'ntm0',
      mtu: 1400,
      directionServer: { endpoints: [ds.seenAs], publicKey: ds.keys.publicKey },
      token,
      wantedName: '',
      exitPrefixes: [],
      punch: true,
      idleSeconds: 600,
      port: 4649,
    });
    return this.#add(new Party(machine, environment.keys, local, seenAs), suites);
  }

  relay(ds: Party, local: Endpoint, token: Uint8Array | undefined, name = 'relay'): Party {
    const environment = this.environment();
    const machine = new RsRole(environment, {
      name,
      directionServer: { endpoints: [ds.seenAs], publicKey: ds.keys.publicKey },
      token,
      advertised: [local],
      exit: false,
      exitPrivate: false,
      device: 'ntm1',
      mtu: 1400,
      pathLimit: 100,
      weight: 10,
      exitPools: [],
    });
    return this.#add(new Party(machine, environment.keys, local));
  }

  #add(party: Party, suites?: readonly DataSuite[]): Party {
    this.parties.push(party);
    const ip = endpointIp(party.local);
    const uplink = { id: `eth0/${ip}`, device: 'eth0', ip, usable: true };
    this.give(party, {
      kind: 'start',
      now: this.now,
      uplinks: [uplink],
      unixSeconds: 1.8e9,
      ...(suites && { suites: suiteSet(suites) }),
    });
    return party;
  }

  /** A token for a new node, made by the owner of the DS. */
  token(ds: Party, name: string, relay = false): Uint8Array {
    const { directory } = ds.machine as DsRole;
    const token = directory.addInvite(name, relay, 1.8e9 + 3600, 3_600_000);
    if (typeof token === 'string') throw new Error(token);
    return token;
  }

  give(party: Party, input: Input): void {
    party.machine.handle(input);
    const sent: Transmission[] = [];
    for (let out = party.machine.poll(); out; out = party.machine.poll()) {
      this.#carryOut(party, out, sent);
    }
    for (const each of sent) this.#deliver(party, each);
  }

  #carryOut(party: Party, out: Output, sent: Transmission[]): void {
    if (out.kind === 'transmit') {
      const transmission = { at: this.now, to: out.to, bytes: out.bytes };
      party.transmitted.push(transmission);
      sent.push(transmission);
    } else if (out.kind === 'store') {
      if (out.value) party.stored.set(out.name, out.value);
      else party.stored.delete(out.name);
    } else if (out.kind === 'log') party.logs.push(`${out.level}: ${out.text}`);
    else if (out.kind === 'fatal') party.fatals.push(out.text);
    else if (out.kind === 'event') party.events.push(out.data);
    else if (out.kind === 'path') party.paths.push(out.command);
    else if (out.kind === 'name-answer' || out.kind === 'dns-request') party.dns.push(out);
    else if (out.kind === 'control-answer' && out.answer.ok) party.answers.push(out.answer.result);
  }

  #deliver(from: Party, transmission: Transmission): void {
    const to = this.parties.find((party) => party.seenAs === transmission.to);
    if (!to || !this.passes(from, transmission)) return;
    this.arrive(to, transmission.bytes, from.seenAs);
  }

  /** A call of the owner; what it answers is kept in `answers`. */
  ask(party: Party, method: string, given: JsonObject): void {
    const call = { method, arguments: given };
    this.give(party, { kind: 'control', now: this.now, id: 1, call, stats: [] });
  }

  /** A datagram from anywhere. */
  arrive(to: Party, bytes: Uint8Array, from: Endpoint): void {
    if (!to.machine.wants(bytes)) return;
    this.give(to, { kind: 'datagram', now: this.now, from, bytes: bytes.slice() });
  }

  pass(ms: number): void {
    const end = this.now + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.now = Math.max(this.now, next.at);
      this.give(next.party, { kind: 'timeout', now: this.now });
    }
    this.now = end;
  }

  #next(end: number): { party: Party; at: number } | undefined {
    let first: { party: Party; at: number } | undefined;
    for (const party of this.parties) {
      const at = party.machine.deadline()?.at;
      if (at !== undefined && at <= end && (!first || at < first.at)) first = { party, at };
    }
    return first;
  }
}
