/**
 * One timer for the whole daemon. It is moved only to an earlier time: one that fires too early is
 * cheaper than a timer set anew after every datagram.
 */

/** The system's timers stop being exact above this; one that fires early is set again. */
const longestMs = 60_000;
/** A deadline that stays in the past, a mistake elsewhere, must not take the whole processor. */
const shortestMs = 1;

export class WakeUp {
  readonly #now: () => number;
  readonly #due: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #wantedAt = Number.POSITIVE_INFINITY;

  /** `due` is called when the wanted time has come; it is expected to call `set`. */
  constructor(now: () => number, due: () => void) {
    this.#now = now;
    this.#due = due;
  }

  /** Infinity for never. */
  set(at: number): void {
    this.#wantedAt = at;
    if (at < this.#timerAt) this.#arm();
  }

  clear(): void {
    this.#wantedAt = Number.POSITIVE_INFINITY;
    this.#disarm();
  }

  #arm(): void {
    this.#disarm();
    if (this.#wantedAt === Number.POSITIVE_INFINITY) return;
    const wait = Math.ceil(this.#wantedAt - this.#now());
    const bounded = Math.min(Math.max(wait, shortestMs), longestMs);
    this.#timerAt = this.#wantedAt;
    this.#timer = setTimeout(() => this.#fired(), bounded);
  }

  #disarm(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #fired(): void {
    // Clearing a timer from its own callback ends one of the engines.
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    if (this.#wantedAt <= this.#now()) {
      this.#wantedAt = Number.POSITIVE_INFINITY;
      this.#due();
    } else {
      this.#arm();
    }
  }
}
