/**
 * The little that a data path reads of an inner IP datagram: version, source and destination. Addresses
 * are compared as numbers (IPv4) or text keys (IPv6), never converted to printable form on the way.
 */
import { type Ip, ipBytes, ipFromBytes, type Prefix, prefixIp, prefixLength } from '../base/ip.ts';

/** An address as map key: a number below 2^32 for IPv4, a 16-character string of code units for IPv6. */
export type AddressKey = number | string;

function ipv4Key(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] as number) << 24) |
      ((bytes[offset + 1] as number) << 16) |
      ((bytes[offset + 2] as number) << 8) |
      (bytes[offset + 3] as number)) >>>
    0
  );
}

function ipv6Key(bytes: Uint8Array, offset: number): string {
  let key = '';
  for (let index = offset; index < offset + 16; index += 2) {
    key += String.fromCharCode(((bytes[index] as number) << 8) | (bytes[index + 1] as number));
  }
  return key;
}

/** Key of the destination, or undefined when this is no IP datagram of that length. */
export function destinationKey(
  bytes: Uint8Array,
  offset: number,
  length: number,
): AddressKey | undefined {
  const version = length > 0 ? (bytes[offset] as number) >>> 4 : 0;
  if (version === 4 && length >= 20) return ipv4Key(bytes, offset + 16);
  if (version === 6 && length >= 40) return ipv6Key(bytes, offset + 24);
  return undefined;
}

export function sourceKey(
  bytes: Uint8Array,
  offset: number,
  length: number,
): AddressKey | undefined {
  const version = length > 0 ? (bytes[offset] as number) >>> 4 : 0;
  if (version === 4 && length >= 20) return ipv4Key(bytes, offset + 12);
  if (version === 6 && length >= 40) return ipv6Key(bytes, offset + 8);
  return undefined;
}

export function keyBytes(key: AddressKey): Uint8Array {
  if (typeof key === 'number') {
    return Uint8Array.of(key >>> 24, (key >>> 16) & 0xff, (key >>> 8) & 0xff, key & 0xff);
  }
  const bytes = new Uint8Array(16);
  for (let index = 0; index < 8; index += 1) {
    bytes[index * 2] = key.charCodeAt(index) >>> 8;
    bytes[index * 2 + 1] = key.charCodeAt(index) & 0xff;
  }
  return bytes;
}

export function keyOfIp(ip: Ip): AddressKey {
  const bytes = ipBytes(ip);
  return bytes.length === 4 ? ipv4Key(bytes, 0) : ipv6Key(bytes, 0);
}

export function ipOfKey(key: AddressKey): Ip {
  return ipFromBytes(keyBytes(key));
}

/** A prefix prepared for matching keys. */
export interface Match {
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
  readonly length: number;
}

export function matchOf(value: Prefix): Match {
  const bytes = ipBytes(prefixIp(value));
  return { family: bytes.length === 4 ? 4 : 6, bytes, length: prefixLength(value) };
}

export function isHostMatch(match: Match): boolean {
  return match.length === match.bytes.length * 8;
}

export function matches(match: Match, key: AddressKey): boolean {
  if ((match.family === 4) !== (typeof key === 'number')) return false;
  const bytes = keyBytes(key);
  const whole = match.length >>> 3;
  for (let index = 0; index < whole; index += 1) {
    if (bytes[index] !== match.bytes[index]) return false;
  }
  const bits = match.length & 7;
  if (bits === 0) return true;
  const mask = (0xff << (8 - bits)) & 0xff;
  return ((bytes[whole] as number) & mask) === ((match.bytes[whole] as number) & mask);
}
