/**
 * Everything that goes wrong by itself: moves hard and soft, of one node or two at once, uplinks that go
 * or fall silent, processes that crash or lose power between two effects, NATs switched off and on,
 * partitions. `calm` mends all of it.
 */
import type { Dice } from './dice.ts';
import type { Host } from './hosts/host.ts';
import { type LinkProfile, link, type Realm } from './network/realm.ts';
import type { WatchedWorld } from './watched-world.ts';

export interface FaultSetting {
  readonly nodes: readonly Host[];
  readonly relays: readonly Host[];
  readonly realms: readonly Realm[];
  readonly anyLink: (dice: Dice) => LinkProfile;
}

export class Faults {
  readonly #world: WatchedWorld;
  readonly #dice: Dice;
  readonly #setting: FaultSetting;
  /** What was done, one line each. */
  readonly done: string[] = [];
  #calm = false;

  constructor(world: WatchedWorld, dice: Dice, setting: FaultSetting) {
    this.#world = world;
    this.#dice = dice;
    this.#setting = setting;
  }

  /** Runs the world for so long, with a fault every second or so. */
  storm(ms: number): void {
    const until = this.#world.now + ms;
    while (this.#world.now < until) {
      this.#one();
      this.#world.run(this.#dice.between(1, 2500));
    }
  }

  /** All is mended, and stays so: what was still to come of the storm is off. */
  calm(): void {
    this.#calm = true;
    const world = this.#world;
    world.network.heal();
    for (const host of world.hostByName.values()) {
      if (!host.process) host.start();
      host.process?.limitEffects(Number.POSITIVE_INFINITY);
      if (host.attachments.length === 0) {
        host.attach(this.#dice.pick(this.#setting.realms), link({ delayMs: 5 }));
      }
      for (const each of host.attachments) each.link = { ...each.link, loss: 0 };
    }
    this.#note('network', 'calm');
  }

  #note(who: string, text: string): void {
    this.done.push(`${this.#world.now} ${who}: ${text}`);
    const host = this.#world.hostByName.has(who) ? who : 'bystander';
    this.#world.trace.note(this.#world.now, host, host === who ? text : `${who} ${text}`);
  }

  #later(ms: number, action: () => void): void {
    this.#world.queue.after(ms, () => {
      if (!this.#calm) action();
    });
  }

  #one(): void {
    const dice = this.#dice;
    const node = dice.pick(this.#setting.nodes);
    const draw = dice.below(100);
    if (draw < 30) this.#move(node);
    else if (draw < 45) this.#moveSoftly(node);
    else if (draw < 52) this.#moveTwo(node);
    else if (draw < 58) this.#unplug(node);
    else if (draw < 64) this.#silence(node);
    else if (draw < 72) this.#crash(node);
    else if (draw < 80) this.#crash(this.#server());
    else if (draw < 86) this.#cutPower(dice.chance(0.5) ? node : this.#server());
    else if (draw < 90) this.#resetNat();
    else if (draw < 98) this.#partition();
    else this.#crashServers();
  }

  #server(): Host {
    const servers = this.#world.directionServers.map((each) => each.host);
    return this.#dice.pick([...servers, ...this.#setting.relays]);
  }

  #move(node: Host): void {
    const realm = this.#dice.pick(this.#setting.realms);
    this.#note(node.name, `moves to ${realm.name}`);
    node.replace(realm, this.#setting.anyLink(this.#dice));
  }

  #moveTwo(node: Host): void {
    this.#move(node);
    this.#move(this.#dice.pick(this.#setting.nodes));
  }

  #moveSoftly(node: Host): void {
    const realm = this.#dice.pick(this.#setting.realms);
    const overlapMs = this.#dice.between(100, 3000);
    this.#note(node.name, `moves softly to ${realm.name}, ${overlapMs} ms`);
    const old = node.attachments;
    node.attach(realm, this.#setting.anyLink(this.#dice));
    this.#later(overlapMs, () => {
      for (const each of old) node.detach(each);
    });
  }

  #unplug(node: Host): void {
    const downMs = this.#dice.between(50, 6000);
    this.#note(node.name, `has no uplink for ${downMs} ms`);
    for (const each of node.attachments) node.detach(each);
    this.#later(downMs, () => {
      if (node.attachments.length === 0) this.#move(node);
    });
  }

  #silence(node: Host): void {
    const downMs = this.#dice.between(500, 8000);
    const silenced = node.attachments[0];
    if (!silenced) return;
    this.#note(node.name, `${silenced.ip} falls silent for ${downMs} ms`);
    const before = silenced.link;
    silenced.link = { ...before, loss: 1 };
    this.#later(downMs, () => {
      silenced.link = before;
    });
  }

  #crash(host: Host): void {
    if (!host.process) return;
    const downMs = this.#dice.below(5000);
    this.#note(host.name, `crashes for ${downMs} ms`);
    host.crash();
    this.#startLater(host, downMs);
  }

  #crashServers(): void {
    for (const each of this.#world.directionServers) this.#crash(each.host);
    for (const each of this.#setting.relays) this.#crash(each);
  }

  #cutPower(host: Host): void {
    const effects = this.#dice.below(40);
    this.#note(host.name, `loses power after ${effects} effects`);
    host.process?.limitEffects(effects);
    this.#startLater(host, this.#dice.between(500, 4000));
  }

  #startLater(host: Host, ms: number): void {
    this.#later(ms, () => {
      if (host.process) host.process.limitEffects(Number.POSITIVE_INFINITY);
      else host.start();
    });
  }

  /**
   * Not where somebody only listens: behind a NAT that has forgotten it nobody reaches it before its next
   * keepalive, whatever the protocol.
   */
  #resetNat(): void {
    const someoneOnlyListens = this.#world.traffic.flows.some((flow) => flow.options.oneWay);
    if (this.#world.nats.length === 0 || someoneOnlyListens) return;
    const box = this.#dice.pick(this.#world.nats);
    this.#note(box.name, 'is switched off and on');
    box.nat.reset();
  }

  #partition(): void {
    const names = [...this.#world.hostByName.keys()];
    const left = names.filter(() => this.#dice.chance(0.4));
    const right = names.filter((name) => !left.includes(name));
    const downMs = this.#dice.between(500, 8000);
    this.#note('network', `${left.join(' ')} and ${right.join(' ')} are parted for ${downMs} ms`);
    this.#world.network.partition(left, right);
    this.#later(downMs, () => this.#world.network.heal());
  }
}
