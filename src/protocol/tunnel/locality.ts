/**
 * Where this end is: its uplinks, what the DS says of them, and which uplink to send by. Shared by all paths
 * of a role and by its sessions.
 */
import {
  type Endpoint,
  endpoint,
  endpointIp,
  type Ip,
  isIpv6,
  isIpv6Endpoint,
  isPrivate,
} from '../../base/ip.ts';
import { maxCandidates } from '../../wire/message-row.ts';
import type { Candidate, NatSituation } from '../../wire/messages.ts';
import type { Uplink } from '../machine.ts';
import { natSituation, type OwnPlace } from '../path-choice.ts';

export class Locality implements OwnPlace {
  readonly punch: boolean;
  readonly #port: number;
  #uplinks: readonly Uplink[] = [];
  #observed: Endpoint | undefined;
  /** What follows from these two, since it is asked for with every datagram that is sent. */
  #preferred4: Uplink | undefined;
  #preferred6: Uplink | undefined;
  #local: readonly Endpoint[] = [];
  #nat: NatSituation = 'unknown';
  #candidates: readonly Candidate[] | undefined;

  constructor(punch: boolean, port: number) {
    this.punch = punch;
    this.#port = port;
  }

  get uplinks(): readonly Uplink[] {
    return this.#uplinks;
  }

  set uplinks(uplinks: readonly Uplink[]) {
    const usable = uplinks.filter((uplink) => uplink.usable);
    this.#uplinks = uplinks;
    this.#preferred4 = usable.find((uplink) => !isIpv6(uplink.ip));
    this.#preferred6 = usable.find((uplink) => isIpv6(uplink.ip));
    this.#local = usable.map((uplink) => endpoint(uplink.ip, this.#port));
    this.#judge();
  }

  /** As the DS saw it through the preferred uplink; undefined until it has answered from there. */
  get observed(): Endpoint | undefined {
    return this.#observed;
  }

  set observed(observed: Endpoint | undefined) {
    this.#observed = observed;
    this.#judge();
  }

  #judge(): void {
    this.#candidates = undefined;
    this.#nat = this.#observed ? natSituation(this.#observed, this.#local) : 'unknown';
  }

  get nat(): NatSituation {
    return this.#nat;
  }

  get observedIp(): Ip | undefined {
    return this.#observed && endpointIp(this.#observed);
  }

  get local(): readonly Endpoint[] {
    return this.#local;
  }

  /** The preferred usable uplink of a family. */
  preferred(family: 4 | 6): Uplink | undefined {
    return family === 6 ? this.#preferred6 : this.#preferred4;
  }

  /** Uplink to send to this endpoint by, or undefined when none fits. */
  uplinkTo(to: Endpoint): string | undefined {
    return (isIpv6Endpoint(to) ? this.#preferred6 : this.#preferred4)?.id;
  }

  canReach(to: Endpoint): boolean {
    return this.uplinkTo(to) !== undefined;
  }

  isOwn(to: Endpoint): boolean {
    return this.uplinks.some((uplink) => uplink.ip === endpointIp(to));
  }

  /** What peers are told: first what is likely to work. */
  get candidates(): readonly Candidate[] {
    this.#candidates ??= this.#newCandidates();
    return this.#candidates;
  }

  #newCandidates(): readonly Candidate[] {
    const found = new Map<Endpoint, Candidate>();
    for (const each of this.local) {
      if (!isPrivate(endpointIp(each))) found.set(each, { kind: 'local', endpoint: each });
    }
    if (this.observed && !found.has(this.observed)) {
      found.set(this.observed, { kind: 'observed', endpoint: this.observed });
    }
    for (const each of this.local) {
      if (!found.has(each)) found.set(each, { kind: 'local', endpoint: each });
    }
    return [...found.values()].slice(0, maxCandidates);
  }
}
