/**
 * Keys and what is derived from them (protocol.md sections 2, 6 and 11.3): key pairs, Node IDs, the keys of
 * a path and the macs of headers. Every derivation is keyed BLAKE2b over a label and its context, each
 * with its length in front, so that no two uses of one key can ever hash the same bytes. A mac of 16
 * bytes and a derived key of 32 differ already by BLAKE2b's own parameters.
 */
import { assert } from '../base/assert.ts';
import type { Brand } from '../base/brand.ts';
import { fromHex, toHex, utf8 } from '../base/bytes.ts';
import type { Random } from '../base/random.ts';
import type { TransportKeys } from './handshake-state.ts';
import { type KeyPair, keyLength, type Suite } from './suite.ts';

export const nodeIdLength = 16;
export const macLength = 16;

/** Draws a key pair of X25519. */
export function generateKeyPair(suite: Suite, random: Random): KeyPair {
  const secretKey = random.bytes(keyLength);
  return { secretKey, publicKey: suite.publicKey(secretKey) };
}

/** False for the few public keys of low order, with which every agreement is refused. */
export function isUsablePublicKey(suite: Suite, publicKey: Uint8Array): boolean {
  return suite.sharedSecret(new Uint8Array(keyLength).fill(0x55), publicKey) !== undefined;
}

/** The first 16 bytes of BLAKE2b-512 of the public key, as hexadecimal text. */
export function nodeIdOf(suite: Suite, publicKey: Uint8Array): Brand<string, 'NodeId'> {
  const id = suite.hash(publicKey).subarray(0, nodeIdLength);
  return toHex(id) as Brand<string, 'NodeId'>;
}

/** 32 bytes. The key has 16 to 64 bytes, the label and each part of the context at most 255. */
export function deriveKey(
  suite: Suite,
  key: Uint8Array,
  label: string,
  ...context: readonly Uint8Array[]
): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const part of [utf8(`NTMobile 1 ${label}`), ...context]) {
    assert(part.length <= 0xff, 'labels and contexts are short');
    parts.push(Uint8Array.of(part.length), part);
  }
  return suite.keyedHash(key, keyLength, ...parts);
}

/** The mac of a header or message: 16 bytes. */
export function macOver(
  suite: Suite,
  key: Uint8Array,
  ...parts: readonly Uint8Array[]
): Uint8Array {
  return suite.keyedHash(key, macLength, ...parts);
}

/** The key of macs that only show knowledge of the receiver's public key: 32 bytes, not secret. */
export function receiverMacKey(suite: Suite, publicKey: Uint8Array): Uint8Array {
  return deriveKey(suite, publicKey, 'receiver mac');
}

type PathIdText = Brand<string, 'PathId'>;

function pathIdBytes(pathId: PathIdText): Uint8Array {
  const bytes = fromHex(pathId);
  assert(bytes?.length === 8, 'a Path ID has 8 bytes');
  return bytes;
}

/** Authenticates a side's Tunnel Requests at the Relay Server; from the Common Key, 32 bytes. */
export function legKey(
  suite: Suite,
  commonKey: Uint8Array,
  pathId: PathIdText,
  side: 0 | 1,
): Uint8Array {
  return deriveKey(suite, commonKey, 'leg', pathIdBytes(pathId), Uint8Array.of(side));
}

/** The pre-shared key of the end-to-end handshake; from the Common Key, 32 bytes. No Relay Server has it. */
export function pathPsk(suite: Suite, commonKey: Uint8Array, pathId: PathIdText): Uint8Array {
  return deriveKey(suite, commonKey, 'psk', pathIdBytes(pathId));
}

/** Authenticates Tunnel Requests and Responses between the two nodes; from the pre-shared key, 32 bytes. */
export function directKey(suite: Suite, psk: Uint8Array): Uint8Array {
  return deriveKey(suite, psk, 'direct');
}

/** The keys of one epoch of a path, 32 bytes each. */
export interface PathKeys {
  /** Capsulated Packets. */
  readonly data: TransportKeys;
  /** Path Probe, Path Answer and Path Close. */
  readonly control: TransportKeys;
}

/** From the transport keys of a finished end-to-end handshake. */
export function pathKeys(suite: Suite, transport: TransportKeys): PathKeys {
  const both = (label: string): TransportKeys => ({
    send: deriveKey(suite, transport.send, label),
    receive: deriveKey(suite, transport.receive, label),
  });
  return { data: both('data'), control: both('control') };
}
