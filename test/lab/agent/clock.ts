/** The machine's monotonic clock, the same in all namespaces. */

/** Milliseconds with fractions since the machine started. */
export function nowMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
