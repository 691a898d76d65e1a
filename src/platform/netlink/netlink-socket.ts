/**
 * Netlink sockets. A request is answered before the call that sends it returns, so requests and
 * dumps are plain synchronous calls; notifications of multicast groups come through a socket of
 * their own.
 */
import { assert } from '../../base/assert.ts';
import { CStruct, socketConstants } from '../tjs/abi.ts';
import { isAgain, WatchedFd } from '../tjs/fd.ts';
import { errno } from '../tjs/ffi.ts';
import { libc } from '../tjs/libc.ts';
import { errnos, errorOfLastCall, SystemError } from '../tjs/system-error.ts';
import {
  decodeAcknowledgement,
  decodeMessages,
  type MessageBuilder,
  type NetlinkMessage,
  nlmsgFlags,
  nlmsgTypes,
} from './nlmsg.ts';

const { AF_NETLINK, SOCK_RAW } = socketConstants;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHK = 12;
const receiveBytes = 65_536;
/** A dump during which the tables changed is asked again, but not for ever. */
const maxDumpTries = 5;

function netlinkAddress(groups: number): Uint8Array {
  return new CStruct(new Uint8Array(12)).u16(0, AF_NETLINK).u32(8, groups).bytes;
}

function openSocket(protocol: number, groups: number): WatchedFd {
  const fd = WatchedFd.socket(AF_NETLINK, SOCK_RAW, protocol);
  try {
    fd.bind(netlinkAddress(groups));
    return fd;
  } catch (error) {
    fd.close();
    throw error;
  }
}

/** A request the kernel refused, with the kernel's own words when it has any. */
export class NetlinkError extends SystemError {
  override readonly name = 'NetlinkError';
}

export class NetlinkRequests {
  readonly #fd: WatchedFd;
  readonly #buffer = new Uint8Array(receiveBytes);
  #sequence = 0;

  /** Throws SystemError. */
  constructor(protocol: number) {
    this.#fd = openSocket(protocol, 0);
    for (const option of [NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK]) {
      // Older kernels lack them; then errors come without a sentence and dumps unfiltered.
      const one = new CStruct(new Uint8Array(4)).u32(0, 1).bytes;
      libc.setsockopt(this.#fd.fd, SOL_NETLINK, option, one, 4);
    }
  }

  /** Carries out a request made with the `ack` flag. Throws NetlinkError. */
  request(operation: string, message: MessageBuilder): void {
    const sequence = this.#send(operation, message);
    for (const answer of this.#answers(operation, sequence)) {
      if (answer.type === nlmsgTypes.error) return throwIfRefused(operation, answer);
    }
  }

  /** The one answer to a request made without the `ack` flag. Throws NetlinkError. */
  get(operation: string, message: MessageBuilder): NetlinkMessage {
    const sequence = this.#send(operation, message);
    for (const answer of this.#answers(operation, sequence)) {
      if (answer.type === nlmsgTypes.error) throwIfRefused(operation, answer);
      else return { ...answer, payload: answer.payload.slice() };
    }
    throw new NetlinkError(operation, errnos.ENOENT, 'the kernel gave no answer');
  }

  /** All messages of a dump. Throws NetlinkError. */
  dump(operation: string, make: () => MessageBuilder): NetlinkMessage[] {
    for (let tries = 1; ; tries += 1) {
      const found: NetlinkMessage[] = [];
      let interrupted = false;
      const sequence = this.#send(operation, make());
      for (const answer of this.#answers(operation, sequence)) {
        interrupted ||= (answer.flags & nlmsgFlags.dumpInterrupted) !== 0;
        if (answer.type === nlmsgTypes.done) break;
        if (answer.type === nlmsgTypes.error) throwIfRefused(operation, answer);
        else found.push({ ...answer, payload: answer.payload.slice() });
      }
      if (!interrupted || tries === maxDumpTries) return found;
    }
  }

  #send(operation: string, message: MessageBuilder): number {
    this.#sequence = (this.#sequence % 0xffff_ffff) + 1;
    const bytes = message.finish(this.#sequence);
    const address = netlinkAddress(0);
    const sent = libc.sendto(this.#fd.fd, bytes, bytes.length, 0, address, address.length);
    const error = sent < 0 ? errorOfLastCall(operation) : undefined;
    bytes.fill(0);
    message.wipe();
    if (error) throw error;
    return this.#sequence;
  }

  *#answers(operation: string, sequence: number): Generator<NetlinkMessage> {
    for (;;) {
      const length = libc.recvfrom(this.#fd.fd, this.#buffer, receiveBytes, 0, null, null);
      if (length < 0) {
        const number = errno();
        if (number === errnos.EINTR) continue;
        throw new SystemError(operation, number);
      }
      for (const message of decodeMessages(this.#buffer.subarray(0, length))) {
        // An answer to an earlier request that ended in an exception may still be queued.
        if (message.sequence === sequence) yield message;
      }
    }
  }

  close(): void {
    this.#fd.close();
  }
}

function throwIfRefused(operation: string, message: NetlinkMessage): void {
  const { errno: number, text } = decodeAcknowledgement(message);
  if (number !== 0) throw new NetlinkError(operation, number, text);
}

export interface NotificationHandlers {
  readonly messages: (messages: readonly NetlinkMessage[]) => void;
  /** Notifications were lost: everything is to be asked anew. */
  readonly lost: () => void;
  readonly failed: (error: unknown) => void;
}

export class NetlinkNotifications {
  readonly #fd: WatchedFd;
  readonly #buffer = new Uint8Array(receiveBytes);
  readonly #handlers: NotificationHandlers;

  /** `groups` is a mask of RTMGRP bits, `group` one group by its number. Throws SystemError. */
  constructor(
    protocol: number,
    { groups = 0, group = 0 }: { readonly groups?: number; readonly group?: number },
    handlers: NotificationHandlers,
  ) {
    assert(groups > 0 || group > 0, 'notifications come from at least one group');
    this.#handlers = handlers;
    this.#fd = openSocket(protocol, groups);
    if (group > 0) this.#join(group);
    this.#fd.watch({
      readable: () => this.#read(),
      trouble: () => handlers.lost(),
      failed: handlers.failed,
    });
  }

  #join(group: number): void {
    try {
      this.#fd.setOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
    } catch (error) {
      this.#fd.close();
      throw error;
    }
  }

  #read(): void {
    const messages: NetlinkMessage[] = [];
    let lost = false;
    while (!this.#fd.closed) {
      const length = libc.recvfrom(this.#fd.fd, this.#buffer, receiveBytes, 0, null, null);
      if (length < 0) {
        const number = errno();
        if (isAgain(number)) break;
        lost ||= number === errnos.ENOBUFS;
        if (number !== errnos.ENOBUFS) throw new SystemError('read notifications', number);
        continue;
      }
      messages.push(...decodeMessages(this.#buffer.slice(0, length)));
    }
    if (lost) this.#handlers.lost();
    else if (messages.length > 0) this.#handlers.messages(messages);
  }

  close(): void {
    this.#fd.close();
  }
}
