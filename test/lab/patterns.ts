/**
 * The rows of the lab: the 17 movement patterns of table 1 of the paper, and rows beyond it. "relay" as
 * the expected route is "via Relay Server" of the table, "direct" is its "End-to-End".
 */
import type { RouteKind } from '../../src/protocol/control-results.ts';
import {
  type CorrespondentPlace,
  correspondentPlaces,
  type MobilePlace,
  mobilePlaces,
  type NatName,
  nats,
} from './topology.ts';

export type Peer = 'cn' | 'gn';

/** "rs" is the Relay Server that the path runs through. */
export type Victim = 'ds' | 'rs' | 'mn' | 'cn';

export interface Pattern {
  /** The paper's number, or a word for a row beyond the table. */
  readonly id: string;
  readonly mobile: { readonly from: MobilePlace; readonly to: MobilePlace };
  readonly peer: Peer;
  readonly peerAt: CorrespondentPlace;
  /** The correspondent moves too, at the same moment. */
  readonly peerTo?: CorrespondentPlace;
  readonly expected: readonly RouteKind[];
  /** Nothing moves: this process is killed without notice and started again a second later. */
  readonly kill?: Victim;
  /** Another Relay Server is there to take over, and the killed one stays away until the row is over. */
  readonly spare?: true;
  /** This private network keeps its hosts apart, as wireless networks may. */
  readonly isolated?: NatName;
}

const endToEnd: readonly RouteKind[] = ['direct'];
const relayed: readonly RouteKind[] = ['relay'];
const punched: readonly RouteKind[] = ['punched'];

function row(
  id: string,
  from: MobilePlace,
  to: MobilePlace,
  peer: CorrespondentPlace | 'general',
  expected: readonly RouteKind[],
  more: Partial<Pattern> = {},
): Pattern {
  const general = peer === 'general';
  return {
    id,
    mobile: { from, to },
    peer: general ? 'gn' : 'cn',
    peerAt: general ? 'G1' : peer,
    expected,
    ...more,
  };
}

/** Table 1. In 12 the network isolates its hosts, the case for which the table names the Relay Server. */
export const tablePatterns: readonly Pattern[] = [
  row('1', 'G1', 'G2', 'G1', endToEnd),
  row('2', 'G1', 'G2', 'general', relayed),
  row('3', 'G1', 'A1', 'G1', endToEnd),
  row('4', 'G1', 'A1', 'general', relayed),
  row('5', 'A1', 'G1', 'G1', endToEnd),
  row('6', 'A1', 'G1', 'general', relayed),
  row('7', 'A1', 'A2', 'G1', endToEnd),
  row('8', 'A1', 'A2', 'general', relayed),
  row('9', 'A1', 'B1', 'G1', endToEnd),
  row('10', 'A1', 'B1', 'general', relayed),
  row('11', 'G1', 'G2', 'A1', endToEnd),
  row('12', 'G1', 'A1', 'A1', relayed, { isolated: 'A' }),
  row('13', 'G1', 'B1', 'A1', relayed),
  row('14', 'B1', 'G1', 'A1', endToEnd),
  row('15', 'B1', 'A1', 'A1', ['direct', 'punched', 'relay']),
  row('16', 'A1', 'B1', 'A1', relayed),
  row('17', 'B1', 'C1', 'A1', relayed),
];

export const furtherPatterns: readonly Pattern[] = [
  row('12-open', 'G1', 'A1', 'A1', ['direct', 'punched']),
  row('15-isolated', 'B1', 'A1', 'A1', relayed, { isolated: 'A' }),
  row('punched', 'B1', 'F1', 'E1', punched),
  row('both-G-G', 'G1', 'G2', 'G1', endToEnd, { peerTo: 'G2' }),
  row('both-P-G', 'A1', 'B1', 'G1', endToEnd, { peerTo: 'G2' }),
  row('both-P-P', 'B1', 'C1', 'A1', relayed, { peerTo: 'D1' }),
];

/** After the DS was killed the node moves before the next row, so that no row has two failures. */
export const crashPatterns: readonly Pattern[] = [
  row('kill-ds', 'C1', 'C1', 'A1', relayed, { kill: 'ds' }),
  row('kill-rs', 'B1', 'B1', 'A1', relayed, { kill: 'rs' }),
  row('lose-rs', 'B1', 'B1', 'A1', relayed, { kill: 'rs', spare: true }),
  row('kill-exit', 'B1', 'B1', 'general', relayed, { kill: 'rs' }),
  row('kill-mn', 'G1', 'G1', 'A1', endToEnd, { kill: 'mn' }),
  row('kill-cn', 'G1', 'G1', 'A1', endToEnd, { kill: 'cn' }),
];

