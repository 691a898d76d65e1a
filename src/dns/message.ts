/**
 * DNS messages to bytes and back (RFC 1035 4.1, RFC 2136 2): strict in what is taken, with every count and
 * length bounded, and with names compressed in what is sent. Data of records is bytes, but for names in it,
 * which are text. Nothing here throws on what others sent.
 */
import { assert } from '../base/assert.ts';
import { Reader, utf8, Writer } from '../base/bytes.ts';
import { ednsUdpBytes, headerFlags, recordTypes } from './constants.ts';
import { isWithin, labelsOf, readName, wireLength } from './name.ts';

export interface Question {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

/** Data of a record in order: a string is a domain name. */
export type RecordData = readonly (Uint8Array | string)[];

export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly data: RecordData;
}

export interface DnsMessage {
  readonly id: number;
  /** Opcode, flags and response code as the header has them (16 bits). */
  readonly flags: number;
  readonly questions: readonly Question[];
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  readonly additionals: readonly DnsRecord[];
}

const headerBytes = 12;
/** Type and class of a question. */
const questionTail = 4;
const maxQuestions = 4;
const maxRecords = 512;

export function opcodeOf(flags: number): number {
  return (flags >>> 11) & 0xf;
}

export function responseCodeOf(flags: number): number {
  return flags & 0xf;
}

/** Undefined for anything that is not exactly one message. */
export function decodeMessage(bytes: Uint8Array): DnsMessage | undefined {
  const reader = new Reader(bytes);
  const id = reader.u16();
  const flags = reader.u16();
  const counts = [reader.u16(), reader.u16(), reader.u16(), reader.u16()] as const;
  if (counts[0] > maxQuestions || counts[1] + counts[2] + counts[3] > maxRecords) return undefined;
  const questions: Question[] = [];
  for (let index = 0; index < counts[0] && reader.ok; index += 1) {
    questions.push({ name: readName(reader), type: reader.u16(), class: reader.u16() });
  }
  const answers = readRecords(reader, counts[1]);
  const authorities = readRecords(reader, counts[2]);
  const additionals = readRecords(reader, counts[3]);
  if (!reader.ok || reader.remaining > 0) return undefined;
  return { id, flags, questions, answers, authorities, additionals };
}

function readRecords(reader: Reader, count: number): readonly DnsRecord[] {
  const records: DnsRecord[] = [];
  for (let index = 0; index < count && reader.ok; index += 1) records.push(readRecord(reader));
  return records;
}

function readRecord(reader: Reader): DnsRecord {
  const name = readName(reader);
  const type = reader.u16();
  const recordClass = reader.u16();
  const ttl = reader.u32();
  const length = reader.u16();
  if (length > reader.remaining) reader.fail();
  const end = reader.offset + (reader.ok ? length : 0);
  const inner = new Reader(reader.bytes, reader.offset, end);
  const data = readData(inner, type, length);
  if (inner.ok && inner.remaining === 0) reader.offset = end;
  else reader.fail();
  return { name, type, class: recordClass, ttl, data };
}

/** In RFC 2136 a record may have no data, whatever its type. */
function readData(reader: Reader, type: number, length: number): RecordData {
  if (length === 0) return [];
  switch (type) {
    case recordTypes.NS:
    case recordTypes.CNAME:
    case recordTypes.PTR:
      return [readName(reader)];
    case recordTypes.SOA:
      return [readName(reader), readName(reader), reader.take(20).slice()];
    case recordTypes.MX:
      return [reader.take(2).slice(), readName(reader)];
    default:
      return [reader.take(length).slice()];
  }
}

/** Writes records with compression against everything that was written before, the question included. */
export class RecordWriter {
  readonly writer: Writer;
  #offsetBySuffix: Map<string, number> | undefined;
  /** Name of a question that stands in front of what is written here, and where that begins in the message. */
  readonly #asked: string | undefined;
  readonly #start: number;

  /** `asked`, in lower case, when header and question are there already and only records are written. */
  constructor(capacity = 256, asked?: string) {
    this.writer = new Writer(capacity);
    this.#asked = asked;
    this.#start = asked === undefined ? 0 : headerBytes + wireLength(asked) + questionTail;
  }

  /** Bytes of a header, to be filled in by the caller or left out. */
  header(message: Pick<DnsMessage, 'id' | 'flags'>, counts: readonly number[]): void {
    this.writer.u16(message.id).u16(message.flags);
    for (const count of counts) this.writer.u16(count);
  }

