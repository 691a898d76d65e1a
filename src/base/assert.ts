/** A broken promise of our own code. The daemon ends with exit code 70 and a state summary. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/** Checks what our own code promises; never for what a peer, a file or a person sent. */
export function assert(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new AssertionFailure(promise);
}

/** The compiler refuses a call that is reachable, so every union is handled whole. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unexpected variant: ${JSON.stringify(value)}`);
}
