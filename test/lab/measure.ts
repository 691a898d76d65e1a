/**
 * What a move did to the UDP probes, read from the records of both ends: the longest silence at the
 * receiver around the move and the datagrams that never came. With a datagram every 10 ms, 10 ms of
 * silence means that none is missing.
 */
import type { TcpRecord, UdpRecord } from './agent/calls.ts';

export interface FlowFigures {
  /** The longest silence at the receiver; undefined when nothing came after the move. */
  readonly interruptionMs: number | undefined;
  readonly sent: number;
  readonly lost: number;
}

/** Times are those of the monotonic clock; `from` is just before the move. */
export function flowFigures(
  sender: Pick<UdpRecord, 'sentAt'>,
  receiver: Pick<UdpRecord, 'received'>,
  from: number,
): FlowFigures {
  const came = new Set(receiver.received.map(([sequence]) => sequence));
  let sent = 0;
  let lost = 0;
  for (const [sequence, at] of sender.sentAt.entries()) {
    if (at < from) continue;
    sent += 1;
    if (!came.has(sequence)) lost += 1;
  }
  return { interruptionMs: longestSilence(receiver.received, from), sent, lost };
}

/** Bytes a second that came in the last two thirds of a time; the first one is for TCP to find its pace. */
export function steadyRate(
  { firstAt, arrivedBy100Ms }: Pick<TcpRecord, 'firstAt' | 'arrivedBy100Ms'>,
  begin: number,
  end: number,
): number {
  const bucket = (at: number): number => Math.round((at - firstAt) / 100);
  const [from, to] = [bucket(begin + (end - begin) / 3), bucket(end)];
  const bytes = arrivedBy100Ms.slice(from, to).reduce((sum, each) => sum + each, 0);
  return (bytes * 10) / (to - from);
}

function longestSilence(received: UdpRecord['received'], from: number): number | undefined {
  let longest: number | undefined;
  let before: number | undefined;
  for (const [, at] of received) {
    // A silence counts from its beginning, even if that was before the move.
    if (at >= from && before !== undefined) longest = Math.max(longest ?? 0, at - before);
    before = at;
  }
  return longest;
}

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Undefined for no values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) return undefined;
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[middle - 1] ?? min, sorted[middle] ?? max];
  return { min, max, median: sorted.length % 2 === 1 ? high : (low + high) / 2 };
}
