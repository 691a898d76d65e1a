/** The relay of a Relay Server: packets from the leg of their side to the other leg, unread. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint } from '../../src/base/ip.ts';
import type { Side, Unverified } from '../../src/datapath/commands.ts';
import { RelayBudget } from '../../src/datapath/relay-table.ts';
import type { PathId } from '../../src/wire/ids.ts';
import { PathEnd, pair, pathId, places, toOne, toZero } from './path-end.ts';

const legs = ['198.51.100.1:1000', '198.51.100.2:2000'] as unknown as readonly [Endpoint, Endpoint];
const moved = '198.51.100.3:3000' as Endpoint;

function relay(idleMs = 0, bytesPerSecond = 0): PathEnd {
  const end = new PathEnd(bytesPerSecond);
  end.command({ op: 'relay-new', pathId, idleMs });
  for (const side of [0, 1] as const) setLeg(end, side, legs[side]);
  return end;
}

function setLeg(end: PathEnd, side: Side, endpoint: Endpoint, unverified?: Unverified): void {
  end.command({ op: 'relay-leg', pathId, side, endpoint, ...(unverified && { unverified }) });
}

function packet(side: Side, mark = 0): Uint8Array {
  const end = pair()[side];
  end.outbound(side === 0 ? toOne(mark) : toZero(mark));
  return end.takeSent()[0]?.bytes as Uint8Array;
}

test('a packet goes from the leg of its side to the other, byte by byte as it came', () => {
  const end = relay();
  for (const side of [0, 1] as const) {
    end.inbound(packet(side), legs[side]);
    const other = (1 - side) as Side;
    assert.equal(end.takeSent(), [{ to: legs[other], uplink: undefined, bytes: packet(side) }]);
  }
  assert.equal(end.delivered, []);
});

test('a packet from a stranger or of the other leg’s side goes nowhere, and is told once', () => {
  const end = relay();
  end.inbound(packet(0), moved);
  end.inbound(packet(0), moved);
  end.inbound(packet(0), legs[1]);
  assert.equal(end.sent, []);
  assert.equal(end.dropped(), { 'wrong-source': 3 });
  const froms = end.takeNotices().map((each) => 'from' in each && [each.notice, each.from]);
  assert.equal(froms, [
    ['unknown-path', moved],
    ['unknown-path', legs[1]],
  ]);
});

test('a leg that moved is heard at both places, and gets its budget before the old place does', () => {
  const end = relay();
  const { length } = packet(1);
  setLeg(end, 0, moved, { budgetBytes: 2 * length, until: end.now + 500, fallback: legs[0] });
  end.inbound(packet(0), moved);
  end.inbound(packet(0), legs[0]);
  assert.is(end.takeSent().length, 2);
  for (let count = 0; count < 4; count += 1) end.inbound(packet(1), legs[1]);
  const targets = end.takeSent().map(({ to }) => to);
  assert.equal(targets, [moved, moved, legs[0], legs[0]]);
});

test('an unverified leg loses the packets again when its time is over', () => {
  const end = relay();
  setLeg(end, 0, moved, { budgetBytes: 1e6, until: end.now + 500, fallback: legs[0] });
  end.pass(500);
  end.inbound(packet(1), legs[1]);
  assert.is(end.takeSent()[0]?.to, legs[0]);
  setLeg(end, 0, moved);
  end.inbound(packet(1), legs[1]);
  assert.is(end.takeSent()[0]?.to, moved);
});

test('without the other leg a packet is taken and goes nowhere', () => {
  const end = new PathEnd();
  end.command({ op: 'relay-new', pathId, idleMs: 0 });
  setLeg(end, 0, legs[0]);
  end.inbound(packet(0), legs[0]);
  assert.equal([end.sent, end.notices], [[], []]);
});

test('a relay that carries nothing for its time is idle, and is gone when deleted', () => {
  const end = relay(10_000);
  for (let count = 0; count < 25; count += 1) {
    end.inbound(packet(0), legs[0]);
    end.pass(1000);
  }
  assert.equal(end.takeNotices(), []);
  end.pass(10_000);
  assert.equal(end.takeNotices()[0], { notice: 'idle', pathId });
  assert.is(end.path.relayCount, 1);
  end.command({ op: 'relay-delete', pathId: `00${pathId.slice(2)}` as PathId });
  assert.is(end.path.relayCount, 1);
  end.command({ op: 'relay-delete', pathId });
  assert.is(end.path.relayCount, 0);
  end.takeSent();
  end.inbound(packet(0), legs[0]);
  assert.equal(end.sent, []);
});

test('a relay cannot be made of a packet’s own path: the end that has the keys opens it', () => {
  const [, one] = pair();
  one.command({ op: 'relay-new', pathId, idleMs: 0 });
  one.command({ op: 'relay-leg', pathId, side: 0, endpoint: places[0] });
  one.command({ op: 'relay-leg', pathId, side: 1, endpoint: moved });
  one.inbound(packet(0, 9), places[0]);
  assert.equal(one.delivered, [toOne(9)]);
  assert.equal(one.sent, []);
});

test('what is relayed in all is bounded: so many bytes a second, whoever sends them', () => {
  const budget = new RelayBudget(1_000_000);
  let passed = 0;
  for (let now = 0; now < 10_000; now += 1) {
    for (let count = 0; count < 5; count += 1) if (budget.take(now, 1000)) passed += 1000;
  }
  assert.ok(Math.abs(passed - 10_000_000) < 200_000, String(passed));
  const unlimited = new RelayBudget(0);
  assert.is(unlimited.take(0, 1e9), true);
  const slow = new RelayBudget(1000);
  assert.is(slow.take(0, 60_000), true, 'a packet of any size fits');
  assert.is(slow.take(1, 60_000), false);
});

test('a Relay Server with a bandwidth passes on so much of what is too much, and counts the rest', () => {
  const bytes = packet(0);
  const { length } = bytes;
  const end = relay(0, 50 * length);
  const offer = (count: number): number => {
    for (let index = 0; index < count; index += 1) end.inbound(bytes, legs[0]);
    return end.takeSent().length;
  };
  const atOnce = Math.floor(65_536 / length);
  assert.is(offer(atOnce + 10), atOnce);
  end.pass(1000);
  assert.is(offer(100), 50);
  assert.equal(end.dropped(), { 'rate-limited': 60 });
});

test.run();
