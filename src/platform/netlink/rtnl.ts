/**
 * Requests to the kernel about links, addresses, routes and rules (rtnetlink(7)): asking for the
 * tables the uplinks are made of, and setting what the virtual interface needs. Everything set is
 * idempotent: adding what is there and deleting what is gone are no errors.
 */
import { type Ip, ipBytes, isIpv6, type Prefix, prefixIp, prefixLength } from '../../base/ip.ts';
import { SystemError } from '../tjs/system-error.ts';
import { NetlinkNotifications, NetlinkRequests } from './netlink-socket.ts';
import {
  decodeAttributes,
  MessageBuilder,
  type NetlinkMessage,
  nlmsgFlags,
  textOf,
  u32At,
} from './nlmsg.ts';
import { addressFlags, linkFlags, mainTable, type RtnlTables, rtm } from './rtnl-tables.ts';

const NETLINK_ROUTE = 0;
/** RTMGRP bits: links, IPv4 and IPv6 addresses and routes. */
const watchedGroups = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;
const AF_INET = 2;
const AF_INET6 = 10;
const staticProtocol = 4;
const scopeLink = 253;
const scopeUniverse = 0;
/** Of a route to be deleted: whatever it has. */
const scopeAny = 255;
const unicastRoute = 1;
const toTableAction = 1;
const onLinkNextHop = 4;
const invertRule = 0x2;
const noLinkLocalAddress = 1;

const { request, ack, dump, create, replace, exclusive } = nlmsgFlags;

export interface RouteRequest {
  readonly destination: Prefix;
  readonly table: number;
  readonly deviceIndex: number;
  /** Next hop, of the family of the destination; taken to be on the device's link. */
  readonly via?: Ip | undefined;
}

/** A rule of policy routing; the table is looked up for packets that match. */
export interface Rule {
  readonly family: 4 | 6;
  readonly priority: number;
  readonly table: number;
  /** Only packets that do not carry this mark in the bits of the mask. */
  readonly notMark?: { readonly mark: number; readonly mask: number };
  /** Results of the table with a prefix this short or shorter do not count. */
  readonly suppressPrefixLength?: number;
}

function familyNumber(family: 4 | 6): number {
  return family === 4 ? AF_INET : AF_INET6;
}

function prefixFamily(value: Prefix): 4 | 6 {
  return isIpv6(prefixIp(value)) ? 6 : 4;
}

export class Rtnl {
  readonly #requests = new NetlinkRequests(NETLINK_ROUTE);

