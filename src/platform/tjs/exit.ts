/**
 * The life of the process: it stays alive without work, ends only through `tjs.exit`, hears the
 * signals that ask it to end or to read its configuration again, and logs a rejected promise nobody
 * waits for instead of dying of it.
 */

/** Exit codes, as sysexits.h has them where it has them. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 64,
  unavailable: 69,
  internal: 70,
  systemError: 71,
  noPermission: 77,
  configuration: 78,
} as const;

const wakeIntervalMs = 2 ** 30;
let staysAlive = false;

/** The engine would end when no timer and no polled socket is left. */
export function stayAlive(): void {
  if (!staysAlive) setInterval(() => {}, wakeIntervalMs);
  staysAlive = true;
}

export function exit(code: number): never {
  return tjs.exit(code);
}

/** `stop` for SIGTERM and SIGINT, the second time with `again`; `reload` for SIGHUP. */
export function onSignals(handlers: {
  readonly stop: (again: boolean) => void;
  readonly reload?: () => void;
}): void {
  let asked = false;
  for (const signal of ['SIGTERM', 'SIGINT']) {
    tjs.addSignalListener(signal, () => {
      const again = asked;
      asked = true;
      handlers.stop(again);
    });
  }
  tjs.addSignalListener('SIGHUP', () => handlers.reload?.());
}

/**
 * Calls `report` for a rejection that nothing handles; the process goes on unless `report` ends it.
 */
export function onUnhandledRejection(report: (reason: unknown) => void): void {
  const target = globalThis as unknown as EventTarget;
  target.addEventListener('unhandledrejection', (event) => {
    event.preventDefault();
    report((event as unknown as { readonly reason: unknown }).reason);
  });
}
