import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  attributeType,
  putAttributes,
  takeAttributes,
} from '../../../src/platform/netlink/attributes.ts';
import { eachAttribute, headerBytes, MessageBuilder } from '../../../src/platform/netlink/nlmsg.ts';
import { attributeTables } from '../../../src/platform/netlink/ntmobile-table.ts';

const sample = {
  ifindex: 0x01020304,
  port: 4649,
  pathId: '1122334455667788',
  side: 1,
  address: [{ ipv4: 0xc6120001 }, { ipv6: new Uint8Array(16).fill(7) }],
  globalOnly: true,
  relayed: false,
  sentBytes: 2 ** 40 + 5,
  unverified: { budget: 9, ms: 8, fallback: { ipv4: 0xc0000201, port: 4649 } },
};

function built(): Uint8Array {
  const message = new MessageBuilder(30, 1);
  putAttributes(message, attributeTables, attributeTables.ntmobile, sample);
  return message.finish(1).slice(headerBytes);
}

test('values come back from their attributes; a flag that is not set is absent', () => {
  const { relayed, ...rest } = sample;
  assert.is(relayed, false);
  assert.equal(takeAttributes(attributeTables, 'ntmobile', built()), rest);
});

test('ports, addresses and Path IDs are in network order', () => {
  const bytesOf = new Map(eachAttribute(built(), 0));
  const typeOf = (name: 'port' | 'pathId') => attributeType(attributeTables.ntmobile, name);
  assert.equal([...(bytesOf.get(typeOf('port')) ?? [])], [0x12, 0x29]);
  assert.equal([...(bytesOf.get(typeOf('pathId')) ?? [])].slice(0, 2), [0x11, 0x22]);
});

test('an attribute of a newer module is passed over, and a short one left out', () => {
  const message = new MessageBuilder(30, 1);
  message.attribute(999, Uint8Array.of(1, 2));
  message.attribute(attributeType(attributeTables.ntmobile, 'port'), Uint8Array.of(1));
  message.u8(attributeType(attributeTables.ntmobile, 'side'), 1);
  const bytes = message.finish(1).slice(headerBytes);
  assert.equal(takeAttributes(attributeTables, 'ntmobile', bytes), { side: 1 });
});

test('every cut and every flipped bit is taken without an exception', () => {
  const whole = built();
  for (let length = 0; length <= whole.length; length += 1) {
    takeAttributes(attributeTables, 'ntmobile', whole.subarray(0, length));
  }
  for (let bit = 0; bit < whole.length * 8; bit += 1) {
    const flipped = whole.slice();
    flipped[bit >>> 3] = (flipped[bit >>> 3] as number) ^ (1 << (bit & 7));
    takeAttributes(attributeTables, 'ntmobile', flipped);
  }
  assert.ok(whole.length > 100);
});

test.run();
