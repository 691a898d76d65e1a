/**
 * Framing of Tunnel Request, Response and Confirm: the path header (side, flag leg, Path ID), the fields,
 * and a keyed hash of 16 bytes over all of it. Between a node and its Relay Server the key is the node's
 * leg key; between two nodes it is the direct key, which the Relay Server does not have (protocol.md 11.3).
 */
import { concatBytes, equalSecrets, fromHex, Reader, toHex, Writer } from '../base/bytes.ts';
import type { Side } from '../datapath/commands.ts';
import { macOver } from '../noise/keys.ts';
import type { Suite } from '../noise/suite.ts';
import { decodeBody, encodeFields, identify, padTo } from '../wire/codec.ts';
import { type Drop, drop, isDrop } from '../wire/drops.ts';
import { legFlag, pathHeaderLength, sideFlag, versionByte } from '../wire/header.ts';
import type { PathId } from '../wire/ids.ts';
import { messages, type TunnelName, type Values } from '../wire/messages.ts';

const macLength = 16;
/** A Tunnel Request or Confirm is padded to this, so that no Tunnel Response is longer than its cause. */
const tunnelRequestLength = 144;

export interface TunnelHeader {
  readonly name: TunnelName;
  readonly side: Side;
  readonly leg: boolean;
  readonly pathId: PathId;
}

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
  const writer = new Writer(256);
  writer.u8(messages[name].code).u8(versionByte(path.side | (path.leg ? legFlag : 0)));
  writer.u48(0).put(fromHex(path.pathId) as Uint8Array);
  encodeFields(writer, name, values);
  if (name !== 'tunnelResponse') padTo(writer, tunnelRequestLength - macLength);
  return concatBytes(writer.bytes, macOver(suite, key, writer.bytes));
}

export function readTunnelHeader(datagram: Uint8Array): TunnelHeader | Drop {
  const identity = identify(datagram);
  if (isDrop(identity)) return identity;
  const { name, flags } = identity;
  if (name !== 'tunnelRequest' && name !== 'tunnelResponse' && name !== 'tunnelConfirm') {
    return drop('unexpected');
  }
  if (datagram.length < pathHeaderLength + macLength) return drop('too-short');
  const reader = new Reader(datagram, 2);
  if ((flags & ~(sideFlag | legFlag)) !== 0 || reader.u48() !== 0) return drop('reserved-bits');
  const pathId = toHex(reader.take(8)) as PathId;
  return { name, side: (flags & sideFlag) as Side, leg: (flags & legFlag) !== 0, pathId };
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
