/**
 * The daemon's UDP port: one socket per address family, read and written in batches. Datagrams come
 * with their sender and the uplink they arrived at; they leave by the system's routing, or pinned
 * to the address and device of an uplink (paper section 3.2: one port for control and data). All
 * carry the firewall mark that keeps them out of the exit routes.
 */
import { Counters } from '../../base/counters.ts';
import type { Endpoint } from '../../base/ip.ts';
import type { LocalUplink } from '../uplinks.ts';
import { socketConstants as c } from './abi.ts';
import { isAgain, type WatchedFd } from './fd.ts';
import { errno } from './ffi.ts';
import { libc } from './libc.ts';
import type { MessageBatch } from './message-batch.ts';
import { OutgoingQueue, type SendCount } from './outgoing-queue.ts';
import { type Departure, UplinkTable } from './packet-info.ts';
import { DestinationCache } from './socket-address.ts';
import { errnoName, SystemError } from './system-error.ts';
import {
  batchSize,
  boundPort,
  type FamilySocket,
  maxDatagramBytes,
  openSocket,
  trySetOption,
  withBatches,
} from './udp-socket.ts';

/** `offset` and `length` say where in `buffer` the datagram is; the buffer is reused afterwards. */
export type DatagramReceiver = (
  buffer: Uint8Array,
  offset: number,
  length: number,
  from: Endpoint,
  uplink: string | undefined,
) => void;

export interface UdpHandlers {
  readonly receive: DatagramReceiver;
  /** After each batch of received datagrams. */
  readonly received: () => void;
  readonly sendFailed: (to: Endpoint, errno: number) => void;
  readonly failed: (error: unknown) => void;
}

export interface UdpOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** Firewall mark of everything sent; 0 for none. */
  readonly mark: number;
}

export type UdpCount =
  | 'received'
  | 'truncated'
  | 'bad-source'
  | 'uplink-gone'
  | 'too-long'
  | 'no-family'
  | SendCount
  | `receive ${string}`;

/** Batches read in one turn before other work gets its turn. */
const maxRounds = 4;

export class UdpPort {
  readonly port: number;
  /** False when the system did not allow the mark: exit routes would catch our own datagrams. */
  readonly marked: boolean;
  readonly counters = new Counters<UdpCount>();
  readonly #handlers: UdpHandlers;
  readonly #uplinks = new UplinkTable();
  readonly #destinations = new DestinationCache();
  readonly #socket4: FamilySocket;
  readonly #socket6: FamilySocket | undefined;
  readonly #queue4: OutgoingQueue;
  readonly #queue6: OutgoingQueue | undefined;

  /** Throws ProblemToMend when the port is taken, SystemError otherwise. */
  constructor(options: UdpOptions, handlers: UdpHandlers) {
    this.#handlers = handlers;
    const fd4 = openSocket(4, options.port);
    this.port = boundPort(fd4);
    let fd6: WatchedFd | undefined;
    try {
      fd6 = openSocket(6, this.port);
    } catch (error) {
      if (
        !(error instanceof SystemError && (error.is('EAFNOSUPPORT') || error.is('EADDRNOTAVAIL')))
      ) {
        fd4.close();
        throw error;
      }
    }
    this.#socket4 = withBatches(4, fd4);
    this.#socket6 = fd6 && withBatches(6, fd6);
    const { sendFailed } = handlers;
    this.#queue4 = new OutgoingQueue(this.#socket4, this.counters, sendFailed);
    this.#queue6 = this.#socket6 && new OutgoingQueue(this.#socket6, this.counters, sendFailed);
    let marked = true;
    for (const socket of this.#sockets()) {
      if (options.mark !== 0) marked = trySetOption(socket.fd, c.SO_MARK, options.mark) && marked;
      socket.fd.watch({
        readable: () => this.#read(socket),
        trouble: (number) => this.counters.add(`receive ${errnoName(number)}`),
        failed: handlers.failed,
      });
    }
    this.marked = marked;
  }

  #sockets(): FamilySocket[] {
    return this.#socket6 ? [this.#socket4, this.#socket6] : [this.#socket4];
  }

  /**
   * Lets the kernel put packets of the kernel module together before it looks at them; the module cuts
   * up again what is for this socket, so that it still gets single datagrams.
   */
  coalesce(): void {
    for (const { fd } of this.#sockets()) {
      // An older kernel goes on packet by packet.
      trySetOption(fd, c.UDP_GRO, 1, c.IPPROTO_UDP);
    }
  }

  /** Uplinks datagrams can leave from and are told apart by. */
  setUplinks(uplinks: readonly LocalUplink[]): void {
    this.#uplinks.set(uplinks);
    this.#queue4.uplinksChanged();
    this.#queue6?.uplinksChanged();
  }

  /** Takes a copy; it leaves at the next `flush` at the latest. */
  queue(
    to: Endpoint,
    uplink: string | undefined,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void {
    const name = this.#destinations.get(to);
    const isIpv4 = name.length === 16;
    const queue = isIpv4 ? this.#queue4 : this.#queue6;
    if (!queue) return this.counters.add('no-family');
    if (length > maxDatagramBytes) return this.counters.add('too-long');
    let departure: Departure | undefined;
    if (uplink !== undefined) {
      departure = this.#uplinks.departure(uplink);
      if (departure?.family !== (isIpv4 ? 4 : 6)) return this.counters.add('uplink-gone');
    }
    queue.add(to, name, departure, buffer, offset, length);
  }

  flush(): void {
    this.#queue4.flush();
    this.#queue6?.flush();
  }

  #read(socket: FamilySocket): void {
    const batch = socket.incoming;
    for (let round = 0; round < maxRounds && !socket.fd.closed; round += 1) {
      const first = batch.headersFrom[0] as MessageBatch['headersFrom'][number];
      const count = libc.recvmmsg(socket.fd.fd, first, batchSize, c.MSG_DONTWAIT, null);
      if (count < 0) {
        const number = errno();
        if (!isAgain(number)) this.counters.add(`receive ${errnoName(number)}`);
        break;
      }
      this.counters.add('received', count);
      for (let slot = 0; slot < count; slot += 1) {
        this.#receive(socket, slot);
        batch.prepareReceive(slot);
      }
      this.#handlers.received();
      if (count < batchSize) break;
    }
  }

  #receive(socket: FamilySocket, slot: number): void {
    const batch = socket.incoming;
    if ((batch.receivedFlags(slot) & c.MSG_TRUNC) !== 0) {
      return this.counters.add('truncated');
    }
    const from = socket.senders.get(slot);
    if (from === undefined) return this.counters.add('bad-source');
    const uplink =
      batch.receivedControlLength(slot) > 0
        ? this.#uplinks.arrival(socket.arrivals, slot)
        : undefined;
    const offset = slot * maxDatagramBytes;
    this.#handlers.receive(batch.buffers, offset, batch.receivedLength(slot), from, uplink);
  }

  close(): void {
    for (const socket of this.#sockets()) socket.fd.close();
  }
}
