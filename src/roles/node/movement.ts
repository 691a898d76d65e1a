/**
 * This node's own moves (paper section 3.4; protocol.md 8): what a change of the uplinks means, an uplink
 * that fell silent, a NAT that was restarted. Decides that and from where the node has moved, and tells paths
 * and registration.
 */
import type { RoleContext } from '../../protocol/context.ts';
import type { HandoverCause } from '../../protocol/control-results.ts';
import type { Uplink } from '../../protocol/machine.ts';
import type { Registration } from '../../protocol/registration.ts';
import type { Locality } from '../../protocol/tunnel/locality.ts';
import type { Tunnels } from '../../protocol/tunnel/tunnels.ts';
import type { HandoverLog } from './handover-log.ts';
import { UplinkDoubt } from './uplink-doubt.ts';

const remappedIntervalMs = 2000;

export class Movement {
  readonly #context: RoleContext;
  readonly #locality: Locality;
  readonly #registration: Registration;
  readonly #tunnels: Tunnels;
  readonly #handovers: HandoverLog;
  readonly #doubt: UplinkDoubt;
  /** As the system last told them, the preferred first. */
  #told: readonly Uplink[] = [];
  #lastPreferred: Uplink | undefined;
  #hadGap = false;
  #remappedAt = Number.NEGATIVE_INFINITY;

  constructor(
    context: RoleContext,
    locality: Locality,
    registration: Registration,
    tunnels: Tunnels,
    handovers: HandoverLog,
  ) {
    this.#context = context;
    this.#locality = locality;
    this.#registration = registration;
    this.#tunnels = tunnels;
    this.#handovers = handovers;
    this.#doubt = new UplinkDoubt(context);
  }

  start(uplinks: readonly Uplink[]): void {
    this.#told = uplinks;
    this.#locality.uplinks = uplinks;
    this.#lastPreferred = this.#preferred();
  }

  #preferred(): Uplink | undefined {
    return this.#locality.preferred(4) ?? this.#locality.preferred(6);
  }

  /** The system reports a change. */
  changed(uplinks: readonly Uplink[]): void {
    this.#doubt.forgive();
    this.#told = uplinks;
    const before = this.#lastPreferred;
    this.#locality.uplinks = uplinks;
    const after = this.#preferred();
    if (!after) {
      this.#hadGap = true;
      return;
    }
    const same = before?.id === after.id && !this.#hadGap;
    this.#hadGap = false;
    if (same) {
      this.#lastPreferred = after;
      this.#tunnels.uplinksGone(uplinks);
      this.#registration.update();
      return;
    }
    const oldStillWorks =
      before !== undefined &&
      before.id !== after.id &&
      uplinks.some((each) => each.id === before.id && each.usable);
    this.#move(before, after, oldStillWorks ? 'uplink-preferred' : 'uplink-lost');
  }

  #move(before: Uplink | undefined, after: Uplink, cause: HandoverCause): void {
    const oldStillWorks = cause === 'uplink-preferred';
    this.#lastPreferred = after;
    this.#locality.observed = undefined;
    this.#handovers.begin(this.#context.now, cause, before, after);
    const from = before?.id ?? 'no uplink';
    const text = from === after.id ? `${from} is back.` : `Moved from ${from} to ${after.id}.`;
    this.#context.log('info', text);
    this.#tunnels.moved(before, oldStillWorks);
    this.#registration.moved();
  }

  /** Data goes out on some path and nothing comes back. */
  silent(): void {
    const usable = this.#locality.uplinks.filter((uplink) => uplink.usable);
    if (usable.length > 1 && this.#doubt.begin()) this.#registration.update();
  }

  /** One leg shows that our NAT was restarted: the DS and all peers learn it now, not with the keepalives. */
  remapped(): void {
    if (this.#context.now - this.#remappedAt < remappedIntervalMs) return;
    this.#remappedAt = this.#context.now;
    this.#context.log('info', 'The NAT in front of this node has new mappings.');
    this.#registration.update();
    this.#tunnels.remapped();
  }

  timeout(): void {
    for (let due = this.#doubt.takeDue(); due; due = this.#doubt.takeDue()) {
      if (due.why === 'judge') this.#judge(due.since, due.isRetry);
      else this.#retry();
    }
  }

  /** The time for an answer is over. A retried uplink must show itself; paths may be heard over the other. */
  #judge(since: number, isRetry: boolean): void {
    const before = this.#lastPreferred;
    if (!before) return;
    const isHeard = this.#registration.association.lastHeardAt >= since;
    if (isHeard) {
      this.#doubt.trust(before);
      return;
    }
    if (!isRetry) for (const tunnel of this.#tunnels.values()) if (tunnel.heardAt >= since) return;
    this.#doubt.leave(before);
    this.#locality.uplinks = this.#doubt.order(this.#told);
    const after = this.#preferred();
    if (!after || after.id === before.id) return;
    this.#context.log(
      'warn',
      `Nothing comes back through ${before.id}: leaving it for ${after.id}.`,
    );
    this.#move(before, after, 'silence');
  }

  /** An uplink that was left gets another chance; data stays where it is until it has answered. */
  #retry(): void {
    const before = this.#lastPreferred;
    this.#locality.uplinks = this.#doubt.order(this.#told);
    const after = this.#preferred();
    if (!before || !after || after.id === before.id) return;
    this.#doubt.beginRetry();
    this.#move(before, after, 'uplink-preferred');
  }
}
