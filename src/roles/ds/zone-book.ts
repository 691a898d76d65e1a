/**
 * The zones of other Direction Servers (protocol.md 11.9): those the owner configured, and those found by the
 * NTM record of the zone's name, which serves to find the DS and for nothing more. The key of a zone is pinned
 * at first use, and so is the Node ID of each of its names; a change of either is refused until the owner
 * accepts it. A zone that was found may say of its addresses what it likes as long as it touches nobody else's.
 */
import { BoundedMap } from '../../base/bounded-map.ts';
import { equalBytes, fromHex, toHex } from '../../base/bytes.ts';
import {
  type Endpoint,
  endpointIp,
  type Ip,
  isIpv6,
  isUnicast,
  type Prefix,
  parseEndpoint,
  parsePrefix,
  prefixContains,
  prefixesOverlap,
  prefixIp,
} from '../../base/ip.ts';
import { ntmQuery, readNtmAnswer } from '../../dns/ntm-record.ts';
import { nodeIdOf } from '../../noise/keys.ts';
import type { RoleContext } from '../../protocol/context.ts';
import type { ForeignZone } from '../../protocol/foreign-zone.ts';
import { limits } from '../../protocol/limits.ts';
import type { Input, Json, JsonObject } from '../../protocol/machine.ts';
import { RateLimit } from '../../protocol/rate-limit.ts';
import { virtualIpv4Range, zonePrefixIpv6 } from '../../protocol/virtual-ip.ts';
import type { NodeId } from '../../wire/ids.ts';
import type { RefusalName } from '../../wire/refusals.ts';
import type { DsConfig, ZonePolicy } from './config.ts';

export interface Zone {
  readonly zone: string;
  source: 'owner' | 'found';
  publicKey: Uint8Array;
  endpoints: readonly Endpoint[];
  /** Its IPv4 pools as it, or the owner, tells them. */
  pools: readonly Prefix[];
  policy: ZonePolicy;
  /** A node of ours has asked for it, or our owner named or accepted it; else it only came by itself. */
  wanted: boolean;
  /** Another key that the DNS now names, and where, until the owner accepts it. */
  offeredKey: Uint8Array | undefined;
  offeredEndpoints: readonly Endpoint[];
  readonly requests: RateLimit;
}

/** Who wants a zone looked up: its own Direction Server that greets us, or a node of ours. */
type Wish = 'greeter' | 'node';

/** Lookups of the DNS are told from others of this role by their number. */
const firstLookup = 0x4000_0000;
const zonesTable = 'zones/';
const namesTable = 'foreign-names/';

