/**
 * What must hold in every world at every step (protocol.md sections 9 and 11). An invariant watches
 * datagrams and effects and reports a sentence when it is broken; the first one ends the run.
 */
import type { HostWatcher } from '../hosts/host.ts';
import type { Transit } from '../network/network.ts';

export interface Invariant extends HostWatcher {
  readonly name: string;
  /** Every fate of every datagram. */
  transit?(transit: Transit): void;
}

/** Thrown out of the run with the invariant's name; the world adds seed and diagram. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant';
  readonly invariant: string;

  constructor(invariant: string, text: string) {
    super(`${invariant}: ${text}`);
    this.invariant = invariant;
  }
}
