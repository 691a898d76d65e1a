/**
 * An application's machine that lives in another part of a big world: known here by its name and the virtual IP
 * that it was told to have.
 */
import { assert } from '../../../src/base/assert.ts';
import type { Ip } from '../../../src/base/ip.ts';
import type { End } from './traffic.ts';

export class DistantEnd implements End {
  readonly name: string;
  readonly isDistant = true;
  ipv4: Ip | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** It sends where it lives. */
  virtualIp(): undefined {
    return undefined;
  }

  lastVirtualIp(ipv6: boolean): Ip | undefined {
    return ipv6 ? undefined : this.ipv4;
  }

  hasHeld(ip: Ip): boolean {
    return ip === this.ipv4;
  }

  sendInner(): void {
    assert(false, 'nothing is sent here for an end that is elsewhere');
  }
}
