/** Numbers of the DNS (RFC 1035, 2136, 3425, 6891, 8945) that this project uses, and its own record type. */

export const recordTypes = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  OPT: 41,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  /** The NTM record of the paper, in the range for private use (RFC 6895). */
  NTM: 65_400,
} as const;

export const recordClasses = { IN: 1, NONE: 254, ANY: 255 } as const;

export const opcodes = { query: 0, notify: 4, update: 5 } as const;

export const responseCodes = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  noSuchName: 3,
  notImplemented: 4,
  refused: 5,
  notAuthoritative: 9,
  badVersion: 16,
} as const;

/** Bits of the second header word. */
export const headerFlags = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  checkingDisabled: 0x0010,
} as const;

/** Without EDNS a message over UDP has at most so many bytes. */
export const plainUdpBytes = 512;
/** With EDNS we send and take so many: no fragments on any usual link. */
export const ednsUdpBytes = 1232;

const rcodeNames = [
  ...['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED', 'YXDOMAIN', 'YXRRSET'],
  ...['NXRRSET', 'NOTAUTH', 'NOTZONE'],
];

/** "NXDOMAIN" for 3, as dig prints it. */
export function responseCodeName(code: number): string {
  return rcodeNames[code] ?? `RCODE${code}`;
}
