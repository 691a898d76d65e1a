/**
 * Messages for tests and the fuzzer, made from the message table alone: valid ones with random values,
 * hostile ones by mutation of those, and the check that both must pass. Whether a seal or hash would
 * have kept a mutation out is left aside: the codec has to bear whatever bytes it is given.
 */
import { concatBytes, equalBytes, Reader, toHex } from '../../src/base/bytes.ts';
import { type Random, randomBelow } from '../../src/base/random.ts';
import { decodeBody, decodeExactly, encodeBody, messageRow } from '../../src/wire/codec.ts';
import { type Drop, type DropReason, dropReasons, isDrop } from '../../src/wire/drops.ts';
import { type MessageName, messages, type Values } from '../../src/wire/messages.ts';

export const messageNames = Object.keys(messages) as MessageName[];

export function randomValues<Name extends MessageName>(name: Name, random: Random): Values<Name> {
  const values: Record<string, unknown> = {};
  for (const [field, type] of Object.entries(messageRow(name).fields)) {
    values[field] = type.sample(random);
  }
  return values as Values<Name>;
}

/** The encoded fields of a random valid message; a copy that nothing else writes to. */
export function randomBody(name: MessageName, random: Random): Uint8Array {
  return encodeBody(name, randomValues(name, random)).slice();
}

/** Whether an extension area stands behind the fields: everywhere but before a session exists. */
export function hasExtensions(name: MessageName): boolean {
  const { framing } = messageRow(name);
  return framing === 'sealed' || framing === 'tunnel' || framing === 'path';
}

/** The body as its framing reads it. */
export function decodeAs<Name extends MessageName>(
  name: Name,
  body: Uint8Array,
): Values<Name> | Drop {
  const reader = new Reader(body);
  return hasExtensions(name) ? decodeBody(name, reader) : decodeExactly(name, reader);
}

/** How a body was taken: decoded, dropped for a reason, or in a way that must never be. */
export interface Verdict {
  readonly outcome: 'decoded' | DropReason | 'fault';
  readonly fault?: string;
}

function fault(text: string): Verdict {
  return { outcome: 'fault', fault: text };
}

/**
 * A body must be dropped for a known reason, or be a message whose fields, encoded anew, are the very
 * bytes it began with; so no two bodies of the same length mean the same.
 */
export function examine(name: MessageName, body: Uint8Array): Verdict {
  try {
    const values = decodeAs(name, body);
    if (isDrop(values)) {
      const known = dropReasons.includes(values.drop);
      return known ? { outcome: values.drop } : fault(`unknown reason ${values.drop}`);
    }
    const again = encodeBody(name, values);
    if (!equalBytes(again, body.subarray(0, again.length))) return fault(`became ${toHex(again)}`);
    const whole = hasExtensions(name) || again.length === body.length;
    return whole ? { outcome: 'decoded' } : fault('bytes were left behind the fields');
  } catch (error) {
    return fault(
      `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  }
}

type Mutation = (body: Uint8Array, random: Random) => Uint8Array;

/** Somewhere in the body; 0 when it is empty. */
function somewhere(body: Uint8Array, random: Random): number {
  return randomBelow(random, Math.max(body.length, 1));
}

function changed(body: Uint8Array, at: number, value: number): Uint8Array {
  const copy = body.slice();
  if (at < copy.length) copy[at] = value;
  return copy;
}

/** Values at which lengths, counts and flags turn over. */
const edges = [0, 1, 2, 3, 4, 5, 6, 7, 0x0f, 0x10, 0x20, 0x3f, 0x7f, 0x80, 0xc0, 0xfe, 0xff];

export const mutations: Readonly<Record<string, Mutation>> = {
  truncate: (body, random) => body.slice(0, somewhere(body, random)),
  flip: (body, random) => {
    const at = somewhere(body, random);
    return changed(body, at, (body[at] ?? 0) ^ (1 << randomBelow(random, 8)));
  },
  extend: (body, random) => concatBytes(body, random.bytes(1 + randomBelow(random, 40))),
  /** The beginning of this body and the end of another message's. */
  splice: (body, random) => {
    const name = messageNames[randomBelow(random, messageNames.length)] as MessageName;
    const other = randomBody(name, random);
    const tail = other.subarray(somewhere(other, random));
    return concatBytes(body.subarray(0, somewhere(body, random)), tail);
  },
  /** A length or count of one byte, wherever one may stand. */
  blowUp: (body, random) =>
    changed(body, somewhere(body, random), edges[randomBelow(random, edges.length)] as number),
  /** A length of two bytes. */
  blowUpTwice: (body, random) => {
    const at = somewhere(body, random);
    return changed(changed(body, at, 0xff), at + 1, random.bytes(1)[0] as number);
  },
  /** A piece twice, so that everything behind it stands elsewhere. */
  repeat: (body, random) => {
    const start = somewhere(body, random);
    const end = start + randomBelow(random, 24);
    return concatBytes(body.subarray(0, end), body.subarray(start));
  },
  cutOut: (body, random) => {
    const start = somewhere(body, random);
    return concatBytes(body.subarray(0, start), body.subarray(start + 1 + randomBelow(random, 8)));
  },
};

const mutationList = Object.values(mutations);

/** One to four mutations, one upon the other. */
export function mutate(body: Uint8Array, random: Random): Uint8Array {
  let mutated = body;
  for (let count = 1 + randomBelow(random, 4); count > 0; count -= 1) {
    const mutation = mutationList[randomBelow(random, mutationList.length)] as Mutation;
    mutated = mutation(mutated, random);
  }
  return mutated;
}
