/**
 * The types of option values: text into booleans, numbers, names, addresses and keys. Addresses of servers
 * are IP addresses: names are not resolved, because the resolver may depend on this very daemon.
 */
import { fromHex } from '../../base/bytes.ts';
import {
  type Endpoint,
  endpointIp,
  type Ip,
  isIpv6,
  isUnicast,
  type Prefix,
  parseEndpoint,
  parseIp,
  parsePrefix,
  prefix,
  prefixIp,
  prefixLength,
} from '../../base/ip.ts';
import { decodeInvite, type Invite, isName } from '../../protocol/invite.ts';
import type { OptionType } from './options.ts';

export const boolean: OptionType<boolean> = (text) => {
  const value = text.toLowerCase();
  if (['1', 'yes', 'on', 'true', 'enabled'].includes(value)) return { value: true };
  if (['0', 'no', 'off', 'false', 'disabled'].includes(value)) return { value: false };
  return { error: `"${text}" must be 1 or 0.` };
};

export function integer(least: number, most: number): OptionType<number> {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return { value };
    return { error: `"${text}" must be a whole number from ${least} to ${most}.` };
  };
}

export function oneOf<const Words extends readonly string[]>(
  ...words: Words
): OptionType<Words[number]> {
  return (text) =>
    words.includes(text)
      ? { value: text as Words[number] }
      : { error: `"${text}" must be one of ${words.join(', ')}.` };
}

export const nodeName: OptionType<string> = (text) =>
  isName(text)
    ? { value: text.toLowerCase() }
    : { error: `"${text}" must be 1 to 63 letters, digits and hyphens, with no hyphen at an end.` };

export const zoneName: OptionType<string> = (text) => {
  const zone = text.replace(/\.$/, '').toLowerCase();
  return zone.length <= 190 && zone.split('.').every(isName)
    ? { value: zone }
    : { error: `"${text}" must be a domain name such as home.example.` };
};

export const firewallZone: OptionType<string> = (text) =>
  /^[A-Za-z0-9_.-]{1,32}$/.test(text)
    ? { value: text }
    : { error: `"${text}" must be the name of a firewall zone, such as wan.` };

/** A node's name, with or without its zone. */
export const peerName: OptionType<string> = (text) => {
  const name = text.replace(/\.$/, '').toLowerCase();
  return name.length <= 253 && name.split('.').every(isName)
    ? { value: name }
    : { error: `"${text}" must be the name of a node, such as router or router.office.example.` };
};

/** Of one machine. */
export const hostAddress: OptionType<Ip> = (text) => {
  const value = parseIp(text);
  return value && isUnicast(value)
    ? { value }
    : { error: `"${text}" must be the IP address of a host, such as 192.168.1.20.` };
};

/** A name the kernel takes; "ntm" in front tells our own devices from uplinks. */
export const deviceName: OptionType<string> = (text) =>
  /^ntm[A-Za-z0-9_-]{1,12}$/.test(text)
    ? { value: text }
    : { error: `"${text}" must begin with ntm and have 4 to 15 letters and digits, such as ntm0.` };

/** An address others send to, with port or, without one, at `defaultPort`. */
export function publicEndpoint(defaultPort: number): OptionType<Endpoint> {
  return (text) => {
    const value = parseEndpoint(text, defaultPort);
    if (!value) {
      const example = `203.0.113.10:${defaultPort} or [2001:db8::10]:${defaultPort}`;
      const named = /[g-z]/i.test(text) ? ' Names are not resolved here.' : '';
      return { error: `"${text}" must be an IP address and port such as ${example}.${named}` };
    }
    if (isUnicast(endpointIp(value))) return { value };
    return { error: `"${text}" is no address that other machines can send to.` };
  };
}

/** An address of this machine or of another one; loopback is allowed. */
export function anyEndpoint(defaultPort: number): OptionType<Endpoint> {
  return (text) => {
    const value = parseEndpoint(text, defaultPort);
    if (value) return { value };
    return {
      error: `"${text}" must be an IP address and port such as 192.0.2.1:${defaultPort}. Names are not resolved here.`,
    };
  };
}

/** A whole path, so that it does not depend on where the daemon was started. */
export const filePath: OptionType<string> = (text) =>
  /^\/\P{Cc}+$/u.test(text)
    ? { value: text }
    : { error: `"${text}" must be the whole path of a file, beginning with /.` };

export const anyPrefix: OptionType<Prefix> = (text) => {
  const value = parsePrefix(text);
  if (value) return { value };
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text);
  const ip = match ? parseIp(match[1] as string) : undefined;
  if (!ip) return { error: `"${text}" must be a prefix such as 192.0.2.0/24.` };
  const bits = isIpv6(ip) ? 128 : 32;
  const length = match?.[2] === undefined ? bits : Number(match[2]);
  if (length > bits) return { error: `"${text}" has a length above ${bits}.` };
  return { error: `"${text}" must be written ${prefix(ip, length)}.` };
};

/** The IPv4 pool of a zone: room for the server itself and a few nodes at least. */
export const poolPrefix: OptionType<Prefix> = (text) => {
  const result = anyPrefix(text);
  if ('error' in result) return result;
  if (isIpv6(prefixIp(result.value))) return { error: `"${text}" must be an IPv4 prefix.` };
  const length = prefixLength(result.value);
  if (length >= 8 && length <= 30) return result;
  return { error: `"${text}" must have a length from 8 to 30, such as 198.18.16.0/20.` };
};

/** 32 bytes, not all zero. */
export const publicKey: OptionType<Uint8Array> = (text) => {
  const value = fromHex(text);
  if (value?.length === 32 && value.some((byte) => byte !== 0)) return { value };
  const found = text.length === 64 ? 'it is not' : `it has ${text.length}`;
  return {
    error: `This must be a public key of 64 hexadecimal digits; ${found}. "ntmobile status" at the server shows it.`,
  };
};

export const inviteLine: OptionType<Invite> = (text) => {
  const decoded = decodeInvite(text);
  return decoded.ok ? { value: decoded.invite } : { error: decoded.error };
};
