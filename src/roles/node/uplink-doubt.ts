/**
 * A silent uplink (protocol.md 8.6): no event tells that it is dead, but data goes out and nothing comes back.
 * While another uplink is at hand, the Direction Server is asked over the one in doubt; when it does not
 * answer either and no peer was heard meanwhile, that uplink is left. It is tried again after a while, later
 * each time it fails, and at once when the system reports a change of the uplinks.
 */
import { Timers } from '../../base/timers.ts';
import type { RoleContext } from '../../protocol/context.ts';
import { limits } from '../../protocol/limits.ts';
import type { Uplink } from '../../protocol/machine.ts';

/** Time for an answer over the uplink in doubt. */
const answerMs = 700;

export type DoubtDue =
  /** Whether an answer came `since` then has to be looked at. */
  | { readonly why: 'judge'; readonly since: number; readonly isRetry: boolean }
  /** Uplinks that were left are to be tried again. */
  | { readonly why: 'retry' };

export class UplinkDoubt {
  readonly #context: RoleContext;
  readonly #timers: Timers<'judge-uplink' | 'retry-uplink'>;
  readonly #left = new Set<string>();
  /** Times each uplink was left since it last worked. */
  readonly #failures = new Map<string, number>();
  #since: number | undefined;
  #isRetry = false;

  constructor(context: RoleContext) {
    this.#context = context;
    this.#timers = new Timers(context.alarm);
  }

  /** True when the doubt is new: the Direction Server is to be asked now. */
  begin(): boolean {
    if (this.#since !== undefined) return false;
    this.#begin(false);
    return true;
  }

  beginRetry(): void {
    this.#begin(true);
  }

  #begin(isRetry: boolean): void {
    this.#since = this.#context.now;
    this.#isRetry = isRetry;
    this.#timers.set('judge-uplink', '', this.#context.now + answerMs);
  }

  takeDue(): DoubtDue | undefined {
    for (let due = this.#timers.take(this.#context.now); due; ) {
      if (due.name === 'retry-uplink') {
        this.#left.clear();
        return { why: 'retry' };
      }
      const since = this.#since;
      this.#since = undefined;
      if (since !== undefined) return { why: 'judge', since, isRetry: this.#isRetry };
      due = this.#timers.take(this.#context.now);
    }
    return undefined;
  }

  leave(uplink: Uplink): void {
    const { firstMs, mostMs } = limits.uplinkRetry;
    const failures = this.#failures.get(uplink.id) ?? 0;
    this.#left.add(uplink.id);
    this.#failures.set(uplink.id, failures + 1);
    const wait = Math.min(mostMs, firstMs * 2 ** Math.min(failures, 10));
    this.#timers.set('retry-uplink', '', this.#context.now + wait);
  }

  /** It has answered. */
  trust(uplink: Uplink): void {
    this.#failures.delete(uplink.id);
  }

  /** The system reports a change: every uplink gets another chance. */
  forgive(): void {
    this.#left.clear();
    this.#failures.clear();
    this.#timers.clear('retry-uplink', '');
  }

  /** The uplinks with those that were left at the end. */
  order(uplinks: readonly Uplink[]): readonly Uplink[] {
    const isLeft = (uplink: Uplink) => this.#left.has(uplink.id);
    return [...uplinks.filter((each) => !isLeft(each)), ...uplinks.filter(isLeft)];
  }
}
