/**
 * Address realms: the public internet, and private networks behind NATs, which may stand behind further
 * NATs. An attachment is an address in a realm with its access link. Clients of a realm may be kept apart
 * from each other, as many wireless access points do (paper section 3.1, pattern 15).
 */
import type { Endpoint, Ip } from '../../../src/base/ip.ts';
import type { Nat } from './nat.ts';

/** What an access link does to a datagram, in each direction. */
export interface LinkProfile {
  readonly delayMs: number;
  /** Up to so much is added to the delay; order is kept. */
  readonly jitterMs: number;
  /** Probabilities, 0..1. */
  readonly loss: number;
  readonly duplication: number;
  /** A datagram that is reordered comes `reorderMs` later than it would. */
  readonly reordering: number;
  readonly reorderMs: number;
}

export const perfectLink: LinkProfile = {
  delayMs: 0,
  jitterMs: 0,
  loss: 0,
  duplication: 0,
  reordering: 0,
  reorderMs: 0,
};

export function link(profile: Partial<LinkProfile>): LinkProfile {
  return { ...perfectLink, ...profile };
}

export interface Datagram {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly bytes: Uint8Array;
}

export interface Attachment {
  readonly realm: Realm;
  readonly ip: Ip;
  /** Name of the host or NAT that holds it: what partitions and traces speak of. */
  readonly owner: string;
  link: LinkProfile;
  /** Set on the outer side of a NAT. */
  readonly leadsTo?: Realm;
  readonly receive: (datagram: Datagram, origin: string) => void;
  /** When the last datagram from each attachment arrives, so that jitter keeps order. */
  lastArrivalFrom: Map<Attachment, number> | undefined;
}

export interface Gateway {
  readonly nat: Nat;
  readonly outer: Attachment;
}

export class Realm {
  readonly name: string;
  /** Clients of an isolating realm reach the outside, not each other. */
  readonly isolated: boolean;
  gateway: Gateway | undefined;
  readonly attachmentByIp = new Map<Ip, Attachment>();
  readonly #base: number;
  #next = 2;

  /** `base` is the first address as a number; addresses are handed out upwards from base + 2. */
  constructor(name: string, base: number, isolated = false) {
    this.name = name;
    this.#base = base;
    this.isolated = isolated;
  }

  /** An address that nobody holds. */
  freeIp(): Ip {
    for (;;) {
      const value = this.#base + this.#next;
      this.#next += 1;
      const low = value & 0xff;
      if (low === 0 || low === 0xff) continue;
      const ip = `${(value >>> 24) & 0xff}.${(value >>> 16) & 0xff}.${(value >>> 8) & 0xff}.${low}`;
      if (!this.attachmentByIp.has(ip as Ip)) return ip as Ip;
    }
  }

  attach(
    owner: string,
    ip: Ip,
    link: LinkProfile,
    receive: (datagram: Datagram, origin: string) => void,
    leadsTo?: Realm,
  ): Attachment {
    const attachment: Attachment = {
      realm: this,
      ip,
      owner,
      link,
      receive,
      lastArrivalFrom: undefined,
      ...(leadsTo && { leadsTo }),
    };
    this.attachmentByIp.set(ip, attachment);
    return attachment;
  }

  detach(attachment: Attachment): void {
    if (this.attachmentByIp.get(attachment.ip) === attachment) {
      this.attachmentByIp.delete(attachment.ip);
    }
  }
}
