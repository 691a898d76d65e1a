/**
 * A world with every invariant watching, a trace of its last datagrams, and a bystander whom nobody may
 * flood. `guard` runs a part of its story and, when an invariant breaks, adds seed and diagram.
 */
import { endpoint } from '../../src/base/ip.ts';
import type { Host, HostWatcher } from './hosts/host.ts';
import { Authenticity } from './invariants/authenticity.ts';
import { BrokenInvariant, type Invariant } from './invariants/invariant.ts';
import { checkLiveness } from './invariants/liveness.ts';
import { NoAmplification } from './invariants/no-amplification.ts';
import { OneHolder } from './invariants/one-holder.ts';
import { Secrecy } from './invariants/secrecy.ts';
import { link } from './network/realm.ts';
import { RouteWatch } from './route-watch.ts';
import { Trace } from './trace.ts';
import { ntmPort, World, type WorldOptions } from './world.ts';

const traceLines = 80;

export class WatchedWorld extends World {
  readonly trace = new Trace(traceLines);
  readonly routeWatch = new RouteWatch();
  readonly oneHolder = new OneHolder();
  readonly bystander = this.publicRealm.attach(
    'bystander',
    this.publicRealm.freeIp(),
    link({}),
    () => {},
  );
  readonly #pathIds = new Set<string>();

  constructor(options: Partial<WorldOptions> & Pick<WorldOptions, 'seed' | 'suite'>) {
    super(options);
    const amplification = new NoAmplification(
      () => this.#pathIds.size,
      (name) => this.hostByName.has(name),
    );
    amplification.watch(this.bystander.ip);
    const invariants: Invariant[] = [
      this.oneHolder,
      new Secrecy(this.traffic.marker),
      amplification,
      new Authenticity(this.traffic),
    ];
    this.network.taps.push(this.trace.tap, this.routeWatch.tap);
    for (const invariant of invariants) {
      if (invariant.transit) this.network.taps.push(invariant.transit.bind(invariant));
      this.watchers.push(invariant);
    }
    this.watchers.push(this.#bookkeeper());
  }

  #bookkeeper(): HostWatcher {
    return {
      output: (_host, role, output) => {
        if (role === 'node' && output.kind === 'path' && output.command.op === 'path-new') {
          this.#pathIds.add(output.command.pathId);
        }
      },
      ended: (host) => this.trace.note(this.now, host.name, 'process ended'),
      wrong: (text) => {
        throw new BrokenInvariant('no endless wake-ups', text);
      },
    };
  }

  get victim() {
    return endpoint(this.bystander.ip, ntmPort);
  }

  /** How data from one host came to the other in the last `withinMs`: direct, relay, both or none. */
  route(from: Host, to: Host, withinMs: number): string {
    const relays = [...this.hostByName.keys()].filter((name) => name.startsWith('rs'));
    return this.routeWatch.routes(to.name, from.name, relays, this.now - withinMs);
  }

  /** Runs 5 s to recover and 2 s in which nothing may be lost; then everybody must have been heard. */
  expectLiveness(slowestMs = 200): void {
    const quietAt = this.now;
    this.run(7000);
    checkLiveness(this.traffic.flows, quietAt, this.now, slowestMs);
  }

  /** Runs `story`; what goes wrong in it is told with the seed and the last datagrams. */
  guard(story: () => void, title = ''): void {
    try {
      story();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const where = `seed ${this.seed}${title && `, ${title}`}, at ${this.now}`;
      error.message = `${where}: ${error.message}\n${this.trace.diagram()}`;
      throw error;
    }
  }
}
