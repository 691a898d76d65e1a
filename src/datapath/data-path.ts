/**
 * The data path in user space, with the wire format of the kernel module: the path table, encapsulation,
 * decapsulation, endpoint float and relay of paper sections 3.5, 4.1 and 4.3. It is pure: packets come in
 * with the time, and go out through the sink it was given. Keys live here and are never given back.
 *
 *     Capsulated Packet   0x80 | version+flags | counter (48) | Path ID (64) | ciphertext | tag (128)
 *
 * The header is the associated data. The nonce is 4 zero bytes, then in little endian 48 bits of counter
 * and one byte of side and epoch, as the kernel's library takes it.
 */
import { BoundedMap } from '../base/bounded-map.ts';
import { Counters } from '../base/counters.ts';
import { type Endpoint, type Ip, isPrivate, isUnicast } from '../base/ip.ts';
import { type Deadline, Timers } from '../base/timers.ts';
import { nonceLength, type Suite, tagLength } from '../noise/suite.ts';
import type { DropReason } from '../wire/drops.ts';
import {
  epochMask,
  epochShift,
  pathHeaderLength,
  protocolVersion,
  sideFlag,
} from '../wire/header.ts';
import {
  counterAt,
  dataType,
  hexIdAt,
  idAt,
  numberOfId,
  writeHeader,
  writeNonce,
} from './capsulated-packet.ts';
import type { PathCommand, PathNotice, PathStats, Side } from './commands.ts';
import { type AddressKey, destinationKey, ipOfKey, sourceKey } from './inner-packet.ts';
import { InnerRoutes } from './inner-routes.ts';
import {
  countLost,
  hasExpired,
  isExitEnd,
  isWornOut,
  type KeySlot,
  maxPacketsPerKey,
  newKeySlot,
  newPathEntry,
  type PathEntry,
  rekeyAfterMs,
  statsOf,
  takeNewKey,
} from './path-entry.ts';
import { PendingPackets } from './pending-packets.ts';
import {
  isLegSource,
  legDestination,
  newRelayEntry,
  RelayBudget,
  type RelayEntry,
  relayStatsOf,
  setLeg,
} from './relay-table.ts';

export interface Sink {
  /** A datagram; the buffer may be reused as soon as this returns. */
  send(
    to: Endpoint,
    uplink: string | undefined,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void;
  /** An inner packet for this machine's virtual interface. */
  deliver(buffer: Uint8Array, offset: number, length: number): void;
  notice(notice: PathNotice): void;
  /** Whether this machine's virtual interface has the address. */
  isOwnAddress?(ip: Ip): boolean;
}

/** Bytes a Capsulated Packet has in front of the inner packet and behind it. */
export const headroom = pathHeaderLength;
export const tailroom = tagLength;

const silentAfterMs = 1000;
const floatIntervalMs = 100;
const floatBudget = { bytes: 256 * 1024, ms: 500 };
const noticeIntervalMs = 1000;

type TimerName = 'silent' | 'idle' | 'relay-idle';

export class DataPath {
  readonly #suite: Suite;
  readonly #sink: Sink;
  readonly #pathById = new Map<number, PathEntry>();
  readonly #relayById = new Map<number, RelayEntry>();
  readonly #routes = new InnerRoutes<PathEntry>();
  readonly #timers = new Timers<TimerName>();
  readonly #pending = new PendingPackets();
  readonly #noticedAt = new BoundedMap<AddressKey | Endpoint, number>(256);
  readonly #nonce = new Uint8Array(nonceLength);
  readonly drops = new Counters<DropReason>();
  #exitEnds = 0;

  readonly #relayBudget: RelayBudget;

  /** `relayBytesPerSecond` bounds what is relayed for others in all; 0 for no limit. */
  constructor(suite: Suite, sink: Sink, relayBytesPerSecond = 0) {
    this.#suite = suite;
    this.#sink = sink;
    this.#relayBudget = new RelayBudget(relayBytesPerSecond);
  }

  get relayCount(): number {
    return this.#relayById.size;
  }

  get pathCount(): number {
    return this.#pathById.size;
  }

