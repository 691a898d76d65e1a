/**
 * The invite (protocol.md section 2): one line of text that the owner of a Direction Server hands to the
 * owner of a node or Relay Server. It holds where the Direction Server is, its public key, a one-time
 * token, an expiry and a suggested name. A checksum tells a mistyped line from a foreign one; it proves
 * nothing else, and whether the token is good is for the Direction Server alone to say.
 */
import { fromBase64url, toBase64url } from '../base/base64url.ts';
import { concatBytes, fromUtf8, Reader, utf8, Writer } from '../base/bytes.ts';
import {
  type Endpoint,
  endpoint,
  endpointIp,
  endpointPort,
  ipBytes,
  ipFromBytes,
  isUnicast,
} from '../base/ip.ts';

export type InviteKind = 'node' | 'relay';

export interface Invite {
  readonly kind: InviteKind;
  /** Of the Direction Server, 1 to 4. */
  readonly endpoints: readonly Endpoint[];
  /** 32 bytes: of the Direction Server. */
  readonly publicKey: Uint8Array;
  /** 16 bytes, spent by the first Registration Request. */
  readonly token: Uint8Array;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Suggested by the owner of the Direction Server; empty for none. */
  readonly name: string;
}

export type DecodedInvite =
  | { readonly ok: true; readonly invite: Invite }
  | { readonly ok: false; readonly error: string };

export const inviteStart = 'ntm1:';
export const maxInviteEndpoints = 4;
const kinds: readonly InviteKind[] = ['node', 'relay'];
const askForAnother = 'Ask the owner of the Direction Server for a new one.';

/** One line without blanks, about 120 letters. */
export function encodeInvite(invite: Invite): string {
  const writer = new Writer(160);
  writer.u8(kinds.indexOf(invite.kind)).u48(invite.expiresAt);
  writer.put(invite.token).put(invite.publicKey).u8(invite.endpoints.length);
  for (const value of invite.endpoints) {
    const ip = ipBytes(endpointIp(value));
    writer.u8(ip.length).put(ip).u16(endpointPort(value));
  }
  const name = utf8(invite.name);
  writer.u8(name.length).put(name);
  const body = writer.bytes;
  return inviteStart + toBase64url(concatBytes(body, checksumBytes(body)));
}

/** Accepts what pasting does to a line: blanks, line breaks and quotation marks round it. */
export function decodeInvite(text: string): DecodedInvite {
  const line = text.replace(/\s+/g, '').replace(/^["'<]+|["'>]+$/g, '');
  const problem = startProblem(line);
  if (problem !== undefined) return { ok: false, error: problem };
  const bytes = fromBase64url(line.slice(inviteStart.length));
  if (!bytes || bytes.length < 5) return damaged(line);
  const body = bytes.subarray(0, -4);
  const checksum = checksumBytes(body);
  if (checksum.some((byte, index) => byte !== bytes[body.length + index])) return damaged(line);
  return decodeBody(body);
}

function startProblem(line: string): string | undefined {
  if (line === '') return 'There is no invite: it is one line that starts with "ntm1:".';
  if (line.startsWith(inviteStart)) return undefined;
  if (line.toLowerCase().startsWith(inviteStart)) {
    return 'The invite was changed on its way: it must start with "ntm1:" in small letters.';
  }
  const version = /^ntm(\d+):/.exec(line);
  if (version) {
    return `This invite is of version ${version[1]}, which this software does not know. Update ntmobile.`;
  }
  return 'This is no invite: an invite is one line that starts with "ntm1:".';
}

function damaged(line: string): DecodedInvite {
  const body = line.slice(inviteStart.length);
  const stranger = /[^A-Za-z0-9_-]/u.exec(body)?.[0];
  if (stranger !== undefined) {
    return {
      ok: false,
      error: `The invite holds "${stranger}", which no invite does. Copy the whole line again.`,
    };
  }
  return {
    ok: false,
    error: 'The invite is mistyped or cut off: its checksum is wrong. Copy the whole line again.',
  };
}

function decodeBody(body: Uint8Array): DecodedInvite {
  const reader = new Reader(body);
  const kind = kinds[reader.u8()];
  const expiresAt = reader.u48();
  const token = reader.take(16).slice();
  const publicKey = reader.take(32).slice();
  const endpoints = readEndpoints(reader);
  const name = fromUtf8(reader.take(reader.u8()));
  if (!reader.ok || reader.remaining !== 0 || !kind || !endpoints || name === undefined) {
    return {
      ok: false,
      error: `The invite is complete but makes no sense to this software. ${askForAnother}`,
    };
  }
  if (endpoints.length === 0) {
    return {
      ok: false,
      error:
        'The invite names no address of its Direction Server. Its owner must set "list address" in ' +
        'the "ds" section and make a new one.',
    };
  }
  if (name !== '' && !isName(name)) {
    return { ok: false, error: `The invite suggests a name that cannot be one. ${askForAnother}` };
  }
  return { ok: true, invite: { kind, endpoints, publicKey, token, expiresAt, name } };
}

function readEndpoints(reader: Reader): Endpoint[] | undefined {
  const endpoints: Endpoint[] = [];
  const count = reader.u8();
  if (count > maxInviteEndpoints) return undefined;
  for (let index = 0; index < count; index += 1) {
    const length = reader.u8();
    if (length !== 4 && length !== 16) return undefined;
    const ip = ipFromBytes(reader.take(length));
    const port = reader.u16();
    if (port === 0 || !isUnicast(ip)) return undefined;
    endpoints.push(endpoint(ip, port));
  }
  return endpoints;
}

/** A name of a node: 1 to 63 letters, digits and hyphens, no hyphen at an end. */
export function isName(text: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(text);
}

/**
 * The sentence for an invite that has expired by this clock, or undefined. A clock before 2025 was never
 * set (a router at boot), so it is no reason to refuse.
 */
export function expiryProblem(invite: Invite, unixSeconds: number): string | undefined {
  if (unixSeconds < clockNeverSetBefore || unixSeconds <= invite.expiresAt) return undefined;
  return `This invite expired ${describeSpan(unixSeconds - invite.expiresAt)} ago. ${askForAnother}`;
}

/** 2025-01-01 in Unix seconds: an earlier clock was never set. */
export const clockNeverSetBefore = 1_735_689_600;

/** "3 hours", "1 day": the largest unit that fits, rounded down. */
export function describeSpan(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400, 'day'],
    [3_600, 'hour'],
    [60, 'minute'],
  ];
  const [length, unit] = units.find(([size]) => seconds >= size) ?? [1, 'second'];
  const count = Math.max(0, Math.floor(seconds / length));
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

/** CRC-32 (IEEE 802.3), 4 bytes. */
function checksumBytes(bytes: Uint8Array): Uint8Array {
  let rest = 0xffff_ffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit += 1) {
      rest = rest & 1 ? (rest >>> 1) ^ 0xedb8_8320 : rest >>> 1;
    }
  }
  return new Writer(4).u32(~rest >>> 0).bytes;
}
