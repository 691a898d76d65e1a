/**
 * Reads a query as a server needs it, quickly, and puts answers together. The question is copied into the
 * answer byte by byte, so that the spelling a resolver drew (0x20) comes back to it. What is not a query gets
 * no answer; what is a bad one gets a header that says so and is never longer than it was.
 */
import { Reader, Writer } from '../base/bytes.ts';
import {
  ednsUdpBytes,
  headerFlags,
  opcodes,
  plainUdpBytes,
  recordTypes,
  responseCodes,
} from './constants.ts';
import { type DnsRecord, opcodeOf, RecordWriter } from './message.ts';
import { labelText, readName } from './name.ts';

const headerBytes = 12;
const optBytes = 11;
const maxAdditionals = 4;

export interface Query {
  /** In lower case. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
  /** Where the question ends in the query. */
  readonly questionEnd: number;
  /** Largest answer over UDP in bytes. */
  readonly udpBytes: number;
  readonly edns: boolean;
}

/** What a query is answered with: the sections behind the question, already in bytes. */
export interface EncodedAnswer {
  readonly code: number;
  /** Of the header: with authority, or from a server that also asks others. */
  readonly flags: number;
  readonly counts: readonly [number, number, number];
  readonly sections: Uint8Array;
}

export interface Answer {
  readonly code: number;
  readonly flags: number;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

/** The query, or the answer that says why it is none, or undefined when nothing is to be said. */
export function readQuery(bytes: Uint8Array): Query | Uint8Array | undefined {
  if (bytes.length < headerBytes || ((bytes[2] as number) & 0x80) !== 0) return undefined;
  const reader = new Reader(bytes, 4);
  const questions = reader.u16();
  const otherRecords = reader.u32();
  const additionals = reader.u16();
  if (opcodeOf(((bytes[2] as number) << 8) | (bytes[3] as number)) !== opcodes.query) {
    return refuse(bytes, responseCodes.notImplemented);
  }
  const name = readQuestionName(reader);
  const type = reader.u16();
  const questionClass = reader.u16();
  const malformed = questions !== 1 || otherRecords !== 0 || additionals > maxAdditionals;
  if (malformed || !reader.ok) return refuse(bytes, responseCodes.formatError);
  const questionEnd = reader.offset;
  let udpBytes = plainUdpBytes;
  let edns = false;
  let version = 0;
  for (let index = 0; index < additionals; index += 1) {
    const owner = readName(reader);
    const recordType = reader.u16();
    const size = reader.u16();
    const extended = reader.u32();
    reader.take(reader.u16());
    if (recordType !== recordTypes.OPT) continue;
    if (edns || owner !== '') return refuse(bytes, responseCodes.formatError);
    edns = true;
    version = (extended >>> 16) & 0xff;
    udpBytes = Math.min(ednsUdpBytes, Math.max(plainUdpBytes, size));
  }
  if (!reader.ok || reader.remaining > 0) return refuse(bytes, responseCodes.formatError);
  const query = { name, type, class: questionClass, questionEnd, udpBytes, edns };
  if (version > 0) return reply(bytes, query, emptyAnswer(responseCodes.badVersion), false);
  return query;
}

/** The lower-case name of a question, which is never compressed. */
function readQuestionName(reader: Reader): string {
  const { bytes } = reader;
  const codes: number[] = [];
  let at = reader.offset;
  const start = at;
  for (;;) {
    const length = bytes[at] ?? 0xff;
    at += 1;
    if (length === 0) break;
    if (length > 63 || at + length > reader.end || at + length - start > 254) {
      reader.fail();
      return '';
    }
    if (codes.length > 0) codes.push(0x2e);
    for (const end = at + length; at < end; at += 1) {
      const byte = bytes[at] as number;
      if (byte > 0x40 && byte < 0x5b) codes.push(byte | 0x20);
      else if (byte > 0x20 && byte < 0x7f && byte !== 0x2e && byte !== 0x5c) codes.push(byte);
      else for (const character of labelText(byte)) codes.push(character.charCodeAt(0));
    }
  }
  reader.offset = at;
  return String.fromCharCode.apply(null, codes);
}

/** A header alone that says this code. */
function refuse(query: Uint8Array, code: number): Uint8Array {
  const answer = new Uint8Array(headerBytes);
  answer.set(query.subarray(0, 4));
  answer[2] = 0x80 | ((query[2] as number) & 0x79);
  answer[3] = ((query[3] as number) & headerFlags.checkingDisabled) | code;
  return answer;
}

export function emptyAnswer(code: number, flags = 0): EncodedAnswer {
  return { code, flags, counts: [0, 0, 0], sections: new Uint8Array(0) };
}

/** Records to bytes that stand behind a question for `name`; good for every spelling of that name. */
export function encodeAnswer(name: string, answer: Answer): EncodedAnswer {
  const writer = new RecordWriter(256, name);
  const { code, flags, answers, authorities, additionals } = answer;
  for (const record of answers) writer.record(record);
  for (const record of authorities) writer.record(record);
  for (const record of additionals) writer.record(record);
  return {
    code,
    flags,
    counts: [answers.length, authorities.length, additionals.length],
    sections: writer.writer.bytes,
  };
}

/** The whole answer to a query; over UDP one that is too long is cut to nothing and says so. */
export function reply(
  bytes: Uint8Array,
  query: Query,
  answer: EncodedAnswer,
  stream: boolean,
): Uint8Array {
  const { questionEnd, edns } = query;
  const whole = questionEnd + answer.sections.length + (edns ? optBytes : 0);
  const truncated = !stream && whole > query.udpBytes;
  const sections = truncated ? undefined : answer.sections;
  const length = questionEnd + (sections?.length ?? 0) + (edns ? optBytes : 0);
  const out = new Uint8Array(length);
  out.set(bytes.subarray(0, questionEnd));
  out[2] =
    0x80 |
    ((bytes[2] as number) & (headerFlags.recursionDesired >>> 8)) |
    (answer.flags >>> 8) |
    (truncated ? headerFlags.truncated >>> 8 : 0);
  out[3] =
    ((bytes[3] as number) & headerFlags.checkingDisabled) |
    (answer.flags & 0xff) |
    (answer.code & 0xf);
  const counts = truncated ? noRecords : answer.counts;
  out[7] = counts[0];
  out[9] = counts[1];
  out[11] = counts[2] + (edns ? 1 : 0);
  out[6] = out[8] = out[10] = 0;
  if (sections) out.set(sections, questionEnd);
  if (edns) out.set(opt(answer.code), length - optBytes);
  return out;
}

const noRecords = [0, 0, 0] as const;

/** The OPT record of an answer, with the upper half of the code. */
function opt(code: number): Uint8Array {
  return code < 16 ? plainOpt : makeOpt(code);
}

const plainOpt = makeOpt(responseCodes.noError);

function makeOpt(code: number): Uint8Array {
  return new Writer(optBytes)
    .u8(0)
    .u16(recordTypes.OPT)
    .u16(ednsUdpBytes)
    .u8(code >>> 4)
    .u8(0)
    .u16(0)
    .u16(0).bytes;
}

/** An answer that says only "ask again over TCP": no longer than the query was. */
export function truncatedReply(bytes: Uint8Array, query: Query): Uint8Array {
  const answer = reply(
    bytes,
    { ...query, edns: false },
    emptyAnswer(0, headerFlags.authoritative),
    true,
  );
  answer[2] = (answer[2] as number) | (headerFlags.truncated >>> 8);
  return answer;
}
