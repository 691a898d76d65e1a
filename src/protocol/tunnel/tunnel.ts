/**
 * State of one path at one of its ends (paper sections 3.3, 3.4; protocol.md 6 to 8): who the peer is, the
 * keys by epoch, the leg at the Relay Server, the direct endpoint and what is being tried. Plain data; the
 * machines beside this file change it.
 */
import type { Endpoint, Ip, Prefix } from '../../base/ip.ts';
import type { Alias } from '../../datapath/alias.ts';
import type { DataSuite, PathStats, Side } from '../../datapath/commands.ts';
import type { Handshake } from '../../noise/handshake-state.ts';
import { ReplayWindow } from '../../noise/replay-window.ts';
import type { PathId, Stamp, Token64 } from '../../wire/ids.ts';
import type { RelayInfo } from '../../wire/messages.ts';
import { limits } from '../limits.ts';
import type { Uplink } from '../machine.ts';
import type { PathPeer } from '../path-peer.ts';
import type { SuiteSet } from '../suites.ts';

/** What a Route Direction (or, at an exit, a Relay Direction) says of a new path. */
export interface TunnelPlan {
  readonly pathId: PathId;
  readonly issuerKey: Uint8Array;
  readonly revision: number;
  readonly kind: 'node' | 'exit';
  readonly side: Side;
  readonly initiator: boolean;
  readonly legKey: Uint8Array;
  readonly psk: Uint8Array;
  readonly peer: PathPeer;
  readonly ownDsKey: Uint8Array;
  readonly ownIps: readonly Ip[];
  readonly relay: RelayInfo | undefined;
  /** That its Direction Server permits. */
  readonly suites: SuiteSet;
  readonly idleMs: number;
  readonly peerPrefixes: readonly Prefix[];
  /** The peer's IPv4 address is not unique here; it is among the prefixes by this one. */
  readonly alias?: Alias | undefined;
  readonly excludedPrefixes: readonly Prefix[];
  readonly globalOnly: boolean;
}

/** Keys of one epoch for the messages between the two nodes; data keys are the data path's alone. */
export interface ControlKeys {
  readonly epoch: number;
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  readonly window: ReplayWindow;
  /** Counts the handshakes of the path, so that messages of two epochs can be put in order. */
  readonly serial: number;
  counter: number;
}

export interface PendingHandshake {
  readonly stamp: Stamp;
  readonly handshake: Handshake;
  readonly message: Uint8Array;
  readonly cause: 'start' | 'rekey';
  tries: number;
}

export interface Leg {
  state: 'none' | 'asked' | 'open';
  stamp: Stamp | undefined;
  tries: number;
  askedAt: number;
  hurriedAt: number;
  /** Where the Relay Server last saw this end, since the last move. */
  observed: Endpoint | undefined;
  /** Round trip to the Relay Server, milliseconds. */
  delayMs: number | undefined;
}

/** A probe on its way: by which route, since when, and why. */
export interface Probe {
  readonly token: Token64;
  readonly via: 'direct' | 'relay';
  readonly to: Endpoint;
  readonly uplink: string | undefined;
  readonly purpose: 'test' | 'move' | 'challenge';
  readonly sentAt: number;
}

/** A move or another change of route under way, for the record of handovers. */
export interface Handover {
  readonly startedAt: number;
  readonly cause: string;
  readonly from: string;
  to: string;
  readonly kindBefore: ActiveRoute;
  kindAfter: ActiveRoute;
  answeredMs: number | undefined;
  dataMs: number | undefined;
  /** What the data path had counted when this end moved, and when the move had settled. */
  before: PathStats | undefined;
  after: PathStats | undefined;
  /** Of ours, as the peer told. */
  peerLostPackets: number | undefined;
}

export type ActiveRoute = 'none' | 'direct' | 'relay';

