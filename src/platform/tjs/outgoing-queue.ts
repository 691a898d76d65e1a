/**
 * Datagrams that wait to leave by one socket. They leave by one call; those that follow one another to
 * the same destination with the same length, the last perhaps shorter, are one message, which the kernel or
 * the network card cuts up again (UDP_SEGMENT): its way through the network stack costs as much as that
 * of one datagram. What a destination's network does not take so leaves singly, until the uplinks change. A
 * full send queue drops and counts, as a network would.
 */
import type { Counters } from '../../base/counters.ts';
import type { Endpoint } from '../../base/ip.ts';
import { socketConstants as c } from './abi.ts';
import { errno } from './ffi.ts';
import { libc } from './libc.ts';
import { controlSlotBytes, type MessageBatch, nameSlotBytes } from './message-batch.ts';
import { type Departure, writeSegmentLength } from './packet-info.ts';
import { addressBytes } from './socket-address.ts';
import { errnoName, errnos } from './system-error.ts';
import { batchSize, type FamilySocket, maxDatagramBytes, trySetOption } from './udp-socket.ts';

export type SendCount = 'sent' | 'queue-full' | `send ${string}`;

/** Of one message: what the kernel takes of either family, headers included. */
const longestRunBytes = 65_000;

/** Where a message cannot be cut up: a narrow path, by kernel, or a device that sums no checksums. */
const refusals: readonly number[] = [errnos.EMSGSIZE, errnos.EINVAL, errnos.EIO];

const none = new Uint8Array(0);

export class OutgoingQueue {
  readonly #socket: FamilySocket;
  readonly #batch: MessageBatch;
  readonly #counters: Pick<Counters<SendCount>, 'add'>;
  readonly #failed: (to: Endpoint, errno: number) => void;
  readonly #canSegment: boolean;
  #segments: boolean;
  /** Datagrams and messages that wait. */
  #queued = 0;
  #messages = 0;
  /** Where each message begins, and the end of the last one. */
  readonly #slotOf = new Uint32Array(batchSize + 1);
  /** What the name and the control area of each message hold now. */
  readonly #to: (Endpoint | undefined)[] = [];
  readonly #departure: (Departure | undefined)[] = [];
  /** Of the newest message, which the next datagram may join. */
  #control: Uint8Array = none;
  #segmentLength = 0;
  #bytes = 0;

  constructor(
    socket: FamilySocket,
    counters: Pick<Counters<SendCount>, 'add'>,
    failed: (to: Endpoint, errno: number) => void,
  ) {
    this.#socket = socket;
    this.#batch = socket.outgoing;
    this.#counters = counters;
    this.#failed = failed;
    this.#canSegment = trySetOption(socket.fd, c.UDP_SEGMENT, 0, c.IPPROTO_UDP);
    this.#segments = this.#canSegment;
  }

  /** Takes a copy; `name` is the socket address of `to`. */
  add(
    to: Endpoint,
    name: Uint8Array,
    departure: Departure | undefined,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void {
    const slot = this.#queued;
    const isWhole = offset === 0 && length === buffer.length;
    const bytes = isWhole ? buffer : buffer.subarray(offset, offset + length);
    this.#batch.buffers.set(bytes, slot * maxDatagramBytes);
    this.#batch.setLength(slot, length);
    if (!this.#joins(to, departure, length)) this.#begin(to, name, departure, length);
    this.#queued = slot + 1;
    if (this.#queued === batchSize) this.flush();
  }

  #joins(to: Endpoint, departure: Departure | undefined, length: number): boolean {
    const message = this.#messages - 1;
    if (message < 0 || length === 0 || length > this.#segmentLength) return false;
    if (this.#to[message] !== to || this.#control !== (departure?.control ?? none)) return false;
    this.#bytes += length;
    if (this.#bytes > longestRunBytes || !this.#segments) return false;
    // Behind a shorter one none follows.
    if (length < this.#segmentLength) this.#bytes = longestRunBytes;
    return true;
  }

  #begin(to: Endpoint, name: Uint8Array, departure: Departure | undefined, length: number): void {
    this.#endMessage();
    const message = this.#messages;
    const batch = this.#batch;
    this.#control = departure?.control ?? none;
    if (departure !== undefined && this.#departure[message] !== departure) {
      batch.controls.set(departure.control, message * controlSlotBytes);
      this.#departure[message] = departure;
    }
    if (this.#to[message] !== to) {
      batch.names.set(name, message * nameSlotBytes);
      this.#to[message] = to;
    }
    this.#slotOf[message] = this.#queued;
    this.#messages = message + 1;
    this.#segmentLength = length;
    this.#bytes = length;
  }

  /** Writes the header of the newest message, now that nothing joins it any more. */
  #endMessage(): void {
    const message = this.#messages - 1;
    if (message < 0) return;
    const slot = this.#slotOf[message] as number;
    const count = this.#queued - slot;
    let used = this.#control.length;
    if (count > 1) {
      const area = message * controlSlotBytes;
      if (used === 0) this.#departure[message] = undefined;
      const control = this.#batch.controls.subarray(area, area + controlSlotBytes);
      used = writeSegmentLength(control, used, this.#segmentLength);
    }
    const nameLength = addressBytes[this.#socket.family];
    this.#batch.prepareMessage(message, slot, count, nameLength, used);
  }

  flush(): void {
    if (this.#queued === 0) return;
    this.#endMessage();
    const count = this.#messages;
    this.#slotOf[count] = this.#queued;
    this.#queued = 0;
    this.#messages = 0;
    for (let sent = 0; sent < count && !this.#socket.fd.closed; ) {
      const result = this.#send(sent, count - sent);
      if (result > 0) {
        this.#counters.add('sent', this.#datagrams(sent, sent + result));
        sent += result;
        continue;
      }
      const number = errno();
      if (number === errnos.EINTR) continue;
      if (number === errnos.EAGAIN) {
        this.#counters.add('queue-full', this.#datagrams(sent, count));
        return;
      }
      const datagrams = this.#datagrams(sent, sent + 1);
      if (datagrams > 1 && refusals.includes(number)) {
        this.#segments = false;
        this.#sendSingly(sent);
      } else {
        // It is the first message of the rest that cannot leave; the others still can.
        this.#refused(sent, number, datagrams);
      }
      sent += 1;
    }
  }

  #send(message: number, count: number): number {
    const headers = this.#batch.headersFrom[message] as MessageBatch['headersFrom'][number];
    return libc.sendmmsg(this.#socket.fd.fd, headers, count, c.MSG_DONTWAIT);
  }

  #datagrams(from: number, to: number): number {
    return (this.#slotOf[to] as number) - (this.#slotOf[from] as number);
  }

  #refused(message: number, number: number, datagrams: number): void {
    this.#counters.add(`send ${errnoName(number)}`, datagrams);
    const to = this.#to[message];
    if (to !== undefined) this.#failed(to, number);
  }

  #sendSingly(message: number): void {
    const nameLength = addressBytes[this.#socket.family];
    const used = this.#departure[message]?.control.length ?? 0;
    for (
      let slot = this.#slotOf[message] as number;
      slot < (this.#slotOf[message + 1] as number);
    ) {
      this.#batch.prepareMessage(message, slot, 1, nameLength, used);
      slot += 1;
      if (this.#send(message, 1) > 0) this.#counters.add('sent');
      else this.#refused(message, errno(), 1);
    }
  }

  /** Sends what waits; the addresses of all uplinks may be others then. */
  uplinksChanged(): void {
    this.flush();
    this.#departure.length = 0;
    this.#segments = this.#canSegment;
  }
}
