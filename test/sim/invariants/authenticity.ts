/**
 * What a virtual interface delivers was sent by the peer it names, to this host, unaltered, and comes at
 * most once (protocol.md section 9). The applications compare every byte; this makes their finding an
 * invariant.
 */
import type { Traffic } from '../hosts/traffic.ts';
import { BrokenInvariant, type Invariant } from './invariant.ts';

export class Authenticity implements Invariant {
  readonly name = 'authenticity of user data';

  constructor(traffic: Traffic) {
    traffic.onWrongDelivery = (text) => {
      throw new BrokenInvariant(this.name, text);
    };
  }
}
