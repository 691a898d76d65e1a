/**
 * Why a datagram changed nothing: the one list of drop reasons. A drop is counted and traced; it is never
 * an exception and, but for the two hints, never an answer.
 */
export const dropReasons = [
  'too-short',
  'too-long',
  'unknown-type',
  'unknown-version',
  'reserved-bits',
  'malformed',
  'trailing-bytes',
  'bad-extension',
  'bad-mac',
  'bad-seal',
  'bad-handshake',
  'replayed',
  'stale-stamp',
  'wrong-incarnation',
  'unknown-session',
  'unknown-path',
  'wrong-side',
  'wrong-source',
  'wrong-epoch',
  'unknown-key',
  'unexpected',
  'not-for-this-role',
  'bad-inner-source',
  'not-unicast',
  'table-full',
  'rate-limited',
  'refused',
] as const;

export type DropReason = (typeof dropReasons)[number];

export interface Drop {
  readonly drop: DropReason;
}

export function drop(reason: DropReason): Drop {
  return { drop: reason };
}

export function isDrop<Value extends object>(value: Value | Drop): value is Drop {
  return 'drop' in value;
}
