/**
 * The NTM record (paper sections 2 and 4.2): what the DNS tells about a node, found through any resolver. The
 * record of a zone's own name describes its Direction Server. Its data is made of the fields of the wire
 * format; bytes behind them belong to later versions and are skipped.
 */
import { Reader, Writer } from '../base/bytes.ts';
import { type Random, randomBelow } from '../base/random.ts';
import { endpointField, ipv4, ipv6 } from '../wire/address-fields.ts';
import { list, optional, struct } from '../wire/composite-fields.ts';
import { publicKey, u8, type ValueOf } from '../wire/fields.ts';
import { natSituation, nodeId } from '../wire/message-row.ts';
import {
  headerFlags,
  recordClasses,
  recordTypes,
  responseCodeName,
  responseCodes,
} from './constants.ts';
import { decodeMessage, encodeMessage, optRecord, responseCodeOf } from './message.ts';
import { labelsOf } from './name.ts';

export const ntmRecordVersion = 1;

/** What differs from node to node. */
const nodeFields = struct({
  version: u8,
  nodeId,
  publicKey,
  virtualIpv4: optional(ipv4),
  virtualIpv6: optional(ipv6),
  /** Whether the node is behind a NAT; unknown while it is not online. */
  nat: natSituation,
});

/** Behind it, the same in the records of all nodes of a Direction Server. */
const serverFields = struct({
  dsKey: publicKey,
  dsAddresses: list(endpointField, 4),
  /** A Relay Server of that Direction Server, as a hint. */
  relay: optional(struct({ relayId: nodeId, endpoint: endpointField })),
});

export type NtmNode = ValueOf<typeof nodeFields>;
export type NtmServer = ValueOf<typeof serverFields>;
export type NtmRecord = NtmNode & NtmServer;

export function encodeNtmServer(server: NtmServer): Uint8Array {
  const writer = new Writer(128);
  serverFields.write(writer, server);
  return writer.bytes;
}

/** The record of a node of the server that `encodeNtmServer` made these bytes of. */
export function encodeNtmNode(node: NtmNode, server: Uint8Array): Uint8Array {
  const writer = new Writer(192);
  nodeFields.write(writer, node);
  return writer.put(server).bytes;
}

export function encodeNtmRecord(record: NtmRecord): Uint8Array {
  return encodeNtmNode(record, encodeNtmServer(record));
}

export function decodeNtmRecord(data: Uint8Array): NtmRecord | undefined {
  const reader = new Reader(data);
  const record = { ...nodeFields.read(reader), ...serverFields.read(reader) };
  return reader.ok && record.version === ntmRecordVersion ? record : undefined;
}

/** A query for the NTM record of a name, or of a zone; undefined when it is no name. */
export function ntmQuery(name: string, random: Random): Uint8Array | undefined {
  if (name === '' || !labelsOf(name)) return undefined;
  return encodeMessage({
    id: randomBelow(random, 0x1_0000),
    flags: headerFlags.recursionDesired,
    questions: [{ name, type: recordTypes.NTM, class: recordClasses.IN }],
    answers: [],
    authorities: [],
    additionals: [optRecord],
  });
}

export type NtmAnswer =
  | { readonly found: NtmRecord }
  /** There is no such name, or it has no NTM record: the DNS is sure of it. */
  | { readonly absent: true }
  /** Nobody answered, or not in a usable way; the sentence says what happened. */
  | { readonly failed: string };

/** What the answer to an `ntmQuery` for this name says; `response` undefined when none came. */
export function readNtmAnswer(name: string, response: Uint8Array | undefined): NtmAnswer {
  if (!response) return { failed: 'No name server of the system answers.' };
  const message = decodeMessage(response);
  if (!message) return { failed: 'The name server answered with something malformed.' };
  const code = responseCodeOf(message.flags);
  if (code === responseCodes.noSuchName) return { absent: true };
  if (code !== responseCodes.noError) {
    return { failed: `The name server answered ${responseCodeName(code)}.` };
  }
  const wanted = name.toLowerCase();
  const found = message.answers.find(
    (record) => record.type === recordTypes.NTM && record.name.toLowerCase() === wanted,
  );
  const data = found?.data[0];
  if (!(data instanceof Uint8Array)) return { absent: true };
  const record = decodeNtmRecord(data);
  return record
    ? { found: record }
    : { failed: 'The NTM record is malformed or of another version.' };
}
