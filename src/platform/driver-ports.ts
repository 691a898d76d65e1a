/**
 * What the driver stands between: the roles it runs on one side, and on the other the ports that
 * carry out their effects.
 */
import type { Endpoint } from '../base/ip.ts';
import type { Deadline } from '../base/timers.ts';
import type { PathCommand, PathStats } from '../datapath/commands.ts';
import type { RoleName } from '../protocol/control-results.ts';
import type { JsonObject, Machine, Output } from '../protocol/machine.ts';
import type { Log } from './log.ts';
import type { Store } from './store/store.ts';

export interface HostedRole {
  readonly name: RoleName;
  readonly machine: Machine;
  readonly store: Store;
  /** Nothing of this role leaves while its state cannot be written: a Direction Server. */
  readonly requiresStore: boolean;
}

export type InterfaceOutput = Output & { readonly kind: 'interface' };

export type DnsRequestOutput = Output & { readonly kind: 'dns-request' };

/** A data path, in user space or in the kernel; notices come back through `Driver.notice`. */
export interface PathPort {
  command(now: number, command: PathCommand): void;
  inbound(
    now: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
    from: Endpoint,
    uplink: string | undefined,
  ): void;
  deadline(): Deadline | undefined;
  timeout(now: number): void;
  stats(now: number): readonly PathStats[];
  /** Of the paths that are relayed here for others. */
  relayStats(now: number): readonly PathStats[];
}

export interface DriverPorts {
  readonly now: () => number;
  readonly log: Log;
  readonly path: PathPort;
  /** Takes the bytes; they leave at `flush` at the latest. */
  readonly send: (to: Endpoint, uplink: string | undefined, bytes: Uint8Array) => void;
  readonly flush: () => void;
  readonly setInterface: (role: RoleName, wanted: InterfaceOutput) => void;
  /** The answer to the query that came under this number; undefined for silence. */
  readonly nameAnswer: (role: RoleName, id: number, bytes: Uint8Array | undefined) => void;
  /** Asks other name servers; the outcome goes to `Driver.dnsResponse`. */
  readonly dnsRequest: (role: RoleName, request: DnsRequestOutput) => void;
  /** The zones that this machine resolves through the role now. */
  readonly zones: (role: RoleName, zones: readonly string[]) => void;
  readonly event: (role: RoleName, name: string, data: JsonObject) => void;
  /** A role ended for good, with the sentence that says what mends it. */
  readonly fatal: (role: RoleName, text: string) => void;
  /** A mistake of our own: the daemon has to end. */
  readonly crashed: (error: unknown, summary: JsonObject) => void;
}
