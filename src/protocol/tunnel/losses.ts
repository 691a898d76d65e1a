/**
 * How many packets a move cost (protocol.md 8.7), by the gaps in the counters of Capsulated Packets. The end that
 * moved counts what did not come to it, from the move until a moment after data goes on. Its peer counts the same
 * from where it followed, and says so in a Path Report. Packets behind which nothing more came, also under an old
 * key, leave no gap: nobody can know of them, and a path on which nothing went is not counted at all.
 */
import type { CountMoment, PathStats } from '../../datapath/commands.ts';
import { limits } from '../limits.ts';
import type { Handover, Tunnel } from './tunnel.ts';
import type { TunnelContext } from './tunnel-context.ts';

export class Losses {
  readonly #context: TunnelContext;

  constructor(context: TunnelContext) {
    this.#context = context;
  }

  /** Data goes on after a move of this end: what is still on its way has this long to come. */
  settle(tunnel: Tunnel, handover: Handover): void {
    this.finish(tunnel);
    tunnel.settling = handover;
    if (handover.before) this.#context.timer('settle', tunnel, limits.settleMs);
    else this.finish(tunnel);
  }

  /** The "settle" timer: counts, and the next time no longer waits for what the peer has to say. */
  settled(tunnel: Tunnel): void {
    if (!tunnel.settling || tunnel.settling.after) return this.finish(tunnel);
    this.#context.count(tunnel, 'settled');
    this.#context.timer('settle', tunnel, limits.reportMs);
  }

  /** The record is made with what is known now. */
  finish(tunnel: Tunnel): void {
    const handover = tunnel.settling;
    if (!handover) return;
    tunnel.settling = undefined;
    this.#context.clear('settle', tunnel);
    this.#context.emit({ event: 'handover', tunnel, handover });
  }

  /** The peer has moved, or says again that it has. */
  followed(tunnel: Tunnel): void {
    const { now } = this.#context;
    const isCounting = tunnel.followed && now - tunnel.followed.at <= limits.settleMs;
    if (isCounting) return;
    tunnel.followed = { at: now, before: undefined };
    this.#context.count(tunnel, 'followed');
    this.#context.timer('report', tunnel, limits.settleMs);
  }

  /** The "report" timer. */
  report(tunnel: Tunnel): void {
    this.#context.count(tunnel, 'report');
  }

  /** A count that was asked for. */
  counted(tunnel: Tunnel, moment: CountMoment, stats: PathStats): void {
    const { handover, settling, followed } = tunnel;
    if (moment === 'moved') {
      if (settling) settling.after ??= stats;
      this.finish(tunnel);
      if (handover) handover.before = stats;
    } else if (moment === 'settled') {
      if (settling) settling.after = stats;
      this.#finishWhole(tunnel);
    } else if (moment === 'followed') {
      if (followed) followed.before = stats;
    } else {
      tunnel.followed = undefined;
      if (followed?.before) this.#tell(tunnel, followed.before, stats);
    }
  }

  /** At the first keys of a path nothing was received before, and a count would say nothing of a move. */
  #tell(tunnel: Tunnel, before: PathStats, after: PathStats): void {
    if (before.receivedPackets === 0) return;
    const lost = lostBetween({ ...before, lostPackets: before.lostBefore }, after);
    if (lost !== undefined) this.#context.sendInUse(tunnel, 'pathReport', { lost });
  }

  /** The peer's Path Report. One that comes when nothing has moved here says nothing. */
  reported(tunnel: Tunnel, lost: number): void {
    const handover = tunnel.settling ?? tunnel.handover;
    if (!handover) return;
    handover.peerLostPackets = (handover.peerLostPackets ?? 0) + lost;
    this.#finishWhole(tunnel);
  }

  /** The peer has nothing to tell when nothing was sent to it. */
  #finishWhole(tunnel: Tunnel): void {
    const { settling } = tunnel;
    if (!settling?.before || !settling.after) return;
    const hasSent = settling.after.sentPackets > settling.before.sentPackets;
    if (!hasSent || settling.peerLostPackets !== undefined) this.finish(tunnel);
  }
}

/** What did not come to this end in a move; undefined when that is not known. */
export function lostInMove({ before, after }: Handover): number | undefined {
  return before && after && lostBetween(before, after);
}

function lostBetween(before: PathStats, after: PathStats): number | undefined {
  if (before.lostPackets === null || after.lostPackets === null) return undefined;
  const lost = after.lostPackets - before.lostPackets;
  // What was late before the move and came after it is no gain.
  if (lost <= 0 && after.receivedPackets === before.receivedPackets) return undefined;
  return Math.max(0, lost);
}
