/**
 * What carries the packets of a daemon: a data path with the virtual interface that belongs to it, in
 * user space or in the kernel. Both kinds look the same from here on.
 */

import type { DataSuite, PathNotice } from '../datapath/commands.ts';
import type { Sink } from '../datapath/data-path.ts';
import type { Suite } from '../noise/suite.ts';
import type { DataPathStatus } from '../protocol/control-results.ts';
import type { PathPort } from './driver-ports.ts';
import type { Log } from './log.ts';
import type { Rtnl } from './netlink/rtnl.ts';
import type { LocalUplink } from './uplinks.ts';
import type { VirtualInterface } from './virtual-interface.ts';

export interface CarrierParts {
  readonly suite: Suite;
  readonly rtnl: Rtnl;
  readonly log: Log;
  /** UDP port of the daemon's socket. */
  readonly port: number;
  /** Of inner packets; undefined when no role has any of its own. */
  readonly device: string | undefined;
  /** Of the kernel module, which needs one for relaying too; undefined when nothing is carried. */
  readonly kernelDevice: string | undefined;
  /** Lets the kernel put together what comes to the UDP port. */
  readonly coalesce: () => void;
  /** What is relayed for others at most; 0 for no limit. */
  readonly relayBytesPerSecond: number;
  readonly send: Sink['send'];
  readonly notice: (notice: PathNotice) => void;
  /** After a batch of packets or notices. */
  readonly settle: () => void;
  /** Someone else deleted the virtual interface; it is there again. */
  readonly remade: () => void;
  readonly failed: (error: unknown) => void;
}

export interface PacketCarrier {
  readonly status: DataPathStatus;
  readonly path: PathPort;
  /** By which it can seal packets. */
  readonly suites: readonly DataSuite[];
  readonly interface: VirtualInterface | undefined;
  /** Uplinks that packets leave by and come in at. */
  setUplinks(uplinks: readonly LocalUplink[]): void;
  /** The system's devices are now those with these indexes. */
  devicesChanged(exists: (deviceIndex: number) => boolean): void;
  /** By part. */
  counters(): Record<string, Record<string, number>>;
  close(): void;
}
