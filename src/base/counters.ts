/** Counts by name, such as drops by reason: what a drop leaves behind instead of an exception. */
export class Counters<Name extends string> {
  #countByName: Map<Name, number> | undefined;

  add(name: Name, amount = 1): void {
    this.#countByName ??= new Map();
    this.#countByName.set(name, this.get(name) + amount);
  }

  get(name: Name): number {
    return this.#countByName?.get(name) ?? 0;
  }

  /** All counts that were ever added to, for status and tests. */
  snapshot(): Record<string, number> {
    return this.#countByName ? Object.fromEntries(this.#countByName) : {};
  }
}
