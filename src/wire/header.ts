/**
 * The first bytes of every datagram. Byte 0 is the message type, byte 1 the version (high four bits) and
 * the flags (low four). Path messages and the Capsulated Packet share one layout, so that a relay finds
 * the Path ID of both at the same place:
 *
 *     session message   type | version+flags | 0 (16 bits) | session ID (64) | counter (64) | sealed body
 *     path message      type | version+flags | counter or 0 (48 bits)        | Path ID (64) | body
 */
export const protocolVersion = 1;

export const sessionHeaderLength = 20;
export const pathHeaderLength = 16;
export const tagBytes = 16;

/** Flags of path messages and Capsulated Packets. */
export const sideFlag = 0x1;
/** Bits 1 and 2: the key epoch, 0..3, of sealed path messages and Capsulated Packets. */
export const epochShift = 1;
export const epochMask = 0x6;
/** On Tunnel Request, Response and Confirm: between a node and its Relay Server, not between the nodes. */
export const legFlag = 0x8;

/** The longest datagram that is sent or accepted: an Ethernet frame's worth, for Capsulated Packets up to 64 KiB. */
export const maxControlDatagram = 1452;
/** First messages are padded to this, so that no answer is longer than its cause. */
export const firstMessageLength = 1200;

export function versionByte(flags: number): number {
  return (protocolVersion << 4) | flags;
}
