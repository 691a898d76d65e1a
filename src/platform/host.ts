/**
 * Puts the parts of a daemon together: uplinks from the kernel's tables, one UDP port, the data
 * path with its device, and the driver that runs the roles on them. What to run and what to say to
 * people is the program's.
 */
import type { DataSuite } from '../datapath/commands.ts';
import type { Suite } from '../noise/suite.ts';
import type { CheckRow, DataPathStatus, RoleName } from '../protocol/control-results.ts';
import type { ForeignZone } from '../protocol/foreign-zone.ts';
import type { ControlAnswer, ControlCall, JsonObject } from '../protocol/machine.ts';
import { suiteSet } from '../protocol/suites.ts';
import { openCarrier, type WantedDataPath } from './carrier-choice.ts';
import { now } from './clock.ts';
import { type NameSettings, Names } from './dns/names.ts';
import { Driver } from './driver.ts';
import type { HostedRole } from './driver-ports.ts';
import { datagramMark, type InterfaceSettings } from './interface-setup.ts';
import type { Log } from './log.ts';
import { Rtnl } from './netlink/rtnl.ts';
import type { PacketCarrier } from './packet-carrier.ts';
import { ReversePath } from './reverse-path.ts';
import { errnoName } from './tjs/system-error.ts';
import { UdpPort } from './tjs/udp.ts';
import { UplinkWatcher } from './uplink-watcher.ts';
import type { LocalUplink } from './uplinks.ts';
import type { VirtualInterface } from './virtual-interface.ts';

export interface HostOptions {
  readonly roles: readonly HostedRole[];
  readonly suite: Suite;
  /** UDP port; 0 for any free one. */
  readonly port: number;
  /** Virtual interface; undefined when no role has inner packets of its own. */
  readonly device: string | undefined;
  /** The kernel module's, which relays by it too; undefined on a Direction Server. */
  readonly kernelDevice?: string | undefined;
  /** "auto" when absent. */
  readonly dataPath?: WantedDataPath;
  /** That the owner allows; ChaCha20-Poly1305 alone when absent. */
  readonly suites?: readonly DataSuite[];
  /** What a Relay Server relays at most; 0 for no limit. */
  readonly relayBytesPerSecond?: number;
  readonly names: NameSettings;
  readonly log: Log;
  readonly event: (role: RoleName, name: string, data: JsonObject) => void;
  readonly fatal: (role: RoleName, text: string) => void;
  /** The virtual interface is set up so now. */
  readonly interfaceChanged?: (settings: InterfaceSettings) => void;
  /** It is another device of the same name now. */
  readonly interfaceRemade?: () => void;
  /** The daemon cannot go on: a mistake of our own, or a device that is lost. */
  readonly crashed: (error: unknown, summary: JsonObject) => void;
}

/** All devices of this kind of daemon, also another instance's, never lead outside. */
const ownDevices = /^ntm/;
const sendComplaintMs = 10_000;

export class Host {
  readonly driver: Driver;
  /** By which data may be sealed here: what the owner allows and the data path can. */
  readonly suites: readonly DataSuite[];
  readonly #rtnl = new Rtnl();
  readonly #log: Log;
  readonly #udp: UdpPort;
  readonly #carrier: PacketCarrier;
  readonly #watcher: UplinkWatcher;
  readonly #reversePath: ReversePath;
  readonly #names: Names;
  #complainedAt = Number.NEGATIVE_INFINITY;

