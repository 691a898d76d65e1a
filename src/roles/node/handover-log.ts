/**
 * The record of moves (protocol.md 8.7): one row a move with what it did to each path. The last hundred
 * are kept in memory for the command line, ubus and LuCI.
 */
import type {
  HandoverCause,
  HandoverPath,
  HandoverRow,
  RouteKind,
} from '../../protocol/control-results.ts';
import { limits } from '../../protocol/limits.ts';
import type { Uplink } from '../../protocol/machine.ts';

interface Move {
  readonly number: number;
  readonly at: number;
  readonly cause: HandoverCause;
  readonly from: Uplink | undefined;
  readonly to: Uplink | undefined;
  updateMs: number | undefined;
  readonly paths: HandoverPath[];
}

export class HandoverLog {
  readonly #moves: Move[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  begin(now: number, cause: HandoverCause, from: Uplink | undefined, to: Uplink | undefined): void {
    this.#count += 1;
    if (this.#moves.length >= limits.handoversKept) this.#moves.shift();
    this.#moves.push({
      number: this.#count,
      at: now,
      cause,
      from,
      to,
      updateMs: undefined,
      paths: [],
    });
  }

  /** The DS has answered the NTM Update of the last move. */
  updated(now: number): void {
    const last = this.#moves.at(-1);
    if (last && last.updateMs === undefined) last.updateMs = Math.round(now - last.at);
  }

  /** What the move that began at `startedAt` did to a path. */
  addPath(startedAt: number, path: HandoverPath): HandoverRow | undefined {
    const move = this.#moves.findLast((each) => Math.abs(each.at - startedAt) < 1);
    if (!move) return undefined;
    move.paths.push(path);
    return row(move, startedAt);
  }

  rows(now: number): readonly HandoverRow[] {
    return this.#moves.map((move) => row(move, now)).reverse();
  }
}

function row(move: Move, now: number): HandoverRow {
  return {
    number: move.number,
    agoMs: Math.round(now - move.at),
    cause: move.cause,
    from: move.from?.ip ?? null,
    to: move.to?.ip ?? null,
    fromDevice: move.from?.device ?? null,
    toDevice: move.to?.device ?? null,
    updateMs: move.updateMs ?? null,
    paths: move.paths,
    pathCount: move.paths.length,
    lostPackets: sumOf(move.paths, 'lostPackets'),
    peerLostPackets: sumOf(move.paths, 'peerLostPackets'),
  };
}

/** Of the paths of which it is known. */
function sumOf(
  paths: readonly HandoverPath[],
  which: 'lostPackets' | 'peerLostPackets',
): number | null {
  let sum: number | null = null;
  for (const path of paths) {
    const count = path[which];
    if (count !== null) sum = (sum ?? 0) + count;
  }
  return sum;
}

/** "punched" is direct although both ends are behind NATs. */
export function routeKind(active: 'none' | 'direct' | 'relay', bothPrivate: boolean): RouteKind {
  return active === 'direct' && bothPrivate ? 'punched' : active;
}
