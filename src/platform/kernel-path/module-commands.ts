/**
 * A command of the roles as a request to the kernel module (kmod-ntmobile/README.md has the table).
 * Pure: whatever depends on this machine comes in with the context.
 */
import { endpointIp, type Ip, isIpv6 } from '../../base/ip.ts';
import type { DataSuite, PathCommand, Route, Unverified } from '../../datapath/commands.ts';
import { maxRelays, pathKind, suite } from '../netlink/ntmobile-table.ts';
import { addressValues, endpointValues } from './endpoint-values.ts';
import type { ModuleCommand, ModuleValues } from './kernel-module.ts';

export interface CommandContext {
  readonly ifindex: number;
  /** Firewall mark of the outer packets. */
  readonly mark: number;
  readonly now: number;
  /** Device and address of an uplink; undefined when it is gone. */
  readonly uplink: (id: string) => { readonly deviceIndex: number; readonly ip: Ip } | undefined;
  /** Inner addresses by which a path that is being made is found. */
  readonly addresses: (command: PathCommand & { op: 'path-new' }) => readonly Ip[];
}

const suiteNumbers: Readonly<Record<DataSuite, number>> = {
  'chacha20-poly1305': suite.chacha20Poly1305,
  'aes-128-gcm': suite.aes128Gcm,
  none: suite.none,
};

/** What changes the module's table. */
export type ModulePathCommand = Exclude<PathCommand, { op: 'path-count' }>;

export interface ModuleRequest {
  readonly command: ModuleCommand;
  readonly values: ModuleValues;
}

export function moduleRequest(command: ModulePathCommand, context: CommandContext): ModuleRequest {
  const { ifindex } = context;
  if (command.op === 'flush') return { command: 'flush', values: { ifindex } };
  const row = { ifindex, pathId: command.pathId };
  const simple = (name: ModuleCommand, values: ModuleValues = {}): ModuleRequest => ({
    command: name,
    values: { ...row, ...values },
  });
  switch (command.op) {
    case 'path-new':
      return simple('pathNew', {
        side: command.side,
        kind: pathKind[command.kind],
        address: context.addresses(command).map(addressValues),
        globalOnly: command.globalOnly,
        idleMs: Math.round(command.idleMs),
        alias4: command.alias && addressValues(command.alias.alias4).ipv4,
        peer4: command.alias && addressValues(command.alias.peer4).ipv4,
      });
    case 'path-route':
      return simple('pathSet', pathRoute(command, context));
    case 'key-set':
      return simple('keySet', {
        epoch: command.epoch & 3,
        suite: suiteNumbers[command.suite ?? 'chacha20-poly1305'],
        sendKey: command.sendKey,
        receiveKey: command.receiveKey,
      });
    case 'key-use':
      return simple('keyUse', { epoch: command.epoch & 3 });
    case 'key-delete':
      return simple('keyDel', { epoch: command.epoch & 3 });
    case 'path-delete':
      return simple('pathDel');
    case 'relay-new':
      return simple('relayNew', { idleMs: Math.round(command.idleMs) });
    case 'relay-leg':
      return simple('relayLeg', {
        side: command.side,
        route: command.endpoint && routeValues({ remote: command.endpoint }, context),
        unverified: command.unverified && unverified(command.unverified, context.now),
      });
    case 'relay-delete':
      return simple('relayDel');
  }
}

function pathRoute(
  command: PathCommand & { op: 'path-route' },
  context: CommandContext,
): ModuleValues {
  const { route, also, alsoUntil = 0, relays, relayed } = command;
  return {
    route: route && routeValues(route, context),
    also: also && routeValues(also, context),
    alsoMs: also && msUntil(alsoUntil, context.now),
    relayed,
    unverified: command.unverified && unverified(command.unverified, context.now),
    relay: relays.slice(0, maxRelays).map(endpointValues),
  };
}

function routeValues(route: Route, context: CommandContext) {
  const uplink = route.uplink === undefined ? undefined : context.uplink(route.uplink);
  const sameFamily = uplink && isIpv6(uplink.ip) === isIpv6(endpointIp(route.remote));
  return {
    remote: endpointValues(route.remote),
    uplink: uplink?.deviceIndex,
    local: sameFamily && uplink ? addressValues(uplink.ip) : undefined,
    mark: context.mark,
  };
}

function unverified({ budgetBytes, until, fallback }: Unverified, now: number) {
  return {
    budget: Math.min(budgetBytes, 0xffff_ffff),
    ms: msUntil(until, now),
    fallback: fallback && endpointValues(fallback),
  };
}

function msUntil(at: number, now: number): number {
  return Math.max(0, Math.min(Math.round(at - now), 0x7fff_ffff));
}
