/**
 * What the control methods return: one type a method. A role answers with its own part; the daemon puts
 * the parts of its roles together (`status` by role, lists one after another). Roles have no wall clock:
 * what happened is told as milliseconds ago, and a call carries the caller's time where one is needed.
 * Absent values are null, so that every key is always there.
 */
import type { DataSuite } from '../datapath/commands.ts';
import type { NatSituation } from '../wire/messages.ts';

/** Added by the daemon to the arguments of every call: Unix seconds by its wall clock. */
export const wallClockArgument = 'unixSeconds';

export type RoleName = 'node' | 'ds' | 'rs';

/** "punched" is direct between two nodes behind NATs; "none" while nothing is proven yet. */
export type RouteKind = 'direct' | 'punched' | 'relay' | 'none';

/** A Direction Server or Relay Server as seen from here. */
export type ServerReach = {
  readonly name: string | null;
  /** Printed form. */
  readonly nodeId: string;
  readonly endpoint: string | null;
  /** null while nothing was ever sent to it. */
  readonly reachable: boolean | null;
  /** For how long it has been reachable, or not. */
  readonly sinceMs: number | null;
  readonly rttMs: number | null;
};

export type UplinkStatus = {
  readonly id: string;
  readonly device: string;
  readonly ip: string;
  readonly usable: boolean;
  readonly preferred: boolean;
};

export type RegistrationState = 'starting' | 'no-uplink' | 'registering' | 'registered' | 'refused';

export type NodeStatus = {
  readonly state: RegistrationState;
  /** The sentence that came with a Refusal, or what is being waited for. */
  readonly stateText: string | null;
  readonly name: string | null;
  readonly zone: string | null;
  readonly nodeId: string;
  readonly virtualIpv4: string | null;
  readonly virtualIpv6: string | null;
  readonly device: string;
  readonly mtu: number;
  readonly directionServer: ServerReach;
  readonly relays: readonly ServerReach[];
  readonly nat: NatSituation;
  /** Where the Direction Server sees this node. */
  readonly observed: string | null;
  readonly uplinks: readonly UplinkStatus[];
  readonly paths: number;
  readonly handovers: number;
  readonly counters: Readonly<Record<string, number>>;
};

export type ZoneStatus = {
  readonly zone: string;
  readonly policy: 'allow' | 'ask' | 'deny';
  /** "found" by DNS, or named by the "owner" in the configuration. */
  readonly source: 'owner' | 'found';
  /** Hexadecimal. */
  readonly publicKey: string;
  /** Another key that DNS now names; `ntmobile trust` accepts it. */
  readonly offeredKey: string | null;
  /** Null while nothing is wanted of it. */
  readonly reachable: boolean | null;
  readonly sinceMs: number | null;
};

export type DsStatus = {
  readonly zone: string;
  readonly nodeId: string;
  /** Hexadecimal: what the owner of another zone puts into "option key". */
  readonly publicKey: string;
  readonly advertised: readonly string[];
  readonly pool: string;
  readonly poolUsed: number;
  readonly poolSize: number;
  readonly nodes: number;
  readonly nodesOnline: number;
  readonly relays: number;
  readonly relaysOnline: number;
  readonly invites: number;
  readonly paths: number;
  readonly zones: readonly ZoneStatus[];
  readonly counters: Readonly<Record<string, number>>;
};

export type RsStatus = {
  readonly state: RegistrationState;
  readonly stateText: string | null;
  readonly name: string | null;
  readonly zone: string | null;
  readonly nodeId: string;
  readonly advertised: readonly string[];
  readonly directionServer: ServerReach;
  readonly exit: boolean;
  readonly paths: number;
  readonly pathLimit: number;
  /** Its owner wants it empty. */
  readonly draining: boolean;
  readonly counters: Readonly<Record<string, number>>;
};

export type DataPathStatus = {
  readonly kind: 'kernel' | 'user-space';
  /** Why this kind, as a sentence. */
  readonly reason: string;
};

export type DaemonStatus = {
  readonly version: string;
  readonly uptimeMs: number;
  readonly port: number;
  readonly dataPath: DataPathStatus;
  /** By which data may be sealed here; each path has the one that both ends took. */
  readonly suites: readonly DataSuite[];
  /** Roles that are configured and do not run, and other standing problems: sentences. */
  readonly problems: readonly string[];
  readonly counters: Readonly<Record<string, number>>;
};

