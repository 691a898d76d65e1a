/**
 * A world: virtual time, a network, Direction Servers, Relay Servers, nodes and general hosts, all real
 * role machines and real data paths, watched by the invariants. What happens in it depends on the seed
 * and on what its maker does to it, on nothing else.
 */
import { assert } from '../../src/base/assert.ts';
import { type Endpoint, endpoint, type Ip, type Prefix, parseIp } from '../../src/base/ip.ts';
import { decodeMessage } from '../../src/dns/message.ts';
import { generateKeyPair } from '../../src/noise/keys.ts';
import type { KeyPair, Suite } from '../../src/noise/suite.ts';
import { decodeInvite } from '../../src/protocol/invite.ts';
import type { ControlAnswer, JsonObject } from '../../src/protocol/machine.ts';
import type { DsConfig } from '../../src/roles/ds/config.ts';
import { DsRole } from '../../src/roles/ds/ds-role.ts';
import type { NodeConfig } from '../../src/roles/node/config.ts';
import { NodeRole } from '../../src/roles/node/node-role.ts';
import type { RsConfig } from '../../src/roles/rs/config.ts';
import { RsRole } from '../../src/roles/rs/rs-role.ts';
import { Dice, randomFor } from './dice.ts';
import { EventQueue } from './event-queue.ts';
import { GeneralHost } from './hosts/general-host.ts';
import { Host, type HostWatcher } from './hosts/host.ts';
import { Traffic } from './hosts/traffic.ts';
import { Nat, type NatOptions } from './network/nat.ts';
import { Network } from './network/network.ts';
import { type LinkProfile, link, Realm } from './network/realm.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly suite: Suite;
  /** Access link of everything that is added without one of its own. */
  readonly link: LinkProfile;
  /** Messages that each role keeps for its trace; as many as in the daemon when undefined. */
  readonly traceKept?: number;
  /** What tells the world from the others of its seed, where it is a part of one. */
  readonly part?: WorldPart;
}

/** A part of a big world, joined with the others by the public internet. */
export interface WorldPart {
  readonly number: number;
  /** What packets of applications bear, the same in all parts. */
  readonly marker: Uint8Array;
}

/** A Direction Server in another part. */
export interface DistantServer {
  readonly zone: string;
  readonly endpoints: readonly Endpoint[];
  readonly publicKey: Uint8Array;
  readonly pool: Prefix | undefined;
}

export interface DirectionServer {
  readonly host: Host;
  readonly zone: string;
  readonly keys: KeyPair;
  readonly endpoints: readonly Endpoint[];
  readonly pool: Prefix | undefined;
}

/** Virtual time at which a world begins; not 0, so that "never" and "at the start" differ. */
const startMs = 100_000;
/** Unix time at virtual time 0, for what has a wall clock. */
const wallClockSeconds = 1_800_000_000;
export const ntmPort = 4649;
const resolverAt = '203.0.113.53:53' as Endpoint;

function base(text: string): number {
  const parts = text.split('.').map(Number);
  return parts.reduce((value, part) => value * 0x100 + part, 0);
}

/** Each part of a world has sixteen million public addresses. */
function publicBase(part: number): number {
  return base('5.0.0.0') + part * 0x1000000;
}

/** The part whose public address this is. */
export function partOfIp(ip: Ip): number {
  return Number(ip.slice(0, ip.indexOf('.'))) - 5;
}

export class World {
  readonly seed: number;
  readonly suite: Suite;
  readonly queue = new EventQueue(startMs);
  readonly dice: Dice;
  readonly network: Network;
  readonly publicRealm: Realm;
  readonly traffic: Traffic;
  readonly watchers: HostWatcher[] = [];
  readonly hostByName = new Map<string, Host>();
  readonly directionServers: DirectionServer[] = [];
  readonly distantServers: DistantServer[] = [];
  /** Whose records the DNS has for a zone, where it is not the first of that zone. */
  readonly zoneInDns = new Map<string, DirectionServer>();
  readonly nats: { readonly name: string; readonly nat: Nat; readonly realm: Realm }[] = [];
  readonly #generalByIp = new Map<Ip, GeneralHost>();
  readonly #link: LinkProfile;
  readonly #traceKept: number | undefined;

