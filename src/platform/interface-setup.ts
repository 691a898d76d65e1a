/**
 * Makes the virtual interface what the roles want: addresses, MTU, routes, and exit routes in a
 * table of their own. Two rules lead general traffic there: the main table first, without its
 * default routes, then the exit table for everything that does not carry the mark of our own
 * datagrams. Repeating a setting changes nothing, and what an earlier run that was killed left
 * behind is put right.
 */
import { type Ip, isIpv6, type Prefix, prefixIp } from '../base/ip.ts';
import type { Rtnl, Rule } from './netlink/rtnl.ts';
import { mainTable } from './netlink/rtnl-tables.ts';
import { libc } from './tjs/libc.ts';
import { ProblemToMend } from './tjs/system-error.ts';

/**
 * Firewall mark of everything the daemon sends. Only the highest byte is ours: mwan3 (0x3f00) and policy
 * based routing (0xff0000) of OpenWrt keep theirs below.
 */
export const ownMark = 0x4600_0000;
export const ownMarkMask = 0xff00_0000;
/**
 * The same with what tells mwan3 that a packet has its uplink already, all bits of its mask: a node tries its
 * uplinks itself. Led out by another one, its questions would be answered there while the packets of its
 * paths, which the kernel module sends past such rules, went out by one that is dead.
 */
export const datagramMark = ownMark + 0x3f00;
export const exitTable = 4649;
const mainRulePriority = 4648;
const exitRulePriority = 4649;

export interface InterfaceSettings {
  readonly mtu: number;
  readonly addresses: readonly Prefix[];
  readonly routes: readonly Prefix[];
  readonly exitRoutes: readonly Prefix[];
}

function familyOf(prefix: Prefix): 4 | 6 {
  return isIpv6(prefixIp(prefix)) ? 6 : 4;
}

function rulesOf(family: 4 | 6): Rule[] {
  return [
    { family, priority: mainRulePriority, table: mainTable, suppressPrefixLength: 0 },
    {
      family,
      priority: exitRulePriority,
      table: exitTable,
      notMark: { mark: ownMark, mask: ownMarkMask },
    },
  ];
}

const nothing: InterfaceSettings = { mtu: 0, addresses: [], routes: [], exitRoutes: [] };

/** The next hop of a route, where the device needs one. */
export type NextHopOf = (destination: Prefix) => Ip | undefined;

export class InterfaceSetup {
  readonly #rtnl: Rtnl;
  readonly #device: string;
  readonly #nextHopOf: NextHopOf;
  /** The next hops that the current routes have. */
  #nextHops = new Map<Prefix, Ip | undefined>();
  #current: InterfaceSettings = nothing;
  /** Routes that someone else has set and we have not. */
  readonly #yielded = new Set<Prefix>();
  #cleaned = false;

  constructor(rtnl: Rtnl, device: string, nextHopOf: NextHopOf = () => undefined) {
    this.#rtnl = rtnl;
    this.#device = device;
    this.#nextHopOf = nextHopOf;
  }

