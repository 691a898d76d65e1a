/**
 * What differs between the machines the daemon runs on: sizes of C types, byte order, and the
 * constants that MIPS numbers in its own way. Everything that lays out a C structure asks here.
 */
import { PosixSocket } from 'tjs:posix-socket';
import { littleEndian } from '../byte-order.ts';
import { pointerBytes } from './ffi-engine.ts';

/** MIPS kept the numbers of an older system; its socket level gives it away. */
const mips = PosixSocket.defines['SOL_SOCKET'] === 0xffff;

export const abi = { pointerBytes, littleEndian, mips } as const;

export const socketConstants = {
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 10,
  AF_NETLINK: 16,
  SOCK_STREAM: mips ? 2 : 1,
  SOCK_DGRAM: mips ? 1 : 2,
  SOCK_RAW: 3,
  SOCK_NONBLOCK: mips ? 0x80 : 0x800,
  SOCK_CLOEXEC: 0x80000,
  SOL_SOCKET: mips ? 0xffff : 1,
  SO_ERROR: mips ? 0x1007 : 4,
  SO_RCVBUF: mips ? 0x1002 : 8,
  SO_RCVBUFFORCE: 33,
  SO_SNDBUFFORCE: mips ? 31 : 32,
  SO_SNDTIMEO: mips ? 0x1005 : 21,
  SO_MARK: 36,
  IPPROTO_IP: 0,
  IP_PKTINFO: 8,
  IPPROTO_UDP: 17,
  UDP_SEGMENT: 103,
  UDP_GRO: 104,
  IPPROTO_IPV6: 41,
  IPV6_V6ONLY: 26,
  IPV6_RECVPKTINFO: 49,
  IPV6_PKTINFO: 50,
  IP_MTU_DISCOVER: 10,
  IPV6_MTU_DISCOVER: 23,
  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
  MSG_NOSIGNAL: 0x4000,
} as const;

export const fileConstants = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_CREAT: mips ? 0x100 : 0o100,
  O_EXCL: mips ? 0x400 : 0o200,
  O_TRUNC: 0o1000,
  O_NONBLOCK: mips ? 0x80 : 0o4000,
  O_CLOEXEC: 0o2000000,
  LOCK_EX: 2,
  LOCK_NB: 4,
} as const;

/** Writes and reads of C structures in the machine's own byte order. */
export class CStruct {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u16(offset: number, value: number): this {
    this.#view.setUint16(offset, value, littleEndian);
    return this;
  }

  u32(offset: number, value: number): this {
    this.#view.setUint32(offset, value, littleEndian);
    return this;
  }

  /** A pointer. */
  pointer(offset: number, value: bigint): this {
    if (pointerBytes === 8) this.#view.setBigUint64(offset, value, littleEndian);
    else this.#view.setUint32(offset, Number(value), littleEndian);
    return this;
  }

  /** A `size_t` below 2^32. */
  size(offset: number, value: number): this {
    return this.pointer(offset, BigInt(value));
  }

  getU32(offset: number): number {
    return this.#view.getUint32(offset, littleEndian);
  }
}
