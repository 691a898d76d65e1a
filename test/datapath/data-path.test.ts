/** The path table: keys and their order, replay, what is refused, and where inner packets go. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/base/bytes.ts';
import type { Ip, Prefix } from '../../src/base/ip.ts';
import type { Side } from '../../src/datapath/commands.ts';
import type { PathId } from '../../src/wire/ids.ts';
import {
  PathEnd as End,
  inner,
  type PathEnd,
  pair,
  pathId,
  places,
  toOne,
  toZero,
  virtualIps,
} from './path-end.ts';

/** Everything `from` has sent reaches `to`. */
function carry(from: PathEnd, to: PathEnd, source = places[0]): void {
  for (const { bytes } of from.takeSent()) to.inbound(bytes, source);
}

test('an inner packet comes out at the other end as it went in, both ways', () => {
  const [zero, one] = pair();
  zero.outbound(toOne(7));
  assert.is(zero.sent[0]?.to, places[1]);
  carry(zero, one);
  one.outbound(toZero(8));
  carry(one, zero, places[1]);
  assert.equal(one.delivered, [toOne(7)]);
  assert.equal(zero.delivered, [toZero(8)]);
});

test('a second copy of a packet changes nothing but a counter, however late it comes', () => {
  const [zero, one] = pair();
  for (let mark = 0; mark < 40; mark += 1) zero.outbound(toOne(mark));
  const sent = zero.takeSent().map(({ bytes }) => bytes);
  const late = sent.slice().reverse();
  for (const bytes of [...late, ...sent, ...late]) one.inbound(bytes, places[0]);
  assert.is(one.delivered.length, 40);
  assert.is(one.dropped()['replayed'], 80);
  assert.is(one.path.stats()[0]?.receivedPackets, 40);
  assert.is(one.path.stats()[0]?.lostPackets, 0);
});

/** What `end` has counted, asked for as a role asks. */
function counted(end: PathEnd) {
  end.takeNotices();
  end.command({ op: 'path-count', pathId, moment: 'settled' });
  const [notice] = end.takeNotices();
  assert.ok(notice?.notice === 'counted' && notice.moment === 'settled');
  const { receivedPackets, lostPackets, lostBefore } = notice.stats;
  return { received: receivedPackets, lost: lostPackets, before: lostBefore };
}

test('packets that never come are lost, those that come late or twice are not', () => {
  const [zero, one] = pair();
  for (let mark = 0; mark < 20; mark += 1) zero.outbound(toOne(mark));
  const sent = zero.takeSent().map(({ bytes }) => bytes);
  const come = (...places_: readonly number[]) => {
    for (const place of places_) one.inbound(sent[place] as Uint8Array, places[0]);
  };
  assert.equal(counted(one), { received: 0, lost: 0, before: 0 });
  come(2);
  assert.is(counted(one).lost, 2, 'the first packets too');
  come(0, 1);
  assert.is(counted(one).lost, 0);
  come(9, 9, 4, 9, 3, 4);
  assert.equal(counted(one), { received: 6, lost: 4, before: 0 });
  come(19, 5, 6, 7, 8);
  assert.equal(counted(one), { received: 11, lost: 9, before: 0 });
});

test('losses under every key count, and a new key begins at its first packet', () => {
  const [zero, one] = pair();
  const send = (count: number) => {
    for (let mark = 0; mark < count; mark += 1) zero.outbound(toOne(mark));
    return zero.takeSent().map(({ bytes }) => bytes);
  };
  const old = send(6);
  one.inbound(old[3] as Uint8Array, places[0]);
  assert.is(counted(one).lost, 3);
  for (const [side, end] of [zero, one].entries()) end.key(side as Side, 1, 1);
  zero.command({ op: 'key-use', pathId, epoch: 1 });
  const fresh = send(4);
  one.inbound(fresh[2] as Uint8Array, places[0]);
  assert.is(counted(one).lost, 5);
  one.inbound(old[5] as Uint8Array, places[0]);
  assert.is(counted(one).lost, 6, 'the old key is open still');
  for (const late of [old[0], old[4], fresh[0]]) one.inbound(late as Uint8Array, places[0]);
  assert.is(counted(one).lost, 3);
});

test('for a moment it is still known what was lost before a pause', () => {
  const [zero, one] = pair();
  const come = (lost: number) => {
    for (let mark = 0; mark <= lost; mark += 1) zero.outbound(toOne(mark));
    one.inbound(zero.takeSent().at(-1)?.bytes as Uint8Array, places[0]);
  };
  come(1);
  one.now += 5000;
  come(10);
  assert.equal(counted(one), { received: 2, lost: 11, before: 1 });
  one.now += 200;
  come(2);
  assert.equal(counted(one), { received: 3, lost: 13, before: 1 });
  one.now += 100;
  come(0);
  assert.equal(counted(one), { received: 4, lost: 13, before: 1 }, 'the second mark');
  one.now += 300;
  come(0);
  assert.equal(counted(one), { received: 5, lost: 13, before: 13 });
});