/** Merged by the daemon; a role returns its own part alone. */
export type StatusResult = {
  readonly daemon: DaemonStatus;
  readonly node: NodeStatus | null;
  readonly ds: DsStatus | null;
  readonly rs: RsStatus | null;
};

export type PathRow = {
  readonly role: RoleName;
  readonly pathId: string;
  /** "exit": towards general nodes through a Relay Server. */
  readonly kind: 'node' | 'exit';
  readonly peerName: string | null;
  readonly peerId: string | null;
  readonly virtualIpv4: string | null;
  readonly virtualIpv6: string | null;
  readonly state: 'building' | 'up' | 'silent';
  readonly route: RouteKind;
  /** By which the ends seal data; null while they have not agreed, and at a Relay Server between them. */
  readonly suite: DataSuite | null;
  /** Of the Relay Server in use or standing by. */
  readonly relayName: string | null;
  /** Where packets go now; at a Relay Server the leg of side 0. */
  readonly endpoint: string | null;
  /** At a Relay Server the leg of side 1. */
  readonly otherEndpoint: string | null;
  readonly uplink: string | null;
  readonly rttMs: number | null;
  readonly ageMs: number;
  /** Since data last came or went; null before the first. */
  readonly idleMs: number | null;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly sentPackets: number;
  readonly receivedPackets: number;
  /** On the way here; null where that is not known: in suite none, and at a Relay Server. */
  readonly lostPackets: number | null;
  /** Packets of this path that were dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
};

export type PathsResult = {
  readonly paths: readonly PathRow[];
  /** Of all paths that the call asked for, whether in this part of the list or not. */
  readonly total: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
};

export type HandoverCause =
  /** The uplink in use lost its address or link. */
  | 'uplink-lost'
  /** A better uplink came up while the old one still works. */
  | 'uplink-preferred'
  | 'address-changed'
  /** No event told it: the path went silent. */
  | 'silence'
  /** The observed endpoint changed under an unchanged uplink. */
  | 'nat-changed';

/** What a move did to one path. */
export type HandoverPath = {
  readonly pathId: string;
  readonly peerName: string | null;
  readonly before: RouteKind;
  readonly after: RouteKind;
  /** From the event to the first Tunnel Response. */
  readonly firstAnswerMs: number | null;
  /** From the event to the first data received. */
  readonly firstDataMs: number | null;
  /**
   * Packets of the peer that did not come to this node, up to a second after data went on; null when none came
   * that would show it.
   */
  readonly lostPackets: number | null;
  /** Packets of this node that did not come to the peer, as it told; null when it told nothing or nothing was sent. */
  readonly peerLostPackets: number | null;
};

export type HandoverRow = {
  /** Counts moves from the start of the process. */
  readonly number: number;
  readonly agoMs: number;
  readonly cause: HandoverCause;
  /** Real addresses before and after; null for none. */
  readonly from: string | null;
  readonly to: string | null;
  readonly fromDevice: string | null;
  readonly toDevice: string | null;
  /** From the event to the NTM Update Response. */
  readonly updateMs: number | null;
  readonly paths: readonly HandoverPath[];
  /** Of the move, and of all its paths together; `paths` may be the slowest of them only. */
  readonly pathCount: number;
  readonly lostPackets: number | null;
  readonly peerLostPackets: number | null;
};

/** The youngest first, at most 100. */
export type HandoversResult = {
  readonly handovers: readonly HandoverRow[];
  /** Of all that are kept. */
  readonly total: number;
};

export type NodeRow = {
  readonly kind: 'node' | 'relay';
  readonly name: string;
  readonly nodeId: string;
  /** Hexadecimal. */
  readonly publicKey: string;
  readonly virtualIpv4: string | null;
  readonly virtualIpv6: string | null;
  readonly online: boolean;
  readonly endpoint: string | null;
  readonly nat: NatSituation;
  /** Since it was last heard; null when never since the start of this server. */
  readonly heardMs: number | null;
  readonly paths: number;
  /** Relay Server only: paths it takes at the same time; null for a node, or while it is offline. */
  readonly pathLimit: number | null;
  /** Relay Server only: carries traffic to general nodes. */
  readonly exit: boolean;
  readonly software: string | null;
};