const otherPlace: Readonly<Record<CorrespondentPlace, CorrespondentPlace>> = {
  G1: 'G2',
  G2: 'G1',
  A1: 'D1',
  D1: 'A1',
  E1: 'D1',
};

/** The same pattern with the correspondent moving too; undefined where it cannot, being general. */
export function withBothMoving(pattern: Pattern): Pattern | undefined {
  if (pattern.peer === 'gn' || pattern.kill !== undefined) return undefined;
  const peerTo = pattern.peerTo ?? otherPlace[pattern.peerAt];
  const { isolated, ...rest } = pattern;
  const expected = expectedRoutes(pattern.mobile.to, peerTo, isolated);
  return { ...rest, ...(isolated === undefined ? {} : { isolated }), peerTo, expected };
}

/** The routes that are right for these two places. */
export function expectedRoutes(
  mobile: MobilePlace,
  peer: CorrespondentPlace,
  isolated: NatName | undefined,
): readonly RouteKind[] {
  const own = mobilePlaces[mobile].space;
  const other = correspondentPlaces[peer].space;
  if (own === 'G' || other === 'G') return endToEnd;
  if (own === other) return own === isolated ? relayed : ['direct', 'punched', 'relay'];
  return mapping(own) === 'preserving' && mapping(other) === 'preserving' ? punched : relayed;
}

function mapping(name: NatName): string | undefined {
  return nats.find((nat) => nat.name === name)?.mapping;
}

/** "P(A) => G, P(B)" in the paper's words. */
export function describe(pattern: Pattern): { readonly mobile: string; readonly peer: string } {
  const { from, to } = pattern.mobile;
  const peerAt = inWords(correspondentPlaces[pattern.peerAt].space);
  const peerTo = pattern.peerTo && inWords(correspondentPlaces[pattern.peerTo].space);
  const kind = pattern.peer === 'gn' ? 'General' : 'NTMobile';
  const at = inWords(mobilePlaces[from].space);
  const mobile = pattern.kill === undefined ? `${at} => ${inWords(mobilePlaces[to].space)}` : at;
  const peer = peerTo === undefined ? peerAt : `${peerAt} => ${peerTo}`;
  return { mobile, peer: `${peer} (${kind})` };
}

function inWords(space: string): string {
  return space === 'G' ? 'G' : `P(${space})`;
}

function nameOf(pattern: Pattern): string {
  const { mobile, peer } = describe(pattern);
  return `pattern ${pattern.id} ${mobile} ${peer}`.toLowerCase();
}

const groups: ReadonlyMap<string, readonly Pattern[]> = new Map([
  ['table', tablePatterns],
  ['further', furtherPatterns],
  ['crash', crashPatterns],
]);

export interface RowChoice {
  readonly patterns: readonly string[];
  readonly bothMove: boolean;
  readonly floor: boolean;
  readonly home: boolean;
  /** Keeps the rows that hold it in their description; empty for all. */
  readonly word: string;
}

/** The rows that a command line asks for, in order; throws on a name that is none. */
export function rowsFor({ patterns, bothMove, floor, home, word }: RowChoice): readonly Pattern[] {
  const all = [...tablePatterns, ...furtherPatterns, ...crashPatterns];
  const ids = patterns.flatMap((id) => {
    const group = groups.get(id);
    return group === undefined ? [id] : group.map((pattern) => pattern.id);
  });
  const unknown = ids.find((id) => !all.some((pattern) => pattern.id === id));
  if (unknown !== undefined) {
    throw new Error(`there is no pattern ${unknown}: ${all.map(({ id }) => id).join(', ')}`);
  }
  const chosen = ids.length === 0 ? all : all.filter((pattern) => ids.includes(pattern.id));
  const moved = bothMove ? chosen.flatMap((pattern) => withBothMoving(pattern) ?? []) : chosen;
  const rows = moved.filter((pattern) => nameOf(pattern).includes(word));
  // Without an overlay nothing reaches a host behind a NAT, and one that moved is not found; a home router stays.
  return floor || home
    ? rows.filter(({ peerAt, peerTo, kill }) => peerAt === 'G1' && !peerTo && !kill)
    : rows;
}