test('a path that is gone is not counted', () => {
  const [, one] = pair();
  one.command({ op: 'path-delete', pathId });
  one.takeNotices();
  one.command({ op: 'path-count', pathId, moment: 'moved' });
  assert.equal(one.takeNotices(), []);
});

test('a packet of our own side, of an epoch without key or from another sender is refused', () => {
  const [zero, one] = pair();
  zero.outbound(toOne());
  const bytes = zero.takeSent()[0]?.bytes as Uint8Array;
  zero.inbound(bytes, places[1]);
  assert.equal(zero.dropped(), { 'wrong-side': 1 });
  const otherEpoch = bytes.slice();
  otherEpoch[1] = (otherEpoch[1] as number) | 0x4;
  one.inbound(otherEpoch, places[0]);
  assert.equal(one.dropped(), { 'wrong-epoch': 1 });
  one.key(1, 2, 3);
  one.inbound(otherEpoch, places[0]);
  assert.equal(one.dropped(), { 'wrong-epoch': 1, 'bad-seal': 1 });
  assert.equal(one.delivered, []);
});

test('an inner source that is not the peer’s is refused', () => {
  const [zero, one] = pair();
  zero.outbound(inner('198.18.0.77' as Ip, virtualIps[1]));
  carry(zero, one);
  assert.equal(one.delivered, []);
  assert.is(one.dropped()['bad-inner-source'], 1);
});

test('an exit refuses inner destinations that are not global', () => {
  const zero = new End();
  const everything = '0.0.0.0/0' as Prefix;
  zero.open(0, { peerPrefixes: [everything] });
  const exit = new End();
  exit.open(1, { kind: 'exit', globalOnly: true, peerPrefixes: [`${virtualIps[0]}/32` as Prefix] });
  const refused = [
    '10.0.0.1',
    '192.168.1.1',
    '127.0.0.1',
    '169.254.1.1',
    '198.18.0.9',
    '100.64.0.1',
  ];
  for (const ip of [...refused, '8.8.8.8']) zero.outbound(inner(virtualIps[0], ip as Ip));
  carry(zero, exit);
  assert.equal(exit.delivered, [inner(virtualIps[0], '8.8.8.8' as Ip)]);
  assert.is(exit.dropped()['refused'], refused.length);
});

/** A node that is an exit too, with a path of each kind to the same peer. */
function exitAndNode(globalOnly: boolean): PathEnd {
  const end = new End();
  end.addresses.push(virtualIps[1]);
  end.open(1, {}, nodePath);
  end.open(1, { kind: 'exit', globalOnly }, exitPath);
  return end;
}

const nodePath = 'aaaaaaaaaaaaaaaa' as PathId;
const exitPath = 'eeeeeeeeeeeeeeee' as PathId;

function pathTaken(end: PathEnd, source: string): string | undefined {
  end.outbound(inner(source as Ip, virtualIps[0]));
  const [sent] = end.takeSent();
  return sent && toHex(sent.bytes.subarray(8, 16));
}

test('a node that is an exit too answers its peer by the path that the peer expects it by', () => {
  const end = exitAndNode(true);
  for (const used of [nodePath, exitPath, nodePath]) {
    end.command({ op: 'key-use', pathId: used, epoch: 0 });
    assert.is(pathTaken(end, '203.0.113.9'), exitPath);
    assert.is(pathTaken(end, virtualIps[1]), nodePath);
    assert.is(pathTaken(end, '192.168.1.5'), nodePath);
  }
  end.command({ op: 'path-delete', pathId: exitPath });
  assert.is(pathTaken(end, '203.0.113.9'), nodePath);
});

test('an exit that leads to private hosts carries what they send, and not what the node sends', () => {
  const end = exitAndNode(false);
  assert.is(pathTaken(end, '192.168.1.5'), exitPath);
  assert.is(pathTaken(end, '203.0.113.9'), exitPath);
  assert.is(pathTaken(end, virtualIps[1]), nodePath);
});

test('an exit that has a packet of its own for its peer asks for a path to it', () => {
  const end = exitAndNode(true);
  end.command({ op: 'path-delete', pathId: nodePath });
  assert.is(pathTaken(end, virtualIps[1]), undefined);
  assert.equal(end.takeNotices(), [{ notice: 'no-path', destination: virtualIps[0] }]);
  end.open(1, {}, nodePath);
  assert.is(end.takeSent().length, 1);
});

test('a new key is used when it is told to be, and the old one is heard until it is deleted', () => {
  const [zero, one] = pair();
  zero.outbound(toOne(1));
  const late = zero.takeSent()[0]?.bytes as Uint8Array;
  for (const [side, end] of [zero, one].entries()) end.key(side as 0 | 1, 1, 1);
  zero.outbound(toOne(2));
  carry(zero, one);
  zero.command({ op: 'key-use', pathId, epoch: 1 });
  zero.outbound(toOne(3));
  const [first] = zero.sent;
  assert.equal([...(first?.bytes.subarray(1, 8) ?? [])], [0x12, 0, 0, 0, 0, 0, 0]);
  carry(zero, one);
  one.inbound(late, places[0]);
  assert.equal(one.delivered, [toOne(2), toOne(3), toOne(1)]);
  const firsts = one.notices.filter(({ notice }) => notice === 'first-packet');
  assert.equal(firsts, [
    { notice: 'first-packet', pathId, epoch: 0 },
    { notice: 'first-packet', pathId, epoch: 1 },
  ]);
  one.command({ op: 'key-delete', pathId, epoch: 0 });
  one.inbound(late, places[0]);
  assert.is(one.dropped()['wrong-epoch'], 1);
});

