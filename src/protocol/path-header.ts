/**
 * The header that Tunnel and path messages share with the Capsulated Packet (wire/header.ts), read and written
 * in one place: a relay finds side and Path ID of all of them where they are.
 */
import { fromHex, Reader, toHex, Writer } from '../base/bytes.ts';
import type { Side } from '../datapath/commands.ts';
import { identify } from '../wire/codec.ts';
import { type Drop, drop, isDrop } from '../wire/drops.ts';
import { pathHeaderLength, sideFlag, versionByte } from '../wire/header.ts';
import type { PathId } from '../wire/ids.ts';
import { type MessageName, messages } from '../wire/messages.ts';

export interface PathHeader<Name extends MessageName> {
  readonly name: Name;
  readonly flags: number;
  readonly side: Side;
  /** Of Path Probe, Answer and Close; 0 in Tunnel messages. */
  readonly counter: number;
  readonly pathId: PathId;
}

/** The Path ID of a datagram in tunnel or path framing; it may be shorter than a header. */
export function pathIdOf(datagram: Uint8Array): PathId {
  return toHex(datagram.subarray(8, pathHeaderLength)) as PathId;
}

/** Emptied before every message: none is kept. */
const inUse = new Writer(1500);

/** A writer with the header in it, for one message at a time. */
export function pathHeader(
  name: MessageName,
  flags: number,
  counter: number,
  pathId: PathId,
): Writer {
  const writer = inUse.clear();
  writer.u8(messages[name].code).u8(versionByte(flags));
  return writer.u48(counter).put(fromHex(pathId) as Uint8Array);
}

/** The header of a message of these names with at least `leastBody` bytes behind it. */
export function readPathHeader<Name extends MessageName>(
  datagram: Uint8Array,
  names: readonly Name[],
  leastBody: number,
): PathHeader<Name> | Drop {
  const identity = identify(datagram);
  if (isDrop(identity)) return identity;
  const { flags } = identity;
  const name = names.find((each) => each === identity.name);
  if (name === undefined) return drop('unexpected');
  if (datagram.length < pathHeaderLength + leastBody) return drop('too-short');
  const counter = new Reader(datagram, 2).u48();
  return { name, flags, side: (flags & sideFlag) as Side, counter, pathId: pathIdOf(datagram) };
}
