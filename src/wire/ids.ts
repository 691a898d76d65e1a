/**
 * Identifiers as canonical lower-case hexadecimal text: comparable, usable as map keys, printable. A Node
 * ID is the hash of a public key and is shown to people in base32 groups of four.
 */

import type { Brand } from '../base/brand.ts';
import { fromHex, toHex } from '../base/bytes.ts';

/** 16 bytes: the first of BLAKE2b-512 of the static public key. */
export type NodeId = Brand<string, 'NodeId'>;
/** 8 bytes, random, drawn by the initiator's Direction Server. */
export type PathId = Brand<string, 'PathId'>;
/** 8 bytes, random, drawn by the side that receives with it. */
export type SessionId = Brand<string, 'SessionId'>;
/** 8 bytes, random, one per start of a process. */
export type Incarnation = Brand<string, 'Incarnation'>;
/** 8 bytes: boot count, then a counter. Orders first messages and Tunnel Requests of one sender. */
export type Stamp = Brand<string, 'Stamp'>;
/** 8 random bytes that must come back: a probe or a challenge. */
export type Token64 = Brand<string, 'Token64'>;

export const noIncarnation = '0000000000000000' as Incarnation;
export const noToken = '0000000000000000' as Token64;

export function stamp(bootCount: number, counter: number): Stamp {
  return (bootCount.toString(16).padStart(8, '0') + counter.toString(16).padStart(8, '0')) as Stamp;
}

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** "abcd-efgh-…": 26 characters of RFC 4648 base32 in groups of four. */
export function formatNodeId(id: NodeId): string {
  const bytes = fromHex(id) ?? new Uint8Array(16);
  let bits = 0;
  let width = 0;
  let text = '';
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    width += 8;
    while (width >= 5) {
      text += base32[(bits >>> (width - 5)) & 31];
      width -= 5;
    }
    bits &= (1 << width) - 1;
  }
  if (width > 0) text += base32[(bits << (5 - width)) & 31];
  return (text.match(/.{1,4}/g) as string[]).join('-');
}

/** A Node ID from its printed form, from hexadecimal, or undefined. */
export function parseNodeId(text: string): NodeId | undefined {
  if (/^[0-9a-f]{32}$/.test(text)) return text as NodeId;
  // Before lower case, which makes a k of the Kelvin sign.
  if (!/^[a-zA-Z2-7-]*$/.test(text)) return undefined;
  const letters = text.toLowerCase().replaceAll('-', '');
  if (letters.length !== 26) return undefined;
  const bytes = new Uint8Array(16);
  let bits = 0;
  let width = 0;
  let filled = 0;
  for (const letter of letters) {
    const value = base32.indexOf(letter);
    if (value < 0) return undefined;
    bits = (bits << 5) | value;
    width += 5;
    if (width >= 8) {
      bytes[filled] = (bits >>> (width - 8)) & 0xff;
      filled += 1;
      width -= 8;
    }
    bits &= (1 << width) - 1;
  }
  return bits === 0 ? (toHex(bytes) as NodeId) : undefined;
}
