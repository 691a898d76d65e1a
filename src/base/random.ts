/**
 * The source of randomness of a machine: the system's generator in the daemon, a seeded one in the
 * simulator. Machines never draw from anywhere else.
 */
import { assert } from './assert.ts';

export interface Random {
  /** `length` fresh bytes. */
  bytes(length: number): Uint8Array;
}

/** An integer in 0..limit-1 without noticeable bias; `limit` is 1..2^31. */
export function randomBelow(random: Random, limit: number): number {
  assert(limit >= 1 && limit <= 2 ** 31, 'a random integer is drawn below 1..2^31');
  const bytes = random.bytes(6);
  const high = ((bytes[0] as number) << 8) | (bytes[1] as number);
  const low =
    ((bytes[2] as number) << 24) |
    ((bytes[3] as number) << 16) |
    ((bytes[4] as number) << 8) |
    (bytes[5] as number);
  return (high * 0x1_0000_0000 + (low >>> 0)) % limit;
}
