/** How a control call fails; the message is a whole sentence for the person who called. */

/** Nothing answers at the socket: the daemon does not run, or may not be spoken to. */
export class DaemonUnreachable extends Error {
  override readonly name = 'DaemonUnreachable';
  readonly finding: string;
  readonly act: string;

  constructor(finding: string, act: string) {
    super(`${finding} ${act}`);
    this.finding = finding;
    this.act = act;
  }
}

/** The daemon answered with an error; its sentence is the message. */
export class CallRefused extends Error {
  override readonly name = 'CallRefused';
}
