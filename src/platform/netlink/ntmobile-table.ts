/** Generated from kmod-ntmobile/ntmobile.yaml by test/vm/generate-netlink.mjs: do not edit. */

export const familyName = 'ntmobile';
export const familyVersion = 1;

export const multicastGroups = ['notices'] as const;

export const maxAddresses = 8;
export const maxRelays = 8;
export const maxEpoch = 3;
export const keySize = 32;
export const pathKind = { node: 0, exit: 1 } as const;
export const suite = { chacha20Poly1305: 0, aes128Gcm: 1, none: 2 } as const;

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
  pad: 'pad',
  ifindex: 'u32',
  port: 'u16be',
  pathId: 'u64be',
  side: 'u8',
  kind: 'u8',
  address: 'address*',
  globalOnly: 'flag',
  idleMs: 'u32',
  mtu: 'u32',
  route: 'route',
  also: 'route',
  alsoMs: 'u32',
  relayed: 'flag',
  unverified: 'unverified',
  relay: 'endpoint*',
  epoch: 'u8',
  sendKey: 'binary',
  receiveKey: 'binary',
  endpoint: 'endpoint',
  uplink: 'u32',
  destination: 'address',
  length: 'u32',
  sentPackets: 'u64',
  sentBytes: 'u64',
  receivedPackets: 'u64',
  receivedBytes: 'u64',
  lostPackets: 'u64',
  sentAgoMs: 'u64',
  receivedAgoMs: 'u64',
  forwardedPackets: 'u64',
  forwardedBytes: 'u64',
  pathCount: 'u32',
  relayCount: 'u32',
  drops: 'drop',
  suite: 'u8',
  suites: 'u8',
  alias4: 'u32be',
  peer4: 'u32be',
  holdMs: 'u32',
  lostBefore: 'u64',
} as const;

export const addressAttributes = {
  ipv4: 'u32be',
  ipv6: 'binary',
} as const;

export const endpointAttributes = {
  ipv4: 'u32be',
  ipv6: 'binary',
  port: 'u16be',
} as const;

export const routeAttributes = {
  remote: 'endpoint',
  uplink: 'u32',
  mark: 'u32',
  local: 'address',
} as const;

export const unverifiedAttributes = {
  budget: 'u32',
  ms: 'u32',
  fallback: 'endpoint',
} as const;

export const dropAttributes = {
  pad: 'pad',
  malformed: 'u64',
  wrongSide: 'u64',
  wrongEpoch: 'u64',
  wrongSource: 'u64',
  replayed: 'u64',
  badSeal: 'u64',
  badInnerSource: 'u64',
  refused: 'u64',
  unknownKey: 'u64',
  noPath: 'u64',
  noRoute: 'u64',
  loop: 'u64',
  tooBig: 'u64',
  ttlExceeded: 'u64',
  badChecksum: 'u64',
  notUnicast: 'u64',
  noMemory: 'u64',
} as const;

export const attributeTables = {
  ntmobile: ntmobileAttributes,
  address: addressAttributes,
  endpoint: endpointAttributes,
  route: routeAttributes,
  unverified: unverifiedAttributes,
  drop: dropAttributes,
} as const;
