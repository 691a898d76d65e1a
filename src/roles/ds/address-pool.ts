/**
 * Who has which virtual IPv4 (paper section 2: the DS keeps the same address from being given twice). New nodes
 * get addresses that were never given; released ones are reused last, the longest released first.
 */
import type { Ip, Prefix } from '../../base/ip.ts';
import { poolAddress, poolIndex, poolSize } from '../../protocol/virtual-ip.ts';

export class AddressPool {
  readonly pool: Prefix;
  readonly size: number;
  /** One bit an address. */
  readonly #taken: Uint8Array;
  #used = 0;
  /** Released indexes, the longest released first. */
  readonly #released = new Set<number>();
  /** Everything from here up was never given. */
  #next = 1;
  /** Everything below was given, or passed over because gaps are kept. */
  #gap = 1;
  #keepsGaps = false;

  constructor(pool: Prefix) {
    this.pool = pool;
    this.size = poolSize(pool);
    this.#taken = new Uint8Array(Math.ceil((this.size + 1) / 8));
  }

  get used(): number {
    return this.#used;
  }

  /** Released addresses in the order of their reuse. */
  get released(): readonly Ip[] {
    return [...this.#released].map((index) => poolAddress(this.pool, index));
  }

  #isTaken(index: number): boolean {
    return (((this.#taken[index >>> 3] as number) >>> (index & 7)) & 1) === 1;
  }

  #setTaken(index: number, taken: boolean): void {
    const bit = 1 << (index & 7);
    const before = this.#taken[index >>> 3] as number;
    this.#taken[index >>> 3] = taken ? before | bit : before & ~bit;
    this.#used += taken ? 1 : -1;
  }

  #indexOf(ip: Ip): number | undefined {
    const index = poolIndex(this.pool, ip);
    return index !== undefined && index >= 1 && index <= this.size ? index : undefined;
  }

  /** An address that a stored node has; false when it is not in the pool or has an owner. */
  restore(ip: Ip): boolean {
    const index = this.#indexOf(ip);
    if (index === undefined || this.#isTaken(index)) return false;
    this.#setTaken(index, true);
    this.#released.delete(index);
    this.#next = Math.max(this.#next, index + 1);
    return true;
  }

  /** To be called in the order of their release, after all `restore`. */
  restoreReleased(ip: Ip): void {
    const index = this.#indexOf(ip);
    if (index === undefined || this.#isTaken(index)) return;
    this.#released.add(index);
    this.#next = Math.max(this.#next, index + 1);
  }

  /** Some stored node has an address that cannot be read: below the highest one given, none is free. */
  keepGaps(): void {
    this.#keepsGaps = true;
  }

  /** An address for a new node, or undefined when the pool is used up. */
  take(): Ip | undefined {
    const index = this.#fresh() ?? this.#released.values().next().value;
    if (index === undefined) return undefined;
    this.#released.delete(index);
    this.#setTaken(index, true);
    return poolAddress(this.pool, index);
  }

  /** Above the highest one given; then between those, where a pool that has grown has room. */
  #fresh(): number | undefined {
    if (this.#next <= this.size) {
      this.#next += 1;
      return this.#next - 1;
    }
    if (this.#keepsGaps) return undefined;
    for (; this.#gap <= this.size; this.#gap += 1) {
      if (!this.#isTaken(this.#gap) && !this.#released.has(this.#gap)) return this.#gap;
    }
    return undefined;
  }

  /** False when it was not given by this pool. */
  release(ip: Ip): boolean {
    const index = this.#indexOf(ip);
    if (index === undefined || !this.#isTaken(index)) return false;
    this.#setTaken(index, false);
    this.#released.delete(index);
    this.#released.add(index);
    return true;
  }
}
