/** Chaotic worlds in a row: progress every 2 s, and of every seed that fails all that is needed to see why. */
import type { Suite } from '../../src/noise/suite.ts';
import { runChaos } from './chaos.ts';

const progressMs = 2000;
const shownFailures = 3;

/** Worlds of `count` seeds from `first` on; whether no invariant was broken. */
export function runChaosSeeds(
  first: number,
  count: number,
  suite: Suite,
  detailed: boolean,
): boolean {
  const begin = Date.now();
  let shownAt = begin;
  const failed: number[] = [];
  let datagrams = 0;
  for (let seed = first; seed < first + count; seed += 1) {
    try {
      const { world, faults } = runChaos(seed, suite);
      datagrams += world.network.sentCount;
      if (detailed) console.log([...faults, world.trace.diagram()].join('\n'));
    } catch (error) {
      failed.push(seed);
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (failed.length <= shownFailures) console.log(`seed ${seed} failed\n${text}`);
      else console.log(`seed ${seed} failed: ${text.split('\n', 1)[0]}`);
    }
    if (Date.now() - shownAt < progressMs) continue;
    shownAt = Date.now();
    const done = seed - first + 1;
    console.log(`${done} of ${count} seeds, ${failed.length} failed`);
  }
  const seconds = ((Date.now() - begin) / 1000).toFixed(1);
  const ending = failed.length > 0 ? `; failed: ${failed.join(' ')}` : '';
  console.log(`${count} seeds from ${first}, ${datagrams} datagrams, ${seconds} s${ending}`);
  console.log(`${count - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0;
}
