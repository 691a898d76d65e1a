/**
 * The errors of the environment, by who mends them: a failed system call with its operation and
 * errno, and a problem that a person mends, told in one sentence that names the option or the act.
 * Numbers of errno differ on MIPS; `errnos` has those of this machine.
 */
import { abi } from './abi.ts';
import { errno, errorText } from './ffi.ts';

const generic = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  EPROTONOSUPPORT: 93,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  EMSGSIZE: 90,
  ENOBUFS: 105,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  ESRCH: 3,
} as const;

export type ErrnoName = keyof typeof generic;

const mipsDifferences: Partial<Record<ErrnoName, number>> = {
  EPROTONOSUPPORT: 120,
  EOPNOTSUPP: 122,
  EAFNOSUPPORT: 124,
  EADDRINUSE: 125,
  EADDRNOTAVAIL: 126,
  ENETDOWN: 127,
  ENETUNREACH: 128,
  EMSGSIZE: 97,
  ENOBUFS: 132,
  ECONNREFUSED: 146,
  EHOSTUNREACH: 148,
};

export const errnos: Readonly<Record<ErrnoName, number>> = abi.mips
  ? { ...generic, ...mipsDifferences }
  : generic;

const nameByErrno = new Map(Object.entries(errnos).map(([name, number]) => [number, name]));

export function errnoName(number: number): string {
  return nameByErrno.get(number) ?? `errno ${number}`;
}

export class SystemError extends Error {
  override readonly name: string = 'SystemError';
  readonly operation: string;
  readonly errno: number;

  constructor(operation: string, number: number, detail?: string) {
    super(`${operation}: ${detail ?? `${errorText(number)} (${errnoName(number)})`}`);
    this.operation = operation;
    this.errno = number;
  }

  is(name: ErrnoName): boolean {
    return this.errno === errnos[name];
  }
}

/** Something its owner can mend; the message is the whole sentence. */
export class ProblemToMend extends Error {
  override readonly name = 'ProblemToMend';
}

/** To be called before anything else after the call that failed. */
export function errorOfLastCall(operation: string): SystemError {
  return new SystemError(operation, errno());
}

/** The result of a C function, unless it is -1. */
export function orThrow(result: number, operation: string): number {
  if (result < 0) throw errorOfLastCall(operation);
  return result;
}

/** A problem that whoever may do more mends: exit code 77, not 78. */
export class NotPermitted extends ProblemToMend {}
