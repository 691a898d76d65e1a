/** Generated from kmod-ntmobile/ntmobile.yaml by test/vm/generate-netlink.mjs: do not edit. */

export const familyName = 'ntmobile';
export const familyVersion = 1;

export const multicastGroups = ['notices'] as const;

export const maxAddresses = 8;
export const maxRelays = 8;
export const maxEpoch = 3;
export const keySize = 32;
export const pathKind = { node: 0, exit: 1 } as const;

export const commands = {
  devGet: 1,
  devSet: 2,
  pathNew: 3,
  pathSet: 4,
  pathDel: 5,
  pathGet: 6,
  keySet: 7,
  keyUse: 8,
  keyDel: 9,
  relayNew: 10,
  relayLeg: 11,
  relayDel: 12,
  relayGet: 13,
  flush: 14,
  noPathNtf: 15,
  movedNtf: 16,
  silentNtf: 17,
  firstPacketNtf: 18,
  resumedNtf: 19,
  keyWantedNtf: 20,
  idleNtf: 21,
  wrongSourceNtf: 22,
} as const;

export const ntmobileAttributes = {
  pad: { type: 1, kind: 'pad' },
  ifindex: { type: 2, kind: 'u32' },
  port: { type: 3, kind: 'u16', bigEndian: true },
  pathId: { type: 4, kind: 'u64', bigEndian: true },
  side: { type: 5, kind: 'u8' },
  kind: { type: 6, kind: 'u8' },
  address: { type: 7, kind: 'nest', many: true, nested: 'address' },
  globalOnly: { type: 8, kind: 'flag' },
  idleMs: { type: 9, kind: 'u32' },
  mtu: { type: 10, kind: 'u32' },
  route: { type: 11, kind: 'nest', nested: 'route' },
  also: { type: 12, kind: 'nest', nested: 'route' },
  alsoMs: { type: 13, kind: 'u32' },
  relayed: { type: 14, kind: 'flag' },
  unverified: { type: 15, kind: 'nest', nested: 'unverified' },
  relay: { type: 16, kind: 'nest', many: true, nested: 'endpoint' },
  epoch: { type: 17, kind: 'u8' },
  sendKey: { type: 18, kind: 'binary' },
  receiveKey: { type: 19, kind: 'binary' },
  endpoint: { type: 20, kind: 'nest', nested: 'endpoint' },
  uplink: { type: 21, kind: 'u32' },
  destination: { type: 22, kind: 'nest', nested: 'address' },
  length: { type: 23, kind: 'u32' },
  sentPackets: { type: 24, kind: 'u64' },
  sentBytes: { type: 25, kind: 'u64' },
  receivedPackets: { type: 26, kind: 'u64' },
  receivedBytes: { type: 27, kind: 'u64' },
  lostPackets: { type: 28, kind: 'u64' },
  sentAgoMs: { type: 29, kind: 'u64' },
  receivedAgoMs: { type: 30, kind: 'u64' },
  forwardedPackets: { type: 31, kind: 'u64' },
  forwardedBytes: { type: 32, kind: 'u64' },
  pathCount: { type: 33, kind: 'u32' },
  relayCount: { type: 34, kind: 'u32' },
  drops: { type: 35, kind: 'nest', nested: 'drop' },
} as const;

export const addressAttributes = {
  ipv4: { type: 1, kind: 'u32', bigEndian: true },
  ipv6: { type: 2, kind: 'binary' },
} as const;

export const endpointAttributes = {
  ipv4: { type: 1, kind: 'u32', bigEndian: true },
  ipv6: { type: 2, kind: 'binary' },
  port: { type: 3, kind: 'u16', bigEndian: true },
} as const;

export const routeAttributes = {
  remote: { type: 1, kind: 'nest', nested: 'endpoint' },
  uplink: { type: 2, kind: 'u32' },
  mark: { type: 3, kind: 'u32' },
} as const;

export const unverifiedAttributes = {
  budget: { type: 1, kind: 'u32' },
  ms: { type: 2, kind: 'u32' },
  fallback: { type: 3, kind: 'nest', nested: 'endpoint' },
} as const;

export const dropAttributes = {
  pad: { type: 1, kind: 'pad' },
  malformed: { type: 2, kind: 'u64' },
  wrongSide: { type: 3, kind: 'u64' },
  wrongEpoch: { type: 4, kind: 'u64' },
  wrongSource: { type: 5, kind: 'u64' },
  replayed: { type: 6, kind: 'u64' },
  badSeal: { type: 7, kind: 'u64' },
  badInnerSource: { type: 8, kind: 'u64' },
  refused: { type: 9, kind: 'u64' },
  unknownKey: { type: 10, kind: 'u64' },
  noPath: { type: 11, kind: 'u64' },
  noRoute: { type: 12, kind: 'u64' },
  loop: { type: 13, kind: 'u64' },
  tooBig: { type: 14, kind: 'u64' },
  ttlExceeded: { type: 15, kind: 'u64' },
  badChecksum: { type: 16, kind: 'u64' },
  notUnicast: { type: 17, kind: 'u64' },
  noMemory: { type: 18, kind: 'u64' },
} as const;

export const attributeTables = {
  ntmobile: ntmobileAttributes,
  address: addressAttributes,
  endpoint: endpointAttributes,
  route: routeAttributes,
  unverified: unverifiedAttributes,
  drop: dropAttributes,
} as const;
