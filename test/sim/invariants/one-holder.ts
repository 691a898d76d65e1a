/**
 * Two nodes never hold the same virtual IP, and a node keeps its own for as long as it is enrolled,
 * whatever restarts (protocol.md sections 2 and 9).
 */
import { isIpv6, prefixIp } from '../../../src/base/ip.ts';
import type { Output } from '../../../src/protocol/machine.ts';
import type { Host } from '../hosts/host.ts';
import { BrokenInvariant, type Invariant } from './invariant.ts';

export class OneHolder implements Invariant {
  readonly name = 'one holder of a virtual IP';
  /** The pools of the zones overlap: an IPv4 address then means something within its zone alone. */
  poolsOverlap = false;
  readonly #holderByIp = new Map<string, Host>();
  readonly #ipsByHost = new Map<Host, { 4?: string; 6?: string }>();

  output(host: Host, role: string, output: Output): void {
    if (role !== 'node' || output.kind !== 'interface') return;
    for (const address of output.addresses) {
      const ip = prefixIp(address);
      const holder = this.#holderByIp.get(ip);
      if (holder && holder !== host && !(this.poolsOverlap && !isIpv6(ip))) {
        throw new BrokenInvariant(this.name, `${holder.name} and ${host.name} both hold ${ip}`);
      }
      const own = this.#ipsByHost.get(host) ?? {};
      const family = isIpv6(ip) ? 6 : 4;
      const before = own[family];
      if (before !== undefined && before !== ip) {
        throw new BrokenInvariant(this.name, `${host.name} had ${before} and now has ${ip}`);
      }
      own[family] = ip;
      this.#holderByIp.set(ip, host);
      this.#ipsByHost.set(host, own);
    }
  }

  /** A node was removed: its addresses may go to others, and it may get new ones. */
  removed(host: Host): void {
    for (const ip of Object.values(this.#ipsByHost.get(host) ?? {})) this.#holderByIp.delete(ip);
    this.#ipsByHost.delete(host);
  }
}