  /** Fills `tables` with all links, addresses and routes. Throws SystemError. */
  load(tables: RtnlTables): void {
    tables.clear();
    for (const message of this.#dump('links', rtm.getLink, 0, 16)) tables.apply(message);
    for (const message of this.#dump('addresses', rtm.getAddress, 0, 8)) tables.apply(message);
    this.loadRoutes(tables);
  }

  loadRoutes(tables: RtnlTables): void {
    tables.clearRoutes();
    for (const family of [AF_INET, AF_INET6]) {
      for (const message of this.#dump('routes', rtm.getRoute, family, 12)) tables.apply(message);
    }
  }

  #dump(what: string, type: number, family: number, fixedBytes: number): NetlinkMessage[] {
    const fixed = new Uint8Array(fixedBytes);
    fixed[0] = family;
    if (type === rtm.getRoute) fixed[4] = mainTable;
    try {
      return this.#requests.dump(`list ${what}`, () =>
        new MessageBuilder(type, request | dump).fixed(fixed),
      );
    } catch (error) {
      // A kernel without IPv6 has no such tables, and one that never had a route not yet.
      const none = ['EOPNOTSUPP', 'EAFNOSUPPORT', 'ENOENT'] as const;
      if (error instanceof SystemError && none.some((name) => error.is(name))) return [];
      throw error;
    }
  }

  /**
   * Calls `changed` after each batch applied to `tables`, which is loaded anew when any was lost.
   */
  watch(
    tables: RtnlTables,
    changed: () => void,
    failed: (error: unknown) => void,
  ): NetlinkNotifications {
    const notifications = new NetlinkNotifications(
      NETLINK_ROUTE,
      { groups: watchedGroups },
      {
        messages: (messages) => {
          for (const message of messages) tables.apply(message);
          if (tables.routesStale) this.loadRoutes(tables);
          changed();
        },
        lost: () => {
          this.load(tables);
          changed();
        },
        failed,
      },
    );
    // After the groups are joined, so that nothing falls in between.
    this.load(tables);
    return notifications;
  }

  /** A new device of a kind. Throws SystemError, EEXIST when the name is taken. */
  addLink(name: string, kind: string): void {
    const message = new MessageBuilder(rtm.newLink, request | ack | create | exclusive)
      .fixed(new Uint8Array(16))
      .text(3, name)
      .nested(18, (info) => info.text(1, kind));
    this.#requests.request(`add link ${name}`, message);
  }

  deleteLink(deviceIndex: number): void {
    const message = new MessageBuilder(rtm.delLink, request | ack)
      .fixed([0, 0, 0, 0])
      .fixedU32(deviceIndex)
      .fixedU32(0)
      .fixedU32(0);
    this.#ignoring(['ENODEV'], () => this.#requests.request(`delete link ${deviceIndex}`, message));
  }

  /** Index and kind ("veth", "tun") of the device, or undefined when there is none. */
  findLink(name: string): { readonly index: number; readonly kind: string } | undefined {
    const message = new MessageBuilder(rtm.getLink, request)
      .fixed(new Uint8Array(16))
      .text(3, name);
    try {
      const { payload } = this.#requests.get(`look up ${name}`, message);
      const info = decodeAttributes(payload, 16).get(18);
      const kind = info && textOf(decodeAttributes(info).get(1));
      return { index: u32At(payload, 4) ?? 0, kind: kind ?? '' };
    } catch (error) {
      if (error instanceof SystemError && error.is('ENODEV')) return undefined;
      throw error;
    }
  }

  setLinkUp(deviceIndex: number, mtu: number): void {
    const message = new MessageBuilder(rtm.newLink, request | ack)
      .fixed([0, 0, 0, 0])
      .fixedU32(deviceIndex)
      .fixedU32(linkFlags.up)
      .fixedU32(linkFlags.up);
    this.#requests.request(`set link ${deviceIndex} up`, message.u32(4, mtu));
  }

  /**
   * The kernel gives the device no link-local address of its own; a kernel without IPv6 is no
   * error.
   */
  suppressLinkLocal(deviceIndex: number): void {
    const message = new MessageBuilder(rtm.newLink, request | ack)
      .fixed([0, 0, 0, 0])
      .fixedU32(deviceIndex)
      .fixedU32(0)
      .fixedU32(0)
      .nested(26, (families) =>
        families.nested(AF_INET6, (inner) => inner.u8(8, noLinkLocalAddress)),
      );
    this.#ignoring(['EOPNOTSUPP', 'EINVAL', 'EAFNOSUPPORT'], () =>
      this.#requests.request('set address generation', message),
    );
  }

  addAddress(deviceIndex: number, address: Prefix): void {
    const message = this.#addressMessage(rtm.newAddress, create | replace, deviceIndex, address);
    this.#requests.request(`add address ${address}`, message);
  }

