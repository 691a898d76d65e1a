/**
 * The message table: every message of the paper (figure 2) and the answers added to it, with code, ends,
 * framing and fields. The codec, the length bounds, the protocol page, the vectors, the fuzz generator and
 * the trace printer come from this table; a message exists when it has a row here.
 */
import {
  blob,
  bytes,
  choice,
  endpointField,
  type Fields,
  flag,
  hexId,
  ip,
  list,
  optional,
  prefixField,
  rest,
  struct,
  text,
  u8,
  u16,
  u32,
  type ValueOf,
  type ValuesOf,
} from './fields.ts';
import type { Incarnation, NodeId, PathId, SessionId, Stamp, Token64 } from './ids.ts';

/**
 * How a message is framed and protected.
 * - first: before a session exists; keyed hash under the receiver's public key, then the cookie hash.
 * - plain: an answer before authentication, which is only ever a hint.
 * - sealed: inside a session; transaction (u32) and extensions surround the fields.
 * - tunnel: keyed hash under a leg key or the direct key of a path.
 * - path: sealed under the control key of a path, between the two nodes.
 * - data: the Capsulated Packet.
 */
export type Framing = 'first' | 'plain' | 'sealed' | 'tunnel' | 'path' | 'data';

export interface MessageRow<F extends Fields = Fields> {
  readonly code: number;
  readonly title: string;
  readonly framing: Framing;
  readonly from: string;
  readonly to: string;
  /** Name of the row that answers this request. */
  readonly answer?: string;
  readonly purpose: string;
  readonly source: string;
  readonly fields: F;
}

function row<F extends Fields>(value: MessageRow<F>): MessageRow<F> {
  return value;
}

const nodeId = hexId<NodeId>(16, 'Node ID');
const pathId = hexId<PathId>(8, 'Path ID');
const sessionId = hexId<SessionId>(8, 'session ID');
const incarnation = hexId<Incarnation>(8, 'incarnation');
const stampField = hexId<Stamp>(8, 'stamp');
const token = hexId<Token64>(8, 'token');
const publicKey = bytes(32);
const secret = bytes(32);
const mac = bytes(16);
const name = text(63);
const zone = text(190);

export const candidate = struct({
  kind: choice('local', 'observed', 'mapped'),
  endpoint: endpointField,
});
export type Candidate = ValueOf<typeof candidate>;
export const maxCandidates = 8;
const candidates = list(candidate, maxCandidates);

/** Whether a node's observed endpoint is one of its own addresses: G, or P, of the paper's Table 1. */
const natSituation = choice('unknown', 'global', 'private');
export type NatSituation = ValueOf<typeof natSituation>;

const relay = struct({
  relayId: nodeId,
  publicKey,
  incarnation,
  endpoints: list(endpointField, 2),
});
export type RelayInfo = ValueOf<typeof relay>;

/** Bit 0 ChaCha20-Poly1305, bit 1 AES-128-GCM, bit 2 none. */
const suites = u8;

