/**
 * Virtual time: a heap of things to be done, ordered by time and then by the order in which they were asked
 * for, so that a run depends on its seed alone. Nothing here knows what the things are. Times stand side by
 * side in arrays of their own and a row has four children: most of what a big world's queue costs is
 * waiting for memory.
 */
const children = 4;
const leastRoom = 64;

export class EventQueue {
  #at = new Float64Array(leastRoom);
  #order = new Float64Array(leastRoom);
  readonly #run: (() => void)[] = [];
  #asked = 0;
  #now: number;
  /** Events carried out so far. */
  executed = 0;

  /** `startMs` is the first moment of virtual time. */
  constructor(startMs = 0) {
    this.#now = startMs;
  }

  /** Virtual milliseconds. */
  get now(): number {
    return this.#now;
  }

  get size(): number {
    return this.#run.length;
  }

  /** `run` at time `at`; what lies in the past is done now, behind everything else that is due. */
  at(at: number, run: () => void): void {
    this.#asked += 1;
    const due = Math.max(at, this.#now);
    const size = this.#run.push(run);
    if (size > this.#at.length) this.#grow();
    const times = this.#at;
    let slot = size - 1;
    // What was asked for later never goes before what is due at the same time.
    while (slot > 0) {
      const parent = ((slot - 1) / children) | 0;
      if (due >= (times[parent] as number)) break;
      this.#move(parent, slot);
      slot = parent;
    }
    this.#put(slot, due, this.#asked, run);
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.#now + delayMs, run);
  }

  /** Carries out everything up to and including `at`, and leaves the clock there. */
  runUntil(at: number): void {
    for (;;) {
      const run = this.#run[0];
      const due = this.#at[0] as number;
      if (!run || due > at) break;
      this.#now = due;
      this.#removeFirst();
      this.executed += 1;
      run();
    }
    this.#now = at;
  }

  #put(slot: number, at: number, order: number, run: () => void): void {
    this.#at[slot] = at;
    this.#order[slot] = order;
    this.#run[slot] = run;
  }

  #move(from: number, to: number): void {
    this.#at[to] = this.#at[from] as number;
    this.#order[to] = this.#order[from] as number;
    this.#run[to] = this.#run[from] as () => void;
  }

  #grow(): void {
    const [at, order] = [this.#at, this.#order];
    this.#at = new Float64Array(at.length * 2);
    this.#order = new Float64Array(at.length * 2);
    this.#at.set(at);
    this.#order.set(order);
  }

  #removeFirst(): void {
    const run = this.#run.pop() as () => void;
    const size = this.#run.length;
    if (size === 0) return;
    const at = this.#at[size] as number;
    const order = this.#order[size] as number;
    let slot = 0;
    for (;;) {
      const first = this.#firstChild(slot, size);
      if (first < 0) break;
      const time = this.#at[first] as number;
      if (time > at || (time === at && (this.#order[first] as number) > order)) break;
      this.#move(first, slot);
      slot = first;
    }
    this.#put(slot, at, order, run);
  }

  /** The child that is to be done before its siblings, or -1. */
  #firstChild(slot: number, size: number): number {
    const begin = slot * children + 1;
    if (begin >= size) return -1;
    const end = Math.min(begin + children, size);
    let first = begin;
    let least = this.#at[begin] as number;
    for (let child = begin + 1; child < end; child += 1) {
      const time = this.#at[child] as number;
      if (time > least) continue;
      if (time === least && (this.#order[child] as number) > (this.#order[first] as number))
        continue;
      first = child;
      least = time;
    }
    return first;
  }
}
