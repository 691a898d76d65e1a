/**
 * One message of ubus: a head of type, sequence number and peer, and attributes by number. `data` and
 * `signature` stay bytes (blobmsg.ts reads them); attributes keep their order, so that encoding gives the
 * same bytes. An attribute of wrong size is absent, as for ubusd itself.
 */
import { assert } from '../../base/assert.ts';
import { fromUtf8, utf8 } from '../../base/bytes.ts';

export const messageTypes = {
  hello: 0,
  status: 1,
  data: 2,
  ping: 3,
  lookup: 4,
  invoke: 5,
  addObject: 6,
  removeObject: 7,
  subscribe: 8,
  unsubscribe: 9,
  notify: 10,
  monitor: 11,
} as const;

/** Objects of ubusd itself. */
export const eventObjectId = 1;

export interface Attributes {
  readonly status?: number;
  readonly objectPath?: string;
  readonly objectId?: number;
  readonly method?: string;
  readonly objectType?: number;
  readonly signature?: Uint8Array;
  readonly data?: Uint8Array;
  readonly target?: number;
  readonly active?: number;
  readonly noReply?: number;
  readonly subscribers?: readonly number[];
  readonly user?: string;
  readonly group?: string;
  /** These six only in a message to a monitor. */
  readonly monitorClient?: number;
  readonly monitorPeer?: number;
  readonly monitorSend?: number;
  readonly monitorSeq?: number;
  readonly monitorType?: number;
  readonly monitorData?: Uint8Array;
}

export interface Message {
  readonly version: number;
  readonly type: number;
  /** 16 bits, chosen by whoever begins, the same in every answer. */
  readonly seq: number;
  readonly peer: number;
  readonly attributes: Attributes;
  /** Attributes left out: unknown, or of wrong size. */
  readonly ignored: number;
}

interface AttributeKind {
  readonly decode: (payload: Uint8Array) => unknown;
  readonly encode: (value: never) => Uint8Array;
}

const headBytes = 8;
export const maxBlobBytes = 1_048_576;

const padded = (length: number): number => (length + 3) & ~3;
const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function u32Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, value);
  return bytes;
}

const u8: AttributeKind = {
  decode: (payload) => (payload.length === 1 ? payload[0] : undefined),
  encode: (value: number) => Uint8Array.of(value),
};
const u32: AttributeKind = {
  decode: (payload) => (payload.length === 4 ? viewOf(payload).getUint32(0) : undefined),
  encode: u32Bytes,
};
const text: AttributeKind = {
  decode: (payload) =>
    payload.length > 0 && payload[payload.length - 1] === 0
      ? fromUtf8(payload.subarray(0, -1))
      : undefined,
  encode: (value: string) => utf8(`${value}\0`),
};
const bytes: AttributeKind = {
  decode: (payload) => payload,
  encode: (value: Uint8Array) => value,
};
const ids: AttributeKind = {
  decode: decodeIds,
  encode: (value: readonly number[]) =>
    joinAttributes(value.map((id) => attribute(0, u32Bytes(id)))),
};

function decodeIds(payload: Uint8Array): number[] | undefined {
  const found: number[] = [];
  const end = eachAttribute(payload, (id, value) => {
    if (id === 0 && value.length === 4) found.push(viewOf(value).getUint32(0));
  });
  return end ? found : undefined;
}

const kindByName = {
  status: [1, u32],
  objectPath: [2, text],
  objectId: [3, u32],
  method: [4, text],
  objectType: [5, u32],
  signature: [6, bytes],
  data: [7, bytes],
  target: [8, u32],
  active: [9, u8],
  noReply: [10, u8],
  subscribers: [11, ids],
  user: [12, text],
  group: [13, text],
  monitorClient: [0, u32],
  monitorPeer: [1, u32],
  monitorSend: [2, u8],
  monitorSeq: [3, u32],
  monitorType: [4, u32],
  monitorData: [5, bytes],
} as const satisfies Readonly<Record<keyof Attributes, readonly [number, AttributeKind]>>;

type Row = readonly [string, AttributeKind];

function rowsById(ofMonitor: boolean): ReadonlyMap<number, Row> {
  const names = Object.entries(kindByName).filter(
    ([name]) => name.startsWith('monitor') === ofMonitor,
  );
  return new Map(names.map(([name, [id, kind]]) => [id, [name, kind]]));
}

const rowById = rowsById(false);
const monitorRowById = rowsById(true);

/** Calls `each` with the number and payload of every attribute; false when the bytes end amiss. */
export function eachAttribute(
  list: Uint8Array,
  each: (id: number, payload: Uint8Array) => void,
): boolean {
  const view = viewOf(list);
  for (let offset = 0; offset < list.length; ) {
    if (list.length - offset < 4) return false;
    const head = view.getUint32(offset);
    const length = head & 0xff_ffff;
    if (length < 4 || length > list.length - offset) return false;
    each((head >>> 24) & 0x7f, list.subarray(offset + 4, offset + length));
    offset += padded(length);
  }
  return true;
}

/** `frame` is one whole frame (frame-splitter.ts). Never throws; what is amiss is left out. */
export function decodeMessage(frame: Uint8Array): Message {
  const view = viewOf(frame);
  const attributes: Record<string, unknown> = {};
  let ignored = 0;
  const rows = frame[1] === messageTypes.monitor ? monitorRowById : rowById;
  const whole = eachAttribute(frame.subarray(headBytes + 4), (id, payload) => {
    const row = rows.get(id);
    const value = row?.[1].decode(payload);
    if (row && value !== undefined) attributes[row[0]] = value;
    else ignored += 1;
  });
  return {
    version: view.getUint8(0),
    type: view.getUint8(1),
    seq: view.getUint16(2),
    peer: view.getUint32(4),
    attributes: attributes as Attributes,
    ignored: whole ? ignored : ignored + 1,
  };
}

function attribute(id: number, payload: Uint8Array): Uint8Array {
  const length = 4 + payload.length;
  const encoded = new Uint8Array(padded(length));
  viewOf(encoded).setUint32(0, id * 0x100_0000 + length);
  encoded.set(payload, 4);
  return encoded;
}

function joinAttributes(parts: readonly Uint8Array[]): Uint8Array {
  const list = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    list.set(part, offset);
    offset += part.length;
  }
  return list;
}

export type OutgoingMessage = Pick<Message, 'type' | 'seq' | 'peer' | 'attributes'>;

/** Whether ubusd takes a message with this much data. */
export function fitsMessage(data: Uint8Array): boolean {
  return data.length <= maxBlobBytes - 256;
}

export function encodeMessage(
  message: OutgoingMessage & { readonly version?: number },
): Uint8Array {
  const parts = Object.entries(message.attributes).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const [id, kind] = kindByName[name as keyof Attributes];
    return [attribute(id, kind.encode(value as never))];
  });
  const list = joinAttributes(parts);
  assert(list.length + 4 <= maxBlobBytes, 'a message fits a frame');
  const frame = new Uint8Array(headBytes + 4 + list.length);
  const view = viewOf(frame);
  view.setUint8(0, message.version ?? 0);
  view.setUint8(1, message.type);
  view.setUint16(2, message.seq);
  view.setUint32(4, message.peer);
  view.setUint32(headBytes, 4 + list.length);
  frame.set(list, headBytes + 4);
  return frame;
}
