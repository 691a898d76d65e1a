/**
 * Prefixes that lead to a path of the kernel module. The module finds a path by the next hop of the
 * system's route, so a prefix goes by way of an address of the path: one of the peer's, or a
 * link-local one made up for it, as for the exit of a Relay Server. The owner that was put into use
 * last has the prefix, and the one before gets it back (as in datapath/inner-routes.ts). Pure.
 */
import { type Ip, isIpv6, type Prefix, prefixIp, prefixLength } from '../../base/ip.ts';
import type { PathCommand } from '../../datapath/commands.ts';
import type { PathId } from '../../wire/ids.ts';
import { maxAddresses } from '../netlink/ntmobile-table.ts';

interface Owner {
  readonly pathId: PathId;
  readonly prefixes: readonly Prefix[];
  readonly addresses: readonly Ip[];
  readonly number: number;
}

const maxMadeUp = 60_000;

function isHost(value: Prefix): boolean {
  return prefixLength(value) === (isIpv6(prefixIp(value)) ? 128 : 32);
}

export class WideRoutes {
  /** Those with wide prefixes; the first that has a prefix gets it. */
  #owners: Owner[] = [];

  /** Inner addresses for the path, made up where a wide prefix needs one. */
  addressesFor(command: PathCommand & { op: 'path-new' }): readonly Ip[] {
    const known = this.#owners.find(({ pathId }) => pathId === command.pathId);
    if (known) return known.addresses;
    const own = command.peerPrefixes
      .filter(isHost)
      .map(prefixIp)
      .slice(0, maxAddresses - 2);
    const prefixes = command.peerPrefixes.filter((each) => !isHost(each));
    if (prefixes.length === 0) return own;
    const number = this.#freeNumber();
    const addresses = [...own];
    for (const ipv6 of [false, true]) {
      const wants = prefixes.some((each) => isIpv6(prefixIp(each)) === ipv6);
      if (!wants || own.some((each) => isIpv6(each) === ipv6)) continue;
      addresses.push(ipv6 ? madeUp6(number) : madeUp4(number));
    }
    this.#owners.push({ pathId: command.pathId, prefixes, addresses, number });
    return addresses;
  }

  #freeNumber(): number {
    const taken = new Set(this.#owners.map(({ number }) => number));
    for (let number = 1; number < maxMadeUp; number += 1) if (!taken.has(number)) return number;
    return maxMadeUp;
  }

  /** Whether the ways of prefixes may have changed by this command. */
  note(command: PathCommand): boolean {
    if (command.op === 'flush') {
      const had = this.#owners.length > 0;
      this.#owners = [];
      return had;
    }
    const owner = this.#owners.find(({ pathId }) => pathId === command.pathId);
    if (!owner) return false;
    const rest = this.#owners.filter((each) => each !== owner);
    if (command.op === 'path-delete') this.#owners = rest;
    else if (command.op === 'key-use' && this.#owners[0] !== owner) this.#owners = [owner, ...rest];
    else return command.op === 'path-new';
    return true;
  }

  /** The next hop for a prefix, or undefined when no path has it. */
  via(prefix: Prefix): Ip | undefined {
    const ipv6 = isIpv6(prefixIp(prefix));
    const owner = this.#owners.find(({ prefixes }) => prefixes.includes(prefix));
    return owner?.addresses.find((each) => isIpv6(each) === ipv6);
  }
}

function madeUp4(number: number): Ip {
  return `169.254.${1 + Math.floor(number / 250)}.${1 + (number % 250)}` as Ip;
}

function madeUp6(number: number): Ip {
  return `fe80::${number.toString(16)}` as Ip;
}
