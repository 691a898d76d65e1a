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
  let value = 0;
  for (let index = 0; index < 6; index += 1) value = value * 0x100 + (bytes[index] as number);
  return value % limit;
}