  constructor(options: Partial<WorldOptions> & Pick<WorldOptions, 'seed' | 'suite'>) {
    this.seed = options.seed;
    this.suite = options.suite;
    this.#link = options.link ?? link({ delayMs: 5 });
    this.#traceKept = options.traceKept;
    const { part } = options;
    this.dice = new Dice(randomFor(options.seed, part ? `world ${part.number}` : 'world'));
    this.publicRealm = new Realm('public', publicBase(part?.number ?? 0));
    this.network = new Network(this.queue, this.dice);
    this.traffic = new Traffic(this.queue, part?.marker ?? this.dice.random.bytes(16));
  }

  get now(): number {
    return this.queue.now;
  }

  get unixSeconds(): number {
    return wallClockSeconds + Math.floor(this.now / 1000);
  }

  run(ms: number): void {
    this.queue.runUntil(this.now + ms);
  }

  /** A private network behind a NAT of its own; `at` is its first address. */
  addPrivate(
    name: string,
    options: NatOptions,
    setting: { outer?: Realm; isolated?: boolean; at?: string } = {},
  ): Realm {
    const outer = setting.outer ?? this.publicRealm;
    const realm = new Realm(name, base(setting.at ?? '192.168.1.0'), setting.isolated ?? false);
    const nat = new Nat(outer.freeIp(), options, randomFor(this.seed, name));
    const edge = outer.attach(name, nat.externalIp, link({}), () => {}, realm);
    realm.gateway = { nat, outer: edge };
    this.nats.push({ name, nat, realm });
    return realm;
  }

