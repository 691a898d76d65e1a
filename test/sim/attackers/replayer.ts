/**
 * Records datagrams from anywhere on the network and sends them again later: to their destination or to
 * anybody else, in the name of their sender, of a bystander, or in its own.
 */
import { type Endpoint, endpoint, type Ip } from '../../../src/base/ip.ts';
import type { Dice } from '../dice.ts';
import type { Transit } from '../network/network.ts';
import type { World } from '../world.ts';
import { Attacker } from './attacker.ts';

interface Recorded {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly bytes: Uint8Array;
}

const kept = 500;

export class Replayer extends Attacker {
  readonly #recorded: Recorded[] = [];
  readonly #victims: readonly Ip[];
  #count = 0;

  constructor(name: string, world: World, dice: Dice, intervalMs: number, victims: readonly Ip[]) {
    super(name, world, dice);
    this.#victims = victims;
    const tick = (): void => {
      if (this.active) this.replayOne();
      world.queue.after(1 + dice.below(2 * intervalMs), tick);
    };
    if (intervalMs > 0) tick();
  }

  protected override seen(transit: Transit): void {
    if (transit.fate !== 'delivered' && transit.fate !== 'filtered') return;
    const { source, destination, bytes } = transit.datagram;
    const copy = { source, destination, bytes: bytes.slice() };
    // A sample of everything so far: early first messages stay in the bag as long as late data.
    this.#count += 1;
    if (this.#recorded.length < kept) this.#recorded.push(copy);
    else if (this.dice.below(this.#count) < kept) this.#recorded[this.dice.below(kept)] = copy;
  }

  get recorded(): readonly Recorded[] {
    return this.#recorded;
  }

  replayOne(): void {
    if (this.#recorded.length === 0) return;
    const recorded = this.dice.pick(this.#recorded);
    const other = this.dice.pick(this.#recorded);
    const destination = this.dice.chance(0.7) ? recorded.destination : other.destination;
    this.send(this.#source(recorded), destination, recorded.bytes);
  }

  #source(recorded: Recorded): Endpoint {
    const draw = this.dice.below(3);
    if (draw === 0) return recorded.source;
    if (draw === 1 && this.#victims.length > 0)
      return endpoint(this.dice.pick(this.#victims), 4649);
    return this.endpoint;
  }
}
