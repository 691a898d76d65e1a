/**
 * Framing of Path Probe, Path Answer and Path Close: the header of a Capsulated Packet (side, epoch, 48 bits
 * of counter, Path ID) and a body sealed under the control key of that epoch, which is not the data key.
 */
import { concatBytes, fromHex, Reader, toHex, Writer } from '../base/bytes.ts';
import type { Side } from '../datapath/commands.ts';
import { nonceLength, type Suite } from '../noise/suite.ts';
import { decodeBody, encodeFields, identify } from '../wire/codec.ts';
import { type Drop, drop, isDrop } from '../wire/drops.ts';
import {
  epochMask,
  epochShift,
  legFlag,
  pathHeaderLength,
  sideFlag,
  tagBytes,
  versionByte,
} from '../wire/header.ts';
import type { PathId } from '../wire/ids.ts';
import { messages, type PathMessageName, type Values } from '../wire/messages.ts';

export interface PathMessageHeader {
  readonly name: PathMessageName;
  readonly side: Side;
  readonly epoch: number;
  readonly counter: number;
  readonly pathId: PathId;
}

export type PathMessage = {
  [Name in PathMessageName]: { readonly name: Name; readonly values: Values<Name> };
}[PathMessageName];

function nonceOf(counter: number, flags: number): Uint8Array {
  const nonce = new Uint8Array(nonceLength);
  let rest = counter;
  for (let index = 4; index < 10; index += 1) {
    nonce[index] = rest % 0x100;
    rest = Math.floor(rest / 0x100);
  }
  nonce[10] = flags;
  return nonce;
}

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
  const header = new Writer(pathHeaderLength);
  header.u8(messages[name].code).u8(versionByte(flags));
  header.u48(path.counter).put(fromHex(path.pathId) as Uint8Array);
  const body = new Writer();
  encodeFields(body, name, values);
  const sealed = suite.seal(key, nonceOf(path.counter, flags), header.bytes, body.bytes);
  return concatBytes(header.bytes, sealed);
}

export function readPathMessageHeader(datagram: Uint8Array): PathMessageHeader | Drop {
  const identity = identify(datagram);
  if (isDrop(identity)) return identity;
  const { name, flags } = identity;
  if (name !== 'pathProbe' && name !== 'pathAnswer' && name !== 'pathClose') {
    return drop('unexpected');
  }
  if (datagram.length < pathHeaderLength + tagBytes) return drop('too-short');
  if ((flags & legFlag) !== 0) return drop('reserved-bits');
  const reader = new Reader(datagram, 2);
  const counter = reader.u48();
  const pathId = toHex(reader.take(8)) as PathId;
  const epoch = (flags & epochMask) >>> epochShift;
  return { name, side: (flags & sideFlag) as Side, epoch, counter, pathId };
}

export function openPathMessage(
  suite: Suite,
  header: PathMessageHeader,
  key: Uint8Array,
  datagram: Uint8Array,
): PathMessage | Drop {
  const flags = header.side | (header.epoch << epochShift);
  const plaintext = suite.open(
    key,
    nonceOf(header.counter, flags),
    datagram.subarray(0, pathHeaderLength),
    datagram.subarray(pathHeaderLength),
  );
  if (!plaintext) return drop('bad-seal');
  const values = decodeBody(header.name, new Reader(plaintext));
  return isDrop(values) ? values : ({ name: header.name, values } as PathMessage);
}
