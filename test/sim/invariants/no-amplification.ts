/**
 * No amplification (protocol.md sections 4, 9 and 11.5): a victim, which never sends anything, gets no
 * more bytes than were sent in its name, but for the budget of a moved leg or endpoint (256 KiB within
 * 500 ms of a datagram in its name) and the probes of candidates (8 a path, 5 each).
 */
import { endpointIp, type Ip } from '../../../src/base/ip.ts';
import { messages } from '../../../src/wire/messages.ts';
import type { Transit } from '../network/network.ts';
import { BrokenInvariant, type Invariant } from './invariant.ts';

const dataType = messages.capsulatedPacket.code;
const movedBudgetBytes = 256 * 1024;
const movedBudgetMs = 500;
/** Links and jitter add to it. */
const slackMs = 1000;
const candidatesAPath = 8;
const probesACandidate = 5;
const longestProbe = 1452;

interface Account {
  sentInItsName: number;
  lastInItsName: number;
  gotControl: number;
  /** Of Capsulated Packets since the last datagram in its name. */
  gotData: number;
}

export class NoAmplification implements Invariant {
  readonly name = 'no amplification';
  readonly #accountByIp = new Map<Ip, Account>();
  /** Paths that ever were, each with its candidates; told by the world. */
  readonly #paths: () => number;

  readonly #isHonest: (name: string) => boolean;

  constructor(paths: () => number, isHonest: (name: string) => boolean) {
    this.#paths = paths;
    this.#isHonest = isHonest;
  }

  /** An address that belongs to a bystander. */
  watch(ip: Ip): void {
    this.#accountByIp.set(ip, {
      sentInItsName: 0,
      lastInItsName: Number.NEGATIVE_INFINITY,
      gotControl: 0,
      gotData: 0,
    });
  }

  transit(transit: Transit): void {
    const { datagram, fate, now } = transit;
    if (this.#accountByIp.size === 0) return;
    if (fate === 'sent') {
      const account = this.#accountByIp.get(endpointIp(datagram.source));
      if (!account) return;
      account.sentInItsName += datagram.bytes.length;
      account.lastInItsName = now;
      account.gotData = 0;
    } else if (fate === 'delivered' && this.#isHonest(transit.origin)) {
      const account = this.#accountByIp.get(endpointIp(datagram.destination));
      if (account) this.#got(account, transit);
    }
  }

  #got(account: Account, transit: Transit): void {
    const { bytes, destination } = transit.datagram;
    if (bytes[0] === dataType) {
      account.gotData += bytes.length;
      if (transit.now > account.lastInItsName + movedBudgetMs + slackMs) {
        throw new BrokenInvariant(this.name, `${transit.origin} sends user data to ${destination}`);
      }
      if (account.gotData > movedBudgetBytes + longestProbe) {
        throw new BrokenInvariant(this.name, `${transit.origin} spends too much on ${destination}`);
      }
      return;
    }
    account.gotControl += bytes.length;
    const probes = this.#paths() * candidatesAPath * probesACandidate * longestProbe;
    if (account.gotControl > account.sentInItsName + probes) {
      const text = `${destination} got ${account.gotControl} bytes of control messages for`;
      throw new BrokenInvariant(this.name, `${text} ${account.sentInItsName}`);
    }
  }
}
