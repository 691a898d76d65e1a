/**
 * The world of the paper's figures: two Direction Servers, two Relay Servers, private networks A, B and C
 * behind symmetric NATs (so that no hole can be punched, as Table 1 assumes), a mobile node, its
 * correspondent in the other zone, and a general host behind the exit of a Relay Server.
 */
import type { Prefix } from '../../src/base/ip.ts';
import type { Suite } from '../../src/noise/suite.ts';
import { nodeSuite } from '../support/node-suite.ts';
import type { GeneralHost } from './hosts/general-host.ts';
import type { Host } from './hosts/host.ts';
import {
  type Flow,
  type FlowOptions,
  type Half,
  longestGap,
  lostBetween,
} from './hosts/traffic.ts';
import { type NatOptions, symmetricNat } from './network/nat.ts';
import { link, type Realm } from './network/realm.ts';
import { WatchedWorld } from './watched-world.ts';

/** A place of Table 1. */
export type Place = 'G' | 'P(A)' | 'P(B)' | 'P(C)';

export interface PaperOptions {
  readonly seed: number;
  readonly nat: NatOptions;
  readonly punch: boolean;
  readonly mobile: Place;
  readonly peer: Place;
  readonly general: boolean;
  /** Network A keeps its clients apart. */
  readonly isolated: boolean;
  readonly flow: Partial<FlowOptions>;
  readonly suite: Suite;
}

const defaults: PaperOptions = {
  seed: 1,
  nat: symmetricNat,
  punch: true,
  mobile: 'G',
  peer: 'G',
  general: false,
  isolated: false,
  flow: {},
  suite: nodeSuite,
};

export const linkDelayMs = 5;
export const packetIntervalMs = 10;

export class PaperWorld extends WatchedWorld {
  readonly options: PaperOptions;
  readonly realmByPlace: Record<Place, Realm>;
  readonly mobile: Host;
  readonly peer: Host;
  readonly general: GeneralHost;
  readonly relays: readonly Host[];
  readonly flow: Flow;

  /** Everybody is registered and the applications have talked for a second when this returns. */
  constructor(options: Partial<PaperOptions> = {}) {
    const all = { ...defaults, ...options };
    super({ seed: all.seed, suite: all.suite, link: link({ delayMs: linkDelayMs }) });
    this.options = all;
    this.realmByPlace = {
      G: this.publicRealm,
      'P(A)': this.addPrivate('natA', all.nat, { at: '192.168.1.0', isolated: all.isolated }),
      'P(B)': this.addPrivate('natB', all.nat, { at: '192.168.1.0' }),
      'P(C)': this.addPrivate('natC', all.nat, { at: '10.0.3.0' }),
    };
    const dsA = this.addDs('dsA');
    const dsB = this.addDs('dsB');
    this.startServers();
    this.relays = [this.addRs('rs1', dsA, { exit: true }), this.addRs('rs2', dsB, { exit: true })];
    this.general = this.addGeneral('general');
    const generalPrefix = `${this.general.virtualIp(false)}/32` as Prefix;
    const exitPrefixes = all.general ? [generalPrefix] : [];
    this.run(500);
    const { punch } = all;
    const place = this.realmByPlace;
    this.mobile = this.addNode('mn', dsA, place[all.mobile], { punch, exitPrefixes });
    this.peer = this.addNode('cn', dsB, place[all.peer], { punch });
    this.run(1000);
    const other = all.general ? this.general : this.peer;
    this.flow = this.traffic.start(this.mobile, other, {
      intervalMs: packetIntervalMs,
      ...all.flow,
    });
    this.run(2000);
  }

  get ds(): readonly Host[] {
    return this.directionServers.map((each) => each.host);
  }

  place(place: Place): Realm {
    return this.realmByPlace[place];
  }

  /** Mobile to correspondent. */
  get up(): Half {
    return this.flow.halves[0];
  }

  get down(): Half {
    return this.flow.halves[1];
  }

  lost(since: number): { up: number; down: number } {
    const until = this.now - 200;
    return {
      up: lostBetween(this.up, since, until),
      down: lostBetween(this.down, since, until),
    };
  }

  /** Longest silence of either direction since then, ms. */
  gap(since: number): { up: number; down: number } {
    return {
      up: longestGap(this.up, since, this.now),
      down: longestGap(this.down, since, this.now),
    };
  }

  /** How data came both ways in the last half second. */
  currentRoute(): string {
    if (this.options.general) return this.general.exit ? 'relay' : 'none';
    const up = this.route(this.mobile, this.peer, 500);
    const down = this.route(this.peer, this.mobile, 500);
    return up === down ? up : `${up} and ${down}`;
  }
}

/** Sends nothing for a while, so that what is on its way arrives. */
export function settleFlow(world: PaperWorld): void {
  world.flow.running = false;
  world.run(1000);
}
