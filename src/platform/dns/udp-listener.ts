/**
 * DNS over UDP at one address: queries are taken and answers sent in batches. An answer that comes while its
 * query is in hand goes straight from the batch; others are remembered by their number. Answers leave from
 * the address that was asked, also when that is one of several.
 */
import { BoundedMap } from '../../base/bounded-map.ts';
import type { Counters } from '../../base/counters.ts';
import { type Endpoint, endpointIp, endpointPort } from '../../base/ip.ts';
import { socketConstants as c } from '../tjs/abi.ts';
import { isAgain } from '../tjs/fd.ts';
import { errno } from '../tjs/ffi.ts';
import { libc } from '../tjs/libc.ts';
import { controlSlotBytes, type MessageBatch, nameSlotBytes } from '../tjs/message-batch.ts';
import { answerBy } from '../tjs/packet-info.ts';
import { addressBytes, familyOf } from '../tjs/socket-address.ts';
import { errnos } from '../tjs/system-error.ts';
import {
  batchSize,
  bindSocket,
  type FamilySocket,
  maxDatagramBytes,
  withBatches,
} from '../tjs/udp-socket.ts';

export type NameCount = 'queries' | 'answers' | 'tcp-queries' | 'silent' | 'bad' | 'send-failures';

export interface UdpNameHandlers {
  /** A number that no other query of this role has. */
  readonly nextId: () => number;
  readonly query: (id: number, from: Endpoint, bytes: Uint8Array) => void;
  /** After each batch. */
  readonly settled: () => void;
  readonly failed: (error: unknown) => void;
}

/** Where a query came from: socket address and packet information. */
interface Asker {
  readonly name: Uint8Array;
  readonly control: Uint8Array;
}

const maxPending = 1024;
/** Batches read in one turn before other work gets its turn. */
const maxRounds = 4;

export class UdpNameListener {
  readonly #socket: FamilySocket;
  readonly #counters: Counters<NameCount>;
  /** Answers that wait in the outgoing area. */
  #queued = 0;
  readonly #handlers: UdpNameHandlers;
  readonly #pendingById = new BoundedMap<number, Asker>(maxPending);
  /** The query in hand and its slot; answered at once it needs no memory. */
  #currentId = 0;
  #currentSlot = -1;

  /** Throws SystemError. */
  constructor(at: Endpoint, counters: Counters<NameCount>, handlers: UdpNameHandlers) {
    const family = familyOf(endpointIp(at));
    this.#socket = withBatches(family, bindSocket(family, endpointIp(at), endpointPort(at)));
    this.#counters = counters;
    this.#handlers = handlers;
    this.#socket.fd.watch({
      readable: () => this.#read(),
      trouble: () => counters.add('bad'),
      failed: handlers.failed,
    });
  }

  #read(): void {
    const { fd, incoming } = this.#socket;
    for (let round = 0; round < maxRounds && !fd.closed; round += 1) {
      const first = incoming.headersFrom[0] as MessageBatch['headersFrom'][number];
      const count = libc.recvmmsg(fd.fd, first, batchSize, c.MSG_DONTWAIT, null);
      if (count < 0) {
        if (!isAgain(errno())) this.#counters.add('bad');
        break;
      }
      for (let slot = 0; slot < count; slot += 1) {
        this.#query(slot);
        incoming.prepareReceive(slot);
      }
      this.#flush();
      if (count < batchSize) break;
    }
    this.#handlers.settled();
  }

  #query(slot: number): void {
    const { incoming, senders } = this.#socket;
    const from = senders.get(slot);
    if (from === undefined || (incoming.receivedFlags(slot) & c.MSG_TRUNC) !== 0) {
      return this.#counters.add('bad');
    }
    this.#counters.add('queries');
    const start = slot * maxDatagramBytes;
    const id = this.#handlers.nextId();
    this.#currentId = id;
    this.#currentSlot = slot;
    const bytes = incoming.buffers.slice(start, start + incoming.receivedLength(slot));
    this.#handlers.query(id, from, bytes);
    if (this.#currentId === id) this.#pendingById.setEvicting(id, this.#asker(slot));
    this.#currentId = 0;
  }

  #asker(slot: number): Asker {
    const { incoming } = this.#socket;
    const control = slot * controlSlotBytes;
    const name = slot * nameSlotBytes;
    return {
      name: incoming.names.slice(name, name + nameSlotBytes),
      control: incoming.controls.slice(
        control,
        control + Math.min(controlSlotBytes, incoming.receivedControlLength(slot)),
      ),
    };
  }

  /** False when no query of this listener has that number. */
  answer(id: number, bytes: Uint8Array | undefined): boolean {
    if (id === this.#currentId) {
      this.#currentId = 0;
      if (bytes) this.#queueCurrent(bytes);
      else this.#counters.add('silent');
      return true;
    }
    const asker = this.#pendingById.get(id);
    if (!asker) return false;
    this.#pendingById.delete(id);
    if (!bytes) {
      this.#counters.add('silent');
      return true;
    }
    this.#queue(asker.name, asker.control, bytes);
    this.#flush();
    return true;
  }

  #queueCurrent(bytes: Uint8Array): void {
    const { incoming } = this.#socket;
    const name = this.#currentSlot * nameSlotBytes;
    const control = this.#currentSlot * controlSlotBytes;
    const controlLength = incoming.receivedControlLength(this.#currentSlot);
    this.#queue(
      incoming.names.subarray(name, name + nameSlotBytes),
      incoming.controls.subarray(control, control + Math.min(controlSlotBytes, controlLength)),
      bytes,
    );
  }

  #queue(name: Uint8Array, control: Uint8Array, bytes: Uint8Array): void {
    const { outgoing, family } = this.#socket;
    if (bytes.length > maxDatagramBytes) return this.#counters.add('bad');
    const slot = this.#queued;
    outgoing.names.set(name, slot * nameSlotBytes);
    const controlAt = slot * controlSlotBytes;
    outgoing.controls.set(control, controlAt);
    if (control.length > 0) answerBy(family, outgoing.controls.subarray(controlAt));
    outgoing.buffers.set(bytes, slot * maxDatagramBytes);
    outgoing.prepareSend(slot, addressBytes[family], control.length, bytes.length);
    this.#queued = slot + 1;
    if (this.#queued === batchSize) this.#flush();
  }

  #flush(): void {
    const { fd, outgoing } = this.#socket;
    const queued = this.#queued;
    this.#queued = 0;
    let sent = 0;
    while (sent < queued && !fd.closed) {
      const headers = outgoing.headersFrom[sent] as MessageBatch['headersFrom'][number];
      const result = libc.sendmmsg(fd.fd, headers, queued - sent, c.MSG_DONTWAIT);
      if (result > 0) {
        this.#counters.add('answers', result);
        sent += result;
        continue;
      }
      if (errno() === errnos.EINTR) continue;
      // A full queue or an address that cannot be reached: the asker asks again.
      this.#counters.add('send-failures');
      sent += 1;
    }
  }

  close(): void {
    this.#socket.fd.close();
  }
}
