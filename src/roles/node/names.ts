/**
 * The stub of a node (paper section 2; protocol.md 10): a query for the name of a node has the path to it built
 * and is answered with its virtual IP as soon as the Direction Server has directed the path; virtual IPs have
 * names the other way round. Zones only the owner has named are first looked up through the system's name
 * servers. A name takes two seconds at the most; then the asker is told that it failed.
 */
import { BoundedMap } from '../../base/bounded-map.ts';
import type { Ip, Prefix } from '../../base/ip.ts';
import { Timers } from '../../base/timers.ts';
import { headerFlags, recordClasses, recordTypes, responseCodes } from '../../dns/constants.ts';
import type { DnsRecord } from '../../dns/message.ts';
import { isWithin, nameInZone } from '../../dns/name.ts';
import { decodeNtmRecord, type NtmRecord, ntmQuery, readNtmAnswer } from '../../dns/ntm-record.ts';
import { emptyAnswer, encodeAnswer, type Query, readQuery, reply } from '../../dns/query.ts';
import {
  addressRecord,
  authorityRecord,
  pointerRecord,
  reverseIp,
  reverseName,
  reverseZones,
} from '../../dns/records.ts';
import type { RoleContext } from '../../protocol/context.ts';
import type { Input } from '../../protocol/machine.ts';
import type { SealedMessage } from '../../protocol/sealed-message.ts';
import type { Sessions } from '../../protocol/sessions.ts';
import { refusalName } from '../../wire/refusals.ts';
import { plainNames } from './config.ts';
import { type DirectionOutcome, targetKey } from './directions.ts';
import type { NodeRole } from './node-role.ts';

const ttlSeconds = 5;
const waitMs = 1900;
const maxWaiting = 256;
/** How long a failure answers those who ask again at once. */
const failedMs = 1000;
const maxZones = 32;

type NameQuery = Input & { readonly kind: 'name-query' };
type DnsResponse = Input & { readonly kind: 'dns-response' };

interface Waiting {
  readonly id: number;
  readonly query: Query;
  readonly input: NameQuery;
  /** What it waits for: the key of a Direction Request, or the question to other servers. */
  readonly key: string;
}

/** A record and who told it, or the sentence that says why there is none. */
export type Resolved =
  | {
      readonly name: string;
      readonly record: NtmRecord;
      readonly source: 'direction-server' | 'dns';
    }
  | string;

interface Lookup {
  readonly name: string;
  /** A control call that wants the record, or nothing: the path is wanted. */
  readonly tell: ((resolved: Resolved) => void) | undefined;
}

interface ReverseZones {
  readonly pools: readonly Prefix[];
  readonly aliases: Prefix | undefined;
  readonly zones: readonly string[];
}

interface PeerIps {
  readonly ipv4: Ip | undefined;
  readonly ipv6: Ip | undefined;
}

export class Names {
  readonly #context: RoleContext;
  readonly #sessions: Sessions;
  readonly #node: NodeRole;
  readonly #timers: Timers<'give-up'>;
  readonly #waitingById = new Map<number, Waiting>();
  readonly #failedUntil = new BoundedMap<string, { until: number; code: number }>(256);
  /** Names under way through other name servers, by the number of the question. */
  readonly #lookupById = new Map<number, Lookup>();
  /** Questions to the own Direction Server, by transaction. */
  readonly #askedByTransaction = new BoundedMap<number, (resolved: Resolved) => void>(64);
  #lastLookup = 0;
  #toldZones: readonly string[] = [];
  #emitted = '';
  /** Made once for the pools of a registration, since every answer to a keepalive asks for them. */
  #madeReverse: ReverseZones = { pools: [], aliases: undefined, zones: [] };

  constructor(context: RoleContext, sessions: Sessions, node: NodeRole) {
    this.#context = context;
    this.#timers = new Timers(context.alarm);
    this.#sessions = sessions;
    this.#node = node;
  }

