/**
 * One question to one name server: over UDP from a port of its own, so that a forged answer has to guess port
 * and number, and over TCP where that is wanted. Both sockets carry the daemon's mark and stay out of the
 * exit routes.
 */
import { concatBytes } from '../../base/bytes.ts';
import { type Endpoint, endpointIp, endpointPort } from '../../base/ip.ts';
import { ednsUdpBytes } from '../../dns/constants.ts';
import { isResponseTo } from '../../dns/message.ts';
import { datagramMark } from '../interface-setup.ts';
import { socketConstants as c } from '../tjs/abi.ts';
import { WatchedFd } from '../tjs/fd.ts';
import { libc } from '../tjs/libc.ts';
import { familyOf, socketAddress } from '../tjs/socket-address.ts';
import { trySetOption } from '../tjs/udp-socket.ts';

const readBytes = 16_384;
const sendFlags = c.MSG_DONTWAIT | c.MSG_NOSIGNAL;

export interface UdpQuestion {
  readonly response: Promise<Uint8Array | undefined>;
  cancel(): void;
}

/** Settles with undefined when the server refuses, or at `cancel`. Never rejects. */
export function askUdp(server: Endpoint, request: Uint8Array): UdpQuestion {
  let finish: (response: Uint8Array | undefined) => void = () => {};
  let fd: WatchedFd | undefined;
  const response = new Promise<Uint8Array | undefined>((resolve) => {
    finish = (found) => {
      fd?.close();
      resolve(found);
    };
  });
  try {
    const [socket, address] = openSocket(server, c.SOCK_DGRAM);
    fd = socket;
    if (libc.connect(fd.fd, address, address.length) < 0) finish(undefined);
    else watchAnswer(fd, request, finish);
    if (libc.sendto(fd.fd, request, request.length, c.MSG_DONTWAIT, null, 0) < 0) finish(undefined);
  } catch {
    finish(undefined);
  }
  return { response, cancel: () => finish(undefined) };
}

function watchAnswer(
  fd: WatchedFd,
  request: Uint8Array,
  finish: (response: Uint8Array | undefined) => void,
): void {
  const buffer = new Uint8Array(ednsUdpBytes * 2);
  fd.watch({
    readable: () => {
      const length = libc.recvfrom(fd.fd, buffer, buffer.length, c.MSG_DONTWAIT, null, null);
      if (length < 0) return;
      const found = buffer.slice(0, length);
      if (isResponseTo(request, found)) finish(found);
    },
    trouble: () => finish(undefined),
    failed: () => finish(undefined),
  });
}

/** Rejects with a sentence when no whole answer came within `limitMs`. */
export function askTcp(
  server: Endpoint,
  request: Uint8Array,
  limitMs: number,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const [fd, address] = openSocket(server, c.SOCK_STREAM);
    const end = (act: () => void): void => {
      clearTimeout(timer);
      fd.close();
      act();
    };
    const fail = (what: string) => end(() => reject(new Error(`${server} ${what}`)));
    const timer = setTimeout(() => fail('gives no whole answer in time'), limitMs);
    let left = concatBytes(Uint8Array.of(request.length >>> 8, request.length & 0xff), request);
    let held: Uint8Array = new Uint8Array(0);
    const buffer = new Uint8Array(readBytes);
    // Whether it comes about is seen when something can be written.
    libc.connect(fd.fd, address, address.length);
    fd.watch({
      writable: () => {
        const count = libc.sendto(fd.fd, left, left.length, sendFlags, null, 0);
        if (count < 0) fail('does not answer');
        else left = left.subarray(count);
        return count >= 0 && left.length > 0;
      },
      readable: () => {
        const count = libc.recvfrom(fd.fd, buffer, buffer.length, c.MSG_DONTWAIT, null, null);
        if (count < 0) return;
        if (count === 0) return fail('gives no whole answer');
        held = concatBytes(held, buffer.subarray(0, count));
        const whole = held.length < 2 ? Number.POSITIVE_INFINITY : 2 + lengthIn(held);
        if (held.length >= whole) end(() => resolve(held.slice(2, whole)));
      },
      trouble: () => fail('does not answer'),
      failed: (error) => fail(error instanceof Error ? error.message : String(error)),
    });
  });
}

function lengthIn(held: Uint8Array): number {
  return ((held[0] as number) << 8) | (held[1] as number);
}

/** With the daemon's mark, so that it stays out of the exit routes; and the address to connect to. */
function openSocket(server: Endpoint, type: number): [WatchedFd, Uint8Array] {
  const family = familyOf(endpointIp(server));
  const fd = WatchedFd.socket(family === 4 ? c.AF_INET : c.AF_INET6, type, 0);
  trySetOption(fd, c.SO_MARK, datagramMark);
  return [fd, socketAddress(family, endpointIp(server), endpointPort(server))];
}
