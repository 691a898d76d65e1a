/**
 * A non-blocking file descriptor that the event loop watches. The engine's PosixSocket serves only
 * to open, watch and close; bytes go through the C library, since the engine's own receive calls
 * leak or fail. What else the engine demands is kept here: a strong reference to every watched
 * socket, no exception out of a callback, no closing inside one, and a watch that is set up again
 * after an error condition ended it.
 */
import { PosixSocket } from 'tjs:posix-socket';
import { CStruct, fileConstants, socketConstants } from './abi.ts';
import { libc } from './libc.ts';
import { errnos, errorOfLastCall, orThrow, SystemError } from './system-error.ts';

const { SOL_SOCKET, SO_ERROR, SOCK_NONBLOCK, SOCK_CLOEXEC } = socketConstants;

/**
 * Watched and just closed sockets; one that nothing references would be collected, and fall silent
 * or worse.
 */
const watched = new Set<WatchedFd>();

export interface WatchHandlers {
  /** Something can be read. What it throws goes to `failed`. */
  readonly readable: () => void;
  /** Something can be written, or a connection has come about or failed; again only if it answers true. */
  readonly writable?: () => boolean;
  /** The descriptor has an error condition; it is watched again afterwards unless it was closed. */
  readonly trouble?: (errno: number) => void;
  /** An exception out of a handler: a mistake of our own. */
  readonly failed: (error: unknown) => void;
}

/** Pauses before a watch is set up again, so that a lasting error condition is no busy loop. */
const rewatchMs = { first: 0, again: 100, quietAfter: 1000 } as const;

/** How long a closed socket stays referenced: more than a turn of the event loop. */
const lingerMs = 20;

export class WatchedFd {
  readonly #socket: PosixSocket;
  readonly fd: number;
  #handlers: WatchHandlers | undefined;
  #polling = false;
  #inCallback = false;
  #closed = false;
  #lastTroubleAt = Number.NEGATIVE_INFINITY;

  private constructor(socket: PosixSocket) {
    this.#socket = socket;
    this.fd = socket.fileno;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** A new socket. Throws SystemError. */
  static socket(domain: number, type: number, protocol: number): WatchedFd {
    try {
      const flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
      return new WatchedFd(new PosixSocket(domain, type | flags, protocol));
    } catch (error) {
      throw systemErrorOf(error, 'socket');
    }
  }

  /** Takes over a descriptor that is no socket, such as that of a TUN device; `fd` is closed. */
  static adopt(fd: number): WatchedFd {
    const holder = WatchedFd.socket(socketConstants.AF_INET, socketConstants.SOCK_DGRAM, 0);
    const result = libc.dup3(fd, holder.fd, fileConstants.O_CLOEXEC);
    if (result < 0) {
      const error = errorOfLastCall('dup3');
      libc.close(fd);
      holder.close();
      throw error;
    }
    libc.close(fd);
    return holder;
  }

  /** Throws SystemError. */
  bind(address: Uint8Array): void {
    orThrow(libc.bind(this.fd, address, address.length), 'bind');
  }

  /** Sets an option of four bytes. Throws SystemError. */
  setOption(level: number, name: number, value: number): void {
    const bytes = new CStruct(new Uint8Array(4)).u32(0, value).bytes;
    orThrow(libc.setsockopt(this.fd, level, name, bytes, 4), 'setsockopt');
  }

  getOption(level: number, name: number): number {
    const value = new CStruct(new Uint8Array(4));
    const length = new CStruct(new Uint8Array(4)).u32(0, 4);
    orThrow(libc.getsockopt(this.fd, level, name, value.bytes, length.bytes), 'getsockopt');
    return value.getU32(0);
  }

  watch(handlers: WatchHandlers): void {
    this.#handlers = handlers;
    watched.add(this);
    this.#startPolling();
  }

  #startPolling(): void {
    if (this.#closed) return;
    this.#polling = true;
    this.#socket.poll({
      read: () => this.#guard((handlers) => handlers.readable()),
      ...(this.#handlers?.writable && { write: () => this.#guard(this.#onWritable) }),
      error: () => this.#onTrouble(),
    });
  }

  readonly #onWritable = (handlers: WatchHandlers): void => {
    if (handlers.writable?.()) return;
    const { writable: _, ...others } = handlers;
    this.#handlers = others;
    this.#startPolling();
  };

  #guard(act: (handlers: WatchHandlers) => void): void {
    const handlers = this.#handlers;
    if (this.#closed || !handlers) return;
    this.#inCallback = true;
    try {
      act(handlers);
    } catch (error) {
      handlers.failed(error);
    } finally {
      this.#inCallback = false;
    }
  }

  /** The engine has ended the watch: the error condition is taken, then the watch begins anew. */
  #onTrouble(): void {
    this.#polling = false;
    const number = this.#takeError();
    this.#guard((handlers) => handlers.trouble?.(number));
    const at = performance.now();
    const pause =
      at - this.#lastTroubleAt < rewatchMs.quietAfter ? rewatchMs.again : rewatchMs.first;
    this.#lastTroubleAt = at;
    setTimeout(() => {
      if (this.#closed) return;
      this.#socket.stopPoll();
      this.#startPolling();
    }, pause);
  }

  /** The pending error of a socket; EBADF for a descriptor that is none, whose device is gone. */
  #takeError(): number {
    try {
      return this.getOption(SOL_SOCKET, SO_ERROR);
    } catch {
      return errnos.EBADF;
    }
  }

  /** May be called in a handler and more than once. Nothing is delivered afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const finish = () => {
      watched.add(this);
      if (this.#polling) this.#socket.stopPoll();
      this.#socket.close();
      // The event loop still holds the watch at the end of this turn; collected before, it would
      // crash.
      setTimeout(() => watched.delete(this), lingerMs);
    };
    if (this.#inCallback) setTimeout(finish, 0);
    else finish();
  }
}

/** The engine tells the errno only at the end of its text, as "(98)". */
function systemErrorOf(error: unknown, operation: string): SystemError {
  const text = error instanceof Error ? error.message : String(error);
  const number = Number(/\((\d+)\)\s*$/.exec(text)?.[1] ?? 0);
  return new SystemError(operation, number, number === 0 ? text : undefined);
}

/** Whether a non-blocking call failed only because there is nothing to do now. */
export function isAgain(number: number): boolean {
  return number === errnos.EAGAIN || number === errnos.EINTR;
}
