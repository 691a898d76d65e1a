/**
 * Named timers of one machine, in a binary heap: setting, clearing and asking for the earliest cost
 * O(log n), so that a Direction Server with 100,000 nodes asks as cheaply as one with ten. A timer
 * is data, a name and a key; what is to happen when it is due is the machine's control flow.
 */
import { assert } from './assert.ts';

export interface Deadline {
  /** Milliseconds on the machine's clock. */
  readonly at: number;
  /** Name of the timer that wants it, for logs and traces. */
  readonly why: string;
}

/** The first of several deadlines, if there is any. */
export function earliest(...deadlines: readonly (Deadline | undefined)[]): Deadline | undefined {
  let first: Deadline | undefined;
  for (const each of deadlines) if (each && (!first || each.at < first.at)) first = each;
  return first;
}

export interface DueTimer<Name extends string> {
  readonly name: Name;
  readonly key: string;
}

interface Row<Name extends string> extends DueTimer<Name> {
  at: number;
  /** Position in the heap. */
  slot: number;
  /** Breaks ties by the order of setting, so that a run repeats exactly. */
  order: number;
}

export class Timers<Name extends string> {
  /** By name, then key: no text is put together for a look-up. */
  readonly #rowsByName = new Map<Name, Map<string, Row<Name>>>();
  readonly #heap: Row<Name>[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** Sets or moves the timer `name` of `key` to `at`. */
  set(name: Name, key: string, at: number): void {
    assert(Number.isFinite(at), 'a timer is set to a finite time');
    let rows = this.#rowsByName.get(name);
    if (!rows) {
      rows = new Map();
      this.#rowsByName.set(name, rows);
    }
    let row = rows.get(key);
    this.#order += 1;
    if (row) {
      row.at = at;
      row.order = this.#order;
    } else {
      row = { name, key, at, slot: this.#heap.length, order: this.#order };
      rows.set(key, row);
      this.#heap.push(row);
    }
    this.#sink(this.#rise(row.slot));
  }

  clear(name: Name, key: string): void {
    const row = this.#rowsByName.get(name)?.get(key);
    if (row) this.#remove(row);
  }

  #remove(row: Row<Name>): void {
    this.#rowsByName.get(row.name)?.delete(row.key);
    const last = this.#heap.pop() as Row<Name>;
    if (last === row) return;
    this.#heap[row.slot] = last;
    last.slot = row.slot;
    this.#sink(this.#rise(last.slot));
  }

  at(name: Name, key: string): number | undefined {
    return this.#rowsByName.get(name)?.get(key)?.at;
  }

  deadline(): Deadline | undefined {
    const first = this.#heap[0];
    return first && { at: first.at, why: first.name };
  }

  /** Takes the earliest timer that is due at `now`. */
  take(now: number): DueTimer<Name> | undefined {
    const first = this.#heap[0];
    if (!first || first.at > now) return undefined;
    this.#remove(first);
    return { name: first.name, key: first.key };
  }

  #before(left: Row<Name>, right: Row<Name>): boolean {
    return left.at < right.at || (left.at === right.at && left.order < right.order);
  }

  #swap(left: number, right: number): void {
    const a = this.#heap[left] as Row<Name>;
    const b = this.#heap[right] as Row<Name>;
    this.#heap[left] = b;
    this.#heap[right] = a;
    b.slot = left;
    a.slot = right;
  }

  #rise(from: number): number {
    let slot = from;
    while (slot > 0) {
      const parent = (slot - 1) >>> 1;
      if (!this.#before(this.#heap[slot] as Row<Name>, this.#heap[parent] as Row<Name>)) break;
      this.#swap(slot, parent);
      slot = parent;
    }
    return slot;
  }

  #sink(from: number): void {
    let slot = from;
    for (;;) {
      let least = slot;
      for (let child = slot * 2 + 1; child <= slot * 2 + 2; child += 1) {
        const row = this.#heap[child];
        if (row && this.#before(row, this.#heap[least] as Row<Name>)) least = child;
      }
      if (least === slot) return;
      this.#swap(slot, least);
      slot = least;
    }
  }
}
