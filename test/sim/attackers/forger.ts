/**
 * Makes datagrams that nobody sent: real ones with bits turned, cut, lengthened, crossed with others or
 * with header fields changed, and pure noise that begins like a message.
 */
import { type Endpoint, endpoint, type Ip } from '../../../src/base/ip.ts';
import { messages } from '../../../src/wire/messages.ts';
import type { Dice } from '../dice.ts';
import type { Transit } from '../network/network.ts';
import type { World } from '../world.ts';
import { Attacker } from './attacker.ts';

interface Model {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly bytes: Uint8Array;
}

const kept = 100;
const codes = Object.values(messages).map((row) => row.code);
const headerBytes = 20;

export class Forger extends Attacker {
  readonly #models: Model[] = [];
  readonly #victims: readonly Ip[];

  constructor(name: string, world: World, dice: Dice, intervalMs: number, victims: readonly Ip[]) {
    super(name, world, dice);
    this.#victims = victims;
    const tick = (): void => {
      if (this.active) this.forgeOne();
      world.queue.after(1 + dice.below(2 * intervalMs), tick);
    };
    if (intervalMs > 0) tick();
  }

  protected override seen(transit: Transit): void {
    if (transit.fate !== 'delivered' || transit.datagram.bytes.length < 2) return;
    const { source, destination, bytes } = transit.datagram;
    const model = { source, destination, bytes: bytes.slice() };
    if (this.#models.length < kept) this.#models.push(model);
    else this.#models[this.dice.below(kept)] = model;
  }

  forgeOne(): void {
    if (this.#models.length === 0) return;
    const model = this.dice.pick(this.#models);
    const source = this.dice.chance(0.5)
      ? model.source
      : this.#victims.length > 0 && this.dice.chance(0.5)
        ? endpoint(this.dice.pick(this.#victims), 4649)
        : this.endpoint;
    this.send(source, model.destination, this.#mutate(model.bytes));
  }

  #mutate(original: Uint8Array): Uint8Array {
    const bytes = original.slice();
    const dice = this.dice;
    switch (dice.below(6)) {
      case 0:
        return this.#flip(bytes, bytes.length);
      case 1:
        return this.#flip(bytes, Math.min(headerBytes, bytes.length));
      case 2:
        return bytes.subarray(0, dice.below(bytes.length));
      case 3: {
        const longer = new Uint8Array(bytes.length + 1 + dice.below(32));
        longer.set(bytes);
        return longer;
      }
      case 4: {
        const other = dice.pick(this.#models).bytes;
        const cut = dice.below(Math.min(bytes.length, other.length));
        bytes.set(other.subarray(0, cut));
        return bytes;
      }
      default: {
        const noise = dice.random.bytes(2 + dice.below(200));
        noise[0] = dice.pick(codes);
        noise[1] = 0x10 | dice.below(16);
        noise.set(bytes.subarray(2, Math.min(16, noise.length)), 2);
        return noise;
      }
    }
  }

  #flip(bytes: Uint8Array, within: number): Uint8Array {
    if (within === 0) return bytes;
    const at = this.dice.below(within);
    bytes[at] = (bytes[at] as number) ^ (1 << this.dice.below(8));
    return bytes;
  }
}
