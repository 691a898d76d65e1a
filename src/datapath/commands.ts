/**
 * What the daemon tells a data path, and what the data path tells the daemon. Kernel module and
 * user-space path take the same commands and give the same notices; the simulator runs the latter.
 * Paper sections 3.5, 4.1 and 4.3: the tunnel table is filled by the daemon according to its messages.
 */
import type { Endpoint, Ip, Prefix } from '../base/ip.ts';
import type { PathId } from '../wire/ids.ts';
import type { Alias } from './alias.ts';

/** Where packets of a path go. */
export interface Route {
  readonly remote: Endpoint;
  /** Uplink to leave by; the system's routing decides when absent. */
  readonly uplink?: string;
}

/** A destination not yet proven to be where it claims: it gets this much, then `fallback` gets it again. */
export interface Unverified {
  readonly budgetBytes: number;
  /** Milliseconds on the machine's clock. */
  readonly until: number;
  readonly fallback?: Endpoint;
}

export type Side = 0 | 1;

/**
 * How the packets of a key are sealed (protocol.md 6). `none` has no tag and needs the consent of both
 * owners: data of it moves no endpoint and is never a replay. AES-128-GCM is the kernel module's alone:
 * libsodium has no such cipher.
 */
export const dataSuites = ['chacha20-poly1305', 'aes-128-gcm', 'none'] as const;
export type DataSuite = (typeof dataSuites)[number];

export type PathCommand =
  | {
      readonly op: 'path-new';
      readonly pathId: PathId;
      readonly side: Side;
      readonly kind: 'node' | 'exit';
      /** Inner addresses behind the other end: destinations of this path and permitted inner sources. */
      readonly peerPrefixes: readonly Prefix[];
      /** Never of this path although a prefix covers them: the virtual pools, on a path to an exit. */
      readonly excludedPrefixes: readonly Prefix[];
      /** At an exit (the Relay Server's end): refuse inner destinations that are not global unicast. */
      readonly globalOnly: boolean;
      /** The peer's IPv4 address and the one it has here, which is among `peerPrefixes` (protocol.md 11.12). */
      readonly alias?: Alias;
      /** Without data for this long, an `idle` notice; 0 for never. */
      readonly idleMs: number;
    }
  | {
      readonly op: 'path-route';
      readonly pathId: PathId;
      /** None: packets are dropped until there is one. */
      readonly route: Route | undefined;
      /** Also sent there until `alsoUntil`; the receiver's replay window drops the second copy. */
      readonly also?: Route;
      readonly alsoUntil?: number;
      /** Relayed routes never float. */
      readonly relayed: boolean;
      readonly unverified?: Unverified;
      /** Sources that never move a direct endpoint: the Relay Server's. */
      readonly relays: readonly Endpoint[];
    }
  /** A new key pair starts at counter 0; it receives at once and sends after `key-use`. */
  | {
      readonly op: 'key-set';
      readonly pathId: PathId;
      readonly epoch: number;
      readonly sendKey: Uint8Array;
      readonly receiveKey: Uint8Array;
      /** ChaCha20-Poly1305 when absent; the keys always have 32 bytes. */
      readonly suite?: DataSuite;
    }
  | { readonly op: 'key-use'; readonly pathId: PathId; readonly epoch: number }
  | { readonly op: 'key-delete'; readonly pathId: PathId; readonly epoch: number }
  /** Wants the figures of a path as they are now: a `counted` notice. */
  | { readonly op: 'path-count'; readonly pathId: PathId; readonly moment: CountMoment }
  | { readonly op: 'path-delete'; readonly pathId: PathId }
  | { readonly op: 'relay-new'; readonly pathId: PathId; readonly idleMs: number }
  | {
      readonly op: 'relay-leg';
      readonly pathId: PathId;
      readonly side: Side;
      readonly endpoint: Endpoint | undefined;
      readonly unverified?: Unverified;
    }
  | { readonly op: 'relay-delete'; readonly pathId: PathId }
  | { readonly op: 'flush' };

/** What a count is for; see protocol/tunnel/losses.ts. */
export type CountMoment = 'moved' | 'settled' | 'followed' | 'report';

export type PathNotice =
  /** An application sends to a virtual IP that no path leads to. At most once a second per destination. */
  | { readonly notice: 'no-path'; readonly destination: Ip }
  /** An authenticated packet moved the direct endpoint. */
  | {
      readonly notice: 'moved';
      readonly pathId: PathId;
      readonly remote: Endpoint;
      readonly uplink?: string;
    }
  /** Data was sent for a second and nothing came back. Repeated each second while that lasts. */
  | { readonly notice: 'silent'; readonly pathId: PathId }
  /** First packet opened under the key of this epoch. */
  | { readonly notice: 'first-packet'; readonly pathId: PathId; readonly epoch: number }
  /** First packet opened since the last `path-route`. */
  | { readonly notice: 'resumed'; readonly pathId: PathId; readonly from: Endpoint }
  | { readonly notice: 'key-wanted'; readonly pathId: PathId }
  | { readonly notice: 'idle'; readonly pathId: PathId }
  /** The answer to `path-count`. */
  | {
      readonly notice: 'counted';
      readonly pathId: PathId;
      readonly moment: CountMoment;
      readonly stats: PathStats;
    }
  /** A Capsulated Packet of an unknown path, or of a relay path from the wrong source. Rate limited. */
  | {
      readonly notice: 'unknown-path';
      readonly pathId: PathId;
      readonly from: Endpoint;
      readonly uplink?: string;
      readonly length: number;
    };

export interface PathStats {
  readonly pathId: PathId;
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly receivedPackets: number;
  readonly receivedBytes: number;
  /** Capsulated Packets that never came, by the gaps in the counters; null where none are looked at: in suite none. */
  readonly lostPackets: number | null;
  /**
   * `lostPackets` as it was some 250 to 500 ms earlier, or before the last pause. Who hears of the peer's move
   * may have got the first packets from the new place before.
   */
  readonly lostBefore: number | null;
  readonly dropped: Readonly<Record<string, number>>;
  /** Milliseconds on the machine's clock; 0 for never. */
  readonly lastSentAt: number;
  readonly lastReceivedAt: number;
}