  deleteAddress(deviceIndex: number, address: Prefix): void {
    const message = this.#addressMessage(rtm.delAddress, 0, deviceIndex, address);
    this.#ignoring(['EADDRNOTAVAIL', 'ENODEV'], () =>
      this.#requests.request(`delete address ${address}`, message),
    );
  }

  #addressMessage(type: number, flags: number, index: number, address: Prefix): MessageBuilder {
    const family = prefixFamily(address);
    const bytes = ipBytes(prefixIp(address));
    const message = new MessageBuilder(type, request | ack | flags)
      .fixed([familyNumber(family), prefixLength(address), 0, scopeUniverse])
      .fixedU32(index)
      .attribute(2, bytes)
      .attribute(1, bytes);
    // No other machine can have the address: there is nothing to detect and nothing to wait for.
    return family === 6 ? message.u32(8, addressFlags.noDad) : message;
  }

  addRoute(route: RouteRequest): void {
    this.#requests.request(
      `add route ${route.destination}`,
      this.#routeMessage(rtm.newRoute, create | replace, route),
    );
  }

  deleteRoute(route: RouteRequest): void {
    this.#ignoring(['ESRCH', 'ENODEV', 'ENOENT'], () =>
      this.#requests.request(
        `delete route ${route.destination}`,
        this.#routeMessage(rtm.delRoute, 0, route),
      ),
    );
  }

  #routeMessage(type: number, flags: number, route: RouteRequest): MessageBuilder {
    const { destination, table, deviceIndex, via } = route;
    const family = prefixFamily(destination);
    const length = prefixLength(destination);
    const scope = this.#routeScope(type, family, via);
    const shortTable = table < 256 ? table : 0;
    const message = new MessageBuilder(type, request | ack | flags)
      .fixed([familyNumber(family), length, 0, 0, shortTable, staticProtocol, scope, unicastRoute])
      .fixedU32(via === undefined ? 0 : onLinkNextHop)
      .u32(15, table)
      .u32(4, deviceIndex);
    if (via !== undefined) message.attribute(5, ipBytes(via));
    return length === 0 ? message : message.attribute(1, ipBytes(prefixIp(destination)));
  }

  #routeScope(type: number, family: 4 | 6, via: Ip | undefined): number {
    if (type === rtm.delRoute) return scopeAny;
    return family === 4 && via === undefined ? scopeLink : scopeUniverse;
  }

  addRule(rule: Rule): void {
    this.#ignoring(['EEXIST'], () =>
      this.#requests.request(
        `add rule ${rule.priority}`,
        this.#ruleMessage(rtm.newRule, create | exclusive, rule),
      ),
    );
  }

  deleteRule(rule: Rule): void {
    this.#ignoring(['ENOENT', 'EAFNOSUPPORT'], () =>
      this.#requests.request(
        `delete rule ${rule.priority}`,
        this.#ruleMessage(rtm.delRule, 0, rule),
      ),
    );
  }

  #ruleMessage(type: number, flags: number, rule: Rule): MessageBuilder {
    const shortTable = rule.table < 256 ? rule.table : 0;
    const message = new MessageBuilder(type, request | ack | flags)
      .fixed([familyNumber(rule.family), 0, 0, 0, shortTable, 0, 0, toTableAction])
      .fixedU32(rule.notMark === undefined ? 0 : invertRule)
      .u32(6, rule.priority)
      .u32(15, rule.table);
    if (rule.notMark) message.u32(10, rule.notMark.mark).u32(16, rule.notMark.mask);
    if (rule.suppressPrefixLength !== undefined) message.u32(14, rule.suppressPrefixLength);
    return message;
  }

  /** Priorities of the rules that look `table` up. */
  rulePriorities(family: 4 | 6, table: number): number[] {
    return this.#dump('rules', rtm.getRule, familyNumber(family), 12).flatMap(({ payload }) => {
      const attributes = decodeAttributes(payload, 12);
      const found = u32At(attributes.get(15), 0) ?? payload[4];
      return found === table ? [u32At(attributes.get(6), 0) ?? 0] : [];
    });
  }

  #ignoring(names: readonly Parameters<SystemError['is']>[0][], act: () => void): void {
    try {
      act();
    } catch (error) {
      if (error instanceof SystemError && names.some((name) => error.is(name))) return;
      throw error;
    }
  }

  close(): void {
    this.#requests.close();
  }
}
