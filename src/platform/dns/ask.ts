/**
 * One question to one name server: over UDP from a port of its own, so that a forged answer has to guess port
 * and number, and over TCP where that is wanted. The socket carries the daemon's mark and stays out of the
 * exit routes.
 */
import { concatBytes } from '../../base/bytes.ts';
import { type Endpoint, endpointIp, endpointPort } from '../../base/ip.ts';
import { ednsUdpBytes } from '../../dns/constants.ts';
import { isResponseTo } from '../../dns/message.ts';
import { ownMark } from '../interface-setup.ts';
import { socketConstants as c } from '../tjs/abi.ts';
import { WatchedFd } from '../tjs/fd.ts';
import { libc } from '../tjs/libc.ts';
import { familyOf, socketAddress } from '../tjs/socket-address.ts';
import { connectTcp } from '../tjs/tcp.ts';
import { trySetOption } from '../tjs/udp-socket.ts';

const maxResponseBytes = 65_535;

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
    const family = familyOf(endpointIp(server));
    fd = WatchedFd.socket(family === 4 ? c.AF_INET : c.AF_INET6, c.SOCK_DGRAM, 0);
    trySetOption(fd, c.SO_MARK, ownMark);
    const address = socketAddress(family, endpointIp(server), endpointPort(server));
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
export async function askTcp(
  server: Endpoint,
  request: Uint8Array,
  limitMs: number,
): Promise<Uint8Array> {
  const stream = await connectTcp(server, limitMs);
  const timer = setTimeout(() => stream.close(), limitMs);
  try {
    await stream.write(
      concatBytes(Uint8Array.of(request.length >>> 8, request.length & 0xff), request),
    );
    let held: Uint8Array = new Uint8Array(0);
    while (held.length < 2 || held.length < 2 + lengthIn(held)) {
      const chunk = await stream.read();
      if (!chunk || held.length > maxResponseBytes)
        throw new Error(`${server} gives no whole answer`);
      held = concatBytes(held, chunk);
    }
    return held.slice(2, 2 + lengthIn(held));
  } finally {
    clearTimeout(timer);
    stream.close();
  }
}

function lengthIn(held: Uint8Array): number {
  return ((held[0] as number) << 8) | (held[1] as number);
}