  name(name: string): void {
    let rest = name.toLowerCase();
    let labels: readonly string[] | undefined;
    for (let index = 0; rest !== ''; index += 1) {
      const known = this.#offsetOf(rest);
      if (known !== undefined) {
        this.writer.u16(0xc000 | known);
        return;
      }
      labels ??= labelsOf(name);
      assert(labels !== undefined, 'only names that fit into a message are written');
      const offset = this.#start + this.writer.length;
      this.#offsetBySuffix ??= new Map();
      if (offset < 0x4000) this.#offsetBySuffix.set(rest, offset);
      const label = labels[index] as string;
      this.writer.u8(label.length);
      this.#label(label);
      rest = rest.slice(escapedLength(rest) + 1);
    }
    this.writer.u8(0);
  }

  /** Where a name that ends like this was written, if it was. */
  #offsetOf(suffix: string): number | undefined {
    const asked = this.#asked;
    if (asked === suffix) return headerBytes;
    // Without escapes a name has its labels in the message where the text has them.
    if (asked !== undefined && isWithin(asked, suffix) && !asked.includes('\\')) {
      return headerBytes + asked.length - suffix.length;
    }
    return this.#offsetBySuffix?.get(suffix);
  }

  /** A string of bytes; most are ASCII, which a small engine turns into bytes at once. */
  #label(label: string): void {
    if (ascii.test(label)) {
      this.writer.put(utf8(label));
      return;
    }
    for (let index = 0; index < label.length; index += 1) this.writer.u8(label.charCodeAt(index));
  }

  question(question: Question): void {
    this.name(question.name);
    this.writer.u16(question.type).u16(question.class);
  }

  record(record: DnsRecord): void {
    this.name(record.name);
    this.writer.u16(record.type).u16(record.class).u32(record.ttl);
    const lengthAt = this.writer.length;
    this.writer.u16(0);
    for (const part of record.data) {
      if (typeof part === 'string') this.name(part);
      else this.writer.put(part);
    }
    const length = this.writer.length - lengthAt - 2;
    this.writer.bytes[lengthAt] = length >>> 8;
    this.writer.bytes[lengthAt + 1] = length & 0xff;
  }
}

const ascii = /^[ -~]*$/;

/** Length of the first label as it is escaped in the text. */
function escapedLength(name: string): number {
  if (!name.includes('\\')) return name.includes('.') ? name.indexOf('.') : name.length;
  for (let index = 0; index < name.length; index += 1) {
    if (name[index] === '.') return index;
    if (name[index] === '\\') index += 1;
  }
  return name.length;
}

export function encodeMessage(message: DnsMessage): Uint8Array {
  const { questions, answers, authorities, additionals } = message;
  const writer = new RecordWriter(512);
  writer.header(message, [
    questions.length,
    answers.length,
    authorities.length,
    additionals.length,
  ]);
  for (const question of questions) writer.question(question);
  for (const section of [answers, authorities, additionals]) {
    for (const record of section) writer.record(record);
  }
  return writer.writer.bytes;
}

/** The OPT record of EDNS (RFC 6891): how much we take over UDP. */
export const optRecord: DnsRecord = {
  name: '',
  type: recordTypes.OPT,
  class: ednsUdpBytes,
  ttl: 0,
  data: [],
};

/** Whether `response` answers exactly the question of `request`: the same ID, name, type and class. */
export function isResponseTo(request: Uint8Array, response: Uint8Array): boolean {
  const asked = new Reader(request, headerBytes);
  const answered = new Reader(response, headerBytes);
  const same =
    response.length >= headerBytes &&
    response[0] === request[0] &&
    response[1] === request[1] &&
    ((response[2] as number) & (headerFlags.response >>> 8)) !== 0;
  if (!same) return false;
  // Some servers leave the question out of an error or of an answer to an update.
  if (response[4] === 0 && response[5] === 0) return true;
  return (
    readName(asked).toLowerCase() === readName(answered).toLowerCase() &&
    asked.u32() === answered.u32() &&
    asked.ok &&
    answered.ok
  );
}

export function isTruncated(message: Uint8Array): boolean {
  return ((message[2] ?? 0) & (headerFlags.truncated >>> 8)) !== 0;
}
