/**
 * Test vectors of all messages that have fields: for each a short and a long one of several random
 * messages from a fixed seed, as bytes and as values. A second implementation can be checked by them,
 * and a change of the encoding shows in them.
 */
import { toHex } from '../../src/base/bytes.ts';
import { encodeBody, messageRow } from '../../src/wire/codec.ts';
import type { MessageName } from '../../src/wire/messages.ts';
import { messageNames, randomValues } from '../fuzz/messages.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { type Json, toJson } from '../support/wire-json.ts';

const seed = 4649;
const draws = 12;

export interface WireVector {
  readonly message: string;
  readonly code: number;
  readonly body: string;
  readonly values: Json;
}

function vectorsOf(name: MessageName): WireVector[] {
  const { code } = messageRow(name);
  const random = seededRandom(seed * 0x100 + code);
  const drawn = Array.from({ length: draws }, () => {
    const values = randomValues(name, random);
    return { message: name, code, body: toHex(encodeBody(name, values)), values: toJson(values) };
  }).sort((left, right) => left.body.length - right.body.length);
  return [drawn[0] as WireVector, drawn[draws - 1] as WireVector];
}

/** The text of test/vectors/wire.json. */
export function wireVectors(): string {
  const withFields = messageNames.filter((name) => Object.keys(messageRow(name).fields).length > 0);
  const vectors = withFields.flatMap(vectorsOf).map((vector) => JSON.stringify(vector));
  return `[\n${vectors.join(',\n')}\n]\n`;
}