export class ZoneBook {
  readonly #context: RoleContext;
  readonly #config: DsConfig;
  readonly #ownPools: readonly Prefix[];
  readonly #zoneByName = new BoundedMap<string, Zone>(limits.maxForeignZones);
  readonly #nodeByName = new BoundedMap<string, NodeId>(limits.maxForeignNames);
  readonly #offeredNodeByName = new BoundedMap<string, NodeId>(64);
  readonly #lookupById = new Map<number, { readonly zone: string; wantedBy: Wish }>();
  readonly #failed = new BoundedMap<string, { until: number; reason: RefusalName }>(256);
  /** Zones that come to us, and those that nodes of ours want, do not take each other's share. */
  readonly #lookups = {
    greeter: new RateLimit(limits.zoneLookupsPerSecond),
    node: new RateLimit(limits.zoneLookupsPerSecond),
  };
  #lastLookup = firstLookup;

  constructor(context: RoleContext, config: DsConfig, ownPools: readonly Prefix[]) {
    this.#context = context;
    this.#config = config;
    this.#ownPools = ownPools;
    for (const each of config.foreignZones) {
      this.#add({ ...each, source: 'owner', wanted: true });
    }
    for (const [name, value] of context.environment.stored) this.#restore(name, value);
  }

  #add(zone: Omit<Zone, 'offeredKey' | 'offeredEndpoints' | 'requests'>): Zone | undefined {
    const added = {
      ...zone,
      offeredKey: undefined,
      offeredEndpoints: [],
      requests: new RateLimit(limits.zoneRequestsPerSecond),
    };
    return this.#zoneByName.set(zone.zone, added) ? added : undefined;
  }

  /** The zones of the configuration from now on; answers those that paths may no longer lead to. */
  replaceOwned(zones: readonly ForeignZone[]): readonly Zone[] {
    const lost: Zone[] = [];
    for (const zone of this.zones.filter(({ source }) => source === 'owner')) {
      const now = zones.find((each) => each.zone === zone.zone);
      const isSame = now !== undefined && equalBytes(now.publicKey, zone.publicKey);
      if (!isSame || (zone.policy === 'allow' && now.policy === 'deny')) lost.push(zone);
      if (isSame) Object.assign(zone, now);
      else this.#zoneByName.delete(zone.zone);
    }
    for (const zone of zones) {
      if (this.#zoneByName.get(zone.zone)?.source === 'owner') continue;
      if (this.#zoneByName.delete(zone.zone))
        this.#context.store(zonesTable + zone.zone, undefined);
      this.#add({ ...zone, source: 'owner', wanted: true });
    }
    return lost;
  }

  #restore(name: string, value: JsonObject): void {
    if (name.startsWith(namesTable)) {
      const nodeId = String(value['nodeId']) as NodeId;
      this.#nodeByName.set(name.slice(namesTable.length), nodeId);
    }
    const zone = name.slice(zonesTable.length);
    if (!name.startsWith(zonesTable) || this.#zoneByName.has(zone)) return;
    const publicKey = fromHex(String(value['publicKey']));
    const endpoints = texts(value['endpoints']).flatMap((each) => parseEndpoint(each) ?? []);
    const pools = texts(value['pools']).flatMap((each) => parsePrefix(each) ?? []);
    const policy = value['policy'];
    if (publicKey?.length !== 32 || (policy !== 'allow' && policy !== 'ask' && policy !== 'deny'))
      return;
    const wanted = value['wanted'] !== false;
    this.#add({ zone, source: 'found', publicKey, endpoints, pools, policy, wanted });
  }

  #store(zone: Zone): void {
    if (zone.source === 'owner') return;
    const { publicKey, endpoints, pools, policy, wanted } = zone;
    const value = { publicKey: toHex(publicKey), endpoints, pools, policy, wanted };
    this.#context.store(zonesTable + zone.zone, value);
  }

  get zones(): readonly Zone[] {
    return [...this.#zoneByName].map(([, zone]) => zone);
  }

  byKey(publicKey: Uint8Array): Zone | undefined {
    // Asked for every message, and most Direction Servers know no other zone.
    if (this.#zoneByName.size === 0) return undefined;
    return this.zones.find((zone) => equalBytes(zone.publicKey, publicKey));
  }

  byName(zone: string): Zone | undefined {
    return this.#zoneByName.get(zone);
  }

  byIp(ip: Ip): Zone | undefined {
    const { suite } = this.#context.environment;
    return this.zones.find(
      (zone) =>
        this.routedPools(zone).some((pool) => prefixContains(pool, ip)) ||
        prefixContains(zonePrefixIpv6(suite, zone.publicKey), ip),
    );
  }

  /** The pools of a zone by which its nodes are reached here: not those that somebody else has too. */
  routedPools(zone: Zone): readonly Prefix[] {
    const others = this.zones.filter((each) => each !== zone).flatMap((each) => each.pools);
    const taken = [...this.#ownPools, ...(zone.source === 'owner' ? [] : others)];
    return zone.pools.filter((pool) => !taken.some((each) => prefixesOverlap(each, pool)));
  }

  /** Why nothing is done with this zone now, or undefined. */
  refusalOf(zone: Zone): RefusalName | undefined {
    if (zone.offeredKey) return 'zoneKeyChanged';
    if (zone.policy === 'allow') return undefined;
    return zone.policy === 'ask' ? 'zoneAsks' : 'zoneRefused';
  }

  /** Looks a zone up unless that is under way; the reason when it cannot be, or failed a moment ago. */
  lookUp(zone: string, wantedBy: Wish): RefusalName | undefined {
    const { now, environment } = this.#context;
    const failed = this.#failed.get(zone);
    if (failed && failed.until > now) return failed.reason;
    if (this.#config.foreignPolicy === 'deny' || zone === this.#config.zone) return 'unknownZone';
    for (const each of this.#lookupById.values()) {
      if (each.zone !== zone) continue;
      if (wantedBy === 'node') each.wantedBy = 'node';
      return undefined;
    }
    const bytes = ntmQuery(zone, environment.random);
    if (!bytes || !this.#lookups[wantedBy].take(now)) return 'unknownZone';
    this.#lastLookup += 1;
    this.#lookupById.set(this.#lastLookup, { zone, wantedBy });
    const id = this.#lastLookup;
    this.#context.emit({ kind: 'dns-request', id, to: 'upstream', bytes, signed: false });
    return undefined;
  }

  /** The zone whose lookup this ends; undefined when it was no lookup of ours. */
  lookedUp(input: Input & { kind: 'dns-response' }): string | undefined {
    const lookup = this.#lookupById.get(input.id);
    if (lookup === undefined) return undefined;
    this.#lookupById.delete(input.id);
    const { zone: name, wantedBy } = lookup;
    const answer = readNtmAnswer(name, input.response);
    const { suite, keys } = this.#context.environment;
    const record = 'found' in answer ? answer.found : undefined;
    const endpoints = record?.dsAddresses.filter((each) => isUnicast(endpointIp(each))) ?? [];
    const isUsable =
      record !== undefined &&
      endpoints.length > 0 &&
      nodeIdOf(suite, record.dsKey) === record.nodeId &&
      !equalBytes(record.dsKey, keys.publicKey);
    if (isUsable) this.#found(name, record.dsKey, endpoints, wantedBy);
    else {
      const why = 'failed' in answer ? answer.failed : 'It has no NTM record.';
      this.#context.log('info', `Zone ${name} was not found: ${why}`);
      this.#fail(name);
    }
    return name;
  }

  #fail(zone: string): void {
    const until = this.#context.now + limits.zoneRetryMs;
    this.#failed.setEvicting(zone, { until, reason: 'unknownZone' });
  }

  #found(
    name: string,
    publicKey: Uint8Array,
    endpoints: readonly Endpoint[],
    wantedBy: Wish,
  ): void {
    const known = this.#zoneByName.get(name);
    if (known?.source === 'owner') return;
    if (known && !equalBytes(known.publicKey, publicKey)) {
      known.offeredKey = publicKey;
      known.offeredEndpoints = endpoints;
      this.#context.log(
        'warn',
        `Zone ${name} has another key than before. If its owner says so, accept it: "ntmobile trust ${name}".`,
      );
      return;
    }
    if (known) {
      known.endpoints = endpoints;
      this.#store(known);
      return;
    }
    const policy = this.#config.foreignPolicy ?? 'ask';
    const wanted = wantedBy === 'node';
    if (!wanted && !this.#makeRoomForStranger()) return this.#fail(name);
    const added = this.#add({
      zone: name,
      source: 'found',
      publicKey,
      endpoints,
      pools: [],
      policy,
      wanted,
    });
    if (!added) return this.#fail(name);
    this.#store(added);
    const act = policy === 'ask' ? ` Its key waits for "ntmobile trust ${name}".` : '';
    this.#context.log('info', `Zone ${name} was found at ${endpoints[0]}.${act}`);
    this.#context.event('zone', { zone: name, policy });
  }

  /**
   * Zones that came by themselves have half of the places, since whoever owns a domain can make any number of
   * them. Of those that wait for the owner's word the oldest goes.
   */
  #makeRoomForStranger(): boolean {
    const strangers = this.zones.filter(({ wanted }) => !wanted);
    if (strangers.length < limits.maxForeignZones / 2) return true;
    const oldest = strangers.find(({ policy }) => policy === 'ask');
    if (!oldest) return false;
    this.#zoneByName.delete(oldest.zone);
    this.#context.store(zonesTable + oldest.zone, undefined);
    return true;
  }

  /** A node of ours asks for this zone. */
  want(zone: Zone): void {
    if (zone.wanted) return;
    zone.wanted = true;
    this.#store(zone);
  }

  /** What a zone's own DS says of its pools; only a zone that was found may tell, and only of virtual IPs. */
  told(zone: Zone, pools: readonly Prefix[]): void {
    if (zone.source === 'owner') return;
    const fit = pools.filter(
      (pool) => !isIpv6(prefixIp(pool)) && prefixContains(virtualIpv4Range, prefixIp(pool)),
    );
    if (fit.join() === zone.pools.join()) return;
    zone.pools = fit;
    this.#store(zone);
  }

  /** Pins the Node ID of a foreign name at first use; false for another one than before. */
  isKnownAs(name: string, nodeId: NodeId): boolean {
    const key = name.toLowerCase();
    const before = this.#nodeByName.get(key);
    if (before === nodeId) return true;
    if (before !== undefined) {
      this.#offeredNodeByName.setEvicting(key, nodeId);
      this.#context.log(
        'warn',
        `${key} is another node than before. If its owner says so, accept it: "ntmobile trust ${key}".`,
      );
      return false;
    }
    if (this.#nodeByName.set(key, nodeId)) this.#context.store(namesTable + key, { nodeId });
    return true;
  }

  /** The owner accepts a zone, its new key, or the new Node ID of a name. */
  trust(name: string): { readonly zone: Zone; readonly oldKey: Uint8Array } | NodeId | undefined {
    const nodeId = this.#offeredNodeByName.get(name);
    if (nodeId) {
      this.#offeredNodeByName.delete(name);
      this.#nodeByName.setEvicting(name, nodeId);
      this.#context.store(namesTable + name, { nodeId });
      return nodeId;
    }
    const zone = this.#zoneByName.get(name);
    if (zone?.source !== 'found') return undefined;
    const oldKey = zone.publicKey;
    if (zone.offeredKey) {
      zone.publicKey = zone.offeredKey;
      zone.endpoints = zone.offeredEndpoints;
      zone.pools = [];
      zone.offeredKey = undefined;
    }
    zone.policy = 'allow';
    zone.wanted = true;
    this.#store(zone);
    return { zone, oldKey };
  }

  /** The owner wants nothing to do with a zone that was found. */
  distrust(name: string): Zone | undefined {
    const zone = this.#zoneByName.get(name);
    if (zone?.source !== 'found') return undefined;
    zone.policy = 'deny';
    zone.wanted = true;
    this.#store(zone);
    return zone;
  }
}

function texts(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.slice(0, 8).map(String) : [];
}
