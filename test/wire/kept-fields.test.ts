/** A message of which only a part is written anew is the same on the wire as one that is written whole. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex, Writer } from '../../src/base/bytes.ts';
import { randomBelow } from '../../src/base/random.ts';
import { encodeBody, messageRow } from '../../src/wire/codec.ts';
import { KeptFields } from '../../src/wire/kept-fields.ts';
import type { MessageName, Values } from '../../src/wire/messages.ts';
import { messageNames, randomValues } from '../fuzz/messages.ts';
import { seededRandom } from '../support/seeded-random.ts';

const rounds = 8;

test('whichever fields change, what is kept and what is written anew make the whole message', () => {
  const random = seededRandom(1);
  for (const name of messageNames) {
    const fields = Object.keys(messageRow(name).fields) as (keyof Values<MessageName>)[];
    for (let round = 0; round < rounds; round += 1) {
      const changing = fields.filter(() => randomBelow(random, 3) === 0);
      const keeper = new KeptFields(name, changing);
      const first: Readonly<Record<string, unknown>> = { ...randomValues(name, random) };
      const kept = keeper.keep(first as never);
      const other: Readonly<Record<string, unknown>> = { ...randomValues(name, random) };
      const changed = changing.map((field) => [field, other[field]]);
      const second = { ...first, ...Object.fromEntries(changed) };
      const writer = new Writer();
      keeper.write(writer, kept, second as never);
      const whole = encodeBody(name, second as never);
      assert.is(toHex(writer.bytes), toHex(whole), `${name}: ${changing.join()}`);
    }
  }
});

test.run();
