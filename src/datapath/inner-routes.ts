/**
 * Which path leads to an inner address: exact addresses first, then the longest prefix. The same look-up
 * on a packet's source says whether a path may send in that name (protocol.md 11.4).
 */
import { type Prefix, prefixIp } from '../base/ip.ts';
import {
  type AddressKey,
  isHostMatch,
  keyOfIp,
  type Match,
  matches,
  matchOf,
} from './inner-packet.ts';

interface WideRoute<Owner> {
  readonly owner: Owner;
  readonly match: Match;
  readonly excluded: readonly Match[];
}

export class InnerRoutes<Owner> {
  /** All owners of an address; the first is the one that packets go to. */
  readonly #ownersByAddress = new Map<AddressKey, Owner[]>();
  /** Longest first. */
  #wide: WideRoute<Owner>[] = [];

  /** Addresses that have an owner keep it: a new path takes them over only once it works. */
  add(owner: Owner, prefixes: readonly Prefix[], excludedPrefixes: readonly Prefix[]): void {
    const excluded = excludedPrefixes.map(matchOf);
    for (const value of prefixes) {
      const match = matchOf(value);
      if (isHostMatch(match)) this.#owners(value).push(owner);
      else this.#wide.push({ owner, match, excluded });
    }
    this.#sortWide();
  }

  #owners(value: Prefix): Owner[] {
    const key = keyOfIp(prefixIp(value));
    const owners = this.#ownersByAddress.get(key) ?? [];
    this.#ownersByAddress.set(key, owners);
    return owners;
  }

  #sortWide(): void {
    this.#wide.sort((left, right) => right.match.length - left.match.length);
  }

  /** The addresses and prefixes of this owner are its own from now on, whoever had them before. */
  takeOver(owner: Owner, prefixes: readonly Prefix[]): void {
    for (const value of prefixes) {
      if (!isHostMatch(matchOf(value))) continue;
      const owners = this.#owners(value);
      if (owners[0] === owner) continue;
      owners.splice(owners.indexOf(owner), 1);
      owners.unshift(owner);
    }
    const own = this.#wide.filter((route) => route.owner === owner);
    if (own.length === 0) return;
    this.#wide = [...own, ...this.#wide.filter((route) => route.owner !== owner)];
    this.#sortWide();
  }

  /** `prefixes` as they were added; an address goes back to the owner before, if there is one. */
  remove(owner: Owner, prefixes: readonly Prefix[]): void {
    for (const value of prefixes) {
      if (!isHostMatch(matchOf(value))) continue;
      const left = this.#owners(value).filter((each) => each !== owner);
      const key = keyOfIp(prefixIp(value));
      if (left.length > 0) this.#ownersByAddress.set(key, left);
      else this.#ownersByAddress.delete(key);
    }
    if (this.#wide.some((route) => route.owner === owner)) {
      this.#wide = this.#wide.filter((route) => route.owner !== owner);
    }
  }

  /** All owners of this very address, the one that packets go to first. */
  ownersOf(key: AddressKey): readonly Owner[] {
    return this.#ownersByAddress.get(key) ?? [];
  }

  find(key: AddressKey): Owner | undefined {
    const exact = this.#ownersByAddress.get(key);
    if (exact || this.#wide.length === 0) return exact?.[0];
    for (const route of this.#wide) {
      if (matches(route.match, key) && !route.excluded.some((each) => matches(each, key))) {
        return route.owner;
      }
    }
    return undefined;
  }
}
