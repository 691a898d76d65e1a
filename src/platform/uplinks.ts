/**
 * The uplinks of this machine, made from the kernel's tables: every global address of a running
 * device that is not ours, usable when a route of its family leads outside through that device. The
 * preferred one comes first: usable, then by the metric of the default route as the system itself
 * chooses, then by device. Pure; watching is in uplink-watcher.ts.
 */
import { isIpv6, isPrivate } from '../base/ip.ts';
import type { Uplink } from '../protocol/machine.ts';
import {
  type Address,
  addressFlags,
  linkFlags,
  type OutwardRoute,
  scopeUniverse,
} from './netlink/rtnl-tables.ts';

/** An uplink with the number of its device. */
export interface LocalUplink extends Uplink {
  readonly deviceIndex: number;
}

export interface UplinkTables {
  readonly linkByIndex: ReadonlyMap<number, { readonly name: string; readonly flags: number }>;
  readonly addresses: Iterable<Address>;
  readonly routes: Iterable<OutwardRoute>;
}

/** Behind every metric a default route can have: the device has only routes to some networks. */
const noDefaultRoute = 2 ** 33;
const unusable = 2 ** 34;

export function uplinksOf(
  tables: UplinkTables,
  isOurs: (device: string) => boolean,
): LocalUplink[] {
  const rankByWay = rankWays(tables.routes);
  const found: { readonly uplink: LocalUplink; readonly order: readonly number[] }[] = [];
  for (const address of tables.addresses) {
    const { deviceIndex, ip } = address;
    const link = tables.linkByIndex.get(deviceIndex);
    if (!link || !isRunning(link.flags) || isOurs(link.name) || !isSettled(address)) continue;
    const rank = rankByWay.get(`${isIpv6(ip) ? 6 : 4} ${deviceIndex}`) ?? unusable;
    const id = `${link.name}/${ip}`;
    const uplink = { id, device: link.name, ip, usable: rank < unusable, deviceIndex };
    const secondary = isIpv6(ip) ? isPrivate(ip) : (address.flags & addressFlags.secondary) !== 0;
    const order = [rank, deviceIndex, isIpv6(ip) ? 1 : 0, secondary ? 1 : 0];
    found.push({ uplink, order });
  }
  found.sort((left, right) => compare(left.order, right.order));
  return found.map(({ uplink }) => uplink);
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (const [index, value] of left.entries()) {
    const difference = value - (right[index] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

function isRunning(flags: number): boolean {
  const { up, running, loopback } = linkFlags;
  return (flags & (up | running)) === (up | running) && (flags & loopback) === 0;
}

/** Global, and neither being checked for a duplicate nor on its way out. */
function isSettled({ ip, scope, flags }: Address): boolean {
  if (scope !== scopeUniverse) return false;
  if (!isIpv6(ip)) return true;
  if (flags & (addressFlags.deprecated | addressFlags.dadFailed)) return false;
  return !(flags & addressFlags.tentative) || (flags & addressFlags.optimistic) !== 0;
}

/** The best metric of a way out by family and device. */
function rankWays(routes: Iterable<OutwardRoute>): Map<string, number> {
  const rankByWay = new Map<string, number>();
  for (const { family, destination, metric, deviceIndexes } of routes) {
    const rank = destination.endsWith('/0') ? metric : noDefaultRoute;
    for (const deviceIndex of deviceIndexes) {
      const way = `${family} ${deviceIndex}`;
      rankByWay.set(way, Math.min(rank, rankByWay.get(way) ?? Number.POSITIVE_INFINITY));
    }
  }
  return rankByWay;
}

export type Urgency = 'unchanged' | 'soon' | 'now';

/**
 * How soon a change is to be told: at once when a usable address appeared or the preferred one is
 * gone, since a handover waits for it; otherwise after what belongs to the same change.
 */
export function urgencyOf(told: readonly Uplink[], current: readonly Uplink[]): Urgency {
  if (sameUplinks(told, current)) return 'unchanged';
  const isUsable = (list: readonly Uplink[], id: string) =>
    list.some((uplink) => uplink.id === id && uplink.usable);
  if (current.some(({ id, usable }) => usable && !isUsable(told, id))) return 'now';
  const preferred = told[0];
  return preferred?.usable && !isUsable(current, preferred.id) ? 'now' : 'soon';
}

export function sameUplinks(left: readonly Uplink[], right: readonly Uplink[]): boolean {
  return (
    left.length === right.length &&
    left.every(
      ({ id, usable }, index) => id === right[index]?.id && usable === right[index]?.usable,
    )
  );
}