export type NodesResult = {
  readonly nodes: readonly NodeRow[];
  /** Of all that the call asked for, whether in this part of the list or not. */
  readonly total: number;
};

export type InviteResult = {
  readonly name: string;
  readonly relay: boolean;
  /** The line of text to hand over, "ntm1:…". */
  readonly invite: string;
  /** Unix seconds. */
  readonly expiresAt: number;
};

export type InviteRow = {
  readonly name: string;
  readonly relay: boolean;
  readonly expiresAt: number;
};

export type InvitesResult = { readonly invites: readonly InviteRow[] };

export type UninviteResult = { readonly name: string };
export type RenameResult = {
  readonly nodeId: string;
  readonly oldName: string;
  readonly name: string;
};
export type RemoveResult = { readonly nodeId: string; readonly name: string };

/** What was accepted, or is denied from now on. */
export type TrustResult = {
  readonly name: string;
  readonly kind: 'zone' | 'node';
  /** Public key of the zone in hexadecimal, or Node ID of the name. */
  readonly key: string;
  readonly policy: 'allow' | 'deny';
};

/** How many paths it has still: those that found no other Relay Server, and exits. */
export type DrainResult = { readonly draining: boolean; readonly paths: number };

export type ConnectResult = {
  readonly pathId: string;
  readonly peerName: string;
  readonly peerId: string;
  readonly virtualIpv4: string | null;
  readonly virtualIpv6: string | null;
  readonly route: RouteKind;
  readonly relayName: string | null;
  readonly tookMs: number;
};

/** One probe; a lost one is an error answer. */
export type PingResult = {
  readonly peerName: string;
  readonly peerId: string;
  readonly virtualIp: string | null;
  readonly route: RouteKind;
  readonly relayName: string | null;
  readonly rttMs: number;
};

/** Sentences each. */
export type ReloadResult = {
  readonly applied: readonly string[];
  /** What has changed and takes a restart. */
  readonly pending: readonly string[];
  /** Of the configuration; what is concerned stays as it was. */
  readonly problems: readonly string[];
};

/** The NTM record of a name (protocol.md 10). */
export type ResolveResult = {
  readonly name: string;
  /** From the own Direction Server over its session, or from the DNS, which proves nothing. */
  readonly source: 'direction-server' | 'dns';
  readonly nodeId: string;
  readonly publicKey: string;
  readonly virtualIpv4: string | null;
  readonly virtualIpv6: string | null;
  readonly nat: 'unknown' | 'global' | 'private';
  readonly dsKey: string;
  readonly dsAddresses: readonly string[];
};

export type CloseResult = { readonly pathId: string; readonly peerName: string };

export type TraceRow = {
  readonly role: RoleName;
  readonly agoMs: number;
  readonly direction: 'sent' | 'received' | 'dropped';
  /** Title of the message; null when it could not be told. */
  readonly message: string | null;
  readonly endpoint: string;
  readonly uplink: string | null;
  readonly bytes: number;
  /** Main fields in a few words, or the drop reason. */
  readonly summary: string;
};

/** The oldest first. */
export type TraceResult = { readonly trace: readonly TraceRow[] };

export type CheckRow = {
  /** What was looked at, "Direction Server". */
  readonly check: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly finding: string;
  /** What mends it; null when there is nothing to do. */
  readonly act: string | null;
};

export type DiagnoseResult = { readonly checks: readonly CheckRow[] };

/** What the whole daemon returns by method; a role's `status` is only its own part. */
export type ControlResults = {
  readonly status: StatusResult;
  readonly paths: PathsResult;
  readonly handovers: HandoversResult;
  readonly nodes: NodesResult;
  readonly invite: InviteResult;
  readonly invites: InvitesResult;
  readonly uninvite: UninviteResult;
  readonly rename: RenameResult;
  readonly remove: RemoveResult;
  readonly drain: DrainResult;
  readonly trust: TrustResult;
  readonly connect: ConnectResult;
  readonly ping: PingResult;
  readonly close: CloseResult;
  readonly resolve: ResolveResult;
  readonly reload: ReloadResult;
  readonly trace: TraceResult;
  readonly diagnose: DiagnoseResult;
};
