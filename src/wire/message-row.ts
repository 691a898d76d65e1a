/**
 * What a row of the message table consists of, and the fields that several messages share. The rows
 * themselves stand in session-messages, direction-messages and path-messages; messages joins them.
 */
import { toHex } from '../base/bytes.ts';
import { endpointField } from './address-fields.ts';
import { list, struct } from './composite-fields.ts';
import {
  bytes,
  choice,
  type Field,
  type Fields,
  hexId,
  publicKey,
  secretId,
  text,
  u8,
  u16,
} from './fields.ts';
import {
  formatNodeId,
  type Incarnation,
  type NodeId,
  type PathId,
  type SessionId,
  type Stamp,
  type Token64,
} from './ids.ts';

/**
 * How a message is framed and protected.
 * - first: before a session exists; keyed hash under the receiver's public key, then the cookie hash.
 * - plain: an answer before authentication, which is only ever a hint.
 * - sealed: inside a session; transaction (u32) and extensions surround the fields.
 * - tunnel: keyed hash under a leg key or the direct key of a path.
 * - path: sealed under the control key of a path, between the two nodes.
 * - data: the Capsulated Packet.
 */
export type Framing = 'first' | 'plain' | 'sealed' | 'tunnel' | 'path' | 'data';

export interface MessageRow<F extends Fields = Fields, Frame extends Framing = Framing> {
  readonly code: number;
  readonly title: string;
  readonly framing: Frame;
  readonly from: string;
  readonly to: string;
  /** Name of the row that answers this request; 'none' where an answer might be expected. */
  readonly answer?: string;
  readonly purpose: string;
  readonly source: string;
  readonly fields: F;
  /** What a field means where its name and type do not say it, for the protocol page. */
  readonly notes?: { readonly [Name in keyof F]?: string };
}

export function row<F extends Fields, Frame extends Framing>(
  value: MessageRow<F, Frame>,
): MessageRow<F, Frame> {
  return value;
}

export const nodeId = hexId<NodeId>(16, 'Node ID', (id) => formatNodeId(id).slice(0, 9));
export const pathId = hexId<PathId>(8, 'Path ID');
export const sessionId = hexId<SessionId>(8, 'session ID');
export const incarnation = hexId<Incarnation>(8, 'incarnation');
export const stampField = hexId<Stamp>(
  8,
  'stamp',
  (id) => `${Number.parseInt(id.slice(0, 8), 16)}.${Number.parseInt(id.slice(8), 16)}`,
);
export const token = secretId<Token64>(8, 'token');
/** What a hint is about: a session ID or a Path ID. */
export const subject: Field<Uint8Array> = {
  ...bytes(8),
  description: 'session ID or Path ID (8 bytes)',
  show: (value) => toHex(value.subarray(0, 4)),
};
export const secret = bytes(32);
export const mac = bytes(16);
export const name = text(63);
export const zone = text(190);

export const candidate = struct({
  kind: choice('local', 'observed', 'mapped'),
  endpoint: endpointField,
});
export const maxCandidates = 8;
export const candidates = list(candidate, maxCandidates);

/** Whether a node's observed endpoint is one of its own addresses: G, or P, of the paper's Table 1. */
export const natSituation = choice('unknown', 'global', 'private');

export const relay = struct({
  relayId: nodeId,
  publicKey,
  incarnation,
  endpoints: list(endpointField, 2),
});

export const relayDelays = list(struct({ relayId: nodeId, delayMs: u16 }), 4);

/** Bit 0 ChaCha20-Poly1305, bit 1 AES-128-GCM, bit 2 none. */
export const suites = { ...u8, description: 'u8: bit 0 ChaCha20-Poly1305, 1 AES-128-GCM, 2 none' };
