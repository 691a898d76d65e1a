/**
 * Framing of Path Probe, Path Answer, Path Report and Path Close: the header of a Capsulated Packet (side, epoch, 48 bits
 * of counter, Path ID) and a body sealed under the control key of that epoch, which is not the data key.
 */
import { Reader } from '../base/bytes.ts';
import { writeNonce } from '../datapath/capsulated-packet.ts';
import type { Side } from '../datapath/commands.ts';
import { nonceLength, type Suite } from '../noise/suite.ts';
import { decodeBody, encodeFields } from '../wire/codec.ts';
import { type Drop, drop, isDrop } from '../wire/drops.ts';
import { epochMask, epochShift, legFlag, pathHeaderLength, tagBytes } from '../wire/header.ts';
import type { PathId } from '../wire/ids.ts';
import type { PathMessageName, Values } from '../wire/messages.ts';
import { type PathHeader, pathHeader, readPathHeader } from './path-header.ts';

export interface PathMessageHeader extends PathHeader<PathMessageName> {
  readonly epoch: number;
}

const names = ['pathProbe', 'pathAnswer', 'pathReport', 'pathClose'] as const;

export type PathMessage = {
  [Name in PathMessageName]: { readonly name: Name; readonly values: Values<Name> };
}[PathMessageName];

export function sealPathMessage<Name extends PathMessageName>(
  suite: Suite,
  name: Name,
  path: {
    readonly pathId: PathId;
    readonly side: Side;
    readonly epoch: number;
    readonly counter: number;
  },
  key: Uint8Array,
  values: Values<Name>,
): Uint8Array {
  const flags = path.side | (path.epoch << epochShift);
  const writer = pathHeader(name, flags, path.counter, path.pathId);
  encodeFields(writer, name, values);
  const plain = writer.bytes;
  const header = plain.subarray(0, pathHeaderLength);
  const datagram = new Uint8Array(plain.length + tagBytes);
  datagram.set(header);
  suite.sealInto(
    datagram.subarray(pathHeaderLength),
    key,
    writeNonce(nonceInUse, path.counter, flags),
    header,
    plain.subarray(pathHeaderLength),
  );
  return datagram;
}

/** Used for one call of the suite at a time, which keeps nothing of it. */
const nonceInUse = new Uint8Array(nonceLength);

export function readPathMessageHeader(datagram: Uint8Array): PathMessageHeader | Drop {
  const header = readPathHeader(datagram, names, tagBytes);
  if (isDrop(header)) return header;
  const { name, flags, side, counter, pathId } = header;
  if ((flags & legFlag) !== 0) return drop('reserved-bits');
  return { name, flags, side, counter, pathId, epoch: (flags & epochMask) >>> epochShift };
}

export function openPathMessage(
  suite: Suite,
  header: PathMessageHeader,
  key: Uint8Array,
  datagram: Uint8Array,
): PathMessage | Drop {
  const plaintext = suite.open(
    key,
    writeNonce(nonceInUse, header.counter, header.flags),
    datagram.subarray(0, pathHeaderLength),
    datagram.subarray(pathHeaderLength),
  );
  if (!plaintext) return drop('bad-seal');
  const values = decodeBody(header.name, new Reader(plaintext));
  return isDrop(values) ? values : ({ name: header.name, values } as PathMessage);
}
