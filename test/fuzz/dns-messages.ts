/**
 * DNS messages for tests and the fuzzer: queries, answers, updates and signed ones with random names, then broken; and
 * what must hold of whatever comes of them. A message that is read, written and read again is the same; an
 * answer to what is no good query is never longer than that was; nothing is ever thrown.
 */
import { concatBytes, toHex } from '../../src/base/bytes.ts';
import { type Random, randomBelow } from '../../src/base/random.ts';
import { recordClasses, recordTypes } from '../../src/dns/constants.ts';
import {
  type DnsMessage,
  type DnsRecord,
  decodeMessage,
  encodeMessage,
  isResponseTo,
  optRecord,
} from '../../src/dns/message.ts';
import { labelText } from '../../src/dns/name.ts';
import { decodeNtmRecord, readNtmAnswer } from '../../src/dns/ntm-record.ts';
import { emptyAnswer, readQuery, reply, truncatedReply } from '../../src/dns/query.ts';
import { reverseIp } from '../../src/dns/records.ts';
import { responseProblem, signMessage } from '../../src/dns/tsig.ts';
import { mutate } from './messages.ts';

const types = [...Object.values(recordTypes), 15, 16, 99];
const classes = Object.values(recordClasses);
const key = { name: 'ntm-updates', secret: new Uint8Array(32) };
/** Signatures are right when nothing was changed in them, whatever was signed. */
const hmac = (): Uint8Array => new Uint8Array(32);
const signedAt = 1_800_000_000;

function pick<T>(random: Random, values: readonly T[]): T {
  return values[randomBelow(random, values.length)] as T;
}

function randomName(random: Random): string {
  const labels = Array.from({ length: randomBelow(random, 6) }, () => {
    const bytes = random.bytes(1 + randomBelow(random, randomBelow(random, 8) === 0 ? 40 : 8));
    const isPlain = randomBelow(random, 4) > 0;
    return [...bytes].map((byte) => labelText(isPlain ? 0x61 + (byte % 26) : byte)).join('');
  });
  return labels.join('.');
}

function randomRecord(random: Random, names: readonly string[]): DnsRecord {
  const type = pick(random, types);
  const name = pick(random, names);
  const target = pick(random, names);
  const common = { name, type, class: pick(random, classes), ttl: randomBelow(random, 2 ** 31) };
  switch (type) {
    case recordTypes.NS:
    case recordTypes.PTR:
      return { ...common, data: [target] };
    case recordTypes.SOA:
      return { ...common, data: [target, name, random.bytes(20)] };
    default:
      return { ...common, data: [random.bytes(1 + randomBelow(random, 60))] };
  }
}

/** A message as somebody might send it, its pointers and all. */
function randomMessage(random: Random): Uint8Array {
  const names = Array.from({ length: 3 }, () => randomName(random));
  const records = () =>
    Array.from({ length: randomBelow(random, 4) }, () => randomRecord(random, names));
  const isQuery = randomBelow(random, 2) === 0;
  const bytes = encodeMessage({
    id: randomBelow(random, 0x1_0000),
    flags: isQuery ? 0x0100 : randomBelow(random, 0x1_0000),
    questions: [
      { name: pick(random, names), type: pick(random, types), class: pick(random, classes) },
    ],
    answers: isQuery ? [] : records(),
    authorities: isQuery ? [] : records(),
    additionals: randomBelow(random, 2) === 0 ? [optRecord] : isQuery ? [] : records(),
  }).slice();
  return randomBelow(random, 4) === 0 ? signMessage(bytes, key, signedAt, hmac).bytes : bytes;
}

/** A pointer where a name may stand. */
function withPointer(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice();
  const at = 12 + randomBelow(random, Math.max(copy.length - 12, 1));
  if (at + 1 < copy.length) {
    copy[at] = 0xc0 | (randomBelow(random, 8) === 0 ? 1 : 0);
    copy[at + 1] = randomBelow(random, 256);
  }
  return copy;
}

/** One in eight is left whole. */
export function hostileDns(random: Random): Uint8Array {
  const bytes = randomMessage(random);
  switch (randomBelow(random, 8)) {
    case 0:
      return bytes;
    case 1:
    case 2:
      return withPointer(bytes, random);
    case 3:
      return concatBytes(bytes.subarray(0, 12), mutate(bytes.subarray(12), random));
    default:
      return mutate(bytes, random);
  }
}

/** As it can be compared: compression may lend a name the spelling of an earlier one. */
function plain(message: DnsMessage): string {
  return JSON.stringify(message, (_, value) => {
    if (value instanceof Uint8Array) return toHex(value);
    return typeof value === 'string' ? value.toLowerCase() : value;
  });
}

export interface DnsVerdict {
  readonly outcome: 'read' | 'dropped' | 'fault';
  readonly fault?: string;
}

function faultIn(bytes: Uint8Array): string | undefined {
  const message = decodeMessage(bytes);
  if (message) {
    const again = decodeMessage(encodeMessage(message).slice());
    if (!again || plain(again) !== plain(message)) return 'became another one when written again';
    for (const { name } of message.questions) {
      reverseIp(name.toLowerCase());
      readNtmAnswer(name, bytes);
    }
  }
  isResponseTo(bytes, bytes);
  decodeNtmRecord(bytes);
  responseProblem(bytes, key, new Uint8Array(32), signedAt, hmac);
  const query = readQuery(bytes);
  if (!query) return undefined;
  if (query instanceof Uint8Array) {
    return query.length > bytes.length ? 'a complaint is longer than its cause' : undefined;
  }
  const asked = message?.questions[0]?.name.toLowerCase();
  if (asked !== undefined && asked !== query.name) return `"${asked}" was read as "${query.name}"`;
  const replies = [reply(bytes, query, emptyAnswer(0), false), truncatedReply(bytes, query)];
  if (replies.some(({ length }) => length > bytes.length))
    return 'nothing is longer than its cause';
  return undefined;
}

export function examineDns(bytes: Uint8Array): DnsVerdict {
  try {
    const fault = faultIn(bytes);
    if (fault !== undefined) return { outcome: 'fault', fault };
    return { outcome: decodeMessage(bytes) ? 'read' : 'dropped' };
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { outcome: 'fault', fault: `threw ${text}` };
  }
}
