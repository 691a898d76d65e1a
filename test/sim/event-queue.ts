/**
 * Virtual time: a binary heap of things to be done, ordered by time and then by the order in which they
 * were asked for, so that a run depends on its seed alone. Nothing here knows what the things are.
 */
interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

function isBefore(left: Event, right: Event): boolean {
  return left.at < right.at || (left.at === right.at && left.order < right.order);
}

export class EventQueue {
  readonly #heap: Event[] = [];
  #order = 0;
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
    return this.#heap.length;
  }

  /** `run` at time `at`; what lies in the past is done now, behind everything else that is due. */
  at(at: number, run: () => void): void {
    this.#order += 1;
    const event = { at: Math.max(at, this.#now), order: this.#order, run };
    const heap = this.#heap;
    let slot = heap.length;
    heap.push(event);
    while (slot > 0) {
      const parent = (slot - 1) >>> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[slot] = heap[parent] as Event;
      slot = parent;
    }
    heap[slot] = event;
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.#now + delayMs, run);
  }

  /** Carries out everything up to and including `at`, and leaves the clock there. */
  runUntil(at: number): void {
    for (;;) {
      const first = this.#heap[0];
      if (!first || first.at > at) break;
      this.#now = first.at;
      this.#removeFirst();
      this.executed += 1;
      first.run();
    }
    this.#now = at;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let slot = 0;
    for (;;) {
      let child = slot * 2 + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && isBefore(heap[right] as Event, heap[child] as Event))
        child = right;
      if (!isBefore(heap[child] as Event, last)) break;
      heap[slot] = heap[child] as Event;
      slot = child;
    }
    heap[slot] = last;
  }
}
