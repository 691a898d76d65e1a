/** At most `limit` events in any whole second of the machine's clock. */
export class RateLimit {
  readonly limit: number;
  #second = -1;
  #count = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Counts an event; false when it is over the limit. */
  take(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= this.limit;
  }
}
