/** Waits between tries: doubling from `firstMs` to `mostMs`, each drawn from 75..125 percent. */
import type { Random } from './random.ts';
import { randomBelow } from './random.ts';

export interface BackoffOptions {
  readonly firstMs: number;
  readonly mostMs: number;
}

/** The wait before try number `attempt` + 1, where attempt 0 was the first. */
export function backoffMs(options: BackoffOptions, attempt: number, random: Random): number {
  const base = Math.min(options.mostMs, options.firstMs * 2 ** Math.min(attempt, 20));
  return Math.round(base * (0.75 + randomBelow(random, 501) / 1000));
}
