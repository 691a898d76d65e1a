/** Dynamic updates (RFC 2136): all that is known of some names, in place of whatever the primary had. */
import { recordClasses, recordTypes } from './constants.ts';
import { type DnsRecord, encodeMessage } from './message.ts';

/** A name with the records it is to have; none removes it. */
export interface NameState {
  readonly name: string;
  /** Types whose records there are ours; all others are the operator's own. */
  readonly types: readonly number[];
  readonly records: readonly DnsRecord[];
}

const updateOpcode = 5 << 11;
/** What this project puts under the name of a node, and under that of a virtual IP. */
export const ownTypes = {
  node: [recordTypes.NTM, recordTypes.A, recordTypes.AAAA],
  address: [recordTypes.PTR],
} as const;

/** The message for the zone of the primary that holds these names. */
export function encodeUpdate(id: number, zone: string, states: readonly NameState[]): Uint8Array {
  const authorities = states.flatMap(({ name, types, records }) => [
    ...types.map((type) => ({ name, type, class: recordClasses.ANY, ttl: 0, data: [] })),
    ...records,
  ]);
  return encodeMessage({
    id,
    flags: updateOpcode,
    questions: [{ name: zone, type: recordTypes.SOA, class: recordClasses.IN }],
    answers: [],
    authorities,
    additionals: [],
  });
}
