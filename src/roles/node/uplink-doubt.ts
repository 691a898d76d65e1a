/**
 * A silent uplink (protocol.md 8.6): no event tells that it is dead, but data goes out and nothing comes back.
 * While another uplink is at hand, the Direction Server is asked over the one in doubt; when it does not
 * answer either and no peer was heard meanwhile, that uplink is left. It is taken again when the system
 * next reports a change of the uplinks.
 */
import { type Deadline, Timers } from '../../base/timers.ts';
import type { RoleContext } from '../../protocol/context.ts';
import type { Uplink } from '../../protocol/machine.ts';

/** Time for an answer over the uplink in doubt. */
const answerMs = 700;

export class UplinkDoubt {
  readonly #context: RoleContext;
  readonly #timers = new Timers<'judge-uplink'>();
  readonly #left = new Set<string>();
  #since: number | undefined;

  constructor(context: RoleContext) {
    this.#context = context;
  }

  /** True when the doubt is new: the Direction Server is to be asked now. */
  begin(): boolean {
    if (this.#since !== undefined) return false;
    this.#since = this.#context.now;
    this.#timers.set('judge-uplink', '', this.#context.now + answerMs);
    return true;
  }

  deadline(): Deadline | undefined {
    return this.#timers.deadline();
  }

  /** When the doubt began, once it is time to judge; undefined otherwise. */
  takeDue(): number | undefined {
    if (!this.#timers.take(this.#context.now)) return undefined;
    const since = this.#since;
    this.#since = undefined;
    return since;
  }

  leave(uplink: Uplink): void {
    this.#left.add(uplink.id);
  }

  /** The system reports a change: every uplink gets another chance. */
  forgive(): void {
    this.#left.clear();
  }

  /** The uplinks with those that were left at the end. */
  order(uplinks: readonly Uplink[]): readonly Uplink[] {
    const isLeft = (uplink: Uplink) => this.#left.has(uplink.id);
    return [...uplinks.filter((each) => !isLeft(each)), ...uplinks.filter(isLeft)];
  }
}
