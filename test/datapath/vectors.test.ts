/** Capsulated Packets byte by byte, from vectors that were made without this code (vectors.node.test.ts). */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/base/bytes.ts';
import type { Ip, Prefix } from '../../src/base/ip.ts';
import type { Side } from '../../src/datapath/commands.ts';
import type { PathId } from '../../src/wire/ids.ts';
import vectors from '../vectors/data-path.json' with { type: 'json' };
import { bytesOf, inner, PathEnd, places, virtualIps } from './path-end.ts';

const prefixes = ['198.18.0.0/24', 'fd01:203:405:607::/64'] as unknown as readonly Prefix[];
const otherKey = new Uint8Array(32).fill(0xee);

function endOf(vector: (typeof vectors)[number], sends: boolean): PathEnd {
  const end = new PathEnd();
  const id = vector.pathId as PathId;
  const side = (sends ? vector.side : 1 - vector.side) as Side;
  const [sendKey, receiveKey] = sends
    ? [bytesOf(vector.key), otherKey]
    : [otherKey, bytesOf(vector.key)];
  const { epoch } = vector;
  end.open(side, { peerPrefixes: prefixes }, id);
  end.command({ op: 'key-delete', pathId: id, epoch: 0 });
  end.command({ op: 'key-set', pathId: id, epoch, sendKey, receiveKey });
  end.command({ op: 'key-use', pathId: id, epoch });
  return end;
}

for (const vector of vectors) {
  test(`the datagram opens to the inner packet: ${vector.name}`, () => {
    const end = endOf(vector, false);
    end.inbound(bytesOf(vector.datagram), places[0]);
    assert.is(end.path.stats()[0]?.receivedPackets, 1);
    assert.equal(end.delivered.map(toHex), vector.inner === '' ? [] : [vector.inner]);
  });
}

test('the inner packet is sealed to the datagram, under the counters that come first', () => {
  let sealed = 0;
  for (const vector of vectors) {
    if (vector.counter > 3 || vector.inner === '') continue;
    const end = endOf(vector, true);
    for (let index = 0; index < vector.counter; index += 1) {
      end.outbound(inner(virtualIps[0], '198.18.0.9' as Ip));
    }
    end.outbound(bytesOf(vector.inner));
    assert.is(toHex(end.sent[vector.counter]?.bytes ?? new Uint8Array(0)), vector.datagram);
    sealed += 1;
  }
  assert.is(sealed, 5);
});

test('a flip of any bit of header, body or tag delivers nothing', () => {
  const vector = vectors[0] as (typeof vectors)[number];
  const bytes = bytesOf(vector.datagram);
  const end = endOf(vector, false);
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const changed = bytes.slice();
    changed[bit >>> 3] = (changed[bit >>> 3] as number) ^ (1 << (bit & 7));
    end.inbound(changed, places[0]);
  }
  for (let length = 0; length < bytes.length; length += 1) {
    end.inbound(bytes.subarray(0, length), places[0]);
  }
  assert.equal(end.delivered, []);
  assert.is(end.path.stats()[0]?.receivedPackets, 0);
  end.inbound(bytes, places[0]);
  assert.is(end.delivered.length, 1);
});

test.run();
