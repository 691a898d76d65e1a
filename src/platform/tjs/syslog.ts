/**
 * Lines for the system's log with their level, sent to its datagram socket (/dev/log): what a service writes to
 * its standard error instead is filed as an error, whatever it is. The socket is named anew in every datagram,
 * so that a logger which was restarted is found again. A full queue is waited for, but not long.
 */
import type { LogLevel } from '../../protocol/machine.ts';
import { abi, CStruct, socketConstants as c } from './abi.ts';
import { libc } from './libc.ts';
import { orThrow } from './system-error.ts';

const daemonFacility = 3;
const severityByLevel: Readonly<Record<LogLevel, number>> = {
  error: 3,
  warn: 4,
  info: 6,
  debug: 7,
};
const longestWaitMs = 20;
/** The kernel's limit for the path of a socket. */
const maxPathBytes = 107;

const encoder = new TextEncoder();

export class Syslog {
  readonly #fd: number;
  readonly #address: Uint8Array;
  readonly #ident: string;

  /** Throws SystemError. */
  constructor(path: string, ident: string) {
    const name = encoder.encode(path).subarray(0, maxPathBytes);
    const address = new CStruct(new Uint8Array(2 + name.length + 1)).u16(0, c.AF_UNIX);
    address.bytes.set(name, 2);
    this.#address = address.bytes;
    this.#ident = `${ident}[${tjs.pid}]`;
    this.#fd = orThrow(libc.socket(c.AF_UNIX, c.SOCK_DGRAM | c.SOCK_CLOEXEC, 0), 'socket');
    const wait = new CStruct(new Uint8Array(2 * abi.pointerBytes));
    wait.size(abi.pointerBytes, longestWaitMs * 1000);
    libc.setsockopt(this.#fd, c.SOL_SOCKET, c.SO_SNDTIMEO, wait.bytes, wait.bytes.length);
  }

  /** Whether the system's log has taken the line. */
  add(level: LogLevel, text: string): boolean {
    const priority = daemonFacility * 8 + severityByLevel[level];
    const line = encoder.encode(`<${priority}>${this.#ident}: ${text}`);
    const address = this.#address;
    return libc.sendto(this.#fd, line, line.length, 0, address, address.length) === line.length;
  }
}
