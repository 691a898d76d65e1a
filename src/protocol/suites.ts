/**
 * Which suite seals the data of a path (protocol.md 6). Each end has those that its data path can and its owner
 * allows; the Direction Server permits some; and the two ends agree in their handshake, where nobody between
 * them can see or change it.
 */
import { type DataSuite, dataSuites } from '../datapath/commands.ts';

/** A set of suites, as in the field `suites` on the wire. */
export type SuiteSet = number;

export const plainSuites: SuiteSet = 1;
export const allSuites: SuiteSet = (1 << dataSuites.length) - 1;

export function suiteSet(suites: readonly DataSuite[]): SuiteSet {
  return suites.reduce((set, suite) => set | (1 << dataSuites.indexOf(suite)), 0);
}

/**
 * The one of a set that is used: what an owner has to ask for goes before what everyone has, so `none` is taken
 * by two owners who both allow it. Undefined for a set without any that is known.
 */
export function preferredSuite(set: SuiteSet): DataSuite | undefined {
  return dataSuites.findLast((_, index) => set & (1 << index));
}
