/**
 * Puts the parts of a daemon together: uplinks from the kernel's tables, one UDP port, the data
 * path in user space with its TUN device, and the driver that runs the roles on them. What to run
 * and what to say to people is the program's.
 */
import { assert } from '../base/assert.ts';
import { DataPath, headroom, tailroom } from '../datapath/data-path.ts';
import type { Suite } from '../noise/suite.ts';
import type { RoleName } from '../protocol/control-results.ts';
import type { ControlAnswer, ControlCall, JsonObject } from '../protocol/machine.ts';
import { now } from './clock.ts';
import { Driver } from './driver.ts';
import type { HostedRole } from './driver-ports.ts';
import { ownMark } from './interface-setup.ts';
import type { Log } from './log.ts';
import { Rtnl } from './netlink/rtnl.ts';
import { ReversePath } from './reverse-path.ts';
import { errnoName } from './tjs/system-error.ts';
import { tunHeadroom, tunTailroom } from './tjs/tun.ts';
import { UdpPort } from './tjs/udp.ts';
import { UplinkWatcher } from './uplink-watcher.ts';
import type { LocalUplink } from './uplinks.ts';
import { VirtualInterface } from './virtual-interface.ts';

export interface HostOptions {
  readonly roles: readonly HostedRole[];
  readonly suite: Suite;
  /** UDP port; 0 for any free one. */
  readonly port: number;
  /** TUN device; undefined when no role has inner packets of its own, as on a Direction Server. */
  readonly device: string | undefined;
  readonly log: Log;
  readonly event: (role: RoleName, name: string, data: JsonObject) => void;
  readonly fatal: (role: RoleName, text: string) => void;
  /** The daemon cannot go on: a mistake of our own, or a device that is lost. */
  readonly crashed: (error: unknown, summary: JsonObject) => void;
}

/** All devices of this kind of daemon, also another instance's, never lead outside. */
const ownDevices = /^ntm/;
const sendComplaintMs = 10_000;

export class Host {
  readonly driver: Driver;
  readonly #rtnl = new Rtnl();
  readonly #log: Log;
  readonly #path: DataPath;
  readonly #udp: UdpPort;
  readonly #watcher: UplinkWatcher;
  readonly #interface: VirtualInterface | undefined;
  readonly #reversePath: ReversePath;
  #complainedAt = Number.NEGATIVE_INFINITY;

  /** Opens everything and starts the roles. Throws ProblemToMend for what its owner can mend. */
  constructor(options: HostOptions) {
    assert(tunHeadroom >= headroom && tunTailroom >= tailroom, 'a packet is sealed in place');
    const { device, log, suite } = options;
    const failed = (error: unknown) => options.crashed(error, { where: 'platform' });
    this.#log = log;
    this.#reversePath = new ReversePath(log);
    this.#interface =
      device === undefined
        ? undefined
        : new VirtualInterface(device, this.#rtnl, log, {
            packet: (buffer, offset, length) => this.#path.outbound(now(), buffer, offset, length),
            drained: () => this.driver.settle(),
            failed,
            lost: failed,
          });
    this.#udp = new UdpPort(
      { port: options.port, mark: ownMark },
      {
        receive: (buffer, offset, length, from, uplink) =>
          this.driver.datagram(buffer, offset, length, from, uplink),
        received: () => this.driver.settle(),
        sendFailed: (to, number) => this.#sendFailed(`${to}: ${errnoName(number)}`),
        failed,
      },
    );
    this.#path = new DataPath(suite, {
      send: (to, uplink, buffer, offset, length) =>
        this.#udp.queue(to, uplink, buffer, offset, length),
      deliver: (buffer, offset, length) => this.#interface?.write(buffer, offset, length),
      notice: (notice) => this.driver.notice(notice),
    });
    this.driver = new Driver(options.roles, {
      now,
      log,
      path: this.#path,
      send: (to, uplink, bytes) => this.#udp.queue(to, uplink, bytes, 0, bytes.length),
      flush: () => this.#udp.flush(),
      setInterface: (role, wanted) => {
        this.#interface?.set(role, wanted);
        this.#checkReversePath();
      },
      event: options.event,
      fatal: options.fatal,
      crashed: options.crashed,
    });
    const isOurs = (name: string) => name === device || ownDevices.test(name);
    this.#watcher = new UplinkWatcher(this.#rtnl, isOurs, {
      changed: (uplinks) => this.#moved(uplinks),
      failed,
    });
    this.#udp.setUplinks(this.#watcher.current);
    this.driver.start(this.#watcher.current, Math.floor(Date.now() / 1000));
  }

  #moved(uplinks: readonly LocalUplink[]): void {
    this.#udp.setUplinks(uplinks);
    const names = uplinks.map(({ id, usable }) => (usable ? id : `(${id})`));
    this.#log.debug(`uplinks: ${names.join(', ') || 'none'}`);
    this.driver.uplinks(uplinks);
    this.#checkReversePath();
  }

  #checkReversePath(): void {
    if (!this.#interface?.hasExitRoutes) this.#reversePath.restore();
    else this.#reversePath.loosen(this.#watcher.current.map(({ device }) => device));
  }

  /** A network that refuses our datagrams refuses many: one line is enough. */
  #sendFailed(text: string): void {
    const at = now();
    if (at - this.#complainedAt < sendComplaintMs) return;
    this.#complainedAt = at;
    this.#log.debug(`A datagram could not be sent to ${text}.`);
  }

  get port(): number {
    return this.#udp.port;
  }

  /** False when our own datagrams carry no mark: exit routes then cannot be used. */
  get marked(): boolean {
    return this.#udp.marked;
  }

  get uplinks(): readonly LocalUplink[] {
    return this.#watcher.current;
  }

  ask(role: RoleName, call: ControlCall): Promise<ControlAnswer> {
    return this.driver.ask(role, call);
  }

  /** Everything the platform counts, by part. */
  counters(): Record<string, Record<string, number>> {
    return {
      driver: this.driver.counters.snapshot(),
      udp: this.#udp.counters.snapshot(),
      tun: this.#interface?.counters ?? {},
      path: this.#path.drops.snapshot(),
    };
  }

  /** Says goodbye to the peers and takes back what was set on this machine. */
  stop(): void {
    this.driver.stop();
    this.#watcher.close();
    this.#reversePath.restore();
    this.#interface?.close();
    this.#udp.close();
    this.#rtnl.close();
  }
}