  /** Carries out a command; commands for rows that are gone are ignored, since they may cross a notice. */
  command(now: number, command: PathCommand): void {
    if (command.op === 'flush') {
      for (const entry of [...this.#pathById.values()]) this.#deletePath(entry);
      for (const entry of [...this.#relayById.values()]) this.#deleteRelay(entry);
      return;
    }
    const id = numberOfId(command.pathId);
    if (command.op === 'path-new') {
      this.#newPath(now, id, command);
    } else if (command.op === 'relay-new') {
      if (this.#relayById.has(id)) return;
      const relay = newRelayEntry(command.pathId, command.idleMs, now);
      this.#relayById.set(id, relay);
      if (relay.idleMs > 0) this.#timers.set('relay-idle', String(id), now + relay.idleMs);
    } else if (command.op === 'relay-leg') {
      const relay = this.#relayById.get(id);
      if (relay?.pathId !== command.pathId) return;
      relay.lastUsedAt = now;
      setLeg(relay, command.side, command.endpoint, command.unverified);
    } else if (command.op === 'relay-delete') {
      const relay = this.#relayById.get(id);
      if (relay?.pathId === command.pathId) this.#deleteRelay(relay);
    } else {
      const entry = this.#pathById.get(id);
      // A foreign Direction Server may have drawn a Path ID that differs from ours in its first bits alone.
      if (entry?.pathId === command.pathId) this.#commandPath(now, entry, command);
    }
  }

  #newPath(now: number, id: number, command: PathCommand & { op: 'path-new' }): void {
    if (this.#pathById.has(id)) return;
    const { peerPrefixes, idleMs } = command;
    const entry = newPathEntry(command);
    this.#pathById.set(id, entry);
    if (isExitEnd(entry)) this.#exitEnds += 1;
    this.#routes.add(entry, peerPrefixes, command.excludedPrefixes);
    if (idleMs > 0) this.#timers.set('idle', String(id), now + idleMs);
  }

  #commandPath(
    now: number,
    entry: PathEntry,
    command: Exclude<
      PathCommand,
      { op: 'flush' | 'path-new' | 'relay-new' | 'relay-leg' | 'relay-delete' }
    >,
  ): void {
    switch (command.op) {
      case 'path-route':
        entry.route = command.route;
        entry.also = command.also;
        entry.alsoUntil = command.alsoUntil ?? 0;
        entry.relayed = command.relayed;
        entry.unverified = command.unverified;
        entry.unverifiedBytes = 0;
        entry.relays = command.relays;
        entry.awaitsResume = true;
        break;
      case 'key-set':
        if (command.suite === 'aes-128-gcm' || !takeNewKey(entry, command.sendKey)) break;
        entry.slots[command.epoch & 3] = newKeySlot(
          command.sendKey,
          command.receiveKey,
          now,
          command.suite !== 'none',
        );
        break;
      case 'key-use':
        entry.sendEpoch = command.epoch & 3;
        entry.keyWanted = false;
        this.#routes.takeOver(entry, entry.prefixes);
        break;
      case 'key-delete':
        entry.slots[command.epoch & 3] = undefined;
        if (entry.sendEpoch === (command.epoch & 3)) entry.sendEpoch = -1;
        break;
      case 'path-count': {
        const { pathId, moment } = command;
        this.#sink.notice({ notice: 'counted', pathId, moment, stats: statsOf(entry) });
        return;
      }
      case 'path-delete':
        this.#deletePath(entry);
        return;
    }
    if (entry.route && entry.sendEpoch >= 0) this.#flushPending(now);
  }

  #deletePath(entry: PathEntry): void {
    const { id } = entry;
    this.#pathById.delete(id);
    if (isExitEnd(entry)) this.#exitEnds -= 1;
    this.#routes.remove(entry, entry.prefixes);
    this.#timers.clear('silent', String(id));
    this.#timers.clear('idle', String(id));
  }

  #deleteRelay(entry: RelayEntry): void {
    const id = numberOfId(entry.pathId);
    this.#relayById.delete(id);
    this.#timers.clear('relay-idle', String(id));
  }

  /**
   * An inner packet from this machine. The buffer is writable from `offset - headroom` to
   * `offset + length + tailroom` and is sealed in place.
   */
  outbound(now: number, buffer: Uint8Array, offset: number, length: number): void {
    const destination = destinationKey(buffer, offset, length);
    if (destination === undefined) {
      this.drops.add('malformed');
      return;
    }
    const entry = this.#pathFor(destination, buffer, offset, length);
    if (!entry) {
      if (!isUnicast(ipOfKey(destination))) return;
      this.#pending.hold(now, destination, buffer, offset, length);
      if (this.#mayNotice(now, destination)) {
        this.#sink.notice({ notice: 'no-path', destination: ipOfKey(destination) });
      }
      return;
    }
    const slot = entry.slots[entry.sendEpoch];
    if (!entry.route || !slot || isWornOut(slot, now)) {
      this.#pending.hold(now, destination, buffer, offset, length);
      if (slot) this.#wantKey(entry);
      return;
    }
    this.#seal(now, entry, slot, buffer, offset, length);
  }

  /**
   * A node that is a Relay Server too may have two paths to one peer: an exit's, by which the peer expects
   * what comes from outside, and a node's, for what this node and its network send.
   */
  #pathFor(
    destination: AddressKey,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): PathEntry | undefined {
    const first = this.#routes.find(destination);
    if (this.#exitEnds === 0 || !first) return first;
    const owners = this.#routes.ownersOf(destination);
    const exit = owners.find(isExitEnd);
    if (!exit) return first;
    const source = ipOfKey(sourceKey(buffer, offset, length) as AddressKey);
    const isOutside = !isPrivate(source) || !(exit.globalOnly || this.#sink.isOwnAddress?.(source));
    return isOutside ? exit : owners.find((each) => !isExitEnd(each));
  }

  #seal(
    now: number,
    entry: PathEntry,
    slot: KeySlot,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void {
    entry.rewrites?.out.outbound(buffer, offset, length);
    const start = offset - headroom;
    const total = length + headroom + (slot.isSealed ? tailroom : 0);
    const counter = slot.counter;
    slot.counter += 1;
    const flags = entry.side | (entry.sendEpoch << epochShift);
    writeHeader(buffer, start, flags, counter, entry.idBytes);
    if (slot.isSealed) {
      this.#suite.sealInto(
        buffer.subarray(offset, start + total),
        slot.sendKey,
        writeNonce(this.#nonce, counter, flags),
        buffer.subarray(start, offset),
        buffer.subarray(offset, offset + length),
      );
    }
    this.#countSent(now, entry, slot, length);
    this.#sendSealed(now, entry, buffer, start, total);
  }

  #sendSealed(
    now: number,
    entry: PathEntry,
    buffer: Uint8Array,
    start: number,
    total: number,
  ): void {
    const route = entry.route;
    if (!route) return;
    let remote: Endpoint | undefined = route.remote;
    if (entry.unverified) {
      entry.unverifiedBytes += total;
      if (now >= entry.unverified.until || entry.unverifiedBytes > entry.unverified.budgetBytes) {
        remote = entry.unverified.fallback;
      }
    }
    if (remote) this.#sink.send(remote, route.uplink, buffer, start, total);
    if (!entry.also) return;
    if (now < entry.alsoUntil) {
      this.#sink.send(entry.also.remote, entry.also.uplink, buffer, start, total);
    } else {
      entry.also = undefined;
    }
  }

  #countSent(now: number, entry: PathEntry, slot: KeySlot, length: number): void {
    entry.sentPackets += 1;
    entry.sentBytes += length;
    entry.lastSentAt = now;
    if (slot.firstSentAt === 0) slot.firstSentAt = now;
    if (entry.unansweredSince === 0) {
      entry.unansweredSince = now;
      if (!entry.watchesSilence) this.#watchSilence(entry, now + silentAfterMs);
    }
    const worn = now - slot.firstSentAt > rekeyAfterMs || slot.counter > maxPacketsPerKey / 2;
    if (worn) this.#wantKey(entry);
  }

  #wantKey(entry: PathEntry): void {
    if (entry.keyWanted) return;
    entry.keyWanted = true;
    this.#sink.notice({ notice: 'key-wanted', pathId: entry.pathId });
  }

