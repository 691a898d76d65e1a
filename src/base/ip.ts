/**
 * IP addresses, prefixes and endpoints as canonical text: an address is compared, used as a map key
 * and printed as it is, and turned into bytes only at the wire and at the socket. Text form is that
 * of RFC 5952 for IPv6; an IPv4-mapped IPv6 address is the IPv4 address.
 */
import { assert } from './assert.ts';
import type { Brand } from './brand.ts';
import { fromHex } from './bytes.ts';

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
  const run = longestZeroRun(bytes);
  let text = '';
  for (let index = 0; index < 16; index += 2) {
    if (index === run.start) text += '::';
    if (index >= run.start && index < run.end) continue;
    if (index > 0 && index !== run.end) text += ':';
    text += (((bytes[index] as number) << 8) | (bytes[index + 1] as number)).toString(16);
  }
  return text as Ip;
}

function isMapped(bytes: Uint8Array): boolean {
  if (bytes[10] !== 0xff || bytes[11] !== 0xff) return false;
  for (let index = 0; index < 10; index += 1) if (bytes[index] !== 0) return false;
  return true;
}

/** Byte offsets of the first longest run of at least two zero groups; both -1 if there is none. */
function longestZeroRun(bytes: Uint8Array): { start: number; end: number } {
  let best = { start: -1, end: -1 };
  let start = 0;
  for (let end = 2; end <= 16; end += 2) {
    if (bytes[end - 2] !== 0 || bytes[end - 1] !== 0) start = end;
    else if (end - start > Math.max(2, best.end - best.start)) best = { start, end };
  }
  return best;
}

/**
 * 4 or 16 bytes of a canonical address. Such text needs no judging, and a small engine is quicker at splitting it
 * than at reading it letter by letter.
 */
export function ipBytes(ip: Ip): Uint8Array {
  return isIpv6(ip) ? ipv6Bytes(ip) : ipv4Bytes(ip);
}

function ipv4Bytes(ip: Ip): Uint8Array {
  const numbers = ip.split('.');
  assert(numbers.length === 4, 'an Ip is canonical text');
  const bytes = new Uint8Array(4);
  for (let index = 0; index < 4; index += 1) bytes[index] = Number(numbers[index]);
  return bytes;
}

/** Eight groups of four digits, as most addresses with a random half are, and four times as quick to read. */
const wholeLength = 39;

function ipv6Bytes(ip: Ip): Uint8Array {
  if (ip.length === wholeLength) return fromHex(ip.replaceAll(':', '')) as Uint8Array;
  const bytes = new Uint8Array(16);
  const gap = ip.indexOf('::');
  const head = gap < 0 ? ip : ip.slice(0, gap);
  const tail = gap < 0 ? '' : ip.slice(gap + 2);
  if (head !== '') putGroups(bytes, 0, head.split(':'));
  if (tail !== '') {
    const groups = tail.split(':');
    putGroups(bytes, 16 - groups.length * 2, groups);
  }
  return bytes;
}

function putGroups(bytes: Uint8Array, at: number, groups: readonly string[]): void {
  assert(at >= 0 && at + groups.length * 2 <= 16, 'an Ip is canonical text');
  for (let index = 0; index < groups.length; index += 1) {
    const value = Number.parseInt(groups[index] as string, 16);
    bytes[at + index * 2] = value >>> 8;
    bytes[at + index * 2 + 1] = value & 0xff;
  }
}

/** Any usual spelling of an address, or undefined. Zone identifiers are refused. */
export function parseIp(text: string): Ip | undefined {
  const bytes = parseIpBytes(text);
  return bytes && ipFromBytes(bytes);
}

const dot = 0x2e;
const colon = 0x3a;

function parseIpBytes(text: string): Uint8Array | undefined {
  if (text.includes(':')) return parseIpv6(text);
  const bytes = new Uint8Array(4);
  return parseIpv4(text, 0, bytes, 0) ? bytes : undefined;
}

