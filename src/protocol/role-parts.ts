/** What every role does with the machines it is made of: their timers, and their events until none is left. */
import type { SessionEvent, Sessions } from './sessions.ts';
import type { TunnelEvent } from './tunnel/tunnel-context.ts';
import type { Tunnels } from './tunnel/tunnels.ts';

/** A machine with timers of its own. */
export interface Part {
  timeout(): void;
}

export function timeoutAll(parts: readonly Part[]): void {
  for (const part of parts) part.timeout();
}

const noEvents: readonly TunnelEvent[] = [];
/** Two machines may answer each other so often in one turn; more would be a mistake of ours. */
const maxRounds = 100;

/** Hands on the events of sessions and paths, and those that come of it, in order. */
export function drainEvents(
  sessions: Sessions,
  tunnels: Tunnels | undefined,
  onSession: (event: SessionEvent) => void,
  onTunnel: (event: TunnelEvent) => void = () => {},
): void {
  for (let round = 0; round < maxRounds; round += 1) {
    const sessionEvents = sessions.takeEvents();
    const tunnelEvents = tunnels === undefined ? noEvents : tunnels.takeEvents();
    if (sessionEvents.length === 0 && tunnelEvents.length === 0) return;
    // No iterators here: this is done for every datagram.
    for (let index = 0; index < sessionEvents.length; index += 1)
      onSession(sessionEvents[index] as SessionEvent);
    for (let index = 0; index < tunnelEvents.length; index += 1)
      onTunnel(tunnelEvents[index] as TunnelEvent);
  }
}
