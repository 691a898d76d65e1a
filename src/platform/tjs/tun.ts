/**
 * A TUN device: inner packets of applications come out of it and go into it. Packets are read one
 * after another into one buffer with room in front and behind, so that the data path can seal them
 * in place. The device goes away with the descriptor; addresses and routes are set elsewhere.
 */
import { assert } from '../../base/assert.ts';
import { Counters } from '../../base/counters.ts';
import { abi, CStruct, fileConstants } from './abi.ts';
import { isAgain, WatchedFd } from './fd.ts';
import { errno, pin } from './ffi.ts';
import { libc } from './libc.ts';
import { errnoName, errnos, NotPermitted, ProblemToMend, SystemError } from './system-error.ts';

const tunSetInterface = abi.mips ? 0x800454ca : 0x400454ca;
const interfaceRequestBytes = abi.pointerBytes === 8 ? 40 : 32;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
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

export type TunCount = 'read' | 'written' | `read ${string}` | `write ${string}`;

export class TunDevice {
  readonly name: string;
  readonly counters = new Counters<TunCount>();
  readonly #fd: WatchedFd;
  readonly #handlers: TunHandlers;
  readonly #buffer = new Uint8Array(tunHeadroom + maxPacketBytes + tunTailroom);
  readonly #readAt = pin(this.#buffer.subarray(tunHeadroom));

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
    for (let count = 0; count < maxBurst && !this.#fd.closed; count += 1) {
      const length = libc.read(this.#fd.fd, this.#readAt, maxPacketBytes);
      if (length <= 0) {
        const number = length < 0 ? errno() : errnos.EAGAIN;
        if (!isAgain(number)) this.counters.add(`read ${errnoName(number)}`);
        break;
      }
      this.counters.add('read');
      this.#handlers.packet(this.#buffer, tunHeadroom, length);
    }
    this.#handlers.drained();
  }

  /** Hands a packet to the system; one it refuses is counted. */
  write(buffer: Uint8Array, offset: number, length: number): void {
    if (this.#fd.closed) return;
    const packet = buffer.subarray(offset, offset + length);
    if (libc.write(this.#fd.fd, packet, length) === length) this.counters.add('written');
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
  request.u16(16, IFF_TUN | IFF_NO_PI);
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
