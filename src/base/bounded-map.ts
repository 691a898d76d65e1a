/**
 * A map that never holds more than `limit` entries. What happens at the limit is the caller's
 * choice: `set` refuses, `setEvicting` drops the oldest entry, the one whose key came in, or was
 * last given to `setEvicting`, longest ago. `set` on a key that is there keeps its age.
 */
import { assert } from './assert.ts';

export class BoundedMap<Key, Value> implements Iterable<[Key, Value]> {
  readonly #map = new Map<Key, Value>();
  readonly limit: number;

  constructor(limit: number) {
    assert(limit >= 1, 'a bounded map holds at least one entry');
    this.limit = limit;
  }

  get size(): number {
    return this.#map.size;
  }

  get full(): boolean {
    return this.#map.size >= this.limit;
  }

  get(key: Key): Value | undefined {
    return this.#map.get(key);
  }

  has(key: Key): boolean {
    return this.#map.has(key);
  }

  delete(key: Key): boolean {
    return this.#map.delete(key);
  }

  clear(): void {
    this.#map.clear();
  }

  /** False, and nothing changed, when the key is new and the map full. */
  set(key: Key, value: Value): boolean {
    if (this.#map.size >= this.limit && !this.#map.has(key)) return false;
    this.#map.set(key, value);
    return true;
  }

  /** Sets the entry as the youngest and returns the one that had to go, if any. */
  setEvicting(key: Key, value: Value): [Key, Value] | undefined {
    this.#map.delete(key);
    let evicted: [Key, Value] | undefined;
    if (this.#map.size >= this.limit) {
      for (const oldest of this.#map) {
        evicted = oldest;
        this.#map.delete(oldest[0]);
        break;
      }
    }
    this.#map.set(key, value);
    return evicted;
  }

  keys(): IterableIterator<Key> {
    return this.#map.keys();
  }

  values(): IterableIterator<Value> {
    return this.#map.values();
  }

  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return this.#map[Symbol.iterator]();
  }
}
