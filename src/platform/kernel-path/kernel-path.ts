/**
 * The data path in the kernel behind the same port as the one in user space: it takes the same
 * commands and gives the same notices. Keys go in and never come back; a change of the kind of data
 * path is therefore a restart with new keys. A command the module refuses is told once and the
 * daemon goes on; the roles see that the path does not work as they see any other fault.
 */
import { BoundedMap } from '../../base/bounded-map.ts';
import { Counters } from '../../base/counters.ts';
import type { Endpoint, Ip, Prefix } from '../../base/ip.ts';
import { isIpv6 } from '../../base/ip.ts';
import type { Deadline } from '../../base/timers.ts';
import { hexIdAt } from '../../datapath/capsulated-packet.ts';
import type { PathCommand, PathNotice, PathStats } from '../../datapath/commands.ts';
import type { DropReason } from '../../wire/drops.ts';
import { pathHeaderLength } from '../../wire/header.ts';
import type { PathId } from '../../wire/ids.ts';
import type { PathPort } from '../driver-ports.ts';
import type { Log } from '../log.ts';
import type { NetlinkNotifications } from '../netlink/netlink-socket.ts';
import { commands } from '../netlink/ntmobile-table.ts';
import { ProblemToMend, SystemError } from '../tjs/system-error.ts';
import type { LocalUplink } from '../uplinks.ts';
import type { KernelModule, ModuleNotice } from './kernel-module.ts';
import { moduleRequest } from './module-commands.ts';
import { dropCounts, pathNotice, pathStats } from './module-notices.ts';
import { WideRoutes } from './wide-routes.ts';

export interface KernelPathHandlers {
  readonly notice: (notice: PathNotice) => void;
  /** After a batch of notices. */
  readonly noticed: () => void;
  /** The next hops of prefixes have changed: see `via`. */
  readonly routesChanged: () => void;
  /** The device is gone, and all paths with it. */
  readonly lost: (error: unknown) => void;
  readonly failed: (error: unknown) => void;
}

export interface KernelDevice {
  readonly name: string;
  readonly ifindex: number;
}

type KernelPathCount =
  | 'commands'
  | 'refused'
  | 'row-gone'
  | 'notices'
  | 'notices-lost'
  | DropReason;

const noticeIntervalMs = 1000;

export class KernelPath implements PathPort {
  readonly #module: KernelModule;
  readonly #device: KernelDevice;
  readonly #mark: number;
  readonly #log: Log;
  readonly #handlers: KernelPathHandlers;
  readonly #notifications: NetlinkNotifications;
  readonly #counters = new Counters<KernelPathCount>();
  readonly #routes = new WideRoutes();
  readonly #noticedAt = new BoundedMap<Endpoint, number>(256);
  /** Rows of the module that this daemon has made; a path may have one of each kind. */
  readonly #paths = new Set<PathId>();
  readonly #relays = new Set<PathId>();
  #uplinks: readonly LocalUplink[] = [];
  #refusal: string | undefined;

