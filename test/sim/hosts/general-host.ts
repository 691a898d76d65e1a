/**
 * A general node of the paper: a host with a public address that knows nothing of NTMobile. It is reached
 * through the exit of a Relay Server; the address translation behind the exit is the system's own, so
 * here the packet simply arrives, and the answer goes back to the Relay Server that it came from.
 */
import type { Ip } from '../../../src/base/ip.ts';
import type { Host } from './host.ts';
import type { End } from './traffic.ts';

export class GeneralHost implements End {
  readonly name: string;
  readonly #ip: Ip;
  /** The Relay Server that its last packet came through. */
  exit: Host | undefined;

  constructor(name: string, ip: Ip) {
    this.name = name;
    this.#ip = ip;
  }

  virtualIp(ipv6: boolean): Ip | undefined {
    return ipv6 ? undefined : this.#ip;
  }

  lastVirtualIp(ipv6: boolean): Ip | undefined {
    return this.virtualIp(ipv6);
  }

  hasHeld(ip: Ip): boolean {
    return ip === this.#ip;
  }

  sendInner(buffer: Uint8Array, offset: number, length: number): void {
    this.exit?.sendInner(buffer, offset, length);
  }
}