export interface Tunnel {
  readonly plan: TunnelPlan;
  readonly peer: PathPeer;
  readonly pathId: PathId;
  readonly side: Side;
  readonly directKey: Uint8Array;
  readonly createdAt: number;
  revision: number;
  relay: RelayInfo | undefined;
  /** Endpoints of Relay Servers it had before: what comes from there is still relayed. */
  formerRelays: readonly Endpoint[];
  readonly keys: (ControlKeys | undefined)[];
  /** Epoch of the newest keys, -1 before the first handshake, and the one that is sent under. */
  newestEpoch: number;
  sendEpoch: number;
  /** Of the newest keys. */
  suite: DataSuite | undefined;
  /** The epoch that the data path was told to send under; -1 before it has a route. */
  toldEpoch: number;
  serial: number;
  keyedAt: number;
  pending: PendingHandshake | undefined;
  /** At the responder: the last handshake message acted on and the answer given to it. */
  lastStamp: Stamp | undefined;
  lastAnswer:
    | { readonly stamp: Stamp; readonly inner: Uint8Array; readonly epoch: number }
    | undefined;
  readonly leg: Leg;
  active: ActiveRoute;
  /** Direct route in use or last in use. */
  direct: Endpoint | undefined;
  /** The uplink that data stays on while a new one is being tried: make before break. */
  heldUplink: Uplink | undefined;
  /** Whether an answer came over the direct route since it was taken. */
  directProven: boolean;
  /** Times an endpoint taken on the peer's word was asked to answer. */
  proofTries: number;
  directHeardAt: number;
  heardAt: number;
  /** Endpoints that may lead to the peer, with the number of probes sent to each. */
  readonly tries: Map<Endpoint, number>;
  upgradeAttempt: number;
  readonly probes: Map<Token64, Probe>;
  /** The newest "move" of the peer that was followed: serial of its keys, then counter. */
  movedBy: { readonly serial: number; readonly counter: number };
  /** An unanswered "move" of ours is repeated. */
  moveTries: number;
  moveUnanswered: boolean;
  roundTripMs: number | undefined;
  deadTries: number;
  handover: Handover | undefined;
  /** A move that is over but for what is still counted. */
  settling: Handover | undefined;
  /** The peer's move that was followed last, while it is counted. */
  followed: { readonly at: number; before: PathStats | undefined } | undefined;
  established: boolean;
  /** Another path to the same peer prevails: only what is under way is still let in, for a moment. */
  retired: boolean;
}

export function newTunnel(plan: TunnelPlan, directKey: Uint8Array, now: number): Tunnel {
  return {
    plan,
    peer: plan.peer,
    pathId: plan.pathId,
    side: plan.side,
    directKey,
    createdAt: now,
    revision: plan.revision,
    relay: plan.relay,
    formerRelays: [],
    keys: [undefined, undefined, undefined, undefined],
    newestEpoch: -1,
    sendEpoch: -1,
    suite: undefined,
    toldEpoch: -1,
    serial: 0,
    keyedAt: 0,
    pending: undefined,
    lastStamp: undefined,
    lastAnswer: undefined,
    leg: {
      state: 'none',
      stamp: undefined,
      tries: 0,
      askedAt: 0,
      hurriedAt: 0,
      observed: undefined,
      delayMs: undefined,
    },
    active: 'none',
    direct: undefined,
    heldUplink: undefined,
    directProven: false,
    proofTries: 0,
    directHeardAt: 0,
    heardAt: 0,
    tries: new Map(),
    upgradeAttempt: 0,
    probes: new Map(),
    movedBy: { serial: -1, counter: -1 },
    moveTries: 0,
    moveUnanswered: false,
    roundTripMs: undefined,
    deadTries: 0,
    handover: undefined,
    settling: undefined,
    followed: undefined,
    established: false,
    retired: false,
  };
}

export function newHandover(
  tunnel: Tunnel,
  now: number,
  what: { readonly cause: string; readonly from: string; readonly to: string },
): Handover {
  return {
    ...what,
    startedAt: now,
    kindBefore: tunnel.active,
    kindAfter: tunnel.active,
    answeredMs: undefined,
    dataMs: undefined,
    before: undefined,
    after: undefined,
    peerLostPackets: undefined,
  };
}

export function newControlKeys(
  epoch: number,
  serial: number,
  sendKey: Uint8Array,
  receiveKey: Uint8Array,
): ControlKeys {
  const window = new ReplayWindow(limits.sessionReplayWindow);
  return { epoch, serial, sendKey, receiveKey, window, counter: 0 };
}

export function keysToSend(tunnel: Tunnel): ControlKeys | undefined {
  return tunnel.keys[tunnel.sendEpoch];
}
