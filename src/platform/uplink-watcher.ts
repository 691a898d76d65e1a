/**
 * Watches the kernel's tables and tells the uplinks when they change: at once when a handover waits
 * for the news, otherwise a moment later, so that one act of the system is told once. Never tells a
 * list twice.
 */
import type { NetlinkNotifications } from './netlink/netlink-socket.ts';
import type { Rtnl } from './netlink/rtnl.ts';
import { RtnlTables } from './netlink/rtnl-tables.ts';
import { type LocalUplink, sameUplinks, uplinksOf, urgencyOf } from './uplinks.ts';

const settleMs = 15;

export interface UplinkHandlers {
  readonly changed: (uplinks: readonly LocalUplink[]) => void;
  /** After every change of `tables`, whether it concerns uplinks or not. */
  readonly tablesChanged?: () => void;
  readonly failed: (error: unknown) => void;
}

export class UplinkWatcher {
  readonly tables = new RtnlTables();
  readonly #handlers: UplinkHandlers;
  readonly #isOurs: (device: string) => boolean;
  readonly #notifications: NetlinkNotifications;
  #told: readonly LocalUplink[];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Throws SystemError. The uplinks at the start are in `current`. */
  constructor(rtnl: Rtnl, isOurs: (device: string) => boolean, handlers: UplinkHandlers) {
    this.#handlers = handlers;
    this.#isOurs = isOurs;
    this.#notifications = rtnl.watch(
      this.tables,
      () => {
        handlers.tablesChanged?.();
        this.#check();
      },
      handlers.failed,
    );
    this.#told = uplinksOf(this.tables, isOurs);
  }

  /** The uplinks as last told. */
  get current(): readonly LocalUplink[] {
    return this.#told;
  }

  #check(): void {
    const urgency = urgencyOf(this.#told, uplinksOf(this.tables, this.#isOurs));
    if (urgency === 'now') this.#tell();
    else if (urgency === 'unchanged') this.#stopTimer();
    else this.#timer ??= setTimeout(() => this.#settled(), settleMs);
  }

  #settled(): void {
    // Clearing a timer from its own callback ends one of the engines.
    this.#timer = undefined;
    this.#tell();
  }

  #tell(): void {
    this.#stopTimer();
    const uplinks = uplinksOf(this.tables, this.#isOurs);
    if (sameUplinks(uplinks, this.#told)) return;
    this.#told = uplinks;
    try {
      this.#handlers.changed(uplinks);
    } catch (error) {
      this.#handlers.failed(error);
    }
  }

  #stopTimer(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  close(): void {
    this.#stopTimer();
    this.#notifications.close();
  }
}
