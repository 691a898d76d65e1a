/**
 * The virtual interface of the daemon: one device with what all its roles want of it together. A TUN
 * device is opened at the start, so that a machine without TUN or rights is told at once, and made
 * anew when someone else deletes it. One of the kernel module is made before its paths and given in.
 */
import { type Ip, type Prefix, prefixIp } from '../base/ip.ts';
import type { RoleName } from '../protocol/control-results.ts';
import { type InterfaceSettings, InterfaceSetup, type NextHopOf } from './interface-setup.ts';
import type { Log } from './log.ts';
import type { Rtnl } from './netlink/rtnl.ts';

/** What carries inner packets between the data path and the system. */
export interface InnerDevice {
  readonly counters: Record<string, number>;
  /** Hands a packet to the system, at `flush` at the latest. */
  write(buffer: Uint8Array, offset: number, length: number): void;
  flush(): void;
  close(): void;
}

export interface VirtualInterfaceParts {
  /** Makes the device; `gone` is to be called when someone else deleted it. Throws ProblemToMend. */
  readonly open: (gone: () => void) => InnerDevice;
  readonly nextHopOf?: NextHopOf;
  /** It was deleted by someone else, and is there again as it was set up. */
  readonly remade?: () => void;
  /** The device was deleted and cannot be made again. */
  readonly lost: (error: unknown) => void;
}

export class VirtualInterface {
  readonly name: string;
  readonly #rtnl: Rtnl;
  readonly #log: Log;
  readonly #parts: VirtualInterfaceParts;
  readonly #wantedByRole = new Map<RoleName, InterfaceSettings>();
  #device: InnerDevice;
  #setup: InterfaceSetup;
  #closed = false;

  /** Throws ProblemToMend. */
  constructor(name: string, rtnl: Rtnl, log: Log, parts: VirtualInterfaceParts) {
    this.name = name;
    this.#rtnl = rtnl;
    this.#log = log;
    this.#parts = parts;
    this.#device = parts.open(() => this.#reopen());
    this.#setup = this.#newSetup();
  }

  get counters(): Record<string, number> {
    return this.#device.counters;
  }

  hasAddress(ip: Ip): boolean {
    return [...this.#wantedByRole.values()].some(({ addresses }) =>
      addresses.some((each) => prefixIp(each) === ip),
    );
  }

  get hasExitRoutes(): boolean {
    return [...this.#wantedByRole.values()].some(({ exitRoutes }) => exitRoutes.length > 0);
  }

  #newSetup(): InterfaceSetup {
    return new InterfaceSetup(this.#rtnl, this.name, this.#parts.nextHopOf);
  }

  #reopen(): void {
    if (this.#closed) return;
    this.#log.warn(`The device ${this.name} was deleted by someone else; it is made again.`);
    this.#device.close();
    try {
      this.#setup.remove();
      this.#device = this.#parts.open(() => this.#reopen());
      this.#setup = this.#newSetup();
      this.refresh();
      this.#parts.remade?.();
    } catch (error) {
      this.#parts.lost(error);
    }
  }

  write(buffer: Uint8Array, offset: number, length: number): void {
    this.#device.write(buffer, offset, length);
  }

  flush(): void {
    this.#device.flush();
  }

  /** Throws SystemError or ProblemToMend. */
  set(role: RoleName, wanted: InterfaceSettings): void {
    this.#wantedByRole.set(role, wanted);
    this.refresh();
  }

  /** Sets what is wanted, next hops as they are now. Throws SystemError or ProblemToMend. */
  refresh(): void {
    if (this.#wantedByRole.size > 0) this.#setup.apply(this.#together());
  }

  /** Sets again what someone else removed from the device. Throws SystemError or ProblemToMend. */
  restore(): void {
    this.#setup.restore();
  }

  /** Takes addresses and routes from the device, until `restore`. Throws SystemError. */
  withdraw(): void {
    this.#setup.withdraw();
  }

  /** Leaves its routes to someone else, until `restore`. Throws SystemError. */
  yieldRoutes(): void {
    this.#setup.yieldRoutes();
  }

  /** What all roles want together. */
  get wanted(): InterfaceSettings {
    return this.#together();
  }

  #together(): InterfaceSettings {
    const all = [...this.#wantedByRole.values()];
    return {
      mtu: Math.min(...all.map(({ mtu }) => mtu)),
      addresses: union(all.map(({ addresses }) => addresses)),
      routes: union(all.map(({ routes }) => routes)),
      exitRoutes: union(all.map(({ exitRoutes }) => exitRoutes)),
    };
  }

  close(): void {
    this.#closed = true;
    this.#setup.remove();
    this.#device.close();
  }
}

function union(lists: readonly (readonly Prefix[])[]): Prefix[] {
  return [...new Set(lists.flat())];
}
