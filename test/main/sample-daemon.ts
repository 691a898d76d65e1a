/** A daemon with all three roles and results as the roles give them, for the views of the command line. */
import type { DaemonView } from '../../src/platform/control/dispatch.ts';
import type {
  DaemonStatus,
  DsStatus,
  HandoverRow,
  NodeRow,
  NodeStatus,
  PathRow,
  RsStatus,
  ServerReach,
  TraceRow,
} from '../../src/protocol/control-results.ts';
import type { ControlAnswer, ControlCall, JsonObject } from '../../src/protocol/machine.ts';

export const server: ServerReach = {
  name: null,
  nodeId: 'dsds-dsds',
  endpoint: '203.0.113.10:4649',
  reachable: true,
  sinceMs: 7_200_000,
  rttMs: 12.3,
};

export const node: NodeStatus = {
  state: 'registered',
  stateText: null,
  name: 'notebook',
  zone: 'home.example',
  nodeId: 'abcd-efgh',
  virtualIpv4: '198.18.0.5',
  virtualIpv6: 'fd00::5',
  device: 'ntm0',
  mtu: 1400,
  directionServer: server,
  relays: [{ ...server, name: 'r1', endpoint: '203.0.113.20:4649' }],
  nat: 'private',
  observed: '198.51.100.7:61000',
  uplinks: [
    { id: 'eth0/192.168.1.2', device: 'eth0', ip: '192.168.1.2', usable: true, preferred: true },
    { id: 'wlan0/10.0.0.2', device: 'wlan0', ip: '10.0.0.2', usable: false, preferred: false },
  ],
  paths: 1,
  handovers: 1,
  counters: {},
};

export const ds: DsStatus = {
  zone: 'home.example',
  nodeId: 'dsds-dsds',
  publicKey: 'ab'.repeat(32),
  advertised: ['203.0.113.10:4649'],
  pool: '198.18.0.0/24',
  poolUsed: 3,
  poolSize: 254,
  nodes: 3,
  nodesOnline: 2,
  relays: 1,
  relaysOnline: 1,
  invites: 1,
  paths: 1,
  zones: [
    {
      zone: 'zone-b',
      policy: 'allow',
      source: 'owner',
      publicKey: 'ab'.repeat(32),
      offeredKey: null,
      reachable: false,
      sinceMs: null,
    },
  ],
  counters: {},
};

export const rs: RsStatus = {
  state: 'registered',
  stateText: null,
  name: 'r1',
  zone: 'home.example',
  nodeId: 'rsrs-rsrs',
  advertised: ['203.0.113.20:4649'],
  directionServer: server,
  exit: true,
  paths: 2,
  pathLimit: 4096,
  draining: false,
  counters: {},
};

const daemon: DaemonStatus = {
  version: '0.1.0',
  uptimeMs: 90_000,
  port: 4649,
  dataPath: { kind: 'user-space', reason: 'The kernel module is not loaded.' },
  suites: ['chacha20-poly1305'],
  problems: [],
  counters: {},
};

export const path: PathRow = {
  role: 'node',
  pathId: '0011223344556677',
  kind: 'node',
  peerName: 'phone.home.example',
  peerId: 'wxyz-2345',
  virtualIpv4: '198.18.0.6',
  virtualIpv6: null,
  state: 'up',
  route: 'relay',
  suite: 'chacha20-poly1305',
  relayName: 'r1',
  endpoint: '203.0.113.20:4649',
  otherEndpoint: null,
  uplink: 'eth0/192.168.1.2',
  rttMs: 21.4,
  ageMs: 65_000,
  idleMs: 10,
  sentBytes: 123_456,
  receivedBytes: 999,
  sentPackets: 100,
  receivedPackets: 9,
  lostPackets: 2,
  dropped: { replayed: 3 },
};

const relayed: PathRow = {
  ...path,
  role: 'rs',
  peerName: null,
  peerId: null,
  endpoint: '198.51.100.7:61000',
  otherEndpoint: '192.0.2.9:4649',
};

