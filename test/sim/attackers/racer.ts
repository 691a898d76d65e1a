/**
 * An observer on the path who races copies: it sees a datagram leave and sends a copy of it from its own
 * address that arrives before the original. It may throw away what it is sent, or pass it on.
 */
import type { Dice } from '../dice.ts';
import type { Transit } from '../network/network.ts';
import type { World } from '../world.ts';
import { Attacker } from './attacker.ts';

export class Racer extends Attacker {
  readonly #share: number;

  /** `share` of the datagrams it sees are raced. */
  constructor(name: string, world: World, dice: Dice, share: number) {
    super(name, world, dice);
    this.#share = share;
  }

  protected override seen(transit: Transit): void {
    if (transit.fate !== 'sent' || !this.dice.chance(this.#share)) return;
    this.send(this.endpoint, transit.datagram.destination, transit.datagram.bytes);
  }
}
