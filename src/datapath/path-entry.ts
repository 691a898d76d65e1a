/** One row of the path table: where its packets go, its keys by epoch, and what was counted. */
import { fromHex, toHex } from '../base/bytes.ts';
import { Counters } from '../base/counters.ts';
import { type Endpoint, type Prefix, prefixIp } from '../base/ip.ts';
import { ReplayWindow } from '../noise/replay-window.ts';
import type { DropReason } from '../wire/drops.ts';
import type { PathId } from '../wire/ids.ts';
import { Rewrite } from './alias.ts';
import { numberOfId } from './capsulated-packet.ts';
import type { PathCommand, PathStats, Route, Side, Unverified } from './commands.ts';
import { type AddressKey, isHostMatch, keyOfIp, matchOf } from './inner-packet.ts';

/** Packets that may arrive out of order under one key and are still told apart from replays. */
export const dataReplayWindow = 8192;
/** A key is not used for more packets than this (protocol.md 6, 11.8). */
export const maxPacketsPerKey = 2 ** 40;
/** Nor for longer than this after it was installed, also without a daemon that replaces it. */
export const keyLifeMs = 3_600_000;
/** A key in use for this long wants a successor. */
export const rekeyAfterMs = 120_000;

const rememberedKeys = 64;
const lossMarkMs = 250;

export interface KeySlot {
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  /** False in suite `none`. */
  readonly isSealed: boolean;
  readonly window: ReplayWindow;
  readonly installedAt: number;
  /** Counter of the next packet sent under this key. */
  counter: number;
  /** Whether a packet was opened under this key. */
  opened: boolean;
  firstSentAt: number;
}

export interface PathEntry {
  readonly pathId: PathId;
  /** Key in the path table and of its timers. */
  readonly id: number;
  readonly idBytes: Uint8Array;
  readonly side: Side;
  readonly kind: 'node' | 'exit';
  readonly prefixes: readonly Prefix[];
  /** The prefixes that are single addresses. */
  readonly peerAddresses: ReadonlySet<AddressKey>;
  readonly globalOnly: boolean;
  /** From the alias to the peer's own address, and back. */
  readonly rewrites: { readonly out: Rewrite; readonly back: Rewrite } | undefined;
  readonly idleMs: number;
  readonly slots: (KeySlot | undefined)[];
  /** First bytes of the keys it has had, the newest last. */
  readonly hadKeys: string[];
  /** Epoch to send under, or -1. */
  sendEpoch: number;
  route: Route | undefined;
  also: Route | undefined;
  alsoUntil: number;
  relayed: boolean;
  unverified: Unverified | undefined;
  unverifiedBytes: number;
  relays: readonly Endpoint[];
  floatedAt: number;
  /** Whether the timer that looks for silence runs: it is set once a second, not once a packet. */
  watchesSilence: boolean;
  /** Since when data has gone out with nothing coming back; 0 when nothing is owed. */
  unansweredSince: number;
  awaitsResume: boolean;
  keyWanted: boolean;
  lastSentAt: number;
  lastReceivedAt: number;
  sentPackets: number;
  sentBytes: number;
  receivedPackets: number;
  receivedBytes: number;
  /** Counters passed over in sequence, less those that came late. */
  lostPackets: number;
  /** `lostPackets` at `markedAt`, and at the mark before. */
  lostMarked: number;
  lostBefore: number;
  markedAt: number;
  readonly drops: Counters<DropReason>;
}

/** The Relay Server's end of a path to an exit; the other end's leads outside. */
export function isExitEnd({ kind, side }: Pick<PathEntry, 'kind' | 'side'>): boolean {
  return kind === 'exit' && side === 1;
}

export function newPathEntry(command: PathCommand & { op: 'path-new' }): PathEntry {
  const { pathId, side, kind, peerPrefixes: prefixes, globalOnly, alias, idleMs } = command;
  return {
    pathId,
    id: numberOfId(pathId),
    idBytes: fromHex(pathId) as Uint8Array,
    side,
    kind,
    prefixes,
    peerAddresses: new Set(
      prefixes.filter((each) => isHostMatch(matchOf(each))).map((each) => keyOfIp(prefixIp(each))),
    ),
    globalOnly,
    rewrites: alias && {
      out: new Rewrite(alias.alias4, alias.peer4),
      back: new Rewrite(alias.peer4, alias.alias4),
    },
    idleMs,
    slots: [undefined, undefined, undefined, undefined],
    hadKeys: [],
    sendEpoch: -1,
    route: undefined,
    also: undefined,
    alsoUntil: 0,
    relayed: false,
    unverified: undefined,
    unverifiedBytes: 0,
    relays: [],
    floatedAt: 0,
    watchesSilence: false,
    unansweredSince: 0,
    awaitsResume: false,
    keyWanted: false,
    lastSentAt: 0,
    lastReceivedAt: 0,
    sentPackets: 0,
    sentBytes: 0,
    receivedPackets: 0,
    receivedBytes: 0,
    lostPackets: 0,
    lostMarked: 0,
    lostBefore: 0,
    markedAt: 0,
    drops: new Counters(),
  };
}

export function newKeySlot(
  sendKey: Uint8Array,
  receiveKey: Uint8Array,
  installedAt: number,
  isSealed = true,
): KeySlot {
  return {
    installedAt,
    isSealed,
    sendKey,
    receiveKey,
    window: new ReplayWindow(dataReplayWindow),
    counter: 0,
    opened: false,
    firstSentAt: 0,
  };
}

/** False for a key that this path has had: its counter would start again (protocol.md 11.8). */
export function takeNewKey(entry: PathEntry, sendKey: Uint8Array): boolean {
  const head = toHex(sendKey.subarray(0, 8));
  if (entry.hadKeys.includes(head)) return false;
  if (entry.hadKeys.push(head) > rememberedKeys) entry.hadKeys.shift();
  return true;
}

/** Counters passed over are lost until they come. `highest` was the highest one before this. */
export function countLost(entry: PathEntry, now: number, highest: number, counter: number): void {
  if (now - entry.markedAt > lossMarkMs) {
    const isPause = now - entry.lastReceivedAt > lossMarkMs;
    entry.lostBefore = isPause ? entry.lostPackets : entry.lostMarked;
    entry.lostMarked = entry.lostPackets;
    entry.markedAt = now;
  }
  entry.lostPackets += counter > highest ? counter - highest - 1 : -1;
}

export function statsOf(entry: PathEntry): PathStats {
  const isCounted = entry.slots.every((slot) => slot?.isSealed !== false);
  return {
    pathId: entry.pathId,
    sentPackets: entry.sentPackets,
    sentBytes: entry.sentBytes,
    receivedPackets: entry.receivedPackets,
    receivedBytes: entry.receivedBytes,
    lostPackets: isCounted ? Math.max(0, entry.lostPackets) : null,
    lostBefore: isCounted ? Math.max(0, entry.lostBefore) : null,
    dropped: entry.drops.snapshot(),
    lastSentAt: entry.lastSentAt,
    lastReceivedAt: entry.lastReceivedAt,
  };
}

export function hasExpired(slot: KeySlot, now: number): boolean {
  return now - slot.installedAt >= keyLifeMs;
}

/** Whether nothing may be sent under this key any more. */
export function isWornOut(slot: KeySlot, now: number): boolean {
  return slot.counter >= maxPacketsPerKey || hasExpired(slot, now);
}