const handover: HandoverRow = {
  number: 1,
  agoMs: 3_600_000,
  cause: 'uplink-lost',
  from: '192.168.1.2',
  to: '10.0.0.2',
  fromDevice: 'eth0',
  toDevice: 'wlan0',
  updateMs: 15,
  paths: [
    {
      pathId: path.pathId,
      peerName: path.peerName,
      before: 'direct',
      after: 'relay',
      firstAnswerMs: 18,
      firstDataMs: 22.5,
      lostPackets: 3,
      peerLostPackets: null,
    },
  ],
  pathCount: 1,
  lostPackets: 3,
  peerLostPackets: null,
};

const nodeRow: NodeRow = {
  kind: 'node',
  name: 'notebook',
  nodeId: 'abcd-efgh',
  publicKey: '00'.repeat(32),
  virtualIpv4: '198.18.0.5',
  virtualIpv6: null,
  online: true,
  endpoint: '198.51.100.7:61000',
  nat: 'private',
  heardMs: 4000,
  paths: 1,
  pathLimit: null,
  exit: false,
  software: 'ntmobile 0.1.0',
};

const trace: TraceRow = {
  role: 'node',
  agoMs: 1500,
  direction: 'sent',
  message: 'NTM Update Request',
  endpoint: '203.0.113.10:4649',
  uplink: null,
  bytes: 120,
  summary: 'move 3',
};

export type Results = Readonly<Record<string, JsonObject | Error>>;

/** What each role answers by "role method"; an Error is an error answer. */
export const results: Results = {
  'node status': node,
  'ds status': ds,
  'rs status': rs,
  'node paths': { paths: [path] },
  'ds paths': { paths: [] },
  'rs paths': { paths: [relayed] },
  'node handovers': { handovers: [handover] },
  'ds nodes': {
    nodes: [
      nodeRow,
      { ...nodeRow, kind: 'relay', name: 'a-relay', nodeId: 'rsrs-rsrs', exit: true },
    ],
  },
  'ds invite': { name: 'phone', relay: false, invite: 'ntm1:AAAA', expiresAt: 1_790_086_400 },
  'ds invites': { invites: [{ name: 'phone', relay: false, expiresAt: 1_790_007_300 }] },
  'ds uninvite': { name: 'phone' },
  'ds rename': { nodeId: 'abcd', oldName: 'a', name: 'b' },
  'ds remove': new Error('No such node.'),
  'node connect': {
    pathId: path.pathId,
    peerName: 'phone.home.example',
    peerId: 'wxyz-2345',
    virtualIpv4: '198.18.0.6',
    virtualIpv6: null,
    route: 'direct',
    relayName: null,
    tookMs: 23,
  },
  'node ping': {
    peerName: 'phone.home.example',
    peerId: 'wxyz-2345',
    virtualIp: '198.18.0.6',
    route: 'direct',
    relayName: null,
    rttMs: 1.25,
  },
  'node resolve': {
    name: 'phone.home.example',
    source: 'direction-server',
    nodeId: 'aaaa-bbbb-cccc-dddd-eeee-ffff-ga',
    publicKey: '07'.repeat(32),
    virtualIpv4: '198.18.0.5',
    virtualIpv6: 'fd00::5',
    nat: 'private',
    dsKey: '08'.repeat(32),
    dsAddresses: ['203.0.113.10:4649'],
  },
  'node close': { pathId: path.pathId, peerName: 'phone.home.example' },
  'node trace': { trace: [trace, { ...trace, agoMs: 500, direction: 'dropped', message: null }] },
  'ds trace': { trace: [{ ...trace, role: 'ds', agoMs: 1000, direction: 'received' }] },
  'rs trace': { trace: [] },
  'node diagnose': { checks: [] },
  'ds diagnose': { checks: [] },
  'rs diagnose': { checks: [] },
};

/** `asked` collects the calls that reach the roles. */
export function sampleDaemon(
  roles: DaemonView['roles'] = ['node', 'ds', 'rs'],
  changed: Results = {},
  asked: ControlCall[] = [],
): DaemonView {
  const table: Results = { ...results, ...changed };
  return {
    roles,
    ask: async (role, call): Promise<ControlAnswer> => {
      asked.push(call);
      const found = table[`${role} ${call.method}`];
      if (found instanceof Error) return { ok: false, error: found.message };
      return found ? { ok: true, result: found } : { ok: false, error: `${role} ${call.method}?` };
    },
    status: () => daemon,
    checks: () => [],
    unixSeconds: () => 1_790_000_000,
  };
}
