/**
 * The source of randomness of a machine: the system's generator in the daemon, a seeded one in the
 * simulator. Machines never draw from anywhere else.
 */
export interface Random {
  /** `length` fresh bytes. */
  bytes(length: number): Uint8Array;
}

/** An integer in 0..limit-1 without noticeable bias; `limit` at most 2^31. */
export function randomBelow(random: Random, limit: number): number {
  const bytes = random.bytes(6);
  let value = 0;
  for (const byte of bytes) value = value * 0x100 + byte;
  return value % limit;
}
