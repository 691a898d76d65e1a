/**
 * An array of `struct mmsghdr` with its names, buffers and control areas, laid out once, for
 * recvmmsg and sendmmsg. Field places follow from the size of a pointer; on 64-bit big-endian
 * machines the low half of a length is its second word.
 */
import { littleEndian } from '../byte-order.ts';
import { CStruct } from './abi.ts';
import { addressOf, pin } from './ffi.ts';
import { pointerBytes } from './ffi-engine.ts';
import type { Pinned } from './ffi-types.ts';

export const nameSlotBytes = 32;
/** Room for a packet information record of either family and a segment length, with their headers. */
export const controlSlotBytes = 64;

const word = pointerBytes / 4;
const headerWords = 8 * word;
const lowHalf = littleEndian || pointerBytes === 4 ? 0 : 1;
const at = {
  nameLength: word,
  vector: 2 * word,
  vectorCount: 3 * word + lowHalf,
  controlLength: 5 * word + lowHalf,
  flags: 6 * word,
  length: 7 * word,
} as const;

export class MessageBatch {
  readonly size: number;
  readonly slotBytes: number;
  readonly names: Uint8Array;
  readonly controls: Uint8Array;
  readonly buffers: Uint8Array;
  /** The array from its n-th header on, for calls that go on after a partial one. */
  readonly headersFrom: readonly Pinned[];
  readonly #words: Uint32Array;
  readonly #vectorWords: Uint32Array;
  /** The addresses of the vectors, as they stand in the headers. */
  readonly #vectorAddresses: Uint32Array;

  constructor(size: number, slotBytes: number) {
    this.size = size;
    this.slotBytes = slotBytes;
    this.names = new Uint8Array(size * nameSlotBytes);
    this.controls = new Uint8Array(size * controlSlotBytes);
    this.buffers = new Uint8Array(size * slotBytes);
    const headerBytes = headerWords * 4;
    const headers = new Uint8Array(size * headerBytes);
    const vectors = new Uint8Array(size * 2 * pointerBytes);
    this.#words = new Uint32Array(headers.buffer);
    this.#vectorWords = new Uint32Array(vectors.buffer);
    for (const area of [this.names, this.controls, this.buffers, vectors]) pin(area);
    const vectorAddress = addressOf(vectors);
    const header = new CStruct(headers);
    const vector = new CStruct(vectors);
    for (let slot = 0; slot < size; slot += 1) {
      const base = slot * headerBytes;
      const vectorAt = slot * 2 * pointerBytes;
      header.pointer(base, addressOf(this.names) + BigInt(slot * nameSlotBytes));
      header.pointer(base + 2 * pointerBytes, vectorAddress + BigInt(vectorAt));
      header.size(base + 3 * pointerBytes, 1);
      header.pointer(
        base + 4 * pointerBytes,
        addressOf(this.controls) + BigInt(slot * controlSlotBytes),
      );
      vector.pointer(vectorAt, addressOf(this.buffers) + BigInt(slot * slotBytes));
      vector.size(vectorAt + pointerBytes, slotBytes);
    }
    this.#vectorAddresses = new Uint32Array(size * word);
    for (let slot = 0; slot < size; slot += 1) {
      const address = slot * headerWords + at.vector;
      this.#vectorAddresses.set(this.#words.subarray(address, address + word), slot * word);
    }
    this.headersFrom = Array.from({ length: size }, (_, slot) =>
      pin(headers.subarray(slot * headerBytes)),
    );
  }

  /** Room in a slot for the next datagram that comes. */
  prepareReceive(slot: number): void {
    const base = slot * headerWords;
    this.#words[base + at.nameLength] = nameSlotBytes;
    this.#words[base + at.controlLength] = controlSlotBytes;
    this.#words[base + at.flags] = 0;
  }

  receivedLength(slot: number): number {
    return this.#words[slot * headerWords + at.length] as number;
  }

  receivedFlags(slot: number): number {
    return this.#words[slot * headerWords + at.flags] as number;
  }

  receivedControlLength(slot: number): number {
    return this.#words[slot * headerWords + at.controlLength] as number;
  }

  prepareSend(slot: number, nameLength: number, controlLength: number, length: number): void {
    this.prepareMessage(slot, slot, 1, nameLength, controlLength);
    this.setLength(slot, length);
  }

  /** The message in header `header` is what stands in `count` slots from `slot` on. */
  prepareMessage(
    header: number,
    slot: number,
    count: number,
    nameLength: number,
    controlLength: number,
  ): void {
    const words = this.#words;
    const base = header * headerWords;
    const vector = slot * word;
    words[base + at.nameLength] = nameLength;
    words[base + at.controlLength] = controlLength;
    words[base + at.vector] = this.#vectorAddresses[vector] as number;
    if (word === 2) words[base + at.vector + 1] = this.#vectorAddresses[vector + 1] as number;
    words[base + at.vectorCount] = count;
  }

  /** Bytes to be sent of a slot. */
  setLength(slot: number, length: number): void {
    this.#vectorWords[slot * 2 * word + word + lowHalf] = length;
  }
}