  /** Throws SystemError. */
  constructor(
    module: KernelModule,
    device: KernelDevice,
    options: { readonly mark: number; readonly log: Log },
    handlers: KernelPathHandlers,
  ) {
    this.#module = module;
    this.#device = device;
    this.#mark = options.mark;
    this.#log = options.log;
    this.#handlers = handlers;
    this.#notifications = module.watch({
      notices: (notices) => this.#take(notices),
      lost: () => this.#noticesLost(),
      failed: handlers.failed,
    });
  }

  /** The last command that the module refused, as a sentence. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  setUplinks(uplinks: readonly LocalUplink[]): void {
    this.#uplinks = uplinks;
  }

  /** The next hop by which a prefix leads to its path. */
  via(prefix: Prefix): Ip | undefined {
    return this.#routes.via(prefix);
  }

  command(now: number, command: PathCommand): void {
    this.#counters.add('commands');
    if (command.op === 'path-count') return this.#count(now, command);
    const asked = moduleRequest(command, {
      ifindex: this.#device.ifindex,
      mark: this.#mark,
      now,
      uplink: (id) => this.#uplinks.find((uplink) => uplink.id === id),
      addresses: (made) => this.#routes.addressesFor(made),
    });
    try {
      this.#module.run(asked.command, asked.values);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#refused(error, command);
    }
    this.#remember(command);
    if (this.#routes.note(command)) this.#handlers.routesChanged();
  }

  #count(now: number, command: PathCommand & { op: 'path-count' }): void {
    const { pathId, moment } = command;
    try {
      const values = this.#module.get('pathGet', { ifindex: this.#device.ifindex, pathId });
      this.#handlers.notice({ notice: 'counted', pathId, moment, stats: pathStats(values, now) });
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#refused(error, command);
    }
  }

  #remember(command: PathCommand): void {
    if (command.op === 'flush') {
      this.#paths.clear();
      this.#relays.clear();
    } else if (command.op === 'path-new') this.#paths.add(command.pathId);
    else if (command.op === 'path-delete') this.#paths.delete(command.pathId);
    else if (command.op === 'relay-new') this.#relays.add(command.pathId);
    else if (command.op === 'relay-delete') this.#relays.delete(command.pathId);
  }

  #refused(error: SystemError, command: PathCommand): void {
    if (error.is('ENODEV')) return this.#handlers.lost(this.#deviceGone());
    // Commands may cross a notice that ends their row, and making a row twice changes nothing.
    if (error.is('ENOENT') || (error.is('EEXIST') && command.op !== 'key-set')) {
      return this.#counters.add('row-gone');
    }
    this.#counters.add('refused');
    const path = 'pathId' in command ? ` of path ${command.pathId}` : '';
    const text = `The kernel module refused ${command.op}${path}: ${error.message}.`;
    if (text !== this.#refusal) this.#log.warn(text);
    this.#refusal = text;
  }

  #deviceGone(): ProblemToMend {
    const { name } = this.#device;
    return new ProblemToMend(
      `The device ${name} was deleted by someone else, and its paths with it. Start ntmobiled again.`,
    );
  }

  /** To be called when the system's devices have changed. */
  checkDevice(exists: (ifindex: number) => boolean): void {
    if (!exists(this.#device.ifindex)) this.#handlers.lost(this.#deviceGone());
  }

  #take(notices: readonly ModuleNotice[]): void {
    for (const each of notices) {
      if (each.values.ifindex !== this.#device.ifindex) continue;
      const notice = pathNotice(each, (index, endpoint) => this.#uplinkAt(index, endpoint));
      if (!notice) continue;
      this.#counters.add('notices');
      this.#handlers.notice(notice);
    }
    this.#handlers.noticed();
  }

  #uplinkAt(deviceIndex: number, endpoint: string): string | undefined {
    const ipv6 = endpoint.startsWith('[');
    return this.#uplinks.find(
      (uplink) => uplink.deviceIndex === deviceIndex && isIpv6(uplink.ip) === ipv6,
    )?.id;
  }

  /** What has no other way to be learned again: where direct paths have moved to. */
  #noticesLost(): void {
    this.#counters.add('notices-lost');
    this.#log.warn('Notices of the kernel module were lost; the endpoints of paths are read anew.');
    for (const values of this.#dump('pathGet')) {
      if (values.relayed) continue;
      const { ifindex, pathId, endpoint } = values;
      const moved = { command: commands.movedNtf, values: { ifindex, pathId, endpoint } };
      const notice = pathNotice(moved, () => undefined);
      if (notice) this.#handlers.notice(notice);
    }
    this.#handlers.noticed();
  }

  /** A Capsulated Packet that the module did not take: of a path it does not know, or not a packet. */
  inbound(
    now: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    from: Endpoint,
    uplink?: string,
  ): void {
    if (length < pathHeaderLength) return this.#counters.add('too-short');
    const pathId = hexIdAt(buffer, offset);
    if (this.#paths.has(pathId) || this.#relays.has(pathId)) return this.#counters.add('malformed');
    this.#counters.add('unknown-path');
    const last = this.#noticedAt.get(from);
    if (last !== undefined && now - last < noticeIntervalMs) return;
    this.#noticedAt.setEvicting(from, now);
    this.#handlers.notice({
      notice: 'unknown-path',
      pathId,
      from,
      length,
      ...(uplink && { uplink }),
    });
  }

  /** The module keeps its own time. */
  deadline(): Deadline | undefined {
    return undefined;
  }

  timeout(): void {}

  stats(now: number): readonly PathStats[] {
    return this.#dump('pathGet').map((values) => pathStats(values, now));
  }

  relayStats(now: number): readonly PathStats[] {
    return this.#dump('relayGet').map((values) => pathStats(values, now));
  }

  #dump(command: 'pathGet' | 'relayGet') {
    try {
      return this.#module.dump(command, { ifindex: this.#device.ifindex });
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (error.is('ENODEV')) this.#handlers.lost(this.#deviceGone());
      return [];
    }
  }

  /** Of the device and its paths together, and what happened between daemon and module. */
  counters(): Record<string, number> {
    const counts = this.#counters.snapshot();
    const add = (drops: Record<string, number>): void => {
      for (const [reason, count] of Object.entries(drops)) {
        counts[reason] = (counts[reason] ?? 0) + count;
      }
    };
    try {
      add(dropCounts(this.#module.get('devGet', { ifindex: this.#device.ifindex })));
      for (const values of this.#dump('pathGet')) add(dropCounts(values));
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
    return counts;
  }

  close(): void {
    this.#notifications.close();
    this.#module.close();
  }
}
