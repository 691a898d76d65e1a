/**
 * The interface of every role: facts in, effects out, and the time of the next wake-up. A role names no
 * clock, socket, file or timer of the system; the same role runs in the daemon and in the simulator.
 * Effects are data and are carried out in order, so that a `store` is on disk before the answer leaves.
 */
import type { Endpoint, Ip, Prefix } from '../base/ip.ts';
import type { Random } from '../base/random.ts';
import type { Deadline } from '../base/timers.ts';
import type { PathCommand, PathNotice, PathStats } from '../datapath/commands.ts';
import type { KeyPair, Suite } from '../noise/suite.ts';
import type { Incarnation } from '../wire/ids.ts';
import type { ForeignZone } from './foreign-zone.ts';
import type { SuiteSet } from './suites.ts';

/** An address of this machine that packets can leave from. */
export interface Uplink {
  /** Stable while the address stays: device and address, "eth0/192.0.2.2". */
  readonly id: string;
  readonly device: string;
  readonly ip: Ip;
  /** Whether a route to the outside leads through it. */
  readonly usable: boolean;
}

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** What `store` effects left, by name. It is gone through once, at birth, and may be read from disk meanwhile. */
export type Stored = Iterable<readonly [string, JsonObject]>;

export interface ControlCall {
  readonly method: string;
  readonly arguments: JsonObject;
}

export type ControlAnswer =
  | { readonly ok: true; readonly result: JsonObject }
  | { readonly ok: false; readonly error: string };

export type Input =
  /** The first input: the uplinks at start and what was stored. */
  | {
      readonly kind: 'start';
      readonly now: number;
      readonly uplinks: readonly Uplink[];
      readonly unixSeconds?: number;
      /** What the data path can and the owner allows; ChaCha20-Poly1305 alone when absent. */
      readonly suites?: SuiteSet;
    }
  | {
      readonly kind: 'datagram';
      readonly now: number;
      readonly from: Endpoint;
      readonly uplink?: string;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'timeout'; readonly now: number }
  /** All uplinks after a change, the preferred first. */
  | { readonly kind: 'uplinks'; readonly now: number; readonly uplinks: readonly Uplink[] }
  | { readonly kind: 'notice'; readonly now: number; readonly notice: PathNotice }
  | {
      readonly kind: 'control';
      readonly now: number;
      readonly id: number;
      readonly call: ControlCall;
      readonly stats: readonly PathStats[];
    }
  /** A DNS query for this role, as it came; each gets one `name-answer`. */
  | {
      readonly kind: 'name-query';
      readonly now: number;
      readonly id: number;
      readonly from: Endpoint;
      /** Over TCP: the answer may be long. */
      readonly stream: boolean;
      readonly bytes: Uint8Array;
    }
  /** What came of a `dns-request`: the answer to its very question, or why there is none. */
  | {
      readonly kind: 'dns-response';
      readonly now: number;
      readonly id: number;
      readonly response: Uint8Array | undefined;
      readonly error: string | undefined;
    }
  /** A Direction Server's owner has changed which other zones there are. */
  | { readonly kind: 'zones'; readonly now: number; readonly zones: readonly ForeignZone[] }
  /** The daemon is about to end: say goodbye. */
  | { readonly kind: 'stop'; readonly now: number };

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export type Output =
  | {
      readonly kind: 'transmit';
      readonly to: Endpoint;
      readonly uplink?: string;
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'path'; readonly command: PathCommand }
  /** The virtual interface as it is to be: whole, not a difference. */
  | {
      readonly kind: 'interface';
      readonly device: string;
      readonly mtu: number;
      readonly addresses: readonly Prefix[];
      readonly routes: readonly Prefix[];
      readonly exitRoutes: readonly Prefix[];
    }
  /** Durable before the next effect: `value` undefined deletes. `name` is "table/key". */
  | { readonly kind: 'store'; readonly name: string; readonly value: JsonObject | undefined }
  | { readonly kind: 'control-answer'; readonly id: number; readonly answer: ControlAnswer }
  /** For subscribers of the control socket and of ubus: "handover", "path", "node". */
  | { readonly kind: 'event'; readonly name: string; readonly data: JsonObject }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string }
  /** The answer to a `name-query`; undefined for silence. */
  | {
      readonly kind: 'name-answer';
      readonly id: number;
      readonly bytes: Uint8Array | undefined;
    }
  /**
   * Asks other name servers; one `dns-response` with the role's `id` follows within seconds. "upstream" are
   * the system's name servers, but never one on this machine, which could ask back.
   */
  | {
      readonly kind: 'dns-request';
      readonly id: number;
      readonly to: 'upstream' | Endpoint;
      readonly bytes: Uint8Array;
      /** Signed with the key of the owner's primary server (RFC 8945), and over TCP. */
      readonly signed: boolean;
    }
  /** The zones this machine resolves through this role now, forward and reverse. */
  | { readonly kind: 'zones'; readonly zones: readonly string[] }
  /** This role cannot go on until its configuration changes: the sentence names the act that mends it. */
  | { readonly kind: 'fatal'; readonly text: string };

export interface Machine {
  handle(input: Input): void;
  /** The next effect, in order; to be drained after every `handle`. */
  poll(): Output | undefined;
  deadline(): Deadline | undefined;
  /** Whether a control datagram that came to this process is for this role. */
  wants(datagram: Uint8Array): boolean;
}

/** What every role is given at birth. */
export interface Environment {
  readonly suite: Suite;
  readonly random: Random;
  readonly keys: KeyPair;
  readonly incarnation: Incarnation;
  /** Counts process starts; made durable before the first datagram (protocol.md 11.2). */
  readonly bootCount: number;
  readonly software: string;
  /** Of earlier runs. */
  readonly stored: Stored;
  /** Messages kept for the trace; as many as `limits` says unless told otherwise. */
  readonly traceKept?: number;
}
