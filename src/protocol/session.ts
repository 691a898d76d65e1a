/**
 * One session: the keys that came out of one Noise IK handshake, the counters and the replay window. An
 * association is what two parties have with each other for longer than a session: sessions are renewed
 * inside it, its requests outlive them.
 */

import { BoundedMap } from '../base/bounded-map.ts';
import type { Endpoint } from '../base/ip.ts';
import type { Handshake } from '../noise/handshake-state.ts';
import { ReplayWindow } from '../noise/replay-window.ts';
import { type Incarnation, type NodeId, noIncarnation, type SessionId } from '../wire/ids.ts';
import { limits } from './limits.ts';
import type { SealedMessage } from './sealed-message.ts';

export interface Session {
  readonly localId: SessionId;
  readonly remoteId: SessionId;
  readonly association: Association;
  readonly sendKey: Uint8Array;
  readonly receiveKey: Uint8Array;
  readonly window: ReplayWindow;
  readonly createdAt: number;
  sendCounter: number;
  /** A responder's session counts only after a first message under its keys (protocol.md 11.2). */
  confirmed: boolean;
  /** Where the other end was last heard from, for a responder's session. */
  endpoint: Endpoint;
}

export interface PendingRequest {
  readonly association: Association;
  readonly message: SealedMessage;
  /** Unique in the role, and short, since timers and maps are asked for it with every request. */
  readonly key: string;
  tries: number;
}

/** A handshake under way, at the initiator. */
export interface PendingHandshake {
  localId: SessionId;
  handshake: Handshake;
  firstMac: Uint8Array;
  tries: number;
  readonly payload: SealedMessage;
}

/** With one peer an end can have two associations: one that it initiates and one that it accepted. */
export interface Association {
  /** Unique in the role: the peer, and which end initiates. Key of timers and maps. */
  readonly label: string;
  readonly peerId: NodeId;
  readonly peerKey: Uint8Array;
  /** Whether this end opens and renews the sessions. */
  readonly initiates: boolean;
  /** Where to open sessions, tried in turn; only of an initiator. */
  endpoints: readonly Endpoint[];
  /** Uplink to send by; the system decides when undefined. */
  uplink: string | undefined;
  peerIncarnation: Incarnation;
  cookie: Uint8Array;
  cookieAt: number;
  current: Session | undefined;
  handshake: PendingHandshake | undefined;
  /** When a hint last made us open a session anew, and when one last hurried a first message. */
  hintedAt: number;
  hurriedAt: number;
  lastHeardAt: number;
  nextTransaction: number;
  readonly requests: BoundedMap<number, PendingRequest>;
  /** Answers given, by transaction, so that a repeated request gets the same one. */
  readonly answers: BoundedMap<number, GivenAnswer>;
}

/** To a request that came at `at`; without a message it is still being worked on. */
export interface GivenAnswer {
  readonly at: number;
  message: SealedMessage | undefined;
}

export function newAssociation(
  peerId: NodeId,
  peerKey: Uint8Array,
  initiates: boolean,
  endpoints: readonly Endpoint[],
  firstTransaction: number,
): Association {
  return {
    label: `${initiates ? 'to' : 'from'} ${peerId}`,
    peerId,
    peerKey,
    initiates,
    endpoints,
    uplink: undefined,
    peerIncarnation: noIncarnation,
    cookie: new Uint8Array(0),
    cookieAt: 0,
    current: undefined,
    handshake: undefined,
    hintedAt: Number.NEGATIVE_INFINITY,
    hurriedAt: Number.NEGATIVE_INFINITY,
    lastHeardAt: 0,
    nextTransaction: firstTransaction,
    requests: new BoundedMap(limits.maxPendingRequests),
    answers: new BoundedMap(limits.maxAnswersKept),
  };
}

export function newSession(
  association: Association,
  localId: SessionId,
  remoteId: SessionId,
  keys: { readonly send: Uint8Array; readonly receive: Uint8Array },
  endpoint: Endpoint,
  now: number,
): Session {
  return {
    localId,
    remoteId,
    association,
    sendKey: keys.send,
    receiveKey: keys.receive,
    window: new ReplayWindow(limits.sessionReplayWindow),
    createdAt: now,
    sendCounter: 0,
    confirmed: false,
    endpoint,
  };
}
