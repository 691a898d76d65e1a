/**
 * One small world at random: some servers, a handful of nodes behind NATs of any kind, applications that
 * talk, and for half a minute everything that can go wrong, attackers among it. All invariants watch;
 * then the network becomes quiet and everybody must be heard within 5 s.
 */

import type { Ip } from '../../src/base/ip.ts';
import type { Suite } from '../../src/noise/suite.ts';
import type { Attacker } from './attackers/attacker.ts';
import { Forger } from './attackers/forger.ts';
import { dsLies, lieAsRelay, lieOfDs } from './attackers/lies.ts';
import { lyingSuite } from './attackers/lying-suite.ts';
import { Racer } from './attackers/racer.ts';
import { Replayer } from './attackers/replayer.ts';
import { Dice, randomFor } from './dice.ts';
import { Faults } from './faults.ts';
import type { Host } from './hosts/host.ts';
import { behaviours, type NatOptions } from './network/nat.ts';
import { type LinkProfile, link, type Realm } from './network/realm.ts';
import { WatchedWorld } from './watched-world.ts';

export interface ChaosResult {
  readonly world: WatchedWorld;
  readonly faults: readonly string[];
  readonly lies: boolean;
}

const stormMs = 30_000;
const packetIntervalMs = 200;

function anyNat(dice: Dice): NatOptions {
  return {
    mapping: dice.pick(behaviours),
    filtering: dice.pick(behaviours),
    ports: dice.pick(['preserving', 'random']),
    hairpin: dice.chance(0.5),
    expiryMs: dice.between(30, 180) * 1000,
    refreshedFromOutside: dice.chance(0.7),
  };
}

function anyLink(dice: Dice): LinkProfile {
  return link({
    delayMs: dice.between(1, 40),
    jitterMs: dice.chance(0.5) ? dice.between(1, 20) : 0,
    loss: dice.chance(0.5) ? dice.below(60) / 1000 : 0,
    duplication: dice.chance(0.3) ? dice.below(30) / 1000 : 0,
    reordering: dice.chance(0.3) ? dice.below(50) / 1000 : 0,
    reorderMs: dice.between(5, 60),
  });
}

function addRealms(world: WatchedWorld, dice: Dice): Realm[] {
  const realms: Realm[] = [world.publicRealm];
  const count = dice.between(1, 4);
  for (let index = 0; index < count; index += 1) {
    const outer = dice.chance(0.2) ? dice.pick(realms) : world.publicRealm;
    const at = outer === world.publicRealm ? '192.168.1.0' : `10.${index}.0.0`;
    const isolated = dice.chance(0.2);
    realms.push(world.addPrivate(`net${index}`, anyNat(dice), { outer, isolated, at }));
  }
  return realms;
}

function addAttackers(world: WatchedWorld, seed: number, dice: Dice): Attacker[] {
  const attackers: Attacker[] = [];
  const victims = [world.bystander.ip];
  const own = (name: string) => new Dice(randomFor(seed, name));
  if (dice.chance(0.4)) {
    attackers.push(new Replayer('replayer', world, own('replayer'), dice.between(5, 50), victims));
  }
  if (dice.chance(0.4)) {
    attackers.push(new Forger('forger', world, own('forger'), dice.between(5, 50), victims));
  }
  if (dice.chance(0.2)) {
    attackers.push(new Racer('racer', world, own('racer'), dice.below(300) / 1000));
  }
  return attackers;
}

function addServers(
  world: WatchedWorld,
  dice: Dice,
  suite: Suite,
): { relays: Host[]; lies: boolean } {
  const lies = dice.chance(0.15);
  const dsCount = dice.between(1, 2);
  for (let index = 0; index < dsCount; index += 1) {
    const liar = lies && index === 0 && dice.chance(0.6);
    const setting = {
      lie: dice.pick(dsLies),
      share: dice.below(1000) / 1000,
      dice,
      victim: world.victim,
      stolenIp: '198.18.0.2' as Ip,
    };
    world.addDs(`ds${index}`, liar ? { suite: lyingSuite(suite, lieOfDs(setting)) } : {});
  }
  world.startServers();
  const relays: Host[] = [];
  const rsCount = Math.max(dsCount, dice.between(1, 2));
  for (let index = 0; index < rsCount; index += 1) {
    const ds = world.directionServers[index % dsCount] as (typeof world.directionServers)[number];
    const relay = world.addRs(`rs${index}`, ds);
    if (lies && dice.chance(0.6)) lieAsRelay(relay, dice, dice.below(500) / 1000, world.victim);
    relays.push(relay);
  }
  return { relays, lies };
}

/** Throws what broke, with seed and sequence diagram; `look` may add eyes to the world before it begins. */
export function runChaos(
  seed: number,
  suite: Suite,
  look: (world: WatchedWorld) => void = () => {},
): ChaosResult {
  const dice = new Dice(randomFor(seed, 'chaos'));
  const world = new WatchedWorld({ seed, suite, link: link({ delayMs: dice.between(1, 30) }) });
  look(world);
  const done: string[] = [];
  let lies = false;
  world.guard(() => {
    const realms = addRealms(world, dice);
    const servers = addServers(world, dice, suite);
    lies = servers.lies;
    const attackers = addAttackers(world, seed, dice);
    const nodes: Host[] = [];
    const count = dice.between(3, 6);
    for (let index = 0; index < count; index += 1) {
      const ds = dice.pick(world.directionServers);
      const realm = dice.pick(realms);
      const punch = dice.chance(0.8);
      nodes.push(world.addNode(`n${index}`, ds, realm, { punch, link: anyLink(dice) }));
    }
    world.run(3000);
    startFlows(world, dice, nodes);
    world.run(3000);
    const faults = new Faults(world, dice, { nodes, relays: servers.relays, realms, anyLink });
    faults.storm(stormMs);
    done.push(...faults.done);
    for (const each of attackers) each.active = false;
    faults.calm();
    if (!lies) world.expectLiveness(500);
    else world.run(3000);
  });
  return { world, faults: done, lies };
}

function startFlows(world: WatchedWorld, dice: Dice, nodes: readonly Host[]): void {
  for (const [index, node] of nodes.entries()) {
    const others = nodes.filter((each) => each !== node);
    const peer = index + 1 < nodes.length ? (nodes[index + 1] as Host) : dice.pick(others);
    world.traffic.start(node, peer, {
      intervalMs: packetIntervalMs,
      length: dice.between(60, 1200),
      ipv6: dice.chance(0.3),
      oneWay: dice.chance(0.1),
    });
  }
}
