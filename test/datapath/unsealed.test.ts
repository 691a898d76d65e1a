/** Suite none in the user-space data path, and the suite that it does not have. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Side } from '../../src/datapath/commands.ts';
import { PathEnd, pathId, places, toOne, toZero } from './path-end.ts';

function unsealed(side: Side): PathEnd {
  const end = new PathEnd();
  end.open(side);
  end.command({
    op: 'key-set',
    pathId,
    epoch: 1,
    sendKey: new Uint8Array(32).fill(7 + side),
    receiveKey: new Uint8Array(32).fill(8 - side),
    suite: 'none',
  });
  end.command({ op: 'key-use', pathId, epoch: 1 });
  return end;
}

test('in suite none the inner packet follows the header as it is, without a tag', () => {
  const [a, b] = [unsealed(0), unsealed(1)];
  a.outbound(toOne(9));
  const sent = a.sent.at(-1)?.bytes as Uint8Array;
  assert.is(sent.length, 16 + 24);
  assert.equal(sent.subarray(16), toOne(9));
  b.inbound(sent, places[0]);
  assert.equal(b.delivered, [toOne(9)]);
});

test('in suite none nothing is a replay, and no packet moves an endpoint', () => {
  const [a, b] = [unsealed(0), unsealed(1)];
  a.outbound(toOne());
  const sent = a.sent.at(-1)?.bytes as Uint8Array;
  b.inbound(sent.slice(), '203.0.113.9:4649' as (typeof places)[0]);
  b.inbound(sent.slice(), places[0]);
  assert.is(b.delivered.length, 2);
  assert.not.ok(b.notices.some(({ notice }) => notice === 'moved'));
});

test('in suite none nobody knows what was lost, until a key that seals has taken its place', () => {
  const b = unsealed(1);
  const lost = () => {
    const { lostPackets, lostBefore } = b.path.stats()[0] ?? {};
    return [lostPackets, lostBefore];
  };
  assert.equal(lost(), [null, null]);
  const keys = { sendKey: new Uint8Array(32).fill(5), receiveKey: new Uint8Array(32).fill(6) };
  b.command({ op: 'key-set', pathId, epoch: 2, ...keys });
  assert.equal(lost(), [null, null]);
  b.command({ op: 'key-delete', pathId, epoch: 1 });
  assert.equal(lost(), [0, 0]);
});

test('an unsealed packet is refused under a key that seals, and AES-128-GCM is not taken', () => {
  const [a, b] = [unsealed(0), new PathEnd()];
  b.open(1);
  const keys = { sendKey: new Uint8Array(32).fill(5), receiveKey: new Uint8Array(32).fill(6) };
  b.command({ op: 'key-set', pathId, epoch: 1, ...keys });
  a.outbound(toOne());
  b.inbound(a.sent.at(-1)?.bytes as Uint8Array, places[0]);
  b.command({ op: 'key-set', pathId, epoch: 2, ...keys, suite: 'aes-128-gcm' });
  b.command({ op: 'key-use', pathId, epoch: 2 });
  b.outbound(toZero());
  assert.equal(b.delivered, []);
  assert.equal(b.sent, []);
});

test.run();
