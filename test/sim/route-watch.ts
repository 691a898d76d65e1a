/**
 * Which way data truly went: straight from the peer or by a Relay Server, as the network saw it, whatever
 * the nodes believe.
 */
import { messages } from '../../src/wire/messages.ts';
import type { Transit } from './network/network.ts';

const dataType = messages.capsulatedPacket.code;

export class RouteWatch {
  /** By receiver, then by who truly sent the datagram: when it last came. */
  readonly #heardAt = new Map<string, Map<string, number>>();

  readonly tap = (transit: Transit): void => {
    if (transit.fate !== 'delivered' || transit.datagram.bytes[0] !== dataType) return;
    let heard = this.#heardAt.get(transit.at);
    if (!heard) {
      heard = new Map();
      this.#heardAt.set(transit.at, heard);
    }
    heard.set(transit.origin, transit.now);
  };

  /** When `receiver` last got data that `sender` itself put on the network. */
  heardAt(receiver: string, sender: string): number {
    return this.#heardAt.get(receiver)?.get(sender) ?? Number.NEGATIVE_INFINITY;
  }

  /** How data from `sender` came to `receiver` since `since`: both when it came both ways. */
  routes(receiver: string, sender: string, relays: readonly string[], since: number): string {
    const direct = this.heardAt(receiver, sender) >= since;
    const relayed = relays.some((relay) => this.heardAt(receiver, relay) >= since);
    if (direct && relayed) return 'both';
    return direct ? 'direct' : relayed ? 'relay' : 'none';
  }
}