  /** A Capsulated Packet from the network; it is opened in place. */
  inbound(
    now: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    from: Endpoint,
    uplink?: string,
  ): void {
    if (length < pathHeaderLength) {
      this.drops.add('too-short');
      return;
    }
    const version = buffer[offset + 1] as number;
    if (buffer[offset] !== dataType || version >>> 4 !== protocolVersion) {
      this.drops.add('unknown-version');
      return;
    }
    if ((version & 0x8) !== 0) {
      this.drops.add('reserved-bits');
      return;
    }
    const id = idAt(buffer, offset);
    const entry = this.#pathById.get(id);
    if (entry) {
      this.#open(now, entry, buffer, offset, length, from, uplink);
      return;
    }
    const relay = this.#relayById.get(id);
    if (relay && this.#relay(now, relay, buffer, offset, length, from)) return;
    this.drops.add(relay ? 'wrong-source' : 'unknown-path');
    if (this.#mayNotice(now, from)) {
      const pathId = relay ? relay.pathId : hexIdAt(buffer, offset);
      this.#sink.notice({
        notice: 'unknown-path',
        pathId,
        from,
        length,
        ...(uplink && { uplink }),
      });
    }
  }

  #relay(
    now: number,
    entry: RelayEntry,
    buffer: Uint8Array,
    offset: number,
    length: number,
    from: Endpoint,
  ): boolean {
    const side = ((buffer[offset + 1] as number) & sideFlag) as Side;
    if (!isLegSource(entry, side, from)) return false;
    entry.lastUsedAt = now;
    const destination = legDestination(entry, (1 - side) as Side, length, now);
    if (!destination) return true;
    if (!this.#relayBudget.take(now, length)) {
      this.drops.add('rate-limited');
      return true;
    }
    entry.forwardedPackets += 1;
    entry.forwardedBytes += length;
    this.#sink.send(destination, undefined, buffer, offset, length);
    return true;
  }

  #open(
    now: number,
    entry: PathEntry,
    buffer: Uint8Array,
    offset: number,
    length: number,
    from: Endpoint,
    uplink?: string,
  ): void {
    const flags = (buffer[offset + 1] as number) & 0xf;
    const epoch = (flags & epochMask) >>> epochShift;
    const slot = entry.slots[epoch];
    const counter = counterAt(buffer, offset);
    const refusal: DropReason | undefined =
      (flags & sideFlag) === entry.side
        ? 'wrong-side'
        : !slot || hasExpired(slot, now)
          ? 'wrong-epoch'
          : slot.isSealed && length < pathHeaderLength + tagLength
            ? 'too-short'
            : slot.isSealed && !slot.window.check(counter)
              ? 'replayed'
              : undefined;
    if (refusal || !slot) {
      entry.drops.add(refusal ?? 'wrong-epoch');
      return;
    }
    const body = offset + pathHeaderLength;
    const innerLength = length - pathHeaderLength - (slot.isSealed ? tagLength : 0);
    const opened =
      !slot.isSealed ||
      this.#suite.openInto(
        buffer.subarray(body, body + innerLength),
        slot.receiveKey,
        writeNonce(this.#nonce, counter, flags),
        buffer.subarray(offset, body),
        buffer.subarray(body, offset + length),
      );
    if (!opened) {
      entry.drops.add('bad-seal');
      return;
    }
    entry.rewrites?.back.inbound(buffer, body, innerLength);
    this.#countReceived(now, entry, slot, epoch, counter, innerLength, from, uplink);
    if (innerLength > 0 && this.#mayDeliver(entry, buffer, body, innerLength)) {
      this.#sink.deliver(buffer, body, innerLength);
    }
  }

  #countReceived(
    now: number,
    entry: PathEntry,
    slot: KeySlot,
    epoch: number,
    counter: number,
    length: number,
    from: Endpoint,
    uplink?: string,
  ): void {
    const highest = slot.window.highest;
    if (slot.isSealed) {
      slot.window.mark(counter);
      countLost(entry, now, highest, counter);
    }
    entry.receivedPackets += 1;
    entry.receivedBytes += length;
    entry.lastReceivedAt = now;
    entry.unansweredSince = 0;
    if (!slot.opened) {
      slot.opened = true;
      this.#sink.notice({ notice: 'first-packet', pathId: entry.pathId, epoch });
    }
    if (slot.isSealed && counter > highest) this.#float(now, entry, from, uplink);
    if (entry.awaitsResume) {
      entry.awaitsResume = false;
      this.#sink.notice({ notice: 'resumed', pathId: entry.pathId, from });
    }
  }

  /** Protocol.md 11.6: only the newest packet of a direct path, no Relay Server, at most once in 100 ms. */
  #float(now: number, entry: PathEntry, from: Endpoint, uplink?: string): void {
    const route = entry.route;
    if (entry.relayed || !route || route.remote === from || entry.relays.includes(from)) return;
    if (now - entry.floatedAt < floatIntervalMs) return;
    entry.floatedAt = now;
    entry.unverified = {
      budgetBytes: floatBudget.bytes,
      until: now + floatBudget.ms,
      fallback: entry.unverified?.fallback ?? route.remote,
    };
    entry.unverifiedBytes = 0;
    entry.route = { remote: from, ...(route.uplink && { uplink: route.uplink }) };
    this.#sink.notice({
      notice: 'moved',
      pathId: entry.pathId,
      remote: from,
      ...(uplink && { uplink }),
    });
  }

  #mayDeliver(entry: PathEntry, buffer: Uint8Array, offset: number, length: number): boolean {
    const source = sourceKey(buffer, offset, length);
    const isPeers =
      source !== undefined &&
      (entry.peerAddresses.has(source) || this.#routes.find(source) === entry);
    if (!isPeers) {
      entry.drops.add('bad-inner-source');
      return false;
    }
    if (!entry.globalOnly) return true;
    const destination = ipOfKey(destinationKey(buffer, offset, length) as AddressKey);
    if (isUnicast(destination) && !isPrivate(destination)) return true;
    entry.drops.add('refused');
    return false;
  }

  #flushPending(now: number): void {
    this.#pending.takeWhere(
      now,
      (destination) => {
        const entry = this.#routes.find(destination);
        const slot = entry?.slots[entry.sendEpoch];
        return entry?.route !== undefined && slot !== undefined && !isWornOut(slot, now);
      },
      (buffer, offset, length) => this.outbound(now, buffer, offset, length),
    );
  }

  deadline(): Deadline | undefined {
    return this.#timers.deadline();
  }

  timeout(now: number): void {
    for (let due = this.#timers.take(now); due; due = this.#timers.take(now)) {
      const id = Number(due.key);
      if (due.name === 'relay-idle') this.#checkRelayIdle(now, id);
      else if (due.name === 'idle') this.#checkIdle(now, id);
      else this.#checkSilent(now, id);
    }
  }

  #watchSilence(entry: PathEntry, at: number): void {
    entry.watchesSilence = true;
    this.#timers.set('silent', String(entry.id), at);
  }

  #checkSilent(now: number, id: number): void {
    const entry = this.#pathById.get(id);
    if (!entry) return;
    entry.watchesSilence = false;
    if (entry.unansweredSince === 0) return;
    const at = entry.unansweredSince + silentAfterMs;
    if (now < at) {
      this.#watchSilence(entry, at);
      return;
    }
    this.#sink.notice({ notice: 'silent', pathId: entry.pathId });
    if (now - entry.lastSentAt < silentAfterMs) this.#watchSilence(entry, now + silentAfterMs);
    else entry.unansweredSince = 0;
  }

  #checkIdle(now: number, id: number): void {
    const entry = this.#pathById.get(id);
    if (!entry) return;
    const lastUsed = Math.max(entry.lastSentAt, entry.lastReceivedAt);
    const at = this.#noticeIdle(now, entry, lastUsed);
    this.#timers.set('idle', String(id), at);
  }

  /** Tells of an idle row, again after half its time; gives the time of the next look. */
  #noticeIdle(now: number, entry: PathEntry | RelayEntry, lastUsed: number): number {
    if (now - lastUsed < entry.idleMs) return lastUsed + entry.idleMs;
    this.#sink.notice({ notice: 'idle', pathId: entry.pathId });
    return now + entry.idleMs / 2;
  }

  #checkRelayIdle(now: number, id: number): void {
    const entry = this.#relayById.get(id);
    if (!entry) return;
    const at = this.#noticeIdle(now, entry, entry.lastUsedAt);
    this.#timers.set('relay-idle', String(id), at);
  }

  stats(): readonly PathStats[] {
    return [...this.#pathById.values()].map(statsOf);
  }

  /** Of the paths that are relayed here for others. */
  relayStats(): readonly PathStats[] {
    return [...this.#relayById.values()].map(relayStatsOf);
  }

  #mayNotice(now: number, subject: AddressKey | Endpoint): boolean {
    const last = this.#noticedAt.get(subject);
    if (last !== undefined && now - last < noticeIntervalMs) return false;
    this.#noticedAt.setEvicting(subject, now);
    return true;
  }
}