export const messages = {
  sessionInitiation: row({
    code: 0x01,
    title: 'Session Initiation',
    framing: 'first',
    from: 'node, RS, DS',
    to: 'DS, RS',
    answer: 'sessionResponse',
    purpose: 'First message of Noise IK. The payload carries the first request; padded to 1,200 bytes.',
    source: 'added',
    fields: { sender: sessionId, receiverIncarnation: incarnation, stamp: stampField, noise: rest(1400) },
  }),
  sessionResponse: row({
    code: 0x02,
    title: 'Session Response',
    framing: 'first',
    from: 'DS, RS',
    to: 'node, RS, DS',
    purpose: 'Second message of Noise IK. The payload carries the answer to the first request.',
    source: 'added',
    fields: { sender: sessionId, receiver: sessionId, incarnation, noise: rest(1400) },
  }),
  cookie: row({
    code: 0x03,
    title: 'Cookie',
    framing: 'plain',
    from: 'DS, RS',
    to: 'node, RS, DS',
    purpose: 'Under load: say it again with this cookie, which is bound to your address and the time.',
    source: 'added',
    fields: { receiver: sessionId, echoedMac: mac, cookie: bytes(16) },
  }),
  hint: row({
    code: 0x04,
    title: 'Hint',
    framing: 'plain',
    from: 'any',
    to: 'any',
    purpose:
      'What you sent means nothing here: the session or path is unknown, or the incarnation or stamp is not current. Never acted on beyond one new try.',
    source: 'added',
    fields: {
      reason: choice('unknown-session', 'stale-first-message', 'unknown-path', 'stale-tunnel-request'),
      subject: bytes(8),
      incarnation,
      leastStamp: stampField,
    },
  }),

  registrationRequest: row({
    code: 0x10,
    title: 'Registration Request',
    framing: 'sealed',
    from: 'node, RS',
    to: 'DS',
    answer: 'registrationResponse',
    purpose: 'At start: who I am and, the first time, the token of my invite.',
    source: 'paper 3.2',
    fields: {
      role: choice('node', 'relay'),
      incarnation,
      software: text(32),
      wantedName: name,
      token: optional(bytes(16)),
      /** Relay Server only: where nodes reach it, and whether it carries traffic to general nodes. */
      advertised: list(endpointField, 2),
      exit: flag,
    },
  }),
  registrationResponse: row({
    code: 0x11,
    title: 'Registration Response',
    framing: 'sealed',
    from: 'DS',
    to: 'node, RS',
    purpose: 'Virtual IPs, name and lease; the pools of this zone and of the zones it knows; Relay Servers.',
    source: 'paper 3.2',
    fields: {
      name,
      zone,
      virtualIpv4: optional(ip),
      virtualIpv6: optional(ip),
      pools: list(prefixField, 16),
      leaseSeconds: u32,
      observed: endpointField,
      relays: list(relay, 4),
    },
  }),
  updateRequest: row({
    code: 0x12,
    title: 'NTM Update Request',
    framing: 'sealed',
    from: 'node, RS',
    to: 'DS',
    answer: 'updateResponse',
    purpose: 'After a move and as keepalive: where I am now, and, to a DS that restarted, which paths live.',
    source: 'paper 3.2, 3.4',
    fields: {
      /** Counts moves; an older one than the last is answered and otherwise ignored. */
      move: u32,
      incarnation,
      local: list(endpointField, 4),
      mapped: list(endpointField, 2),
      relayDelays: list(struct({ relayId: nodeId, delayMs: u16 }), 4),
      livePaths: list(
        struct({
          pathId,
          peerId: nodeId,
          side: u8,
          relayId: optional(nodeId),
        }),
        24,
      ),
    },
  }),
  updateResponse: row({
    code: 0x13,
    title: 'NTM Update Response',
    framing: 'sealed',
    from: 'DS',
    to: 'node, RS',
    purpose: 'The endpoint the DS saw; whether it wants the live paths told (it restarted).',
    source: 'paper 3.2',
    fields: { observed: endpointField, wantLivePaths: flag },
  }),
  directionRequest: row({
    code: 0x14,
    title: 'Direction Request',
    framing: 'sealed',
    from: 'node',
    to: 'DS',
    answer: 'directionResponse',
    purpose: 'Build a path to this peer, or to the exit of a Relay Server; or the path that I have is lost.',
    source: 'paper 3.3, 3.4',
    fields: {
      target: choice('node-id', 'name', 'virtual-ip', 'exit'),
      peerId: optional(nodeId),
      peerName: text(254),
      peerIp: optional(ip),
      lostPath: optional(pathId),
    },
  }),
  directionResponse: row({
    code: 0x15,
    title: 'Direction Response',
    framing: 'sealed',
    from: 'DS',
    to: 'node',
    purpose: 'Which peer it is; the Route Direction is on its way.',
    source: 'added',
    fields: {
      pathId,
      peerId: nodeId,
      peerName: text(254),
      virtualIpv4: optional(ip),
      virtualIpv6: optional(ip),
    },
  }),
  routeDirection: row({
    code: 0x16,
    title: 'Route Direction',
    framing: 'sealed',
    from: 'DS',
    to: 'node; DS of the node',
    answer: 'routeDirectionAcknowledgement',
    purpose: 'Everything needed to build the path, or, with a higher revision, what has changed since.',
    source: 'paper 3.3, 3.4',
    fields: {
      targetId: nodeId,
      pathId,
      issuerKey: publicKey,
      revision: u32,
      kind: choice('node', 'exit'),
      side: u8,
      initiator: flag,
      /** Table 1: end to end, or via the Relay Server. */
      route: choice('direct', 'relay'),
      suites,
      /** Absent in revisions by a DS that restarted and no longer has them. */
      keys: optional(struct({ legKey: secret, psk: secret })),
      peerId: nodeId,
      peerKey: publicKey,
      peerIncarnation: incarnation,
      peerName: text(254),
      peerDsKey: publicKey,
      peerIpv4: optional(ip),
      peerIpv6: optional(ip),
      peerNat: natSituation,
      peerCandidates: candidates,
      relay: optional(relay),
      idleSeconds: u16,
    },
  }),
  routeDirectionAcknowledgement: row({
    code: 0x17,
    title: 'Route Direction Acknowledgement',
    framing: 'sealed',
    from: 'node; DS of the node',
    to: 'DS',
    purpose: 'Understood and acted on.',
    source: 'added',
    fields: { revision: u32 },
  }),
  relayDirection: row({
    code: 0x18,
    title: 'Relay Direction',
    framing: 'sealed',
    from: 'DS',
    to: 'RS',
    answer: 'relayResponse',
    purpose: 'Relay this path, or be its end towards general nodes.',
    source: 'paper 3.3, 4.3',
    fields: {
      pathId,
      issuerKey: publicKey,
      revision: u32,
      kind: choice('node', 'exit'),
      legKey0: secret,
      legKey1: secret,
      nodeIds: list(nodeId, 2),
      idleSeconds: u16,
      /** Kind exit only: what the Relay Server needs as the path's end. */
      exit: optional(
        struct({
          psk: secret,
          peerKey: publicKey,
          peerIncarnation: incarnation,
          peerName: text(254),
          peerDsKey: publicKey,
          peerIpv4: optional(ip),
          peerIpv6: optional(ip),
          suites,
        }),
      ),
    },
  }),
  relayResponse: row({
    code: 0x19,
    title: 'Relay Response',
    framing: 'sealed',
    from: 'RS',
    to: 'DS',
    purpose: 'Ready to relay; how many paths this Relay Server carries.',
    source: 'added',
    fields: { paths: u32, pathLimit: u32 },
  }),
  pathCloseRequest: row({
    code: 0x1a,
    title: 'Path Close Request',
    framing: 'sealed',
    from: 'DS; node',
    to: 'node, RS, DS of the node; DS',
    answer: 'pathCloseResponse',
    purpose: 'This path is over for this reason.',
    source: 'added',
    fields: { targetId: nodeId, pathId, issuerKey: publicKey, reason: choice('removed', 'idle', 'replaced', 'refused', 'lost') },
  }),
  pathCloseResponse: row({
    code: 0x1b,
    title: 'Path Close Response',
    framing: 'sealed',
    from: 'node, RS, DS of the node; DS',
    to: 'DS; node',
    purpose: 'The path is closed.',
    source: 'added',
    fields: { pathId },
  }),
  refusal: row({
    code: 0x1e,
    title: 'Refusal',
    framing: 'sealed',
    from: 'any',
    to: 'any',
    purpose: 'The answer to any request that may not or cannot be fulfilled.',
    source: 'added',
    fields: { code: u8, text: text(200), retrySeconds: u16 },
  }),
  sessionClose: row({
    code: 0x1f,
    title: 'Session Close',
    framing: 'sealed',
    from: 'any',
    to: 'any',
    purpose: 'This session ends now: the sender stops, or the node was removed.',
    source: 'added',
    fields: { reason: choice('stopping', 'removed', 'replaced') },
  }),
  peerDirectionRequest: row({
    code: 0x20,
    title: 'Peer Direction Request',
    framing: 'sealed',
    from: 'DS',
    to: 'DS',
    answer: 'peerDirectionResponse',
    purpose: 'A node of mine asks for a path to a node of yours.',
    source: 'paper 3.3 (figure 3), between the two DSs',
    fields: {
      zone,
      initiatorId: nodeId,
      initiatorKey: publicKey,
      initiatorName: text(254),
      initiatorIpv4: optional(ip),
      initiatorIpv6: optional(ip),
      target: choice('node-id', 'name', 'virtual-ip'),
      peerId: optional(nodeId),
      peerName: text(254),
      peerIp: optional(ip),
      pathId,
    },
  }),
  peerDirectionResponse: row({
    code: 0x21,
    title: 'Peer Direction Response',
    framing: 'sealed',
    from: 'DS',
    to: 'DS',
    purpose: 'Where that node of mine is.',
    source: 'added',
    fields: {
      peerId: nodeId,
      peerKey: publicKey,
      peerName: text(254),
      peerIncarnation: incarnation,
      virtualIpv4: optional(ip),
      virtualIpv6: optional(ip),
      nat: natSituation,
      candidates,
      relayDelays: list(struct({ relayId: nodeId, delayMs: u16 }), 4),
    },
  }),
  locationNotice: row({
    code: 0x22,
    title: 'Location Notice',
    framing: 'sealed',
    from: 'DS',
    to: 'DS',
    answer: 'locationAcknowledgement',
    purpose: 'A node of mine that paths of yours lead to has moved or restarted.',
    source: 'paper 3.4, between the two DSs',
    fields: {
      peerId: nodeId,
      peerIncarnation: incarnation,
      move: u32,
      nat: natSituation,
      candidates,
      pathIds: list(pathId, 64),
    },
  }),
  locationAcknowledgement: row({
    code: 0x23,
    title: 'Location Acknowledgement',
    framing: 'sealed',
    from: 'DS',
    to: 'DS',
    purpose: 'Noted; the paths in the list are not known here.',
    source: 'added',
    fields: { unknownPathIds: list(pathId, 64) },
  }),

  tunnelRequest: row({
    code: 0x40,
    title: 'Tunnel Request',
    framing: 'tunnel',
    from: 'node',
    to: 'node, RS',
    answer: 'tunnelResponse',
    purpose:
      'Opens or moves a leg at the Relay Server (flag leg; the inner part is then a path message for the other end) or starts the end-to-end handshake (inner part: Noise KKpsk0, or empty to open a NAT).',
    source: 'paper 3.2, 3.3',
    fields: { incarnation, stamp: stampField, inner: blob(1300) },
  }),
  tunnelResponse: row({
    code: 0x41,
    title: 'Tunnel Response',
    framing: 'tunnel',
    from: 'node, RS',
    to: 'node',
    purpose: 'The answer: the source that was seen, a token to be confirmed, the second handshake message.',
    source: 'paper 3.2, 3.3',
    fields: { incarnation, stamp: stampField, observed: endpointField, token, epoch: u8, inner: blob(1300) },
  }),
  tunnelConfirm: row({
    code: 0x42,
    title: 'Tunnel Confirm',
    framing: 'tunnel',
    from: 'node',
    to: 'RS',
    answer: 'none',
    purpose: 'Proves that the token arrived where the Tunnel Request claimed to come from.',
    source: 'added',
    fields: { incarnation, stamp: stampField, token },
  }),
  pathProbe: row({
    code: 0x44,
    title: 'Path Probe',
    framing: 'path',
    from: 'node',
    to: 'node',
    answer: 'pathAnswer',
    purpose:
      'Does this route work? With purpose "move": and from now on send to me this way. Names where else I might be reached.',
    source: 'added',
    fields: { probe: token, purpose: choice('test', 'move'), candidates },
  }),
  pathAnswer: row({
    code: 0x45,
    title: 'Path Answer',
    framing: 'path',
    from: 'node',
    to: 'node',
    purpose: 'It does; this is the source I saw. A challenge that is not zero wants an answer itself.',
    source: 'added',
    fields: { probe: token, challenge: token, observed: optional(endpointField) },
  }),
  pathClose: row({
    code: 0x46,
    title: 'Path Close',
    framing: 'path',
    from: 'node',
    to: 'node',
    answer: 'none',
    purpose: 'This path is over for this reason.',
    source: 'added',
    fields: { reason: choice('stopping', 'idle', 'refused', 'replaced') },
  }),
  capsulatedPacket: row({
    code: 0x80,
    title: 'Capsulated Packet',
    framing: 'data',
    from: 'node, RS',
    to: 'node, RS',
    purpose: 'An IP datagram between virtual IPs.',
    source: 'paper 3.2, 3.5',
    fields: {},
  }),
} as const;

export type MessageName = keyof typeof messages;
export type Values<Name extends MessageName> = ValuesOf<(typeof messages)[Name]['fields']>;

/** A decoded message: its name and values, told apart by `name`. */
export type Message<Name extends MessageName = MessageName> = {
  [Each in Name]: { readonly name: Each; readonly values: Values<Each> };
}[Name];

export type SealedName =
  | 'registrationRequest'
  | 'registrationResponse'
  | 'updateRequest'
  | 'updateResponse'
  | 'directionRequest'
  | 'directionResponse'
  | 'routeDirection'
  | 'routeDirectionAcknowledgement'
  | 'relayDirection'
  | 'relayResponse'
  | 'pathCloseRequest'
  | 'pathCloseResponse'
  | 'refusal'
  | 'sessionClose'
  | 'peerDirectionRequest'
  | 'peerDirectionResponse'
  | 'locationNotice'
  | 'locationAcknowledgement';
export type TunnelName = 'tunnelRequest' | 'tunnelResponse' | 'tunnelConfirm';
export type PathMessageName = 'pathProbe' | 'pathAnswer' | 'pathClose';
export type PlainName = 'cookie' | 'hint';
export type FirstName = 'sessionInitiation' | 'sessionResponse';
