/** Every bound and every time of the protocol, each with its unit: the one place to look and to change. */

const second = 1000;
const minute = 60 * second;

export const limits = {
  /** Sessions (protocol.md 4). */
  sessionReplayWindow: 1024,
  sessionRenewMs: 60 * minute,
  sessionLifeMs: 75 * minute,
  sessionOverlapMs: 10 * second,
  /** A session wants a successor at half of this, and sends no more at the whole. */
  maxMessagesPerSession: 2 ** 48,
  /** No wait above 2 s in the first minute and a half; a server that is gone for longer is asked less. */
  handshake: { firstMs: 250, mostMs: 1600 },
  patientHandshake: { firstMs: 15 * second, mostMs: 15 * second },
  patientAfterTries: 60,
  /** Unconfirmed sessions at a responder, and how long each waits for its first message. */
  maxUnconfirmed: 1024,
  unconfirmedLifeMs: 10 * second,
  /** Above this many first messages in a second, a cookie is asked for. */
  initiationsPerSecond: 200,
  cookieLifeMs: 2 * minute,
  maxRememberedStamps: 200_000,
  maxAssociations: 200_000,

  /** Requests (protocol.md 5). */
  request: { firstMs: 250, mostMs: 2 * second },
  maxRequestTries: 8,
  /** Without an answer after this many tries the session is tried anew. */
  rehandshakeAfterTries: 3,
  maxAnswersKept: 32,
  /** No request is repeated for so long. */
  answersKeptMs: 60 * second,
  maxPendingRequests: 256,

  /** Hints, cookies: at most so many answers before authentication in a second. */
  hintsPerSecond: 100,
  /** Those that answer a first message, which shows our public key and is forty times as long. */
  firstHintsPerSecond: 10_000,

  /** A Direction Server that has not answered after this time is told of. */
  unheardMs: 5 * second,

  /** Keepalives (protocol.md 5): one per NAT mapping, started at this interval. */
  keepaliveMs: 20 * second,
  keepaliveLeastMs: 10 * second,
  keepaliveMostMs: 55 * second,
  keepaliveGlobalMs: 50 * second,
  /** A Relay Server tells its DS so often that it lives: paths wait for it when the DS has restarted. */
  keepaliveRelayMs: 1 * second,
  /** One that was silent for so long, two keepalives with their repetitions, is taken for dead. */
  relaySilentMs: 2200,
  /** A DS takes a node for gone when it was silent for this long. */
  offlineAfterMs: 180 * second,
  leaseSeconds: 3600,

  /** Paths. */
  /**
   * A path that another has replaced still receives for so long; longer at the end with the higher Node ID, so
   * that of two ends that chose differently one learns it while the other's choice still stands.
   */
  retired: { lowerMs: 2 * second, higherMs: 3 * second },
  maxPathsPerNode: 1024,
  tunnel: { firstMs: 150, mostMs: 2 * second },
  maxTunnelTries: 12,
  /** Each time a handshake was sent this often in vain, the DS is asked to direct both ends again. */
  askAfterTunnelTries: 4,
  /**
   * The other end asks too when no handshake has reached it: after so long, and again whenever twice the time
   * has passed.
   */
  awaitTunnel: { firstMs: 2500, mostMs: 20 * second },
  probe: { firstMs: 150, mostMs: 1 * second },
  maxProbesPerCandidate: 5,
  /** The same when the search is taken up again though nothing has changed. */
  maxProbesPerUpgrade: 2,
  maxCandidates: 8,
  /** A probe that was not answered for so long never will be. */
  probeLifeMs: 10 * second,
  /** Tries to find a direct path while relayed: after this, doubling to the most. */
  upgrade: { firstMs: 10 * second, mostMs: 5 * minute },
  /**
   * A path that sends and hears nothing for a second is probed so often, at this distance, then rerouted
   * (protocol.md 8.6).
   */
  deadStepMs: 250,
  deadProbes: 3,
  /** How long data is sent both ways round after a move until one is confirmed. */
  bicastMs: 400,
  /** The same when a path goes from one Relay Server to another: both ends have to hear of it first. */
  relayChangeMs: 1500,
  unverifiedBudgetBytes: 256 * 1024,
  unverifiedMs: 500,
  oldEpochMs: 10 * second,
  /** The data path ends a key after an hour: one that is hardly used is renewed before. */
  pathKeyRenewMs: 50 * minute,
  directionRetry: { firstMs: 500, mostMs: 30 * second },
  /** Direction Requests of a node that wait for an answer at one time. */
  maxDirectionsInFlight: 64,
  /** Of these, for lost paths to nodes of one other zone, whose Direction Server may not answer. */
  maxRepairsOfZone: 16,
  /** An uplink that was left because nothing came back through it is tried again: this, doubling. */
  uplinkRetry: { firstMs: 30 * second, mostMs: 5 * minute },
  /** After a move, packets that come so much later than the first are not lost (protocol.md 8.7). */
  settleMs: 1 * second,
  /** How long the record of a move then waits for the peer to say what it has lost. */
  reportMs: 1500,
  handoversKept: 100,
  traceKept: 200,

  /** Directory. */
  /** Where nodes were last heard is written down so late, many at once. */
  lastSeenMs: 200,
  /** After its restart a DS tells its nodes one by one, so far apart, that it has lost their sessions. */
  wakeMs: 20,
  inviteHours: 24,
  maxNodes: 131_072,
  /** More are shown a page at a time. */
  maxNodesPerAnswer: 2000,
  maxInvites: 1024,
  maxPathsPerDs: 1_000_000,
  maxForeignZones: 64,
  /** Names of foreign zones whose Node ID is pinned. */
  maxForeignNames: 16_384,
  /** Paths and requests a second of one foreign zone, beyond which it is not served. */
  maxPathsPerZone: 20_000,
  /** Of these, to one node, which has room for paths of others too. */
  maxPathsPerZoneAndNode: 128,
  zoneRequestsPerSecond: 500,
  /** Unanswered by one foreign DS, beyond which it is asked nothing more. */
  maxQuestionsToZone: 192,
  /** Zones looked up in the DNS in a second, and how long a failure is remembered. */
  zoneLookupsPerSecond: 5,
  zoneRetryMs: 30 * second,
  /** Direction Requests that wait for a zone to be found. */
  maxZoneWaiters: 256,
  /** Relay Servers online at one DS. */
  maxRelays: 64,
} as const;
