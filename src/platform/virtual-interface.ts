/**
 * The virtual interface of the daemon: one TUN device with what all its roles want of it together.
 * It is opened at the start, so that a machine without TUN or rights is told at once, and made anew
 * when someone else deletes it.
 */
import type { Prefix } from '../base/ip.ts';
import type { RoleName } from '../protocol/control-results.ts';
import { type InterfaceSettings, InterfaceSetup } from './interface-setup.ts';
import type { Log } from './log.ts';
import type { Rtnl } from './netlink/rtnl.ts';
import { TunDevice, type TunHandlers } from './tjs/tun.ts';

export interface VirtualInterfaceHandlers
  extends Pick<TunHandlers, 'packet' | 'drained' | 'failed'> {
  /** The device was deleted and cannot be made again. */
  readonly lost: (error: unknown) => void;
}

export class VirtualInterface {
  readonly name: string;
  readonly #rtnl: Rtnl;
  readonly #log: Log;
  readonly #handlers: VirtualInterfaceHandlers;
  readonly #wantedByRole = new Map<RoleName, InterfaceSettings>();
  #tun: TunDevice;
  #setup: InterfaceSetup;
  #closed = false;

  /** Throws ProblemToMend. */
  constructor(name: string, rtnl: Rtnl, log: Log, handlers: VirtualInterfaceHandlers) {
    this.name = name;
    this.#rtnl = rtnl;
    this.#log = log;
    this.#handlers = handlers;
    this.#tun = this.#openTun();
    this.#setup = new InterfaceSetup(rtnl, name);
  }

  get counters(): Record<string, number> {
    return this.#tun.counters.snapshot();
  }

  get hasExitRoutes(): boolean {
    return [...this.#wantedByRole.values()].some(({ exitRoutes }) => exitRoutes.length > 0);
  }

  #openTun(): TunDevice {
    const { packet, drained, failed } = this.#handlers;
    return new TunDevice(this.name, { packet, drained, failed, gone: () => this.#reopen() });
  }

  #reopen(): void {
    if (this.#closed) return;
    this.#log.warn(`The device ${this.name} was deleted by someone else; it is made again.`);
    this.#tun.close();
    try {
      this.#setup.remove();
      this.#tun = this.#openTun();
      this.#setup = new InterfaceSetup(this.#rtnl, this.name);
      if (this.#wantedByRole.size > 0) this.#setup.apply(this.#together());
    } catch (error) {
      this.#handlers.lost(error);
    }
  }

  write(buffer: Uint8Array, offset: number, length: number): void {
    this.#tun.write(buffer, offset, length);
  }

  /** Throws SystemError or ProblemToMend. */
  set(role: RoleName, wanted: InterfaceSettings): void {
    this.#wantedByRole.set(role, wanted);
    this.#setup.apply(this.#together());
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
    this.#tun.close();
  }
}

function union(lists: readonly (readonly Prefix[])[]): Prefix[] {
  return [...new Set(lists.flat())];
}
