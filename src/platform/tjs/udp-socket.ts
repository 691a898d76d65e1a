/**
 * One UDP socket of an address family with everything its batches need: options, message areas, and
 * the caches between socket addresses and endpoints. Errors of opening name the option that mends
 * them.
 */
import type { Ip } from '../../base/ip.ts';
import { socketConstants as c } from './abi.ts';
import { WatchedFd } from './fd.ts';
import { libc } from './libc.ts';
import { MessageBatch, nameSlotBytes } from './message-batch.ts';
import { ArrivalReader } from './packet-info.ts';
import { type Family, portOf, SenderCache, socketAddress } from './socket-address.ts';
import { orThrow, ProblemToMend, SystemError } from './system-error.ts';

/** Datagrams handed to the kernel or taken from it by one call. */
export const batchSize = 64;
/** Longest datagram taken or sent, in bytes: a jumbo frame is not expected on an uplink. */
export const maxDatagramBytes = 2048;
const socketBufferBytes = 4 * 1024 * 1024;

export interface FamilySocket {
  readonly family: Family;
  readonly fd: WatchedFd;
  readonly incoming: MessageBatch;
  readonly senders: SenderCache;
  readonly arrivals: ArrivalReader;
  readonly outgoing: MessageBatch;
}

/** Bound to the port, 0 for any. Throws ProblemToMend or SystemError. */
export function openSocket(family: Family, port: number): WatchedFd {
  try {
    return bindSocket(family, undefined, port);
  } catch (error) {
    throw explained(error, port);
  }
}

/** Bound to one address, or to all of the family. Throws SystemError. */
export function bindSocket(family: Family, ip: Ip | undefined, port: number): WatchedFd {
  const fd = WatchedFd.socket(family === 4 ? c.AF_INET : c.AF_INET6, c.SOCK_DGRAM, 0);
  try {
    if (family === 6) fd.setOption(c.IPPROTO_IPV6, c.IPV6_V6ONLY, 1);
    fd.bind(socketAddress(family, ip, port));
    return fd;
  } catch (error) {
    fd.close();
    throw error;
  }
}

function explained(error: unknown, port: number): unknown {
  if (!(error instanceof SystemError) || error.operation !== 'bind') return error;
  if (error.is('EADDRINUSE')) {
    return new ProblemToMend(
      `option port: UDP port ${port} is in use by another program. Stop it, or choose another port.`,
    );
  }
  if (error.is('EACCES')) {
    return new ProblemToMend(
      `option port: UDP port ${port} needs root. Run as root, or choose another.`,
    );
  }
  return error;
}

export function boundPort(fd: WatchedFd): number {
  const address = new Uint8Array(nameSlotBytes);
  const length = new Uint8Array(Uint32Array.of(nameSlotBytes).buffer);
  orThrow(libc.getsockname(fd.fd, address, length), 'getsockname');
  return portOf(address);
}

/** Options and message areas for a bound socket. */
export function withBatches(family: Family, fd: WatchedFd): FamilySocket {
  setOptions(family, fd);
  const incoming = new MessageBatch(batchSize, maxDatagramBytes);
  for (let slot = 0; slot < batchSize; slot += 1) incoming.prepareReceive(slot);
  return {
    family,
    fd,
    incoming,
    senders: new SenderCache(family, incoming.names, nameSlotBytes),
    arrivals: new ArrivalReader(family, incoming.controls),
    outgoing: new MessageBatch(batchSize, maxDatagramBytes),
  };
}

function setOptions(family: Family, fd: WatchedFd): void {
  if (family === 4) fd.setOption(c.IPPROTO_IP, c.IP_PKTINFO, 1);
  else fd.setOption(c.IPPROTO_IPV6, c.IPV6_RECVPKTINFO, 1);
  // Beyond the system's limit only where we may; what is granted is enough for a start.
  if (!trySetOption(fd, c.SO_RCVBUFFORCE, socketBufferBytes)) {
    trySetOption(fd, c.SO_RCVBUF, socketBufferBytes);
  }
  trySetOption(fd, c.SO_SNDBUFFORCE, socketBufferBytes);
}

/** Whether the system allowed it. */
export function trySetOption(
  fd: WatchedFd,
  name: number,
  value: number,
  level: number = c.SOL_SOCKET,
): boolean {
  try {
    fd.setOption(level, name, value);
    return true;
  } catch {
    return false;
  }
}
