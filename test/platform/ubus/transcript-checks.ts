/**
 * What must hold for every recorded conversation: frames are found however the stream is cut, decode to
 * what was recorded, and encode to the same bytes. A frame is an exception only if the record itself shows
 * that it is malformed: an impossible length, or a text without its end.
 */
import * as assert from 'uvu/assert';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import {
  type BlobmsgField,
  decodeFields,
  encodeFields,
  fieldsOfJson,
  jsonOfFields,
} from '../../../src/platform/ubus/blobmsg.ts';
import { FrameSplitter } from '../../../src/platform/ubus/frame-splitter.ts';
import {
  type Attributes,
  decodeMessage,
  encodeMessage,
  maxBlobBytes,
} from '../../../src/platform/ubus/message.ts';
import type { JsonObject } from '../../../src/protocol/machine.ts';
import {
  type Exchange,
  frameOf,
  type RecordedAttribute,
  type RecordedField,
  type Transcript,
} from './transcripts.ts';

const pieceSizes = [1, 2, 3, 5, 7, 8, 11, 13, 64, 1000, 65_536, Number.POSITIVE_INFINITY];

const hasPossibleLength = ({ decoded: { blob } }: Exchange): boolean =>
  blob.len >= 4 && blob.len <= maxBlobBytes;

/** `thorough`: also cut each stream at every place in turn, which takes a slow engine long. */
export function checkTranscript(transcript: Transcript, thorough: boolean): void {
  for (const exchange of transcript.exchanges) {
    if (hasPossibleLength(exchange)) checkFrame(exchange);
  }
  for (const stream of streamsOf(transcript.exchanges)) {
    for (const size of pieceSizes) checkCutting(stream, size);
    if (thorough) checkEveryCut(stream);
  }
  for (const [what, hex] of Object.entries(transcript.sent ?? {})) {
    if (!transcript.connectionClosedByUbusd?.[what]) continue;
    assert.is(new FrameSplitter().push(fromHex(hex) ?? new Uint8Array(0)), undefined, what);
  }
  if (transcript.argumentJson) checkArguments(transcript, transcript.argumentJson);
}

/** The frames of one direction of one connection, in order. */
function streamsOf(exchanges: readonly Exchange[]): Exchange[][] {
  const byKey = new Map<string, Exchange[]>();
  for (const exchange of exchanges) {
    const key = `${exchange.conn} ${exchange.direction}`;
    byKey.set(key, [...(byKey.get(key) ?? []), exchange]);
  }
  return [...byKey.values()];
}

function joined(stream: readonly Exchange[]): Uint8Array {
  return fromHex(stream.map(({ hex }) => hex).join('')) as Uint8Array;
}

function wellFormed(stream: readonly Exchange[]): string[] {
  const end = stream.findIndex((exchange) => !hasPossibleLength(exchange));
  return stream.slice(0, end < 0 ? undefined : end).map(({ hex }) => hex);
}

function checkCutting(stream: readonly Exchange[], pieceBytes: number): void {
  const bytes = joined(stream);
  const splitter = new FrameSplitter();
  const found: string[] = [];
  let lost = false;
  const step = Math.min(pieceBytes, Math.max(1, bytes.length));
  for (let offset = 0; offset < bytes.length && !lost; offset += step) {
    const frames = splitter.push(bytes.subarray(offset, offset + step));
    if (frames) found.push(...frames.map(toHex));
    else lost = true;
  }
  const wanted = wellFormed(stream);
  assert.is(lost, wanted.length < stream.length);
  // Frames that came in one piece with an impossible one may be lost with it.
  if (!lost || pieceBytes === 1) assert.equal(found, wanted);
}