  /** Opens everything and starts the roles. Throws ProblemToMend for what its owner can mend. */
  constructor(options: HostOptions) {
    const { device, log, suite } = options;
    const failed = (error: unknown) => options.crashed(error, { where: 'platform' });
    this.#log = log;
    this.#reversePath = new ReversePath(log);
    this.#udp = new UdpPort(
      { port: options.port, mark: datagramMark },
      {
        receive: (buffer, offset, length, from, uplink) =>
          this.driver.datagram(buffer, offset, length, from, uplink),
        received: () => {
          this.#carrier.interface?.flush();
          this.driver.settle();
        },
        sendFailed: (to, number) => this.#sendFailed(`${to}: ${errnoName(number)}`),
        failed,
      },
    );
    this.#carrier = openCarrier(options.dataPath ?? 'auto', {
      suite,
      rtnl: this.#rtnl,
      log,
      port: this.#udp.port,
      device,
      kernelDevice: options.kernelDevice ?? device,
      relayBytesPerSecond: options.relayBytesPerSecond ?? 0,
      coalesce: () => this.#udp.coalesce(),
      send: (to, uplink, buffer, offset, length) =>
        this.#udp.queue(to, uplink, buffer, offset, length),
      notice: (notice) => this.driver.notice(notice),
      settle: () => this.driver.settle(),
      remade: () => options.interfaceRemade?.(),
      failed,
    });
    this.#names = new Names(options.names, log, {
      query: (role, id, from, stream, bytes) =>
        this.driver.nameQuery(role, id, from, stream, bytes),
      settled: () => this.driver.settle(),
      response: (role, id, response, error) => this.driver.dnsResponse(role, id, response, error),
      isOwn: (ip) => this.#watcher.current.some((uplink) => uplink.ip === ip),
      failed,
    });
    this.driver = new Driver(options.roles, {
      now,
      log,
      path: this.#carrier.path,
      send: (to, uplink, bytes) => this.#udp.queue(to, uplink, bytes, 0, bytes.length),
      flush: () => this.#udp.flush(),
      setInterface: (role, wanted) => {
        const virtual = this.#carrier.interface;
        virtual?.set(role, wanted);
        this.#checkReversePath();
        if (virtual) options.interfaceChanged?.(virtual.wanted);
      },
      nameAnswer: (role, id, bytes) => this.#names.answer(role, id, bytes),
      dnsRequest: (role, request) => this.#names.request(role, request),
      zones: (role, zones) => this.#names.zones(role, zones),
      event: options.event,
      fatal: options.fatal,
      crashed: options.crashed,
    });
    const isOurs = (name: string) => name === device || ownDevices.test(name);
    this.#watcher = new UplinkWatcher(this.#rtnl, isOurs, {
      changed: (uplinks) => this.#moved(uplinks),
      tablesChanged: () => {
        const { linkByIndex } = this.#watcher.tables;
        this.#carrier.devicesChanged((index) => linkByIndex.has(index));
      },
      failed,
    });
    this.#udp.setUplinks(this.#watcher.current);
    this.#carrier.setUplinks(this.#watcher.current);
    const { suites = ['chacha20-poly1305'] } = options;
    this.suites = suites.filter((each) => this.#carrier.suites.includes(each));
    const unixSeconds = Math.floor(Date.now() / 1000);
    this.driver.start(this.#watcher.current, unixSeconds, suiteSet(this.suites));
    this.#names.listen();
  }

  #moved(uplinks: readonly LocalUplink[]): void {
    this.#udp.setUplinks(uplinks);
    this.#carrier.setUplinks(uplinks);
    const names = uplinks.map(({ id, usable }) => (usable ? id : `(${id})`));
    this.#log.debug(`uplinks: ${names.join(', ') || 'none'}`);
    this.driver.uplinks(uplinks);
    this.#checkReversePath();
  }

  #checkReversePath(): void {
    if (!this.#carrier.interface?.hasExitRoutes) this.#reversePath.restore();
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

  /** Which kind of data path, and why. */
  get dataPath(): DataPathStatus {
    return this.#carrier.status;
  }

  get uplinks(): readonly LocalUplink[] {
    return this.#watcher.current;
  }

  /** Sets addresses and routes of the virtual interface again, which someone else removed. */
  restoreInterface(): void {
    this.#withInterface((virtual) => virtual.restore());
  }

  /** Takes addresses and routes from the virtual interface, until they are restored. */
  withdrawInterface(): void {
    this.#withInterface((virtual) => virtual.withdraw());
  }

  /** Leaves the routes of the virtual interface to someone else. */
  yieldRoutes(): void {
    this.#withInterface((virtual) => virtual.yieldRoutes());
  }

  #withInterface(act: (virtual: VirtualInterface) => void): void {
    const virtual = this.#carrier.interface;
    if (!virtual) return;
    try {
      act(virtual);
    } catch (error) {
      this.#log.error((error as Error).message);
    }
  }

  /** What keeps names from being answered, a sentence each. */
  get nameProblems(): readonly string[] {
    return this.#names.problems;
  }

  get nameChecks(): readonly CheckRow[] {
    return this.#names.checks;
  }

  /** For a Direction Server: the other zones there are now. */
  setZones(zones: readonly ForeignZone[]): void {
    this.driver.zones(zones);
  }

  ask(role: RoleName, call: ControlCall): Promise<ControlAnswer> {
    return this.driver.ask(role, call);
  }

  /** Everything the platform counts, by part. */
  counters(): Record<string, Record<string, number>> {
    return {
      driver: this.driver.counters.snapshot(),
      udp: this.#udp.counters.snapshot(),
      ...this.#carrier.counters(),
      dns: this.#names.counters,
    };
  }

  /** Says goodbye to the peers and takes back what was set on this machine. */
  stop(): void {
    this.driver.stop();
    this.#watcher.close();
    this.#reversePath.restore();
    this.#names.close();
    this.#carrier.close();
    this.#udp.close();
    this.#rtnl.close();
  }
}
