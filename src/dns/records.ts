/** The records that a Direction Server and a node's stub answer with, and the names of addresses. */
import { utf8, Writer } from '../base/bytes.ts';
import {
  type Ip,
  ipBytes,
  ipFromBytes,
  isIpv6,
  type Prefix,
  prefixIp,
  prefixLength,
} from '../base/ip.ts';
import { recordClasses, recordTypes } from './constants.ts';
import type { DnsRecord, RecordData } from './message.ts';
import { isWithin } from './name.ts';

function record(name: string, type: number, ttl: number, data: RecordData): DnsRecord {
  return { name, type, class: recordClasses.IN, ttl, data };
}

/** A or AAAA. */
export function addressRecord(name: string, ttl: number, ip: Ip): DnsRecord {
  return record(name, isIpv6(ip) ? recordTypes.AAAA : recordTypes.A, ttl, [ipBytes(ip)]);
}

export function nameServerRecord(name: string, ttl: number, server: string): DnsRecord {
  return record(name, recordTypes.NS, ttl, [server]);
}

export function pointerRecord(name: string, ttl: number, target: string): DnsRecord {
  return record(name, recordTypes.PTR, ttl, [target]);
}

export function ntmRecordOf(name: string, ttl: number, data: Uint8Array): DnsRecord {
  return record(name, recordTypes.NTM, ttl, [data]);
}

/** Start of authority; `negativeSeconds` is how long the absence of a name may be remembered. */
export function authorityRecord(
  zone: string,
  server: string,
  serial: number,
  negativeSeconds: number,
): DnsRecord {
  const times = new Writer(20)
    .u32(serial >>> 0)
    .u32(3600)
    .u32(600)
    .u32(604_800)
    .u32(negativeSeconds).bytes;
  const data = [server, `hostmaster.${zone}`, times];
  return record(zone, recordTypes.SOA, negativeSeconds, data);
}

/** "4.0.18.198.in-addr.arpa" of 198.18.0.4. */
export function reverseName(ip: Ip): string {
  return reverseLabels(ip, 32, 128);
}

function reverseLabels(ip: Ip, bits4: number, bits6: number): string {
  const bytes = [...ipBytes(ip)];
  if (!isIpv6(ip)) {
    return [...bytes.slice(0, bits4 / 8).reverse(), 'in-addr.arpa'].join('.');
  }
  const digits = bytes.flatMap((byte) => [(byte >>> 4).toString(16), (byte & 0xf).toString(16)]);
  return [...digits.slice(0, bits6 / 4).reverse(), 'ip6.arpa'].join('.');
}

/** The address of a whole reverse name in lower case, or undefined. */
export function reverseIp(name: string): Ip | undefined {
  const labels = name.split('.');
  const root = labels.splice(-2).join('.');
  labels.reverse();
  if (root === 'in-addr.arpa' && labels.length === 4) {
    const bytes = labels.map((label) => (/^(0|[1-9]\d{0,2})$/.test(label) ? Number(label) : 256));
    return bytes.every((byte) => byte < 256) ? ipFromBytes(Uint8Array.from(bytes)) : undefined;
  }
  if (root === 'ip6.arpa' && labels.length === 32) {
    if (!labels.every((label) => /^[0-9a-f]$/.test(label))) return undefined;
    const bytes = new Uint8Array(16);
    for (let index = 0; index < 16; index += 1) {
      bytes[index] = Number.parseInt(`${labels[2 * index]}${labels[2 * index + 1]}`, 16);
    }
    return ipFromBytes(bytes);
  }
  return undefined;
}

/** The reverse zones that together hold a prefix: cut at whole bytes (IPv4) or half bytes (IPv6). */
export function reverseZones(prefix: Prefix): readonly string[] {
  const ip = prefixIp(prefix);
  const length = prefixLength(prefix);
  const step = isIpv6(ip) ? 4 : 8;
  const bits = Math.max(step, Math.ceil(length / step) * step);
  const count = 2 ** (bits - length);
  if (isIpv6(ip)) {
    return count === 1 ? [reverseLabels(ip, 0, bits)] : [];
  }
  return Array.from({ length: Math.min(count, 128) }, (_, index) => {
    const bytes = ipBytes(ip).slice();
    const at = bits / 8 - 1;
    bytes[at] = (bytes[at] as number) + index;
    return reverseLabels(ipFromBytes(bytes), bits, 0);
  });
}

/** The zone of `zones` that a name in lower case belongs to. */
export function zoneOf<Zone extends string>(
  name: string,
  zones: readonly Zone[],
): Zone | undefined {
  return zones.find((zone) => isWithin(name, zone));
}

/** A short text as one string of a TXT or HINFO record. */
export function characterString(text: string): Uint8Array {
  const bytes = utf8(text).subarray(0, 255);
  return new Writer(1 + bytes.length).u8(bytes.length).put(bytes).bytes;
}
