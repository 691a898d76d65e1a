/** How the command line ends; numbers above 2 are those of sysexits.h. */
export const exitCodes = {
  ok: 0,
  /** Tried, and failed. */
  failed: 1,
  /** Not understood: the arguments are wrong. */
  usage: 2,
  /** The daemon is not running. */
  unavailable: 69,
  configuration: 78,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends a command with one sentence that says what is wrong and what to do. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly code: ExitCode;

  constructor(code: ExitCode, sentence: string) {
    super(sentence);
    this.code = code;
  }
}
