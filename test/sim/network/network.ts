/**
 * The network between hosts: carries a datagram from an attachment through NATs and links to whoever
 * holds the destination when it arrives. Loss, delay, jitter, duplication and reordering are those of
 * the links it passes; partitions and interceptors stop it; taps see every fate of every datagram.
 * Bandwidth, fragments and ICMP are left out.
 */
import { assert } from '../../../src/base/assert.ts';
import { type Endpoint, endpointIp } from '../../../src/base/ip.ts';
import type { Dice } from '../dice.ts';
import type { EventQueue } from '../event-queue.ts';
import type { Attachment, Datagram, Realm } from './realm.ts';

export type Fate =
  | 'sent'
  | 'delivered'
  | 'lost'
  | 'partitioned'
  | 'intercepted'
  | 'unreachable'
  | 'filtered'
  | 'too-long';

export interface Transit {
  readonly now: number;
  readonly fate: Fate;
  /** Endpoints as seen where this happens. */
  readonly datagram: Datagram;
  /** Who truly sent it, whatever its source says. */
  readonly origin: string;
  /** Who gets it, or who stopped it. */
  readonly at: string;
}

/** Longest UDP payload that an Ethernet frame carries over IPv4. */
const maxPayload = 1472;
const maxHops = 8;

export class Network {
  readonly queue: EventQueue;
  readonly #dice: Dice;
  readonly taps: ((transit: Transit) => void)[] = [];
  /** Asked once for every datagram that is sent; true drops it. */
  intercept: ((datagram: Datagram, origin: string) => boolean) | undefined;
  /**
   * Asked about a datagram for an address that nobody here has, with the time at which it reaches the access link
   * of its destination; true when it goes on elsewhere.
   */
  beyond: ((datagram: Datagram, origin: string, at: number) => boolean) | undefined;
  readonly #cut = new Set<string>();
  /** Datagrams sent so far. */
  sentCount = 0;

  constructor(queue: EventQueue, dice: Dice) {
    this.queue = queue;
    this.#dice = dice;
  }

  /** Nothing passes between any of `left` and any of `right`, until `heal`. */
  partition(left: readonly string[], right: readonly string[]): void {
    for (const a of left) {
      for (const b of right) {
        this.#cut.add(`${a} ${b}`);
        this.#cut.add(`${b} ${a}`);
      }
    }
  }

  heal(): void {
    this.#cut.clear();
  }

  /** `source` is not checked: an attacker may write any. */
  send(from: Attachment, source: Endpoint, destination: Endpoint, bytes: Uint8Array): void {
    const datagram = { source, destination, bytes };
    this.sentCount += 1;
    this.#report('sent', datagram, from.owner, from.owner);
    if (bytes.length > maxPayload) this.#report('too-long', datagram, from.owner, from.owner);
    else if (this.intercept?.(datagram, from.owner)) {
      this.#report('intercepted', datagram, from.owner, from.owner);
    } else this.#leave(from, from.realm, datagram, from.owner);
  }

