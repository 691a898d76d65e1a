/** Carries out pieces of work at a pace and measures how long each takes. */

/** So many at once, or so many begun a second. */
export type Pace = { readonly atOnce: number } | { readonly perSecond: number };

export interface Work {
  readonly done: number;
  readonly seconds: number;
  /** Milliseconds of each piece, ascending. */
  readonly latencies: readonly number[];
}

/** A piece that takes longer than this is an error of the load or of what it loads, also on a busy machine. */
const patienceMs = 180_000;

export async function pace<Item>(
  items: readonly Item[],
  how: Pace,
  act: (item: Item) => Promise<void>,
): Promise<Work> {
  const latencies: number[] = [];
  const begin = performance.now();
  const one = async (item: Item): Promise<void> => {
    const at = performance.now();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error('the Direction Server does not answer')),
        patienceMs,
      );
    });
    await Promise.race([act(item), late]);
    clearTimeout(timer);
    latencies.push(performance.now() - at);
  };
  if ('atOnce' in how) await allAtOnce(items, how.atOnce, one);
  else await oneByOne(items, how.perSecond, one);
  latencies.sort((left, right) => left - right);
  return { done: latencies.length, seconds: (performance.now() - begin) / 1000, latencies };
}

async function allAtOnce<Item>(
  items: readonly Item[],
  atOnce: number,
  one: (item: Item) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      next += 1;
      await one(items[next - 1] as Item);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

async function oneByOne<Item>(
  items: readonly Item[],
  perSecond: number,
  one: (item: Item) => Promise<void>,
): Promise<void> {
  const begin = performance.now();
  const running: Promise<void>[] = [];
  while (running.length < items.length) {
    const due = Math.floor(((performance.now() - begin) / 1000) * perSecond) + 1;
    while (running.length < Math.min(due, items.length)) {
      running.push(one(items[running.length] as Item));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(running);
}

/** The value that this share of all is not above. */
export function quantile(ascending: readonly number[], share: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? 0;
}
