/**
 * Moves a host from one place to another: hard, the old link goes down and loses its address before the
 * new one comes up, all in one `ip` process; or soft, the new one first and the old one two seconds later.
 * Each new default route has a better metric than the one before, as network managers set it.
 */
import { nowMs, sleep } from './agent/clock.ts';
import type { Namespaces } from './namespaces.ts';
import type { Place } from './topology.ts';

export type Handover = 'hard' | 'soft';

const softOverlapMs = 2000;
const firstMetric = 10_000;

export interface MoveTimes {
  /** Before the first and after the last command, monotonic milliseconds. */
  readonly begin: number;
  readonly end: number;
}

export class MovingHost {
  readonly #namespaces: Namespaces;
  readonly #host: 'mn' | 'cn';
  #place: Place | undefined;
  #metric = firstMetric;

  constructor(namespaces: Namespaces, host: 'mn' | 'cn') {
    this.#namespaces = namespaces;
    this.#host = host;
  }

  get place(): Place | undefined {
    return this.#place;
  }

  /** Moves to `place`; nothing happens if the host is there already. */
  async move(place: Place, handover: Handover): Promise<MoveTimes> {
    const begin = nowMs();
    const old = this.#place;
    if (old === place) return { begin, end: begin };
    this.#place = place;
    const coming = this.#arrive(place);
    const going = old === undefined ? [] : this.#leave(old);
    if (handover === 'hard') {
      await this.#namespaces.ipBatch(this.#host, [...going, ...coming]);
    } else {
      await this.#namespaces.ipBatch(this.#host, coming);
      await sleep(softOverlapMs);
      await this.#namespaces.ipBatch(this.#host, going);
    }
    return { begin, end: nowMs() };
  }

  #arrive({ device, address, gateway }: Place): readonly string[] {
    this.#metric -= 1;
    return [
      `addr add ${address} dev ${device}`,
      `link set ${device} up`,
      `route add default via ${gateway} dev ${device} metric ${this.#metric}`,
    ];
  }

  #leave({ device }: Place): readonly string[] {
    return [`link set ${device} down`, `addr flush dev ${device}`];
  }
}