/** Two pieces, cut at each place of the stream in turn. */
function checkEveryCut(stream: readonly Exchange[]): void {
  const wanted = wellFormed(stream);
  if (wanted.length < stream.length) return;
  const bytes = joined(stream);
  for (let cut = 0; cut <= Math.min(bytes.length, 4000); cut += 1) {
    const splitter = new FrameSplitter();
    const first = splitter.push(bytes.subarray(0, cut)) ?? [];
    const second = splitter.push(bytes.subarray(cut)) ?? [];
    assert.is(first.length + second.length, wanted.length, `cut at ${cut}`);
    assert.is([...first, ...second].map(toHex).join(''), wanted.join(''), `cut at ${cut}`);
  }
}

function checkFrame(exchange: Exchange): void {
  const { decoded } = exchange;
  const message = decodeMessage(frameOf(exchange));
  assert.is(message.version, decoded.version);
  assert.is(message.type, decoded.type);
  assert.is(message.seq, decoded.seq);
  assert.is(message.peer, Number.parseInt(decoded.peer, 16));
  const sound = decoded.attrs.filter((each) => !lacksItsEnd(each));
  assert.is(message.ignored, decoded.attrs.length - sound.length, exchange.hex);
  const values = Object.values(message.attributes as Record<string, unknown>);
  assert.is(values.length, sound.length);
  sound.forEach((recorded, index) => {
    checkAttribute(recorded, values[index]);
  });
  if (message.ignored === 0) assert.is(toHex(encodeMessage(message)), exchange.hex);
}

/** A text is recorded with its length, which counts the zero at its end. */
function lacksItsEnd({ value, payloadLen, name }: RecordedAttribute): boolean {
  if (!/^(OBJPATH|METHOD|USER|GROUP)$/.test(name)) return false;
  return typeof value !== 'string' || new TextEncoder().encode(value).length + 1 !== payloadLen;
}

function checkAttribute(recorded: RecordedAttribute, value: unknown): void {
  if (value instanceof Uint8Array) {
    assert.is(value.length, recorded.payloadLen);
    if (typeof recorded.value === 'string') assert.is(toHex(value), recorded.value);
    else checkFields(value, recorded.value as readonly RecordedField[]);
  } else if (Array.isArray(value)) {
    assert.equal(value.map(asId), (recorded.value as unknown[]).map(recordedId));
  } else if (typeof value === 'number' && typeof recorded.value === 'string') {
    assert.is(asId(value), recordedId(recorded.value));
  } else assert.is(value, recorded.value);
}

const asId = (id: number): string => id.toString(16).padStart(8, '0');
const recordedId = (value: unknown): string =>
  typeof value === 'number'
    ? asId(value)
    : String((value as { value?: unknown })?.value ?? value).padStart(8, '0');

function checkFields(bytes: Uint8Array, recorded: readonly RecordedField[]): void {
  const fields = decodeFields(bytes);
  assert.ok(fields, 'recorded fields can be decoded');
  assert.equal(fields.map(shown), recorded);
  assert.is(toHex(encodeFields(fields)), toHex(bytes));
}

function shown(field: BlobmsgField): RecordedField {
  const { name, type, value } = field;
  if (Array.isArray(value)) return { name, type, value: (value as BlobmsgField[]).map(shown) };
  if (type === 'unspec') return { name, type, value: '' };
  return { name, type, value: typeof value === 'bigint' ? String(value) : value };
}

/** Numbers beyond what a number holds exactly are kept as their digits. */
function checkArguments(transcript: Transcript, argumentJson: string): void {
  const kept = argumentJson.replace(/:\s*(-?\d{16,})/g, ': "$1"');
  const given = JSON.parse(kept) as JsonObject;
  const isCall = ({ conn, decoded }: Exchange): boolean => conn === 'cli' && decoded.type === 5;
  const call = transcript.exchanges.find(isCall);
  assert.ok(call, 'the call was recorded');
  const { data } = decodeMessage(frameOf(call)).attributes as Required<Attributes>;
  assert.equal(jsonOfFields(decodeFields(data) ?? []), given);
  if (kept === argumentJson) assert.is(toHex(encodeFields(fieldsOfJson(given))), toHex(data));
}
