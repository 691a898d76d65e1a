/**
 * A TUN device: inner packets of applications come out of it and go into it. Packets are read one
 * after another into one buffer with room in front and behind, so that the data path can seal them
 * in place; TCP segments that go in are joined where they follow one another. A packet has a header of
 * virtio in front (IFF_VNET_HDR), which says of a joined one how it is made. The device goes away with
 * the descriptor; addresses and routes are set elsewhere.
 */
import { assert } from '../../base/assert.ts';
import { Counters } from '../../base/counters.ts';
import { type Joint, SegmentJoiner } from '../../datapath/segment-joiner.ts';
import { abi, CStruct, fileConstants } from './abi.ts';
import { isAgain, WatchedFd } from './fd.ts';
import { errno, pin } from './ffi.ts';
import { libc } from './libc.ts';
import { errnoName, errnos, NotPermitted, ProblemToMend, SystemError } from './system-error.ts';

const tunSetInterface = abi.mips ? 0x800454ca : 0x400454ca;
const interfaceRequestBytes = abi.pointerBytes === 8 ? 40 : 32;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
/** `struct virtio_net_hdr`, in the machine's own byte order; all zero for a packet as it is. */
const virtioHeaderBytes = 10;
const needsChecksum = 1;
const segmentationType = { 4: 1, 6: 4 } as const;
const tcpChecksumAt = 16;
const maxNameBytes = 15;

/** Room in front of a packet and behind it, in bytes. */
export const tunHeadroom = 32;
export const tunTailroom = 32;
/** Longest packet taken, in bytes. */
const maxPacketBytes = 9216;
/** Packets read in one turn before other work gets its turn. */
const maxBurst = 64;

export interface TunHandlers {
  /** A packet at `tunHeadroom` of `buffer`, which is reused afterwards. */
  readonly packet: (buffer: Uint8Array, offset: number, length: number) => void;
  /** After each burst of packets. */
  readonly drained: () => void;
  /** The device was deleted under us. */
  readonly gone: () => void;
  readonly failed: (error: unknown) => void;
}

export type TunCount = 'read' | 'written' | 'joined' | `read ${string}` | `write ${string}`;

export class TunDevice {
  readonly name: string;
  readonly counters = new Counters<TunCount>();
  readonly #fd: WatchedFd;
  readonly #handlers: TunHandlers;
  readonly #buffer = new Uint8Array(tunHeadroom + maxPacketBytes + tunTailroom);
  readonly #readAt = pin(this.#buffer.subarray(tunHeadroom - virtioHeaderBytes));
  readonly #joiner = new SegmentJoiner((...packet) => this.#write(...packet));

  /** Throws ProblemToMend with what to do when the device cannot be had. */
  constructor(name: string, handlers: TunHandlers) {
    this.name = name;
    this.#handlers = handlers;
    this.#fd = WatchedFd.adopt(openTun(name));
    this.#fd.watch({
      readable: () => this.#read(),
      trouble: (number) => {
        if (number === errnos.EBADF) handlers.gone();
      },
      failed: handlers.failed,
    });
  }

  #read(): void {
    for (let packets = 0; packets < maxBurst && !this.#fd.closed; packets += 1) {
      const count = libc.read(this.#fd.fd, this.#readAt, virtioHeaderBytes + maxPacketBytes);
      if (count <= virtioHeaderBytes) {
        const number = count < 0 ? errno() : errnos.EAGAIN;
        if (!isAgain(number)) this.counters.add(`read ${errnoName(number)}`);
        break;
      }
      this.counters.add('read');
      this.#handlers.packet(this.#buffer, tunHeadroom, count - virtioHeaderBytes);
    }
    this.#handlers.drained();
  }

  /**
   * Hands a packet to the system, at `flush` at the latest; one it refuses is counted. The buffer is
   * writable from `offset - 10` on.
   */
  write(buffer: Uint8Array, offset: number, length: number): void {
    this.#joiner.push(buffer, offset, length);
  }

  /** To be called before a buffer that was given to `write` is used again. */
  flush(): void {
    this.#joiner.flush();
  }

  #write(buffer: Uint8Array, offset: number, length: number, joint: Joint | undefined): void {
    if (this.#fd.closed) return;
    const start = offset - virtioHeaderBytes;
    const total = virtioHeaderBytes + length;
    const bytes = buffer.subarray(start, start + total);
    bytes.fill(0, 0, virtioHeaderBytes);
    if (joint) {
      bytes[0] = needsChecksum;
      bytes[1] = segmentationType[joint.ipVersion];
      new CStruct(bytes)
        .u16(2, joint.headerLength)
        .u16(4, joint.segmentLength)
        .u16(6, joint.ipHeaderLength)
        .u16(8, tcpChecksumAt);
    }
    if (libc.write(this.#fd.fd, bytes, total) === total)
      this.counters.add(joint ? 'joined' : 'written');
    else this.counters.add(`write ${errnoName(errno())}`);
  }

  close(): void {
    this.#fd.close();
  }
}

function openTun(name: string): number {
  const bytes = new TextEncoder().encode(name);
  assert(bytes.length > 0 && bytes.length <= maxNameBytes, 'a device name has 1 to 15 bytes');
  const { O_RDWR, O_NONBLOCK, O_CLOEXEC } = fileConstants;
  const fd = libc.open('/dev/net/tun', O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
  if (fd < 0) throw explained(new SystemError('open /dev/net/tun', errno()), name);
  const request = new CStruct(new Uint8Array(interfaceRequestBytes));
  request.bytes.set(bytes);
  request.u16(16, IFF_TUN | IFF_NO_PI | IFF_VNET_HDR);
  if (libc.ioctl(fd, tunSetInterface, request.bytes) < 0) {
    const error = new SystemError('ioctl TUNSETIFF', errno());
    libc.close(fd);
    throw explained(error, name);
  }
  return fd;
}

function explained(error: SystemError, name: string): Error {
  if (error.is('ENOENT') || error.is('ENODEV') || error.is('ENXIO')) {
    return new ProblemToMend(
      'There is no /dev/net/tun. Install or load the TUN driver: kmod-tun on OpenWrt, ' +
        '"modprobe tun" elsewhere.',
    );
  }
  if (error.is('EPERM') || error.is('EACCES')) {
    return new NotPermitted(`The device ${name} may not be made: run ntmobiled as root.`);
  }
  if (error.is('EBUSY')) {
    return new ProblemToMend(
      `option device: ${name} is in use by another program. Stop it, or choose another name.`,
    );
  }
  if (error.is('EINVAL')) {
    return new ProblemToMend(
      `option device: ${name} exists and is no TUN device, or the name is not valid. ` +
        'Choose another name.',
    );
  }
  return error;
}