test('a key that the path has had is refused, so that no counter is used twice under it', () => {
  const [zero] = pair();
  zero.outbound(toOne(1));
  zero.key(0, 0, 0);
  zero.outbound(toOne(2));
  zero.key(0, 1, 0);
  zero.command({ op: 'key-use', pathId, epoch: 1 });
  zero.outbound(toOne(3));
  const counters = zero.sent.map(({ bytes }) => [bytes[1], bytes[7]]);
  assert.equal(counters, [
    [0x10, 0],
    [0x10, 1],
  ]);
});

test('a worn key is said to be wanted anew, once', () => {
  const [zero] = pair();
  zero.outbound(toOne());
  zero.pass(119_000);
  zero.outbound(toOne());
  const wanted = () => zero.takeNotices().filter(({ notice }) => notice === 'key-wanted');
  assert.equal(wanted(), []);
  zero.pass(2000);
  for (let count = 0; count < 3; count += 1) zero.outbound(toOne());
  assert.equal(wanted(), [{ notice: 'key-wanted', pathId }]);
});

test('the commands for a Path ID that differs in its first bits alone touch nothing', () => {
  const [zero, one] = pair();
  const alike = `ff${pathId.slice(2)}` as PathId;
  zero.open(0, {}, alike);
  zero.key(0, 0, 5, alike);
  zero.route('192.0.2.66:4649' as (typeof places)[0], {}, alike);
  zero.command({ op: 'path-delete', pathId: alike });
  zero.outbound(toOne(4));
  assert.is(zero.sent[0]?.to, places[1]);
  carry(zero, one);
  assert.equal(one.delivered, [toOne(4)]);
});

test('a deleted path neither sends nor receives, and a flush deletes all', () => {
  const [zero, one] = pair();
  zero.outbound(toOne());
  const bytes = zero.takeSent()[0]?.bytes as Uint8Array;
  one.command({ op: 'path-delete', pathId });
  zero.command({ op: 'flush' });
  one.inbound(bytes, places[0]);
  zero.outbound(toOne());
  assert.equal([one.delivered, zero.sent], [[], []]);
  assert.equal([one.path.pathCount, zero.path.pathCount], [0, 0]);
});

test('what is no IP datagram, too short, of another version or with reserved bits is counted', () => {
  const [zero] = pair();
  zero.outbound(Uint8Array.of(1, 2, 3));
  zero.outbound(new Uint8Array(0));
  const packet = new Uint8Array(40);
  zero.inbound(packet.subarray(0, 15), places[1]);
  zero.inbound(Uint8Array.of(0x80, 0x20, ...packet), places[1]);
  zero.inbound(Uint8Array.of(0x80, 0x18, ...packet), places[1]);
  assert.equal(zero.dropped(), {
    malformed: 2,
    'too-short': 1,
    'unknown-version': 1,
    'reserved-bits': 1,
  });
});

test('packets to a path without route or key wait for it, four a destination and three seconds', () => {
  const zero = new End();
  zero.open(0);
  zero.route(places[1], { route: undefined });
  for (let mark = 0; mark < 6; mark += 1) zero.outbound(toOne(mark));
  assert.equal(zero.sent, []);
  zero.route(places[1]);
  assert.is(zero.takeSent().length, 4);
  zero.route(places[1], { route: undefined });
  zero.outbound(toOne());
  zero.pass(3001);
  zero.route(places[1]);
  assert.equal(zero.sent, []);
});

test('packets to a virtual IP wait for a path that does not exist yet', () => {
  const [, one] = pair();
  const zero = new End();
  zero.outbound(toOne(5));
  assert.equal(zero.takeNotices(), [{ notice: 'no-path', destination: virtualIps[1] }]);
  zero.open(0);
  carry(zero, one);
  assert.equal(one.delivered, [toOne(5)]);
});

test('a key ends after an hour without anybody asking; the packet waits for the next one', () => {
  const [zero, one] = pair();
  zero.outbound(toOne());
  const old = zero.takeSent()[0]?.bytes as Uint8Array;
  zero.takeNotices();
  zero.pass(3_600_000);
  one.pass(3_600_000);
  zero.takeNotices();
  zero.outbound(toOne());
  assert.equal(zero.takeSent(), []);
  assert.ok(zero.takeNotices().some(({ notice }) => notice === 'key-wanted'));
  one.inbound(old, places[0]);
  assert.equal(one.delivered, []);
  for (const [side, end] of [zero, one].entries()) {
    end.key(side as Side, 1, 1);
    end.command({ op: 'key-use', pathId, epoch: 1 });
  }
  one.inbound(zero.takeSent()[0]?.bytes as Uint8Array, places[0]);
  assert.is(one.delivered.length, 1);
});

test.run();
