/**
 * Once the network is quiet, two nodes that may talk do talk within 5 s, and from then on nothing is lost
 * (protocol.md section 9). The world calls it with a quiet network and running flows.
 */
import type { Flow, Half } from '../hosts/traffic.ts';
import { lostBetween } from '../hosts/traffic.ts';
import { BrokenInvariant } from './invariant.ts';

const name = 'liveness';
export const recoveryMs = 5000;

/** `quietAt` is when the last fault ended; `now` at least 7 s later; `slowestMs` the longest transit. */
export function checkLiveness(
  flows: readonly Flow[],
  quietAt: number,
  now: number,
  slowestMs: number,
): void {
  for (const flow of flows) {
    for (const half of flow.halves) {
      if (flow.options.oneWay && half === flow.halves[1]) continue;
      checkHalf(half, quietAt, now, slowestMs);
    }
  }
}

function checkHalf(half: Half, quietAt: number, now: number, slowestMs: number): void {
  const ends = `${half.from.name} to ${half.to.name}`;
  const since = quietAt + recoveryMs;
  if (half.lastReceivedAt < since) {
    const last = half.lastReceivedAt < 0 ? 'never' : `last at ${half.lastReceivedAt}`;
    throw new BrokenInvariant(name, `${ends} does not talk: quiet since ${quietAt}, heard ${last}`);
  }
  const lost = lostBetween(half, since, now - slowestMs);
  if (lost > 0) throw new BrokenInvariant(name, `${ends} lost ${lost} packets after recovery`);
}
