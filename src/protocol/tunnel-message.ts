/**
 * Framing of Tunnel Request, Response and Confirm: the path header (side, flag leg, Path ID), the fields,
 * and a keyed hash of 16 bytes over all of it. Between a node and its Relay Server the key is the node's
 * leg key; between two nodes it is the direct key, which the Relay Server does not have (protocol.md 11.3).
 */
import { equalSecrets, Reader } from '../base/bytes.ts';
import type { Side } from '../datapath/commands.ts';
import { macOver } from '../noise/keys.ts';
import type { Suite } from '../noise/suite.ts';
import { decodeBody, encodeFields, padTo } from '../wire/codec.ts';
import { type Drop, drop, isDrop } from '../wire/drops.ts';
import { legFlag, pathHeaderLength, sideFlag } from '../wire/header.ts';
import type { PathId } from '../wire/ids.ts';
import type { TunnelName, Values } from '../wire/messages.ts';
import { type PathHeader, pathHeader, readPathHeader } from './path-header.ts';

const macLength = 16;
/** A Tunnel Request or Confirm is padded to this, so that no Tunnel Response is longer than its cause. */
const tunnelRequestLength = 144;

export interface TunnelHeader extends PathHeader<TunnelName> {
  readonly leg: boolean;
}

const names = ['tunnelRequest', 'tunnelResponse', 'tunnelConfirm'] as const;

export type TunnelMessage = {
  [Name in TunnelName]: { readonly name: Name; readonly values: Values<Name> };
}[TunnelName];

/** `side` is the sender's side of the path; a Relay Server answers with the side of the leg. */
export function encodeTunnel<Name extends TunnelName>(
  suite: Suite,
  name: Name,
  path: { readonly pathId: PathId; readonly side: Side; readonly leg: boolean },
  key: Uint8Array,
  values: Values<Name>,
): Uint8Array {
  const writer = pathHeader(name, path.side | (path.leg ? legFlag : 0), 0, path.pathId);
  encodeFields(writer, name, values);
  if (name !== 'tunnelResponse') padTo(writer, tunnelRequestLength - macLength);
  const plain = writer.bytes;
  const datagram = new Uint8Array(plain.length + macLength);
  datagram.set(plain);
  datagram.set(macOver(suite, key, plain), plain.length);
  return datagram;
}

export function readTunnelHeader(datagram: Uint8Array): TunnelHeader | Drop {
  const header = readPathHeader(datagram, names, macLength);
  if (isDrop(header)) return header;
  const { name, flags, side, counter, pathId } = header;
  if ((flags & ~(sideFlag | legFlag)) !== 0 || counter !== 0) return drop('reserved-bits');
  return { name, flags, side, counter, pathId, leg: (flags & legFlag) !== 0 };
}

export function decodeTunnel(
  suite: Suite,
  header: TunnelHeader,
  key: Uint8Array,
  datagram: Uint8Array,
): TunnelMessage | Drop {
  const end = datagram.length - macLength;
  const mac = macOver(suite, key, datagram.subarray(0, end));
  if (!equalSecrets(mac, datagram.subarray(end))) return drop('bad-mac');
  const values = decodeBody(header.name, new Reader(datagram, pathHeaderLength, end));
  return isDrop(values) ? values : ({ name: header.name, values } as TunnelMessage);
}
