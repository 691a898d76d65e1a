import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concatBytes } from '../../../src/base/bytes.ts';
import { littleEndian } from '../../../src/platform/byte-order.ts';
import {
  decodeAcknowledgement,
  decodeAttributes,
  decodeMessages,
  headerBytes,
  MessageBuilder,
  nlmsgFlags,
  nlmsgTypes,
  textOf,
  u32At,
} from '../../../src/platform/netlink/nlmsg.ts';

function sample(): Uint8Array {
  return new MessageBuilder(16, 0x105)
    .fixed([1, 2, 3, 4])
    .fixedU32(0x01020304)
    .text(3, 'eth0')
    .u32(4, 1500)
    .nested(26, (inner) => inner.nested(10, (innermost) => innermost.u8(8, 1)))
    .finish(77);
}

test('a message comes back as it was built', () => {
  const [message, ...rest] = decodeMessages(sample());
  assert.is(rest.length, 0);
  assert.ok(message);
  assert.is(message.type, 16);
  assert.is(message.flags, 0x105);
  assert.is(message.sequence, 77);
  assert.is(u32At(message.payload, 4), 0x01020304);
  const attributes = decodeAttributes(message.payload, 8);
  assert.is(textOf(attributes.get(3)), 'eth0');
  assert.is(u32At(attributes.get(4), 0), 1500);
  const families = decodeAttributes(attributes.get(26) ?? new Uint8Array());
  assert.equal([...(decodeAttributes(families.get(10) ?? new Uint8Array()).get(8) ?? [])], [1]);
});

test('the bytes are those the kernel documents, in the order of this machine', () => {
  const bytes = new MessageBuilder(20, 0x5).fixed([2, 32, 0, 0]).u32(1, 0xa0b0c0d0).finish(9);
  const expected = [28, 0, 0, 0, 20, 0, 5, 0, 9, 0, 0, 0, 0, 0, 0, 0, 2, 32, 0, 0, 8, 0, 1, 0];
  if (littleEndian) assert.equal([...bytes], [...expected, 0xd0, 0xc0, 0xb0, 0xa0]);
  assert.is(bytes.length, 28);
});

test('every cut and every flipped bit is decoded without an exception', () => {
  const whole = concatBytes(sample(), sample());
  for (let length = 0; length <= whole.length; length += 1) {
    const messages = decodeMessages(whole.subarray(0, length));
    assert.is(messages.length, Math.floor((length / whole.length) * 2));
  }
  for (let bit = 0; bit < whole.length * 8; bit += 1) {
    const flipped = whole.slice();
    flipped[bit >>> 3] = (flipped[bit >>> 3] as number) ^ (1 << (bit & 7));
    for (const { payload } of decodeMessages(flipped)) {
      for (const value of decodeAttributes(payload, 8).values()) {
        assert.ok(value.byteOffset + value.length <= flipped.length);
        textOf(value);
      }
    }
  }
});

test('a message longer than the first buffer is built whole', () => {
  const large = new Uint8Array(5000).fill(7);
  const [message] = decodeMessages(new MessageBuilder(1, 0).u8(1, 9).attribute(2, large).finish(1));
  const attributes = decodeAttributes(message?.payload ?? new Uint8Array());
  assert.equal(attributes.get(2), large);
  assert.equal([...(attributes.get(1) ?? [])], [9]);
});

test('an acknowledgement tells errno and the sentence behind the repeated request', () => {
  const request = sample();
  const negative = new MessageBuilder(0, 0)
    .fixedU32(0x1_0000_0000 - 22)
    .finish(0)
    .slice(headerBytes);
  const words = new MessageBuilder(0, 0).text(1, 'Invalid gateway').finish(0).slice(headerBytes);
  for (const [body, flags] of [
    [request, nlmsgFlags.extendedAck],
    [request.subarray(0, headerBytes), nlmsgFlags.extendedAck | 0x100],
  ] as const) {
    const built = new MessageBuilder(nlmsgTypes.error, flags)
      .fixed(concatBytes(negative, body, words))
      .finish(1);
    const [message] = decodeMessages(built);
    assert.ok(message);
    assert.equal(decodeAcknowledgement(message), { errno: 22, text: 'Invalid gateway' });
  }
  const zero = new MessageBuilder(nlmsgTypes.error, 0).fixedU32(0).fixed(request).finish(1);
  const [message] = decodeMessages(zero);
  assert.ok(message);
  assert.equal(decodeAcknowledgement(message), { errno: 0, text: undefined });
});

test.run();