/** Four decimal numbers from `start` to the end of the text; false when it is anything else. */
function parseIpv4(text: string, start: number, into: Uint8Array, offset: number): boolean {
  let at = start;
  for (let index = 0; index < 4; index += 1) {
    const first = at;
    let value = 0;
    let digit = text.charCodeAt(at) - 0x30;
    while (digit >= 0 && digit <= 9 && at - first < 3) {
      value = value * 10 + digit;
      at += 1;
      digit = text.charCodeAt(at) - 0x30;
    }
    if (at === first || value > 0xff) return false;
    if (at - first > 1 && text.charCodeAt(first) === 0x30) return false;
    into[offset + index] = value;
    if (index < 3 && text.charCodeAt(at) !== dot) return false;
    if (index < 3) at += 1;
  }
  return at === text.length;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function parseIpv6(text: string): Uint8Array | undefined {
  if (text.length < 2 || text.length > 45) return undefined;
  const bytes = new Uint8Array(16);
  const leadingGap = text.startsWith('::');
  let gap = leadingGap ? 0 : -1;
  let filled = 0;
  let at = leadingGap ? 2 : 0;
  while (at < text.length) {
    const start = at;
    let value = 0;
    for (let digit = hexDigit(text.charCodeAt(at)); digit >= 0; at += 1) {
      value = value * 0x10 + digit;
      digit = hexDigit(text.charCodeAt(at + 1));
    }
    if (text.charCodeAt(at) === dot) {
      if (filled > 12 || !parseIpv4(text, start, bytes, filled)) return undefined;
      filled += 4;
      break;
    }
    if (filled > 14 || at === start || at - start > 4) return undefined;
    bytes[filled] = value >>> 8;
    bytes[filled + 1] = value & 0xff;
    filled += 2;
    if (at === text.length) break;
    if (text.charCodeAt(at) !== colon || at + 1 === text.length) return undefined;
    at += 1;
    if (text.charCodeAt(at) === colon) {
      if (gap >= 0) return undefined;
      gap = filled;
      at += 1;
    }
  }
  if (gap < 0) return filled === 16 ? bytes : undefined;
  return filled < 16 ? spread(bytes, gap, filled) : undefined;
}

/** Moves what stands behind the "::" to the end; the gap becomes zeros. */
function spread(bytes: Uint8Array, gap: number, filled: number): Uint8Array {
  const tail = 16 - (filled - gap);
  bytes.copyWithin(tail, gap, filled);
  bytes.fill(0, gap, tail);
  return bytes;
}

export function endpoint(ip: Ip, port: number): Endpoint {
  assert(Number.isInteger(port) && port > 0 && port < 0x1_0000, 'a port is 1..65535');
  return (isIpv6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`) as Endpoint;
}

export function endpointIp(value: Endpoint): Ip {
  const text = value.slice(0, value.lastIndexOf(':'));
  return (text.startsWith('[') ? text.slice(1, -1) : text) as Ip;
}

/** Whether its address is an IPv6 one. */
export function isIpv6Endpoint(value: Endpoint): boolean {
  return value.startsWith('[');
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
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const ip = match ? parseIp(match[1] as string) : undefined;
  // An IPv4-mapped spelling counts its length from another start: refused rather than guessed.
  if (!match || !ip || text.includes(':') !== isIpv6(ip)) return undefined;
  const length = Number(match[2]);
  if (length > (isIpv6(ip) ? 128 : 32)) return undefined;
  const value = prefix(ip, length);
  return prefixIp(value) === ip ? value : undefined;
}

/** Whether any address is in both. */
export function prefixesOverlap(one: Prefix, other: Prefix): boolean {
  return prefixContains(one, prefixIp(other)) || prefixContains(other, prefixIp(one));
}

export function prefixContains(value: Prefix, ip: Ip): boolean {
  return rangeContains(rangeOf(value), ipBytes(ip));
}

interface Range {
  readonly bytes: Uint8Array;
  readonly length: number;
}

function rangeOf(value: Prefix): Range {
  return { bytes: ipBytes(prefixIp(value)), length: prefixLength(value) };
}

function rangeContains(range: Range, bytes: Uint8Array): boolean {
  if (bytes.length !== range.bytes.length) return false;
  const whole = range.length >>> 3;
  for (let index = 0; index < whole; index += 1) {
    if (bytes[index] !== range.bytes[index]) return false;
  }
  const bits = range.length & 7;
  if (bits === 0) return true;
  return ((bytes[whole] as number) ^ (range.bytes[whole] as number)) >>> (8 - bits) === 0;
}

function anyContains(ranges: readonly Range[], ip: Ip): boolean {
  const bytes = ipBytes(ip);
  for (let index = 0; index < ranges.length; index += 1) {
    if (rangeContains(ranges[index] as Range, bytes)) return true;
  }
  return false;
}

const neverUnicast = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '224.0.0.0/3',
  '::/128',
  '::1/128',
  'ff00::/8',
].map((text) => rangeOf(text as Prefix));

/** Whether a datagram may be sent there: not unspecified, loopback, multicast or broadcast. */
export function isUnicast(ip: Ip): boolean {
  return unicastAnswers.of(ip);
}

/** What was answered of the last addresses: the same few are asked about again and again. */
class Answers {
  readonly #byIp = new Map<Ip, boolean>();
  readonly #judge: (ip: Ip) => boolean;

  constructor(judge: (ip: Ip) => boolean) {
    this.#judge = judge;
  }

  of(ip: Ip): boolean {
    let answer = this.#byIp.get(ip);
    if (answer === undefined) {
      answer = this.#judge(ip);
      if (this.#byIp.size >= answersKept) this.#byIp.clear();
      this.#byIp.set(ip, answer);
    }
    return answer;
  }
}

const answersKept = 1024;
const unicastAnswers = new Answers((ip) => !anyContains(neverUnicast, ip));

const privateRanges = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  'fc00::/7',
  'fe80::/10',
].map((text) => rangeOf(text as Prefix));

/** Addresses that mean something only inside one network: RFC 1918, 2544, 3927, 4193, 4291, 6598. */
export function isPrivate(ip: Ip): boolean {
  return privateAnswers.of(ip);
}

const privateAnswers = new Answers((ip) => anyContains(privateRanges, ip));
