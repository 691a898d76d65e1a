/**
 * Which path leads to an inner address: exact addresses first, then the longest prefix. The same look-up
 * on a packet's source says whether a path may send in that name (protocol.md 11.4).
 */
import { type Prefix, prefixIp } from '../base/ip.ts';
import { type AddressKey, isHostMatch, keyOfIp, type Match, matches, matchOf } from './inner-packet.ts';

interface WideRoute<Owner> {
  readonly owner: Owner;
  readonly match: Match;
  readonly excluded: readonly Match[];
}

export class InnerRoutes<Owner> {
  readonly #ownerByAddress = new Map<AddressKey, Owner>();
  /** Longest first. */
  #wide: WideRoute<Owner>[] = [];

  /** Addresses that have an owner keep it: a new path takes them over only once it works. */
  add(owner: Owner, prefixes: readonly Prefix[], excludedPrefixes: readonly Prefix[]): void {
    const excluded = excludedPrefixes.map(matchOf);
    for (const value of prefixes) {
      const match = matchOf(value);
      const key = keyOfIp(prefixIp(value));
      if (!isHostMatch(match)) this.#wide.push({ owner, match, excluded });
      else if (!this.#ownerByAddress.has(key)) this.#ownerByAddress.set(key, owner);
    }
    this.#wide.sort((left, right) => right.match.length - left.match.length);
  }

  /** The addresses and prefixes of this owner are its own from now on, whoever had them before. */
  takeOver(owner: Owner, prefixes: readonly Prefix[]): void {
    for (const value of prefixes) {
      if (isHostMatch(matchOf(value))) this.#ownerByAddress.set(keyOfIp(prefixIp(value)), owner);
    }
    const own = this.#wide.filter((route) => route.owner === owner);
    if (own.length === 0) return;
    this.#wide = [...own, ...this.#wide.filter((route) => route.owner !== owner)];
    this.#wide.sort((left, right) => right.match.length - left.match.length);
  }

  /** `prefixes` as they were added; an address that meanwhile belongs to another owner stays. */
  remove(owner: Owner, prefixes: readonly Prefix[]): void {
    for (const value of prefixes) {
      const key = keyOfIp(prefixIp(value));
      if (isHostMatch(matchOf(value)) && this.#ownerByAddress.get(key) === owner) {
        this.#ownerByAddress.delete(key);
      }
    }
    if (this.#wide.some((route) => route.owner === owner)) {
      this.#wide = this.#wide.filter((route) => route.owner !== owner);
    }
  }

  find(key: AddressKey): Owner | undefined {
    const exact = this.#ownerByAddress.get(key);
    if (exact !== undefined || this.#wide.length === 0) return exact;
    for (const route of this.#wide) {
      if (matches(route.match, key) && !route.excluded.some((each) => matches(each, key))) {
        return route.owner;
      }
    }
    return undefined;
  }
}
