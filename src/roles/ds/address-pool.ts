/**
 * Who has which virtual IPv4 (paper section 2: the DS keeps the same address from being given twice). New nodes
 * get addresses that were never given; released ones are reused last, the longest released first.
 */
import type { Ip, Prefix } from '../../base/ip.ts';
import { poolAddress, poolIndex, poolSize } from '../../protocol/virtual-ip.ts';

export class AddressPool {
  readonly pool: Prefix;
  readonly size: number;
  readonly #taken = new Set<number>();
  /** Released indexes, the longest released first. */
  readonly #released = new Set<number>();
  #next = 1;

  constructor(pool: Prefix) {
    this.pool = pool;
    this.size = poolSize(pool);
  }

  get used(): number {
    return this.#taken.size;
  }

  /** The highest index ever given, to be kept so that released addresses stay last after a restart. */
  get highWater(): number {
    return this.#next - 1;
  }

  restoreHighWater(index: number): void {
    this.#next = Math.max(this.#next, index + 1);
  }

  restoreReleased(index: number): void {
    if (index >= 1 && index <= this.size && !this.#taken.has(index)) this.#released.add(index);
  }

  /** An address that a stored node has; false when it is not in the pool or has an owner. */
  restore(ip: Ip): boolean {
    const index = poolIndex(this.pool, ip);
    if (index === undefined || index < 1 || index > this.size || this.#taken.has(index))
      return false;
    this.#taken.add(index);
    this.#released.delete(index);
    this.#next = Math.max(this.#next, index + 1);
    return true;
  }

  /** An address for a new node, or undefined when the pool is used up. */
  take(): Ip | undefined {
    while (this.#next <= this.size && this.#taken.has(this.#next)) this.#next += 1;
    let index: number | undefined;
    if (this.#next <= this.size) {
      index = this.#next;
      this.#next += 1;
    } else {
      index = this.#released.values().next().value;
    }
    if (index === undefined) return undefined;
    this.#released.delete(index);
    this.#taken.add(index);
    return poolAddress(this.pool, index);
  }

  release(ip: Ip): void {
    const index = poolIndex(this.pool, ip);
    if (index === undefined || !this.#taken.delete(index)) return;
    this.#released.delete(index);
    this.#released.add(index);
  }

  /** Released indexes in the order of their reuse, to be kept. */
  get released(): readonly number[] {
    return [...this.#released];
  }
}
