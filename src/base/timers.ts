/**
 * Named timers of one machine, in a binary heap: setting, clearing and asking for the earliest cost
 * O(log n), so that a Direction Server with 100,000 nodes asks as cheaply as one with ten. A timer
 * is data, a name and a key; what is to happen when it is due is the machine's control flow. Most machines
 * have a handful, and find one by looking through them: an index costs memory and is made for many alone.
 */
import { assert } from './assert.ts';

export interface Deadline {
  /** Milliseconds on the machine's clock. */
  readonly at: number;
  /** Name of the timer that wants it, for logs and traces. */
  readonly why: string;
}

/**
 * When the first timer of a machine of many parts is due. That is asked for after every input, so all parts
 * tell their first one here as it changes, and none is gone through.
 */
export class Alarm {
  readonly #parts: Timers<string>[] = [];
  readonly #firsts: number[] = [];

  /** The place of a part. */
  join(part: Timers<string>): number {
    this.#firsts.push(Number.POSITIVE_INFINITY);
    return this.#parts.push(part) - 1;
  }

  tell(place: number, first: number): void {
    this.#firsts[place] = first;
  }

  deadline(): Deadline | undefined {
    let found = 0;
    for (let place = 1; place < this.#firsts.length; place += 1) {
      if ((this.#firsts[place] as number) < (this.#firsts[found] as number)) found = place;
    }
    return this.#parts[found]?.deadline();
  }
}

export interface DueTimer<Name extends string> {
  readonly name: Name;
  readonly key: string;
}

/** It is its own deadline: that is asked for after every input, and nothing has to be made for it. */
interface Row<Name extends string> extends DueTimer<Name>, Deadline {
  at: number;
  readonly why: Name;
  /** Position in the heap. */
  slot: number;
  /** Breaks ties by the order of setting, so that a run repeats exactly. */
  order: number;
}

/** Up to so many are looked through. */
const few = 12;

/** By name, then key: no text is put together for a look-up. */
type Index<Name extends string> = Map<Name, Map<string, Row<Name>>>;

export class Timers<Name extends string> {
  /** Of all rows, once there were many. */
  #index: Index<Name> | undefined;
  readonly #heap: Row<Name>[] = [];
  readonly #alarm: Alarm | undefined;
  readonly #place: number;
  #order = 0;

  /** Those of a part of a machine tell its alarm when they are due. */
  constructor(alarm?: Alarm) {
    this.#alarm = alarm;
    this.#place = alarm?.join(this) ?? 0;
  }

  #tell(): void {
    this.#alarm?.tell(this.#place, this.#heap[0]?.at ?? Number.POSITIVE_INFINITY);
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Sets or moves the timer `name` of `key` to `at`. */
  set(name: Name, key: string, at: number): void {
    assert(Number.isFinite(at), 'a timer is set to a finite time');
    let row = this.#find(name, key);
    this.#order += 1;
    if (row) {
      row.at = at;
      row.order = this.#order;
    } else {
      row = { name, why: name, key, at, slot: this.#heap.length, order: this.#order };
      this.#heap.push(row);
      if (this.#index) addTo(this.#index, row);
      else if (this.#heap.length > few) this.#makeIndex();
    }
    this.#sink(this.#rise(row.slot));
    this.#tell();
  }

  #find(name: Name, key: string): Row<Name> | undefined {
    if (this.#index) return this.#index.get(name)?.get(key);
    for (const row of this.#heap) if (row.name === name && row.key === key) return row;
    return undefined;
  }

  #makeIndex(): void {
    this.#index = new Map();
    for (const row of this.#heap) addTo(this.#index, row);
  }

  clear(name: Name, key: string): void {
    const row = this.#find(name, key);
    if (row) this.#remove(row);
  }

  #remove(row: Row<Name>): void {
    this.#index?.get(row.name)?.delete(row.key);
    const last = this.#heap.pop() as Row<Name>;
    if (last !== row) {
      this.#heap[row.slot] = last;
      last.slot = row.slot;
      this.#sink(this.#rise(last.slot));
    }
    this.#tell();
  }

  at(name: Name, key: string): number | undefined {
    return this.#find(name, key)?.at;
  }

  /** Good until the next timer is set or cleared. */
  deadline(): Deadline | undefined {
    return this.#heap[0];
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

function addTo<Name extends string>(index: Index<Name>, row: Row<Name>): void {
  const rows = index.get(row.name);
  if (rows) rows.set(row.key, row);
  else index.set(row.name, new Map([[row.key, row]]));
}
