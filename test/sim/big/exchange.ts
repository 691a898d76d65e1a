/**
 * What joins the parts of a big world, each of which runs on a thread of its own. No datagram arrives in another
 * part sooner than `lookaheadMs` after it was sent, so the parts meet once in that time of the world, hand over what
 * they have for each other, and need not look at each other between. What comes is taken in the order of
 * the parts: a run depends on seed and number of parts, not on which thread is faster.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Endpoint, Ip, Prefix } from '../../../src/base/ip.ts';
import type { Datagram } from '../network/realm.ts';

/** Virtual time between two meetings: at most the delay of an access link. */
export const lookaheadMs = 10;

/** A datagram on its way to another part. */
export interface Crossing {
  readonly datagram: Datagram;
  readonly origin: string;
  /** When it reaches the access link of its destination. */
  readonly at: number;
}

/** What a part tells another one besides, about servers, addresses and moves. */
export type Note =
  | {
      readonly note: 'server';
      readonly zone: string;
      readonly endpoints: readonly Endpoint[];
      readonly publicKey: Uint8Array;
      readonly pool: Prefix | undefined;
    }
  | { readonly note: 'address'; readonly node: number; readonly ip: Ip }
  | { readonly note: 'move'; readonly flow: number; readonly at: number }
  | {
      readonly note: 'heard';
      readonly flow: number;
      readonly movedAt: number;
      readonly direction: 0 | 1;
      readonly at: number;
    };

export interface Arrivals {
  readonly from: number;
  readonly crossings: readonly Crossing[];
  readonly notes: readonly Note[];
}

/** Columns instead of rows and all bytes in one buffer: a tenth of the time to hand over. */
interface Batch {
  readonly meeting: number;
  readonly at: number[];
  readonly source: Endpoint[];
  readonly destination: Endpoint[];
  readonly origin: string[];
  readonly length: number[];
  readonly bytes: Uint8Array;
  readonly notes: Note[];
}

export class Exchange {
  readonly part: number;
  /** To each other part; none at the own place. */
  readonly #ports: readonly (MessagePort | undefined)[];
  /** Meetings that each part has come to, shared by all threads. */
  readonly #meetings: Int32Array;
  readonly #crossings: Crossing[][];
  readonly #notes: Note[][];
  readonly #early = new Map<number, Batch>();
  #meeting = 0;

  constructor(part: number, ports: readonly (MessagePort | undefined)[], meetings: Int32Array) {
    this.part = part;
    this.#ports = ports;
    this.#meetings = meetings;
    this.#crossings = ports.map(() => []);
    this.#notes = ports.map(() => []);
  }

  send(part: number, crossing: Crossing): void {
    this.#crossings[part]?.push(crossing);
  }

  tell(part: number, note: Note): void {
    this.#notes[part]?.push(note);
  }

  tellAll(note: Note): void {
    for (const part of this.#ports.keys()) this.tell(part, note);
  }

  /** Waits for all parts; gives what each had for this one. */
  meet(): readonly Arrivals[] {
    this.#meeting += 1;
    for (const [part, port] of this.#ports.entries()) if (port) this.#post(part, port);
    Atomics.store(this.#meetings, this.part, this.#meeting);
    Atomics.notify(this.#meetings, this.part);
    const arrivals: Arrivals[] = [];
    for (const [part, port] of this.#ports.entries()) {
      if (!port) continue;
      this.#await(part);
      const batch = this.#take(part, port);
      if (batch) arrivals.push(unpacked(part, batch));
    }
    return arrivals;
  }

  #await(part: number): void {
    for (;;) {
      const meeting = Atomics.load(this.#meetings, part);
      if (meeting >= this.#meeting) return;
      Atomics.wait(this.#meetings, part, meeting);
    }
  }

  #post(part: number, port: MessagePort): void {
    const crossings = this.#crossings[part] ?? [];
    const notes = this.#notes[part] ?? [];
    if (crossings.length + notes.length === 0) return;
    const batch = packed(this.#meeting, crossings, notes);
    port.postMessage(batch, [batch.bytes.buffer as ArrayBuffer]);
    this.#crossings[part] = [];
    this.#notes[part] = [];
  }

  /** A part that is ahead may have posted for the next meeting too. */
  #take(part: number, port: MessagePort): Batch | undefined {
    const batch =
      this.#early.get(part) ?? (receiveMessageOnPort(port)?.message as Batch | undefined);
    if (batch && batch.meeting > this.#meeting) {
      this.#early.set(part, batch);
      return undefined;
    }
    this.#early.delete(part);
    return batch;
  }
}

function packed(meeting: number, crossings: readonly Crossing[], notes: Note[]): Batch {
  const length = crossings.map(({ datagram }) => datagram.bytes.length);
  const bytes = new Uint8Array(length.reduce((sum, each) => sum + each, 0));
  let offset = 0;
  for (const { datagram } of crossings) {
    bytes.set(datagram.bytes, offset);
    offset += datagram.bytes.length;
  }
  return {
    meeting,
    at: crossings.map(({ at }) => at),
    source: crossings.map(({ datagram }) => datagram.source),
    destination: crossings.map(({ datagram }) => datagram.destination),
    origin: crossings.map(({ origin }) => origin),
    length,
    bytes,
    notes,
  };
}

function unpacked(from: number, batch: Batch): Arrivals {
  const { at, source, destination, origin, length, bytes, notes } = batch;
  let offset = 0;
  const crossings = at.map((each, index) => {
    const end = offset + (length[index] as number);
    const datagram = {
      source: source[index] as Endpoint,
      destination: destination[index] as Endpoint,
      bytes: bytes.slice(offset, end),
    };
    offset = end;
    return { at: each, origin: origin[index] as string, datagram };
  });
  return { from, crossings, notes };
}
