/** Control calls that wait for something to happen: a path to come up, a probe to be answered. */
import { Timers } from '../../base/timers.ts';
import type { RoleContext } from '../../protocol/context.ts';
import type { JsonObject } from '../../protocol/machine.ts';
import type { PathId } from '../../wire/ids.ts';

export interface Waiter {
  readonly id: number;
  readonly what: 'connect' | 'ping';
  readonly since: number;
  /** Key of the Direction Request that is awaited, until it is answered. */
  direction: string | undefined;
  pathId: PathId | undefined;
}

export class Waiters {
  readonly #context: RoleContext;
  readonly #timers: Timers<'give-up'>;
  readonly #waiterById = new Map<number, Waiter>();

  constructor(context: RoleContext) {
    this.#context = context;
    this.#timers = new Timers(context.alarm);
  }

  add(
    id: number,
    what: Waiter['what'],
    direction: string | undefined,
    pathId: PathId | undefined,
    forMs: number,
  ): void {
    this.#waiterById.set(id, { id, what, since: this.#context.now, direction, pathId });
    this.#timers.set('give-up', String(id), this.#context.now + forMs);
  }

  ofDirection(key: string): readonly Waiter[] {
    return [...this.#waiterById.values()].filter((each) => each.direction === key);
  }

  ofPath(pathId: PathId): readonly Waiter[] {
    return [...this.#waiterById.values()].filter((each) => each.pathId === pathId);
  }

  succeed(waiter: Waiter, result: JsonObject): void {
    this.#end(waiter);
    this.#context.emit({ kind: 'control-answer', id: waiter.id, answer: { ok: true, result } });
  }

  fail(waiter: Waiter, error: string): void {
    this.#end(waiter);
    this.#context.emit({ kind: 'control-answer', id: waiter.id, answer: { ok: false, error } });
  }

  #end(waiter: Waiter): void {
    this.#waiterById.delete(waiter.id);
    this.#timers.clear('give-up', String(waiter.id));
  }

  timeout(): void {
    for (
      let due = this.#timers.take(this.#context.now);
      due;
      due = this.#timers.take(this.#context.now)
    ) {
      const waiter = this.#waiterById.get(Number(due.key));
      if (!waiter) continue;
      const error =
        waiter.what === 'ping'
          ? 'No answer from the peer.'
          : 'The path did not come up in time: the peer does not answer.';
      this.fail(waiter, error);
    }
  }
}