  #addHost(name: string, port = ntmPort): Host {
    assert(!this.hostByName.has(name), 'names of hosts are unique');
    const host = new Host(name, port, {
      queue: this.queue,
      network: this.network,
      suite: this.suite,
      random: randomFor(this.seed, name),
      watchers: this.watchers,
      traceKept: this.#traceKept,
      deliver: (to, bytes) => this.#deliver(to, bytes),
      resolve: (question, done) => this.#resolve(question, done),
    });
    this.hostByName.set(name, host);
    return host;
  }

  #deliver(host: Host, bytes: Uint8Array): void {
    const view = bytes.subarray(16, 20);
    const general =
      (bytes[0] as number) >>> 4 === 4
        ? this.#generalByIp.get(`${view[0]}.${view[1]}.${view[2]}.${view[3]}` as Ip)
        : undefined;
    if (general) general.exit = host;
    this.traffic.delivered(general ?? host, bytes);
  }

  /** Some resolver asks the Direction Server of the zone, which is its name server; 20 ms there and back. */
  #resolve(question: Uint8Array, done: (answer: Uint8Array | undefined) => void): void {
    const name = decodeMessage(question)?.questions[0]?.name.toLowerCase();
    const first = this.directionServers.find((each) => each.zone === name);
    const server = this.zoneInDns.get(name ?? '') ?? first;
    const later = (answer: Uint8Array | undefined) => this.queue.after(10, () => done(answer));
    this.queue.after(10, () => {
      if (server) server.host.query(resolverAt, question, later);
      else later(undefined);
    });
  }

  #newKeys(): KeyPair {
    return generateKeyPair(this.suite, this.dice.random);
  }

  /** All are added before the first is started, since each knows the zones of the others. */
  addDs(name: string, setting: Partial<DsConfig> & { suite?: Suite } = {}): DirectionServer {
    const host = this.#addHost(name);
    const keys = this.#newKeys();
    const attachment = host.attach(this.publicRealm, this.#link);
    const endpoints = [endpoint(attachment.ip, ntmPort)];
    const zone = setting.zone ?? `${name.toLowerCase()}.example`;
    const number = this.directionServers.length;
    const pool = setting.pool ?? (`198.18.${number * 16}.0/20` as Prefix);
    const server = { host, zone, keys, endpoints, pool };
    this.directionServers.push(server);
    host.addRole({
      name: 'ds',
      keys,
      ...(setting.suite && { suite: setting.suite }),
      make: (environment) =>
        new DsRole(environment, {
          zone,
          advertised: endpoints,
          pool,
          foreignZones: this.#zonesBut(server),
          localRelays: [],
          localNodes: [],
          idleSeconds: 600,
          ...setting,
        }),
    });
    return server;
  }

  #zonesBut(own: DirectionServer): DsConfig['foreignZones'] {
    const others = this.directionServers.filter((each) => each !== own);
    const here = others.map((each) => ({ ...each, publicKey: each.keys.publicKey }));
    return [...here, ...this.distantServers].map(({ zone, endpoints, publicKey, pool }) => ({
      zone,
      endpoints,
      publicKey,
      pools: pool ? [pool] : [],
      policy: 'allow',
    }));
  }

  startServers(): void {
    for (const each of this.directionServers) each.host.start();
  }

  /** The token of a fresh invite; the Direction Server must be running. */
  invite(ds: DirectionServer, name: string, relay: boolean): Uint8Array {
    const token = this.tryInvite(ds, name, relay);
    assert(token !== undefined, `an invite for ${name} is made`);
    return token;
  }

  /** The same where the Direction Server may refuse or die of it. */
  tryInvite(ds: DirectionServer, name: string, relay: boolean): Uint8Array | undefined {
    const answer = this.call(ds.host, 'ds', 'invite', { name, relay });
    if (!answer?.ok) return undefined;
    const decoded = decodeInvite(String(answer.result.invite));
    assert(decoded.ok, 'an invite can be read');
    return decoded.invite.token;
  }

  /** A control call that is answered at once, or undefined. */
  call(host: Host, role: string, method: string, args: JsonObject): ControlAnswer | undefined {
    let answer: ControlAnswer | undefined;
    host.call(role, method, { ...args, unixSeconds: this.unixSeconds }, (value) => {
      answer = value;
    });
    return answer;
  }

  addRs(
    name: string,
    ds: DirectionServer,
    setting: Partial<RsConfig> & { suite?: Suite } = {},
  ): Host {
    const host = this.#addHost(name);
    host.attach(this.publicRealm, this.#link);
    this.addRsAt(host, name, ds, setting);
    host.start();
    return host;
  }

  /** On a public host that is not started yet, beside the roles it has. */
  addRsAt(
    host: Host,
    name: string,
    ds: DirectionServer,
    setting: Partial<RsConfig> & { suite?: Suite } = {},
  ): void {
    const [attachment] = host.attachments;
    assert(attachment !== undefined, 'a Relay Server has an address');
    const token = this.invite(ds, name, true);
    host.addRole({
      name: 'rs',
      keys: this.#newKeys(),
      ...(setting.suite && { suite: setting.suite }),
      make: (environment) =>
        new RsRole(environment, {
          name,
          directionServer: { endpoints: ds.endpoints, publicKey: ds.keys.publicKey },
          token,
          advertised: [endpoint(attachment.ip, ntmPort)],
          exit: false,
          exitPrivate: false,
          device: 'ntm0',
          mtu: 1420,
          pathLimit: 10_000,
          weight: 10,
          exitPools: [],
          ...setting,
        }),
    });
  }

  /** Enrolled and started, unless `started` is false. */
  addNode(
    name: string,
    ds: DirectionServer,
    realm: Realm,
    setting: Partial<NodeConfig> & { started?: boolean; link?: LinkProfile } = {},
  ): Host {
    const { started, link: ownLink, ...config } = setting;
    const host = this.#addHost(name, config.port ?? ntmPort);
    host.attach(realm, ownLink ?? this.#link);
    const token = config.token ?? this.invite(ds, name, false);
    host.addRole({
      name: 'node',
      keys: this.#newKeys(),
      make: (environment) =>
        new NodeRole(environment, {
          device: 'ntm0',
          mtu: 1420,
          directionServer: { endpoints: ds.endpoints, publicKey: ds.keys.publicKey },
          wantedName: name,
          exitPrefixes: [],
          punch: true,
          idleSeconds: 600,
          port: ntmPort,
          ...config,
          token,
        }),
    });
    if (started !== false) host.start();
    return host;
  }

  addGeneral(name: string): GeneralHost {
    const ip = this.publicRealm.freeIp();
    const host = new GeneralHost(name, ip);
    this.#generalByIp.set(ip, host);
    return host;
  }

  /** Hard move: the old address goes and the new one comes in one moment. */
  move(host: Host, realm: Realm, profile: LinkProfile = this.#link): void {
    host.replace(realm, profile);
  }

  /** Soft move: the new address comes, and the old one goes `overlapMs` later. */
  moveSoftly(host: Host, realm: Realm, overlapMs = 2000, profile: LinkProfile = this.#link): void {
    const old = host.attachments;
    host.attach(realm, profile);
    this.queue.after(overlapMs, () => {
      for (const each of old) host.detach(each);
    });
  }
}

/** An address for bystanders of tests; never handed out by the public realm. */
export const bystanderIp = parseIp('203.0.113.9') as Ip;
