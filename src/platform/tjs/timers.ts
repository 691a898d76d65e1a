/**
 * The engine's timers, made safe. The one of 24.12 ends the process when a timer is cleared while its own
 * callback runs, or in what the callback has promised, before the engine has put the timer away.
 */

let isSafe = false;

/** For the start of a program; all that come later do nothing. */
export function makeTimersSafe(): void {
  if (isSafe) return;
  isSafe = true;
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  /** The timer that fired last. Clearing it has no effect by itself. */
  let fired: ReturnType<typeof setTimeout> | undefined;
  const safeSet = (act: () => void, waitMs?: number): ReturnType<typeof setTimeout> => {
    const timer = set(() => {
      fired = timer;
      act();
    }, waitMs);
    return timer;
  };
  globalThis.setTimeout = safeSet as typeof setTimeout;
  globalThis.clearTimeout = (timer) => {
    if (timer !== fired) clear(timer);
  };
}
