/**
 * IP addresses, prefixes and endpoints as canonical text: an address is compared, used as a map key and
 * printed as it is, and turned into bytes only at the wire and at the socket. Text form is that of
 * RFC 5952 for IPv6; an IPv4-mapped IPv6 address is the IPv4 address.
 */
import { assert } from './assert.ts';
import type { Brand } from './brand.ts';

/** "192.0.2.1" or "2001:db8::1", canonical. */
export type Ip = Brand<string, 'Ip'>;
/** "192.0.2.1:4649" or "[2001:db8::1]:4649", canonical, port 1..65535. */
export type Endpoint = Brand<string, 'Endpoint'>;
/** "198.18.0.0/20", canonical: no bit set behind the length. */
export type Prefix = Brand<string, 'Prefix'>;

export function isIpv6(ip: Ip): boolean {
  return ip.includes(':');
}

/** The address of 4 or 16 bytes. */
export function ipFromBytes(bytes: Uint8Array): Ip {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}` as Ip;
  assert(bytes.length === 16, 'an IP address has 4 or 16 bytes');
  if (isMapped(bytes)) return ipFromBytes(bytes.subarray(12));
  const groups: number[] = [];
  for (let index = 0; index < 16; index += 2) {
    groups.push((bytes[index] as number) * 0x100 + (bytes[index + 1] as number));
  }
  const { start, length } = longestZeroRun(groups);
  if (length < 2) return groups.map((group) => group.toString(16)).join(':') as Ip;
  const head = groups.slice(0, start).map((group) => group.toString(16));
  const tail = groups.slice(start + length).map((group) => group.toString(16));
  return `${head.join(':')}::${tail.join(':')}` as Ip;
}

function isMapped(bytes: Uint8Array): boolean {
  for (let index = 0; index < 10; index += 1) if (bytes[index] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let run = { start: 0, length: 0 };
  groups.forEach((group, index) => {
    run = group === 0 ? { start: run.length === 0 ? index : run.start, length: run.length + 1 } : { start: 0, length: 0 };
    if (run.length > best.length) best = run;
  });
  return best;
}

/** 4 or 16 bytes of a canonical address. */
export function ipBytes(ip: Ip): Uint8Array {
  const bytes = parseIpBytes(ip);
  assert(bytes !== undefined, 'an Ip is canonical text');
  return bytes;
}

/** Any usual spelling of an address, or undefined. Zone identifiers are refused. */
export function parseIp(text: string): Ip | undefined {
  const bytes = parseIpBytes(text);
  return bytes && ipFromBytes(bytes);
}

function parseIpBytes(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): Uint8Array | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  const bytes = Uint8Array.from(match.slice(1), Number);
  for (let index = 0; index < 4; index += 1) {
    if (String(bytes[index]) !== match[index + 1]) return undefined;
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] as string);
  const tail = halves.length === 2 ? parseGroups(halves[1] as string) : [];
  if (!head || !tail) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff]));
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (part.includes('.') && index === parts.length - 1) {
      const ipv4 = parseIpv4(part);
      if (!ipv4) return undefined;
      groups.push((ipv4[0] as number) * 0x100 + (ipv4[1] as number));
      groups.push((ipv4[2] as number) * 0x100 + (ipv4[3] as number));
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

export function endpoint(ip: Ip, port: number): Endpoint {
  assert(Number.isInteger(port) && port > 0 && port < 0x1_0000, 'a port is 1..65535');
  return (isIpv6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`) as Endpoint;
}

export function endpointIp(value: Endpoint): Ip {
  const text = value.slice(0, value.lastIndexOf(':'));
  return (text.startsWith('[') ? text.slice(1, -1) : text) as Ip;
}

export function endpointPort(value: Endpoint): number {
  return Number(value.slice(value.lastIndexOf(':') + 1));
}

/** "address:port", "[address]:port", or an address alone when a default port is given. */
export function parseEndpoint(text: string, defaultPort?: number): Endpoint | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  if (!match) {
    const ip = parseIp(text.replace(/^\[(.*)\]$/, '$1'));
    return ip && defaultPort !== undefined ? endpoint(ip, defaultPort) : undefined;
  }
  const ip = parseIp((match[1] ?? match[2]) as string);
  const port = Number(match[3]);
  if (!ip || port < 1 || port > 0xffff) return undefined;
  return endpoint(ip, port);
}

export function prefix(ip: Ip, length: number): Prefix {
  const bytes = ipBytes(ip).slice();
  assert(Number.isInteger(length) && length >= 0 && length <= bytes.length * 8, 'prefix length');
  maskBytes(bytes, length);
  return `${ipFromBytes(bytes)}/${length}` as Prefix;
}

function maskBytes(bytes: Uint8Array, length: number): void {
  for (let index = 0; index < bytes.length; index += 1) {
    const bits = Math.min(8, Math.max(0, length - index * 8));
    bytes[index] = (bytes[index] as number) & ((0xff << (8 - bits)) & 0xff);
  }
}

export function prefixIp(value: Prefix): Ip {
  return value.slice(0, value.indexOf('/')) as Ip;
}

export function prefixLength(value: Prefix): number {
  return Number(value.slice(value.indexOf('/') + 1));
}

/** "198.18.0.0/15" with no bit behind the length, or undefined. */
export function parsePrefix(text: string): Prefix | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const ip = match ? parseIp(match[1] as string) : undefined;
  if (!match || !ip) return undefined;
  const length = Number(match[2]);
  if (length > (isIpv6(ip) ? 128 : 32)) return undefined;
  const value = prefix(ip, length);
  return prefixIp(value) === ip ? value : undefined;
}

export function prefixContains(value: Prefix, ip: Ip): boolean {
  const base = prefixIp(value);
  return isIpv6(base) === isIpv6(ip) && prefix(ip, prefixLength(value)) === value;
}

const neverUnicast = ['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3', '::/128', '::1/128', 'ff00::/8'] as Prefix[];

/** Whether a datagram may be sent there at all: not unspecified, loopback, multicast or broadcast. */
export function isUnicast(ip: Ip): boolean {
  return !neverUnicast.some((range) => prefixContains(range, ip));
}

const privateRanges = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  'fc00::/7',
  'fe80::/10',
] as Prefix[];

/** Addresses that mean something only inside one network (RFC 1918, 6598, 3927, 2544, 4193, 4291). */
export function isPrivate(ip: Ip): boolean {
  return privateRanges.some((range) => prefixContains(range, ip));
}