  /** Zones whose names this node resolves, its own first. */
  get zones(): readonly string[] {
    const { registered, config } = this.#node;
    if (!registered) return [];
    const given = (config.names ?? plainNames).zones;
    return [...new Set([registered.zone, ...this.#toldZones, ...given])].slice(0, maxZones);
  }

  get reverseZones(): readonly string[] {
    const { pools } = this.#node;
    const aliases = this.#node.aliases.range;
    if (this.#madeReverse.pools !== pools || this.#madeReverse.aliases !== aliases) {
      const all = aliases ? [...pools, aliases] : pools;
      this.#madeReverse = { pools, aliases, zones: all.flatMap(reverseZones) };
    }
    return this.#madeReverse.zones;
  }

  /** The Direction Server knows these zones too: names, blanks between. */
  told(zones: string): void {
    this.#toldZones = zones.split(' ').filter((zone) => zone !== '');
    this.changed();
  }

  changed(): void {
    const zones = [...this.zones, ...this.reverseZones];
    const text = zones.join(' ');
    if (text === this.#emitted) return;
    this.#emitted = text;
    this.#context.emit({ kind: 'zones', zones });
    this.#context.event('zones', { zones });
  }

  handle(input: NameQuery): void {
    const query = readQuery(input.bytes);
    if (!query || query instanceof Uint8Array) this.#emit(input.id, query);
    else this.#resolve(input, query);
  }

  #emit(id: number, bytes: Uint8Array | undefined): void {
    this.#context.emit({ kind: 'name-answer', id, bytes });
  }

  #code(input: NameQuery, query: Query, code: number): void {
    const answer = emptyAnswer(code, headerFlags.recursionAvailable);
    this.#emit(input.id, reply(input.bytes, query, answer, input.stream));
  }

  #answer(input: NameQuery, query: Query, answers: readonly DnsRecord[], zone: string): void {
    this.#records(input, query, answers, zone, responseCodes.noError);
  }

  /** With records, or, without any, with the reason and how long it may be remembered. */
  #records(
    input: NameQuery,
    query: Query,
    answers: readonly DnsRecord[],
    zone: string,
    code: number,
  ): void {
    const authority = authorityRecord(zone, `ns.${zone}`, 1, ttlSeconds);
    const encoded = encodeAnswer(query.name, {
      code,
      flags: headerFlags.recursionAvailable,
      answers,
      authorities: answers.length > 0 ? [] : [authority],
      additionals: [],
    });
    this.#emit(input.id, reply(input.bytes, query, encoded, input.stream));
  }

  #resolve(input: NameQuery, query: Query): void {
    const { name, type } = query;
    const zone = this.zones.find((each) => isWithin(name, each));
    const reverse = this.reverseZones.find((each) => isWithin(name, each));
    if (!this.#node.registered) return this.#code(input, query, responseCodes.serverFailure);
    if (query.class !== recordClasses.IN || !(zone ?? reverse)) {
      return this.#code(input, query, responseCodes.refused);
    }
    if (reverse !== undefined) return this.#reverse(input, query, reverse);
    if (type === recordTypes.NTM && this.#isUnderWay(name)) {
      // Our own question came back to us: the system's name servers lead here.
      return this.#code(input, query, responseCodes.serverFailure);
    }
    const isAddress = [recordTypes.A, recordTypes.AAAA, recordTypes.ANY].some((t) => t === type);
    const label = nameInZone(name, zone as string);
    if (label === undefined || !isAddress) return this.#answer(input, query, [], zone as string);
    this.#path(input, query, zone as string);
  }

  #isUnderWay(name: string): boolean {
    return [...this.#lookupById.values()].some((each) => each.name === name);
  }

  #path(input: NameQuery, query: Query, zone: string): void {
    const { name } = query;
    const { directions } = this.#node;
    const known = this.#known(name);
    if (known) return this.#answer(input, query, addresses(query, known), zone);
    const target = { by: 'name', name } as const;
    const key = targetKey(target);
    const failed = this.#failedUntil.get(key);
    if (failed && failed.until > this.#context.now) {
      return this.#records(input, query, [], zone, failed.code);
    }
    if (this.#waitingById.size >= maxWaiting) {
      return this.#code(input, query, responseCodes.serverFailure);
    }
    this.#wait(input, query, key);
    const isAskedOfDs = zone === this.#node.registered?.zone || this.#toldZones.includes(zone);
    if (isAskedOfDs) directions.ask(target, undefined, true);
    else if (!this.#isUnderWay(name)) this.#lookup(name, undefined);
  }

