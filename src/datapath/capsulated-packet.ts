/**
 * The Capsulated Packet on the wire: header, nonce, and the Path ID as a number for look-ups.
 *
 *     0x80 | version+flags | counter (48) | Path ID (64) | ciphertext | tag (128)
 *
 * The header is the associated data. The nonce is 4 zero bytes, then in little endian 48 bits of counter
 * and one byte of side and epoch, as the kernel's library takes it.
 */
import { protocolVersion } from '../wire/header.ts';
import type { PathId } from '../wire/ids.ts';
import { messages } from '../wire/messages.ts';

export const dataType = messages.capsulatedPacket.code;

/**
 * A Path ID as number for the tables: its low 53 bits. Two paths of one machine that agree in them are
 * told apart by nothing here, so the second is refused like a Path ID that is taken.
 */
export function numberOfId(pathId: PathId): number {
  const high = Number.parseInt(pathId.slice(0, 8), 16) & 0x1f_ffff;
  return high * 0x1_0000_0000 + Number.parseInt(pathId.slice(8), 16);
}

function word(buffer: Uint8Array, offset: number): number {
  return (
    (((buffer[offset] as number) << 24) |
      ((buffer[offset + 1] as number) << 16) |
      ((buffer[offset + 2] as number) << 8) |
      (buffer[offset + 3] as number)) >>>
    0
  );
}

export function idAt(buffer: Uint8Array, offset: number): number {
  return (word(buffer, offset + 8) & 0x1f_ffff) * 0x1_0000_0000 + word(buffer, offset + 12);
}

export function hexIdAt(buffer: Uint8Array, offset: number): PathId {
  const hex = (value: number) => value.toString(16).padStart(8, '0');
  return (hex(word(buffer, offset + 8)) + hex(word(buffer, offset + 12))) as PathId;
}

export function counterAt(buffer: Uint8Array, offset: number): number {
  return (
    ((buffer[offset + 2] as number) * 0x100 + (buffer[offset + 3] as number)) * 0x1_0000_0000 +
    word(buffer, offset + 4)
  );
}

export function writeHeader(
  buffer: Uint8Array,
  start: number,
  flags: number,
  counter: number,
  idBytes: Uint8Array,
): void {
  const low = counter % 0x1_0000_0000;
  const high = Math.floor(counter / 0x1_0000_0000);
  buffer[start] = dataType;
  buffer[start + 1] = (protocolVersion << 4) | flags;
  buffer[start + 2] = (high >>> 8) & 0xff;
  buffer[start + 3] = high & 0xff;
  buffer[start + 4] = (low >>> 24) & 0xff;
  buffer[start + 5] = (low >>> 16) & 0xff;
  buffer[start + 6] = (low >>> 8) & 0xff;
  buffer[start + 7] = low & 0xff;
  buffer.set(idBytes, start + 8);
}

/** Fills the 12 bytes of `nonce` and gives it back. */
export function writeNonce(nonce: Uint8Array, counter: number, flags: number): Uint8Array {
  const low = counter % 0x1_0000_0000;
  const high = Math.floor(counter / 0x1_0000_0000);
  nonce[4] = low & 0xff;
  nonce[5] = (low >>> 8) & 0xff;
  nonce[6] = (low >>> 16) & 0xff;
  nonce[7] = (low >>> 24) & 0xff;
  nonce[8] = high & 0xff;
  nonce[9] = (high >>> 8) & 0xff;
  nonce[10] = flags;
  return nonce;
}
