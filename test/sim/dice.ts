/**
 * The world's own choices: numbers, chances and picks drawn from one seeded source of randomness. Hosts
 * draw from sources of their own, so that a choice of the world does not shift theirs.
 */
import { type Random, randomBelow } from '../../src/base/random.ts';
import { seededRandom } from '../support/seeded-random.ts';

export class Dice {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /** 0..limit-1. */
  below(limit: number): number {
    return randomBelow(this.random, limit);
  }

  /** least..most, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }
}

/** A source of its own for everything that bears a name, from the seed of the world. */
export function randomFor(seed: number, name: string): Random {
  let mixed = seed >>> 0;
  for (let index = 0; index < name.length; index += 1) {
    mixed = Math.imul(mixed ^ name.charCodeAt(index), 0x01000193) >>> 0;
    mixed = (mixed ^ (mixed >>> 15)) >>> 0;
  }
  return seededRandom(mixed);
}
