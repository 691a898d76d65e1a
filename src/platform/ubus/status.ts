/** Status codes of ubus, and the error a call ends with when its code is not 0. */

export const ubusStatus = {
  ok: 0,
  invalidCommand: 1,
  invalidArgument: 2,
  methodNotFound: 3,
  notFound: 4,
  noData: 5,
  permissionDenied: 6,
  timeout: 7,
  notSupported: 8,
  unknownError: 9,
  connectionFailed: 10,
  noMemory: 11,
  parseError: 12,
  systemError: 13,
} as const;

const wordsByStatus: Readonly<Record<number, string>> = {
  [ubusStatus.invalidCommand]: 'invalid command',
  [ubusStatus.invalidArgument]: 'invalid argument',
  [ubusStatus.methodNotFound]: 'there is no such method',
  [ubusStatus.notFound]: 'there is no such object',
  [ubusStatus.noData]: 'no data',
  [ubusStatus.permissionDenied]: 'permission denied',
  [ubusStatus.timeout]: 'no answer in time',
  [ubusStatus.notSupported]: 'not supported',
  [ubusStatus.unknownError]: 'refused',
  [ubusStatus.connectionFailed]: 'ubusd is not there',
  [ubusStatus.noMemory]: 'no memory',
  [ubusStatus.parseError]: 'the answer cannot be read',
};

export class UbusError extends Error {
  override readonly name = 'UbusError';
  readonly status: number;

  /** `what` was tried, such as "network.interface notify_proto". */
  constructor(what: string, status: number) {
    super(`ubus: ${what}: ${wordsByStatus[status] ?? `status ${status}`}`);
    this.status = status;
  }
}