  #wait(input: NameQuery, query: Query, key: string): void {
    this.#waitingById.set(input.id, { id: input.id, query, input, key });
    this.#timers.set('give-up', String(input.id), this.#context.now + waitMs);
  }

  /** Ourselves, or a peer that a path leads to. */
  #known(name: string): PeerIps | undefined {
    const { registered, tunnels } = this.#node;
    if (registered && name === `${registered.name}.${registered.zone}`) {
      return { ipv4: registered.virtualIpv4, ipv6: registered.virtualIpv6 };
    }
    for (const { peer, plan, retired } of tunnels.values()) {
      if (plan.kind === 'node' && !retired && peer.name === name)
        return { ipv4: plan.alias?.alias4 ?? peer.ipv4, ipv6: peer.ipv6 };
    }
    return undefined;
  }

  /** A Direction Request has ended: all who wait for it are answered. */
  directed(outcome: DirectionOutcome): void {
    if (outcome.ok) {
      const { peerId, peerName, virtualIpv4, virtualIpv6 } = outcome.values;
      const ipv4 = this.#node.aliases.localIpv4(peerId, peerName, virtualIpv4);
      this.#settle(outcome.key, { ipv4, ipv6: virtualIpv6 });
    } else this.#fail(outcome.key, outcome.reason === 'unknownPeer');
  }

  #settle(key: string, ips: PeerIps): void {
    for (const { id, input, query } of this.#waitingFor(key)) {
      this.#forget(id);
      this.#answer(input, query, addresses(query, ips), this.#zoneOf(query.name));
    }
  }

  #fail(key: string, isAbsent: boolean): void {
    const code = isAbsent ? responseCodes.noSuchName : responseCodes.serverFailure;
    const until = this.#context.now + failedMs;
    const waiting = this.#waitingFor(key);
    if (waiting.length > 0) this.#failedUntil.setEvicting(key, { until, code });
    for (const { id, input, query } of waiting) {
      this.#forget(id);
      if (isAbsent) this.#records(input, query, [], this.#zoneOf(query.name), code);
      else this.#code(input, query, code);
    }
  }

  #waitingFor(key: string): readonly Waiting[] {
    return [...this.#waitingById.values()].filter((each) => each.key === key);
  }

  #forget(id: number): void {
    this.#waitingById.delete(id);
    this.#timers.clear('give-up', String(id));
  }

  #zoneOf(name: string): string {
    return this.zones.find((zone) => isWithin(name, zone)) ?? name;
  }

  #lookup(name: string, tell: Lookup['tell']): void {
    const bytes = ntmQuery(name, this.#context.environment.random);
    if (!bytes) {
      if (tell) tell(notAName);
      else this.#fail(targetKey({ by: 'name', name }), true);
      return;
    }
    this.#lastLookup += 1;
    this.#lookupById.set(this.#lastLookup, { name, tell });
    const to = 'upstream' as const;
    this.#context.emit({ kind: 'dns-request', id: this.#lastLookup, to, bytes, signed: false });
  }

  /** Other name servers have answered, or not. */
  responded({ id, response, error }: DnsResponse): void {
    const lookup = this.#lookupById.get(id);
    if (!lookup) return;
    this.#lookupById.delete(id);
    const { name, tell } = lookup;
    const answer = readNtmAnswer(name, response);
    const target = { by: 'name', name } as const;
    if (tell) {
      if ('found' in answer) tell({ name, record: answer.found, source: 'dns' });
      else tell('absent' in answer ? noSuchName : (error ?? answer.failed));
    } else if ('found' in answer) this.#node.directions.ask(target, undefined, true);
    else this.#fail(targetKey(target), 'absent' in answer);
  }

  /** The NTM record of a name, or of a virtual IP, for whoever wants to see it. */
  find(wanted: string | { readonly ip: Ip }, tell: (resolved: Resolved) => void): void {
    const { registered } = this.#node;
    if (!registered) return tell('This node is not registered yet.');
    const isName = typeof wanted === 'string';
    const full = isName && !wanted.includes('.') ? `${wanted}.${registered.zone}` : wanted;
    if (typeof full === 'string' && !isWithin(full, registered.zone)) {
      return this.#lookup(full, tell);
    }
    const transaction = this.#sessions.request(this.#node.registration.association, 'nameRequest', {
      target: isName ? 'name' : 'virtual-ip',
      name: typeof full === 'string' ? full : '',
      ip: isName ? undefined : wanted.ip,
    });
    this.#askedByTransaction.setEvicting(transaction, tell);
  }

  /** The end of a Name Request. */
  ended(request: SealedMessage, message: SealedMessage | undefined): void {
    const tell = this.#askedByTransaction.get(request.transaction);
    this.#askedByTransaction.delete(request.transaction);
    const record =
      message?.name === 'nameResponse' ? decodeNtmRecord(message.values.record) : undefined;
    if (record && message?.name === 'nameResponse') {
      tell?.({ name: message.values.name, record, source: 'direction-server' });
    } else if (message?.name === 'refusal' && refusalName(message.values.code) === 'unknownPeer') {
      tell?.(noSuchName);
    } else tell?.('The Direction Server does not answer.');
  }

  #reverse(input: NameQuery, query: Query, zone: string): void {
    const ip = reverseIp(query.name);
    if (!ip || query.type !== recordTypes.PTR) return this.#answer(input, query, [], zone);
    const known = this.#nameOf(ip);
    const pointer = (name: string) => [pointerRecord(query.name, ttlSeconds, name)];
    if (known !== undefined) return this.#answer(input, query, pointer(known), zone);
    const key = reverseName(ip);
    this.#wait(input, query, key);
    this.find({ ip }, (resolved) => {
      for (const waiting of this.#waitingFor(key)) {
        this.#forget(waiting.id);
        const answers = typeof resolved === 'string' ? [] : pointer(resolved.name);
        const isSure = typeof resolved !== 'string' || resolved === noSuchName;
        const code = answers.length > 0 ? responseCodes.noError : responseCodes.noSuchName;
        if (isSure) this.#records(waiting.input, waiting.query, answers, zone, code);
        else this.#code(waiting.input, waiting.query, responseCodes.serverFailure);
      }
    });
  }

  #nameOf(ip: Ip): string | undefined {
    const { registered, ownIps, tunnels, aliases } = this.#node;
    if (registered && ownIps.includes(ip)) return `${registered.name}.${registered.zone}`;
    for (const { peer, plan } of tunnels.values()) {
      const ipv4 = plan.alias?.alias4 ?? peer.ipv4;
      if (plan.kind === 'node' && (ipv4 === ip || peer.ipv6 === ip)) return peer.name;
    }
    return aliases.nameOf(ip);
  }

  timeout(): void {
    const { now } = this.#context;
    for (let due = this.#timers.take(now); due; due = this.#timers.take(now)) {
      const waiting = this.#waitingById.get(Number(due.key));
      if (!waiting) continue;
      this.#forget(waiting.id);
      this.#code(waiting.input, waiting.query, responseCodes.serverFailure);
    }
  }
}

const noSuchName = 'There is no node of that name.';
const notAName = 'That is not a name.';

function addresses(query: Query, { ipv4, ipv6 }: PeerIps): readonly DnsRecord[] {
  const isWanted = (type: number) => query.type === type || query.type === recordTypes.ANY;
  return [
    ...(ipv4 && isWanted(recordTypes.A) ? [addressRecord(query.name, ttlSeconds, ipv4)] : []),
    ...(ipv6 && isWanted(recordTypes.AAAA) ? [addressRecord(query.name, ttlSeconds, ipv6)] : []),
  ];
}
