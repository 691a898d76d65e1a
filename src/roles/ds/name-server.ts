/**
 * The Direction Server as name server of its zone (paper sections 2 and 4.2; protocol.md 10): answers with
 * authority for the zone and for the reverse zones of its pools, from the directory as it is, and never asks
 * others. No answer is kept: one costs little more to make than to find again, and the same with 100,000 names.
 * Each source may ask so often over UDP; beyond that it is told to use TCP, which a forged source cannot.
 */
import { BoundedMap } from '../../base/bounded-map.ts';
import { type Endpoint, endpointIp, type Ip, isIpv6, isUnicast } from '../../base/ip.ts';
import { headerFlags, recordClasses, recordTypes, responseCodes } from '../../dns/constants.ts';
import type { DnsRecord } from '../../dns/message.ts';
import { isWithin, nameInZone } from '../../dns/name.ts';
import {
  type Answer,
  type EncodedAnswer,
  emptyAnswer,
  encodeAnswer,
  type Query,
  readQuery,
  reply,
  truncatedReply,
} from '../../dns/query.ts';
import {
  addressRecord,
  authorityRecord,
  nameServerRecord,
  ntmRecordOf,
  pointerRecord,
  reverseIp,
  reverseZones,
} from '../../dns/records.ts';
import type { RoleContext } from '../../protocol/context.ts';
import type { Input } from '../../protocol/machine.ts';
import { type DsNames, plainNames } from './config.ts';
import type { DsRole } from './ds-role.ts';
import { NodeNtmRecords, publishedIps, publishedTtl, zoneNtmRecord } from './published.ts';

const ttl = { ...publishedTtl, server: 3600, negative: 10 } as const;
const countedSources = 8192;

type NameQuery = Input & { readonly kind: 'name-query' };

export class NameServer {
  readonly #context: RoleContext;
  readonly #ds: DsRole;
  readonly #config: DsNames;
  readonly #servers: readonly string[];
  readonly #reverseZones: readonly string[];
  readonly #ntmRecords: NodeNtmRecords;
  readonly #queriesBySource = new BoundedMap<string, number>(countedSources);
  #countedSecond = 0;
  #edition = 0;

  /** Of this edition, by zone: as many answers say that there is nothing as say something. */
  readonly #authorities = new Map<string, DnsRecord>();
  /** Answers without records, by how much stands before the zone in the question. */
  readonly #negativeByAuthority = new Map<DnsRecord, Map<number, EncodedAnswer>>();

  constructor(context: RoleContext, ds: DsRole) {
    this.#context = context;
    this.#ds = ds;
    const { zone, names = plainNames } = ds.config;
    this.#config = names;
    this.#servers = names.nameServers.length > 0 ? names.nameServers : [`ns.${zone}`];
    this.#reverseZones = ds.pools.flatMap(reverseZones);
    this.#ntmRecords = new NodeNtmRecords(ds, context.environment);
  }

  /** What this server answers for: its zone, then the reverse zones of its pools. */
  get zones(): readonly string[] {
    return [this.#ds.config.zone, ...this.#reverseZones];
  }

  /** The directory changed. */
  changed(): void {
    this.#edition += 1;
    this.#authorities.clear();
    this.#negativeByAuthority.clear();
  }

  handle(input: NameQuery): void {
    const bytes = this.#answer(input);
    this.#context.emit({ kind: 'name-answer', id: input.id, bytes });
  }

  #answer({ bytes, from, stream }: NameQuery): Uint8Array | undefined {
    const query = readQuery(bytes);
    const allowed = stream || this.#mayAsk(from);
    // One in two is told to come over TCP: a resolver then does, a flood is halved and never amplified.
    if (!allowed && (allowed === false || !query)) return undefined;
    if (!query || query instanceof Uint8Array) return query;
    if (allowed === 'truncated') return truncatedReply(bytes, query);
    return reply(bytes, query, this.#encoded(query), stream);
  }

  #mayAsk(from: Endpoint): boolean | 'truncated' {
    const limit = this.#config.queriesPerSecond;
    const second = Math.floor(this.#context.now / 1000);
    if (second !== this.#countedSecond) {
      this.#countedSecond = second;
      this.#queriesBySource.clear();
    }
    if (limit === 0) return true;
    const ip = endpointIp(from);
    if (!isUnicast(ip)) return true;
    const count = (this.#queriesBySource.get(ip) ?? 0) + 1;
    this.#queriesBySource.setEvicting(ip, count);
    if (count <= limit) return true;
    return count % 2 === 0 ? 'truncated' : false;
  }

  #encoded(query: Query): EncodedAnswer {
    if (query.class !== recordClasses.IN && query.class !== recordClasses.ANY) {
      return emptyAnswer(responseCodes.refused);
    }
    const { name } = query;
    const answer = this.resolve(name, query.type);
    const [authority] = answer.authorities;
    return authority && !name.includes('\\')
      ? this.#encodedNegative(name, answer, authority)
      : encodeAnswer(name, answer);
  }

  /** An answer that there is nothing: its bytes depend on where the zone stands in the question alone. */
  #encodedNegative(name: string, answer: Answer, authority: DnsRecord): EncodedAnswer {
    const before = name.length - authority.name.length;
    let kept = this.#negativeByAuthority.get(authority);
    if (!kept) {
      kept = new Map();
      this.#negativeByAuthority.set(authority, kept);
    }
    let encoded = kept.get(before);
    if (!encoded) {
      encoded = encodeAnswer(name, answer);
      kept.set(before, encoded);
    }
    return encoded.code === answer.code ? encoded : { ...encoded, code: answer.code };
  }

