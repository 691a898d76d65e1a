/**
 * Virtual addresses of a zone (protocol.md 2): the IPv6 /64 is derived from the DS's key, so that nobody else
 * can hand out addresses in it; the default IPv4 pool is a /20 of 198.18.0.0/15 picked by the same key.
 */

import { concatBytes, utf8 } from '../base/bytes.ts';
import {
  type Ip,
  ipBytes,
  ipFromBytes,
  type Prefix,
  prefix,
  prefixContains,
  prefixIp,
  prefixLength,
} from '../base/ip.ts';
import type { Suite } from '../noise/suite.ts';

/** Where all virtual IPv4 addresses lie (RFC 2544): clashes with neither private nor carrier addresses. */
export const virtualIpv4Range = '198.18.0.0/15' as Prefix;

/** The ULA /64 (RFC 4193) of the zone of this DS key. */
export function zonePrefixIpv6(suite: Suite, dsKey: Uint8Array): Prefix {
  const digest = suite.hash(utf8('NTMobile 1 virtual ipv6'), dsKey);
  const bytes = new Uint8Array(16);
  bytes[0] = 0xfd;
  bytes.set(digest.subarray(0, 7), 1);
  return prefix(ipFromBytes(bytes), 64);
}

/** The default IPv4 pool of this DS key. */
export function defaultPoolIpv4(suite: Suite, dsKey: Uint8Array): Prefix {
  const digest = suite.hash(utf8('NTMobile 1 virtual ipv4'), dsKey);
  const index = (digest[0] as number) & 0x1f;
  return prefix(ipFromBytes(Uint8Array.of(198, 18 + (index >>> 4), (index & 0xf) << 4, 0)), 20);
}

/** Address number `index` of an IPv4 pool; the first and the last are never handed out. */
export function poolAddress(pool: Prefix, index: number): Ip {
  const bytes = ipBytes(prefixIp(pool)).slice();
  let carry = index;
  for (let at = 3; at >= 0 && carry > 0; at -= 1) {
    carry += bytes[at] as number;
    bytes[at] = carry & 0xff;
    carry = Math.floor(carry / 0x100);
  }
  return ipFromBytes(bytes);
}

/** How many addresses of an IPv4 pool can be handed out. */
export function poolSize(pool: Prefix): number {
  return Math.max(0, 2 ** (32 - prefixLength(pool)) - 2);
}

/** Index of an address in its pool, or undefined when it is not in it. */
export function poolIndex(pool: Prefix, ip: Ip): number | undefined {
  if (!prefixContains(pool, ip)) return undefined;
  const number = (value: Ip) => ipBytes(value).reduce((sum, byte) => sum * 0x100 + byte, 0);
  return number(ip) - number(prefixIp(pool));
}

/** The virtual IPv6 of a node: the zone's /64 and 8 bytes of the node's key hash. */
export function virtualIpv6(zonePrefix: Prefix, suite: Suite, nodeKey: Uint8Array): Ip {
  const low = suite.hash(utf8('NTMobile 1 node ipv6'), nodeKey).subarray(0, 8);
  return ipFromBytes(concatBytes(ipBytes(prefixIp(zonePrefix)).subarray(0, 8), low));
}
