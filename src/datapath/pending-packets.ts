/**
 * The first packets to a destination whose path is still being built, held back for a moment so that an
 * application's first SYN or ping is not lost. Bounded in destinations, packets and time.
 */
import { BoundedMap } from '../base/bounded-map.ts';
import type { AddressKey } from './inner-packet.ts';

const maxDestinations = 32;
const maxPacketsPerDestination = 4;
const maxPacketLength = 2048;
const holdMs = 3000;
/** Room around a held packet for the header in front and the tag behind. */
const room = 16;

interface Held {
  readonly at: number;
  readonly packets: Uint8Array[];
}

export class PendingPackets {
  readonly #heldByDestination = new BoundedMap<AddressKey, Held>(maxDestinations);

  hold(
    now: number,
    destination: AddressKey,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): void {
    if (length > maxPacketLength) return;
    let held = this.#heldByDestination.get(destination);
    if (!held || now - held.at > holdMs) {
      held = { at: now, packets: [] };
      this.#heldByDestination.setEvicting(destination, held);
    }
    if (held.packets.length >= maxPacketsPerDestination) return;
    const copy = new Uint8Array(length + 2 * room);
    copy.set(buffer.subarray(offset, offset + length), room);
    held.packets.push(copy);
  }

  /** Gives the packets of every destination that is `ready` to `send`; those held too long are dropped. */
  takeWhere(
    now: number,
    ready: (destination: AddressKey) => boolean,
    send: (buffer: Uint8Array, offset: number, length: number) => void,
  ): void {
    for (const [destination, held] of [...this.#heldByDestination]) {
      if (now - held.at > holdMs) {
        this.#heldByDestination.delete(destination);
      } else if (ready(destination)) {
        this.#heldByDestination.delete(destination);
        for (const packet of held.packets) send(packet, room, packet.length - 2 * room);
      }
    }
  }
}