  /** An own node by name, with or without the zone, or by virtual IP, or the zone: its NTM record. */
  find(wanted: string | Ip | undefined): { name: string; record: Uint8Array } | undefined {
    const { directory, config } = this.#ds;
    const text = (wanted ?? '').toLowerCase();
    if (text === config.zone) {
      return { name: text, record: zoneNtmRecord(this.#ds, this.#context.environment) };
    }
    const record =
      directory.byIp(text as Ip) ?? directory.byName(nameInZone(text, config.zone) ?? text);
    if (record?.role !== 'node') return undefined;
    const data = this.#ntmRecords.of(record);
    return { name: `${record.name}.${config.zone}`, record: data };
  }

  /** The answer to a question, `name` in lower case. */
  resolve(name: string, type: number): Answer {
    if (type === recordTypes.AXFR || type === recordTypes.IXFR) return refused;
    const { zone } = this.#ds.config;
    if (isWithin(name, zone)) {
      const label = nameInZone(name, zone);
      return label === undefined ? this.#apex(zone, type) : this.#below(name, label, type);
    }
    const reverse = this.#reverseZones.find((each) => isWithin(name, each));
    if (reverse === undefined) return refused;
    return name === reverse ? this.#reverseApex(reverse, type) : this.#reverse(reverse, name, type);
  }

  #apex(zone: string, type: number): Answer {
    if (type === recordTypes.SOA) return found([this.#authority(zone)]);
    if (type === recordTypes.NS || type === recordTypes.ANY) {
      return { ...found(this.#nameServers(zone)), additionals: this.#glue() };
    }
    if (type === recordTypes.NTM) {
      return found([
        ntmRecordOf(zone, ttl.ntm, zoneNtmRecord(this.#ds, this.#context.environment)),
      ]);
    }
    return this.#negative(zone, responseCodes.noError);
  }

  #reverseApex(zone: string, type: number): Answer {
    if (type === recordTypes.SOA) return found([this.#authority(zone)]);
    if (type === recordTypes.NS || type === recordTypes.ANY) {
      return { ...found(this.#nameServers(zone)), additionals: this.#glue() };
    }
    return this.#negative(zone, responseCodes.noError);
  }

  #below(name: string, label: string, type: number): Answer {
    const { zone } = this.#ds.config;
    const isServer = this.#servers.includes(name);
    const record = this.#ds.directory.byName(label);
    const node = record?.role === 'node' ? record : undefined;
    if (!isServer && !node) return this.#negative(zone, responseCodes.noSuchName);
    const any = type === recordTypes.ANY;
    const records: DnsRecord[] = [];
    if (type === recordTypes.A || type === recordTypes.AAAA || (any && isServer)) {
      const ips = isServer ? this.#ownIps() : publishedIps(this.#ds, node);
      for (const ip of ips) {
        if (any || isIpv6(ip) === (type === recordTypes.AAAA)) {
          records.push(addressRecord(name, isServer ? ttl.server : ttl.address, ip));
        }
      }
    }
    if (node && (type === recordTypes.NTM || any)) {
      const data = this.#ntmRecords.of(node);
      records.push(ntmRecordOf(name, ttl.ntm, data));
    }
    return records.length > 0 ? found(records) : this.#negative(zone, responseCodes.noError);
  }

  #reverse(zone: string, name: string, type: number): Answer {
    const ip = reverseIp(name);
    // Between the zone and a whole address names exist without records of their own.
    if (!ip) return this.#negative(zone, responseCodes.noError);
    const record = this.#ds.directory.byIp(ip);
    if (!record) return this.#negative(zone, responseCodes.noSuchName);
    if (type !== recordTypes.PTR && type !== recordTypes.ANY) {
      return this.#negative(zone, responseCodes.noError);
    }
    return found([pointerRecord(name, ttl.ntm, `${record.name}.${this.#ds.config.zone}`)]);
  }

  #ownIps(): readonly Ip[] {
    return [...new Set(this.#ds.config.advertised.map(endpointIp))];
  }

  #nameServers(zone: string): readonly DnsRecord[] {
    return this.#servers.map((server) => nameServerRecord(zone, ttl.server, server));
  }

  #glue(): readonly DnsRecord[] {
    return this.#servers
      .filter((server) => isWithin(server, this.#ds.config.zone))
      .flatMap((server) => this.#ownIps().map((ip) => addressRecord(server, ttl.server, ip)));
  }

  /** The serial grows with every change that this run has seen, from the time of the day on. */
  #authority(zone: string): DnsRecord {
    const kept = this.#authorities.get(zone);
    if (kept) return kept;
    const record = this.#newAuthority(zone);
    this.#authorities.set(zone, record);
    return record;
  }

  #newAuthority(zone: string): DnsRecord {
    const { unixSeconds = 1, now } = this.#context;
    const startedAt = Math.floor(unixSeconds - now / 1000);
    const server = this.#servers[0] as string;
    return authorityRecord(zone, server, Math.max(1, startedAt) + this.#edition, ttl.negative);
  }

  #negative(zone: string, code: number): Answer {
    return { ...found([]), code, authorities: [this.#authority(zone)] };
  }
}

function found(answers: readonly DnsRecord[]): Answer {
  return {
    code: responseCodes.noError,
    flags: headerFlags.authoritative,
    answers,
    authorities: [],
    additionals: [],
  };
}

const refused: Answer = { ...found([]), code: responseCodes.refused, flags: 0 };
