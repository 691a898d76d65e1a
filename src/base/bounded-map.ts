/**
 * A map that never holds more than `limit` entries. What happens at the limit is the caller's
 * choice: `set` refuses, `setEvicting` drops the oldest entry, the one whose key came in, or was
 * last given to `setEvicting`, longest ago. `set` on a key that is there keeps its age. Takes hardly any
 * memory before its first entry: most of those of a node stay empty.
 */
import { assert } from './assert.ts';

const none: ReadonlyMap<never, never> = new Map<never, never>();

export class BoundedMap<Key, Value> implements Iterable<[Key, Value]> {
  #map: Map<Key, Value> | undefined;
  readonly limit: number;

  constructor(limit: number) {
    assert(limit >= 1, 'a bounded map holds at least one entry');
    this.limit = limit;
  }

  get size(): number {
    return this.#map?.size ?? 0;
  }

  get full(): boolean {
    return this.size >= this.limit;
  }

  get(key: Key): Value | undefined {
    return this.#map?.get(key);
  }

  has(key: Key): boolean {
    return this.#map?.has(key) ?? false;
  }

  delete(key: Key): boolean {
    return this.#map?.delete(key) ?? false;
  }

  clear(): void {
    this.#map = undefined;
  }

  /** False, and nothing changed, when the key is new and the map full. */
  set(key: Key, value: Value): boolean {
    if (this.full && !this.has(key)) return false;
    this.#map ??= new Map();
    this.#map.set(key, value);
    return true;
  }

  /** Sets the entry as the youngest and returns the one that had to go, if any. */
  setEvicting(key: Key, value: Value): [Key, Value] | undefined {
    const map = this.#map ?? new Map<Key, Value>();
    this.#map = map;
    map.delete(key);
    let evicted: [Key, Value] | undefined;
    if (map.size >= this.limit) {
      for (const oldest of map) {
        evicted = oldest;
        map.delete(oldest[0]);
        break;
      }
    }
    map.set(key, value);
    return evicted;
  }

  keys(): IterableIterator<Key> {
    return (this.#map ?? none).keys() as IterableIterator<Key>;
  }

  values(): IterableIterator<Value> {
    return (this.#map ?? none).values() as IterableIterator<Value>;
  }

  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    return (this.#map ?? none)[Symbol.iterator]() as IterableIterator<[Key, Value]>;
  }
}
