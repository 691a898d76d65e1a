/**
 * What all attackers have in common: an address on the public internet, the right to write any source
 * address, and eyes on every datagram (a tap). They act by the world's clock while they are active.
 */
import { type Endpoint, endpoint, type Ip } from '../../../src/base/ip.ts';
import type { Dice } from '../dice.ts';
import type { Transit } from '../network/network.ts';
import { type Attachment, type Datagram, link } from '../network/realm.ts';
import type { World } from '../world.ts';

export abstract class Attacker {
  readonly name: string;
  readonly world: World;
  readonly dice: Dice;
  readonly attachment: Attachment;
  active = true;
  /** Datagrams it has sent. */
  sent = 0;

  constructor(name: string, world: World, dice: Dice) {
    this.name = name;
    this.world = world;
    this.dice = dice;
    const realm = world.publicRealm;
    this.attachment = realm.attach(name, realm.freeIp(), link({}), (datagram) =>
      this.received(datagram),
    );
    world.network.taps.push((transit) => {
      if (this.active && transit.origin !== name) this.seen(transit);
    });
  }

  get ip(): Ip {
    return this.attachment.ip;
  }

  get endpoint(): Endpoint {
    return endpoint(this.ip, 4649);
  }

  send(source: Endpoint, destination: Endpoint, bytes: Uint8Array): void {
    this.sent += 1;
    this.world.network.send(this.attachment, source, destination, bytes.slice());
  }

  /** Something happened to a datagram that is not its own. */
  protected seen(_transit: Transit): void {}

  protected received(_datagram: Datagram): void {}
}
