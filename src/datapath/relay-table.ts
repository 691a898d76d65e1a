/**
 * The relay of a Relay Server (paper section 4.3): a Capsulated Packet that comes from the leg of its
 * side goes out to the other leg as it is. No keys, nothing is opened. A leg that has just moved is
 * unverified: it gets a small budget, then the place before it gets the packets again (protocol.md 11.5).
 */
import type { Endpoint } from '../base/ip.ts';
import type { PathId } from '../wire/ids.ts';
import type { PathStats, Side, Unverified } from './commands.ts';

export interface RelayLeg {
  endpoint: Endpoint | undefined;
  unverified: Unverified | undefined;
  unverifiedBytes: number;
}

export interface RelayEntry {
  readonly pathId: PathId;
  readonly idleMs: number;
  readonly legs: readonly [RelayLeg, RelayLeg];
  lastUsedAt: number;
  forwardedPackets: number;
  forwardedBytes: number;
}

export function newRelayEntry(pathId: PathId, idleMs: number, now: number): RelayEntry {
  const leg = (): RelayLeg => ({ endpoint: undefined, unverified: undefined, unverifiedBytes: 0 });
  return {
    pathId,
    idleMs,
    legs: [leg(), leg()],
    lastUsedAt: now,
    forwardedPackets: 0,
    forwardedBytes: 0,
  };
}

export function setLeg(
  entry: RelayEntry,
  side: Side,
  endpoint: Endpoint | undefined,
  unverified: Unverified | undefined,
): void {
  const leg = entry.legs[side];
  leg.endpoint = endpoint;
  leg.unverified = unverified;
  leg.unverifiedBytes = 0;
}

/** Whether a packet of this side may come from there: its leg, or the place the leg has just left. */
export function isLegSource(entry: RelayEntry, side: Side, from: Endpoint): boolean {
  const leg = entry.legs[side];
  return leg.endpoint === from || leg.unverified?.fallback === from;
}

/** Where a packet of `length` bytes for this side goes, counting it against an unverified leg's budget. */
export function legDestination(
  entry: RelayEntry,
  side: Side,
  length: number,
  now: number,
): Endpoint | undefined {
  const leg = entry.legs[side];
  if (!leg.unverified) return leg.endpoint;
  if (now >= leg.unverified.until || leg.unverifiedBytes + length > leg.unverified.budgetBytes) {
    return leg.unverified.fallback;
  }
  leg.unverifiedBytes += length;
  return leg.endpoint;
}

/** What a relay forwards it has both received and sent. */
export function relayStatsOf(entry: RelayEntry): PathStats {
  const { pathId, forwardedPackets, forwardedBytes, lastUsedAt } = entry;
  return {
    pathId,
    sentPackets: forwardedPackets,
    sentBytes: forwardedBytes,
    receivedPackets: forwardedPackets,
    receivedBytes: forwardedBytes,
    lostPackets: null,
    lostBefore: null,
    dropped: {},
    lastSentAt: forwardedPackets > 0 ? lastUsedAt : 0,
    lastReceivedAt: forwardedPackets > 0 ? lastUsedAt : 0,
  };
}

/** How much may be relayed for others: so many bytes a second, a tenth of that at once; 0 for no limit. */
export class RelayBudget {
  readonly #bytesPerSecond: number;
  #left: number;
  #filledAt = 0;

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#left = this.#most;
  }

  get #most(): number {
    return Math.max(this.#bytesPerSecond / 10, leastBudget);
  }

  /** False when this packet is one too many. */
  take(now: number, length: number): boolean {
    if (this.#bytesPerSecond === 0) return true;
    const earned = ((now - this.#filledAt) * this.#bytesPerSecond) / 1000;
    this.#left = Math.min(this.#most, this.#left + earned);
    this.#filledAt = now;
    if (this.#left < length) return false;
    this.#left -= length;
    return true;
  }
}

/** A packet of any size fits. */
const leastBudget = 65_536;