  /** From `realm` outwards through NATs until the destination is an address of the realm. */
  #leave(from: Attachment, start: Realm, first: Datagram, origin: string): void {
    let realm = start;
    let datagram = first;
    let delayMs = 0;
    let hop = from;
    const ip = endpointIp(first.destination);
    for (let hops = 0; hops < maxHops; hops += 1) {
      const delay = this.#passLink(hop, datagram, origin);
      if (delay === undefined) return;
      delayMs += delay;
      const target = realm.attachmentByIp.get(ip);
      if (target) {
        this.#approach(hop, target, realm, datagram, origin, delayMs);
        return;
      }
      const gateway = realm.gateway;
      const outside = gateway?.nat.outward(this.queue.now, datagram.source, datagram.destination);
      if (!gateway && this.beyond?.(datagram, origin, this.queue.now + delayMs)) return;
      if (!gateway || !outside) {
        this.#report('unreachable', datagram, origin, realm.name);
        return;
      }
      datagram = {
        source: outside,
        destination: datagram.destination,
        bytes: datagram.bytes,
      };
      realm = gateway.outer.realm;
      hop = gateway.outer;
    }
    assert(false, 'NATs are not nested in a ring');
  }

  #approach(
    hop: Attachment,
    target: Attachment,
    realm: Realm,
    datagram: Datagram,
    origin: string,
    sofarMs: number,
  ): void {
    if (hop === target) {
      if (!realm.attachmentByIp.has(target.ip) || !target.leadsTo?.gateway?.nat.options.hairpin) {
        this.#report('filtered', datagram, origin, target.owner);
        return;
      }
    } else if (realm.isolated && !target.leadsTo && hop.realm === realm && !hop.leadsTo) {
      this.#report('filtered', datagram, origin, realm.name);
      return;
    }
    const delay = this.#passLink(target, datagram, origin);
    if (delay === undefined) return;
    const profile = target.link;
    const at = this.queue.now + this.#inOrder(hop, target, sofarMs + delay);
    this.queue.at(at, () => this.#arrive(target.ip, realm, datagram, origin));
    if (profile.duplication > 0 && this.#dice.chance(profile.duplication)) {
      const copy = { ...datagram, bytes: datagram.bytes.slice() };
      this.queue.at(at + 1, () => this.#arrive(target.ip, realm, copy, origin));
    }
  }

  /** A datagram from elsewhere, which reaches the access link of its destination at this time. */
  come(realm: Realm, datagram: Datagram, origin: string, at: number): void {
    const target = realm.attachmentByIp.get(endpointIp(datagram.destination));
    if (!target) {
      this.#report('unreachable', datagram, origin, realm.name);
      return;
    }
    const delay = this.#passLink(target, datagram, origin);
    if (delay === undefined) return;
    this.queue.at(at + delay, () => this.#arrive(target.ip, realm, datagram, origin));
  }

  #arrive(ip: Attachment['ip'], realm: Realm, datagram: Datagram, origin: string): void {
    const target = realm.attachmentByIp.get(ip);
    if (!target) {
      this.#report('unreachable', datagram, origin, realm.name);
      return;
    }
    const inner = target.leadsTo;
    if (!inner) {
      if (this.#cut.size > 0 && this.#cut.has(`${origin} ${target.owner}`)) {
        this.#report('partitioned', datagram, origin, target.owner);
        return;
      }
      this.#report('delivered', datagram, origin, target.owner);
      target.receive(datagram, origin);
      return;
    }
    const nat = inner.gateway?.nat;
    const inside = nat?.inward(this.queue.now, datagram.destination, datagram.source);
    const next = inside && inner.attachmentByIp.get(endpointIp(inside));
    if (!inside || !next) {
      this.#report('filtered', datagram, origin, target.owner);
      return;
    }
    const delay = this.#passLink(next, datagram, origin);
    if (delay === undefined) return;
    const translated = { source: datagram.source, destination: inside, bytes: datagram.bytes };
    if (delay === 0) this.#arrive(next.ip, inner, translated, origin);
    else {
      const at = this.queue.now + this.#inOrder(target, next, delay);
      this.queue.at(at, () => this.#arrive(next.ip, inner, translated, origin));
    }
  }

  /** Delay of one access link, or undefined when it loses the datagram. */
  #passLink(attachment: Attachment, datagram: Datagram, origin: string): number | undefined {
    const profile = attachment.link;
    if (profile.loss > 0 && this.#dice.chance(profile.loss)) {
      this.#report('lost', datagram, origin, attachment.owner);
      return undefined;
    }
    let delayMs = profile.delayMs;
    if (profile.jitterMs > 0) delayMs += this.#dice.below(Math.ceil(profile.jitterMs) + 1);
    return delayMs;
  }

  /** The delay, made longer so that jitter alone never overtakes; a reordered datagram stands aside. */
  #inOrder(from: Attachment, to: Attachment, delayMs: number): number {
    const profile = to.link;
    if (profile.reordering > 0 && this.#dice.chance(profile.reordering)) {
      return delayMs + profile.reorderMs;
    }
    if (profile.jitterMs === 0 && from.link.jitterMs === 0) return delayMs;
    to.lastArrivalFrom ??= new Map();
    const at = Math.max(this.queue.now + delayMs, to.lastArrivalFrom.get(from) ?? 0);
    to.lastArrivalFrom.set(from, at);
    return at - this.queue.now;
  }

  #report(fate: Fate, datagram: Datagram, origin: string, at: string): void {
    if (this.taps.length === 0) return;
    const transit = { now: this.queue.now, fate, datagram, origin, at };
    for (const tap of this.taps) tap(transit);
  }
}
