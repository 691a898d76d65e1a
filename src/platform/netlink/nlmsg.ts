/**
 * Netlink messages and their attributes, as bytes in the machine's own order (linux/netlink.h).
 * Decoding stops at the first thing that does not fit, so that a message of a newer kernel costs
 * nothing but itself. What the numbers mean is in the files beside this one.
 */
import { assert } from '../../base/assert.ts';
import { fromUtf8, utf8 } from '../../base/bytes.ts';
import { littleEndian } from '../byte-order.ts';

export const headerBytes = 16;

export const nlmsgFlags = {
  request: 0x1,
  multi: 0x2,
  ack: 0x4,
  dumpInterrupted: 0x10,
  dump: 0x300,
  /** With a request that makes something. */
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  append: 0x800,
  /** In an acknowledgement: attributes follow. */
  extendedAck: 0x200,
} as const;

export const nlmsgTypes = { error: 2, done: 3, overrun: 4 } as const;

const nestedFlag = 0x8000;
const typeMask = 0x3fff;

function aligned(length: number): number {
  return (length + 3) & ~3;
}

/** One message being built; attributes follow the fixed part in the order they are added. */
export class MessageBuilder {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = headerBytes;

  constructor(type: number, flags: number) {
    this.#view.setUint16(4, type, littleEndian);
    this.#view.setUint16(6, flags, littleEndian);
  }

  #reserve(length: number): number {
    const at = this.#length;
    this.#length = at + aligned(length);
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(this.#length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }

  /** A part of the fixed structure, padded to four bytes as all of them are. */
  fixed(bytes: Uint8Array | readonly number[]): this {
    this.#bytes.set(bytes, this.#reserve(bytes.length));
    return this;
  }

  fixedU32(value: number): this {
    this.#view.setUint32(this.#reserve(4), value, littleEndian);
    return this;
  }

  attribute(type: number, value: Uint8Array): this {
    const at = this.#reserve(4 + value.length);
    this.#view.setUint16(at, 4 + value.length, littleEndian);
    this.#view.setUint16(at + 2, type, littleEndian);
    this.#bytes.set(value, at + 4);
    return this;
  }

  u8(type: number, value: number): this {
    return this.attribute(type, Uint8Array.of(value));
  }

  u32(type: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, littleEndian);
    return this.attribute(type, bytes);
  }

  text(type: number, value: string): this {
    return this.attribute(type, utf8(`${value}\0`));
  }

  nested(type: number, build: (inner: this) => void): this {
    const at = this.#reserve(4);
    build(this);
    this.#view.setUint16(at, this.#length - at, littleEndian);
    this.#view.setUint16(at + 2, type | nestedFlag, littleEndian);
    return this;
  }

  finish(sequence: number): Uint8Array {
    this.#view.setUint32(0, this.#length, littleEndian);
    this.#view.setUint32(8, sequence, littleEndian);
    return this.#bytes.slice(0, this.#length);
  }

  /** Clears what was built, which may have held a key. */
  wipe(): void {
    this.#bytes.fill(0);
  }
}

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Behind the header; a view of the received bytes. */
  readonly payload: Uint8Array;
}

/** The messages of one received datagram. */
export function decodeMessages(bytes: Uint8Array): NetlinkMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const messages: NetlinkMessage[] = [];
  let at = 0;
  while (at + headerBytes <= bytes.length) {
    const length = view.getUint32(at, littleEndian);
    if (length < headerBytes || at + length > bytes.length) break;
    messages.push({
      type: view.getUint16(at + 4, littleEndian),
      flags: view.getUint16(at + 6, littleEndian),
      sequence: view.getUint32(at + 8, littleEndian),
      payload: bytes.subarray(at + headerBytes, at + length),
    });
    at += aligned(length);
  }
  return messages;
}

/** The attributes from `offset` on, by type; of several with one type the last. */
export function decodeAttributes(payload: Uint8Array, offset = 0): Map<number, Uint8Array> {
  return new Map(eachAttribute(payload, offset));
}

/** Type and value of every attribute from `offset` on, in order. */
export function eachAttribute(payload: Uint8Array, offset: number): [number, Uint8Array][] {
  const attributes: [number, Uint8Array][] = [];
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  let at = offset;
  while (at + 4 <= payload.length) {
    const length = view.getUint16(at, littleEndian);
    if (length < 4 || at + length > payload.length) break;
    const type = view.getUint16(at + 2, littleEndian) & typeMask;
    attributes.push([type, payload.subarray(at + 4, at + length)]);
    at += aligned(length);
  }
  return attributes;
}

export function u32At(bytes: Uint8Array | undefined, offset: number): number | undefined {
  if (!bytes || offset + 4 > bytes.length) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(offset, littleEndian);
}

export function u16At(bytes: Uint8Array | undefined, offset: number): number | undefined {
  if (!bytes || offset + 2 > bytes.length) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint16(offset, littleEndian);
}

export function textOf(bytes: Uint8Array | undefined): string | undefined {
  if (!bytes) return undefined;
  const end = bytes.indexOf(0);
  return fromUtf8(end < 0 ? bytes : bytes.subarray(0, end));
}

export interface Acknowledgement {
  /** 0 for success. */
  readonly errno: number;
  /** The kernel's own sentence, when it gave one. */
  readonly text: string | undefined;
}

const extendedAckText = 1;

/** What a message of type `error` says. */
export function decodeAcknowledgement(message: NetlinkMessage): Acknowledgement {
  assert(message.type === nlmsgTypes.error, 'only an error message acknowledges');
  const { payload } = message;
  const number = -((u32At(payload, 0) ?? 0) | 0);
  let text: string | undefined;
  if (message.flags & nlmsgFlags.extendedAck) {
    // The request's header is repeated, and its body too unless the answer is capped (flag 0x100).
    const requestLength = message.flags & 0x100 ? headerBytes : (u32At(payload, 4) ?? headerBytes);
    text = textOf(decodeAttributes(payload, 4 + aligned(requestLength)).get(extendedAckText));
  }
  return { errno: number, text };
}