  /** Throws ProblemToMend when the device is gone, SystemError when the kernel refuses. */
  apply(wanted: InterfaceSettings): void {
    const deviceIndex = libc.if_nametoindex(this.#device);
    if (deviceIndex === 0) throw new ProblemToMend(`The device ${this.#device} is gone.`);
    if (!this.#cleaned) this.#cleanUpEarlierRun();
    if (wanted.mtu !== this.#current.mtu) {
      this.#rtnl.suppressLinkLocal(deviceIndex);
      this.#rtnl.setLinkUp(deviceIndex, wanted.mtu);
    }
    this.#removeOld(deviceIndex, wanted);
    for (const address of added(this.#current.addresses, wanted.addresses)) {
      this.#rtnl.addAddress(deviceIndex, address);
    }
    this.#addRoutes(deviceIndex, mainTable, this.#current.routes, wanted.routes);
    // Routes before rules, so that no packet meets a rule without them.
    this.#addRoutes(deviceIndex, exitTable, this.#current.exitRoutes, wanted.exitRoutes);
    this.#nextHops = new Map(
      [...wanted.routes, ...wanted.exitRoutes].map((each) => [each, this.#nextHopOf(each)]),
    );
    for (const family of [4, 6] as const) {
      if (!wanted.exitRoutes.some((route) => familyOf(route) === family)) continue;
      for (const rule of rulesOf(family)) this.#rtnl.addRule(rule);
    }
    this.#current = wanted;
  }

  /** Those that are new, and those whose next hop has changed. */
  #addRoutes(
    deviceIndex: number,
    table: number,
    current: readonly Prefix[],
    wanted: readonly Prefix[],
  ): void {
    for (const destination of wanted) {
      const via = this.#nextHopOf(destination);
      if (current.includes(destination) && this.#nextHops.get(destination) === via) continue;
      this.#rtnl.addRoute({ destination, table, deviceIndex, via });
    }
  }

  #removeOld(deviceIndex: number, wanted: InterfaceSettings): void {
    for (const family of [4, 6] as const) {
      const had = this.#current.exitRoutes.some((route) => familyOf(route) === family);
      const has = wanted.exitRoutes.some((route) => familyOf(route) === family);
      if (had && !has) for (const rule of rulesOf(family)) this.#rtnl.deleteRule(rule);
    }
    for (const destination of added(wanted.exitRoutes, this.#current.exitRoutes)) {
      this.#rtnl.deleteRoute({ destination, table: exitTable, deviceIndex });
    }
    for (const destination of added(wanted.routes, this.#current.routes)) {
      this.#rtnl.deleteRoute({ destination, table: mainTable, deviceIndex });
    }
    for (const address of added(wanted.addresses, this.#current.addresses)) {
      this.#rtnl.deleteAddress(deviceIndex, address);
    }
  }

  /** Rules outlive a killed process; its device, with addresses and routes, is another one now. */
  #cleanUpEarlierRun(): void {
    this.#cleaned = true;
    for (const family of [4, 6] as const) {
      if (!this.#rtnl.rulePriorities(family, exitTable).includes(exitRulePriority)) continue;
      for (const rule of rulesOf(family)) this.#rtnl.deleteRule(rule);
    }
  }

  /** Sets everything again that someone else may have removed. Throws like `apply`. */
  restore(): void {
    const wanted = this.#current;
    if (wanted === nothing) return;
    this.#current = nothing;
    this.#yielded.clear();
    this.apply(wanted);
  }

  /** Takes addresses and routes away until `restore`; what is wanted stays known. */
  withdraw(): void {
    const { mtu, exitRoutes } = this.#current;
    const wanted = this.#current;
    this.#removeOld(libc.if_nametoindex(this.#device), {
      mtu,
      exitRoutes,
      addresses: [],
      routes: [],
    });
    this.#current = wanted;
  }

  /** Leaves the routes of the main table to someone else, who has set them with a metric. */
  yieldRoutes(): void {
    const deviceIndex = libc.if_nametoindex(this.#device);
    for (const destination of this.#current.routes) {
      // A second time it would be theirs: the kernel deletes what matches, whatever its metric.
      if (this.#yielded.has(destination)) continue;
      this.#yielded.add(destination);
      this.#rtnl.deleteRoute({ destination, table: mainTable, deviceIndex });
    }
  }

  /** Takes back everything; may be called when nothing was set or the device is gone. */
  remove(): void {
    if (this.#current === nothing) return;
    const deviceIndex = libc.if_nametoindex(this.#device);
    this.#removeOld(deviceIndex, nothing);
    this.#current = nothing;
  }
}

/** What `after` has and `before` has not. */
function added(before: readonly Prefix[], after: readonly Prefix[]): Prefix[] {
  return after.filter((prefix) => !before.includes(prefix));
}
