/**
 * The plan of the lab's network: namespaces, the links between them, and the places where the mobile
 * node (MN) and its correspondent (CN) can be. Addresses are from the documentation ranges; private ones
 * are behind NATs. Only data: world.ts builds it.
 */

/** G: a public address. A letter: the private network behind that NAT. */
export type Space = 'G' | 'A' | 'B' | 'C' | 'D' | 'E' | 'F';

export type NatName = Exclude<Space, 'G'>;

/** "symmetric" draws a random port for each destination; "preserving" keeps the port where it can. */
export type NatMapping = 'symmetric' | 'preserving';

export interface Nat {
  readonly name: NatName;
  readonly mapping: NatMapping;
  readonly outside: { readonly address: string; readonly gateway: string };
  /** Its side of the private network. */
  readonly inside: string;
}

/** A network interface of a moving host and the address it has there. */
export interface Place {
  readonly name: string;
  readonly space: Space;
  readonly device: string;
  readonly address: string;
  readonly gateway: string;
}

const nat = (
  name: NatName,
  mapping: NatMapping,
  outside: string,
  gateway: string,
  inside: string,
): Nat => ({ name, mapping, outside: { address: outside, gateway }, inside });

export const nats: readonly Nat[] = [
  nat('A', 'symmetric', '198.51.100.130/30', '198.51.100.129', '192.168.10.1/24'),
  nat('B', 'symmetric', '198.51.100.134/30', '198.51.100.133', '192.168.20.1/24'),
  nat('C', 'symmetric', '198.51.100.138/30', '198.51.100.137', '192.168.30.1/24'),
  nat('D', 'symmetric', '198.51.100.142/30', '198.51.100.141', '192.168.40.1/24'),
  nat('E', 'preserving', '198.51.100.146/30', '198.51.100.145', '192.168.50.1/24'),
  nat('F', 'preserving', '198.51.100.150/30', '198.51.100.149', '192.168.60.1/24'),
];

const place = (name: string, space: Space, address: string, gateway: string): Place => ({
  name,
  space,
  device: name.toLowerCase(),
  address,
  gateway,
});

export const mobilePlaces = {
  G1: place('G1', 'G', '192.0.2.10/26', '192.0.2.1'),
  G2: place('G2', 'G', '192.0.2.74/26', '192.0.2.65'),
  A1: place('A1', 'A', '192.168.10.11/24', '192.168.10.1'),
  A2: place('A2', 'A', '192.168.10.12/24', '192.168.10.1'),
  B1: place('B1', 'B', '192.168.20.11/24', '192.168.20.1'),
  C1: place('C1', 'C', '192.168.30.11/24', '192.168.30.1'),
  F1: place('F1', 'F', '192.168.60.11/24', '192.168.60.1'),
} as const;

export const correspondentPlaces = {
  G1: place('G1', 'G', '198.51.100.10/26', '198.51.100.1'),
  G2: place('G2', 'G', '198.51.100.74/26', '198.51.100.65'),
  A1: place('A1', 'A', '192.168.10.100/24', '192.168.10.1'),
  D1: place('D1', 'D', '192.168.40.100/24', '192.168.40.1'),
  E1: place('E1', 'E', '192.168.50.100/24', '192.168.50.1'),
} as const;

export type MobilePlace = keyof typeof mobilePlaces;
export type CorrespondentPlace = keyof typeof correspondentPlaces;

/** Hosts that stay where they are, on one public network. */
export const servers = {
  'ds-a': '203.0.113.10',
  'ds-b': '203.0.113.20',
  'rs-a': '203.0.113.30',
  'rs-b': '203.0.113.40',
  /** A second one of DS-A, which runs only in rows about a fleet. */
  'rs-c': '203.0.113.50',
  /** The general node: it knows nothing of NTMobile. */
  gn: '203.0.113.80',
} as const;

export type ServerName = keyof typeof servers;
export type DaemonName = Exclude<ServerName, 'gn'> | 'mn' | 'cn';

export const serverGateway = '203.0.113.1';
export const serverDevice = 'eth0';
export const port = 4649;

export const zones = {
  a: { name: 'zone-a', pool: '198.18.0.0/24', ds: 'ds-a', rs: 'rs-a', node: 'mn' },
  b: { name: 'zone-b', pool: '198.18.1.0/24', ds: 'ds-b', rs: 'rs-b', node: 'cn' },
} as const;

export const relayNames = ['rs-a', 'rs-b', 'rs-c'] as const;
export type RelayName = (typeof relayNames)[number];

/** All virtual addresses of all zones: what an exit masquerades. */
export const virtualPools = '198.18.0.0/15';

export type HostName = 'internet' | ServerName | 'mn' | 'cn' | `nat-${Lowercase<NatName>}`;

export function natHost(name: NatName): HostName {
  return `nat-${name.toLowerCase() as Lowercase<NatName>}`;
}
