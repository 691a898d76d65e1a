/** The machines' clock: milliseconds since the process started, never running backwards. */
export function now(): number {
  return performance.now();
}
