/** Where packets go: the endpoint that follows authenticated data, unverified places, and two ways at once. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint } from '../../src/base/ip.ts';
import { type PathEnd, pair, pathId, places, toOne, toZero } from './path-end.ts';

const [, home] = places;
const away = '203.0.113.7:4649' as Endpoint;
const farther = '203.0.113.8:4649' as Endpoint;
const relay = '203.0.113.30:4649' as Endpoint;

/** One packet of side 1, not yet delivered. */
function packetOf(end: PathEnd): Uint8Array {
  end.outbound(toZero());
  return end.takeSent().at(-1)?.bytes as Uint8Array;
}

function target(end: PathEnd): Endpoint | undefined {
  end.outbound(toOne());
  return end.takeSent()[0]?.to;
}

const moves = (end: PathEnd) => end.takeNotices().filter(({ notice }) => notice === 'moved');

test('the newest authenticated packet of a direct path moves its endpoint at once', () => {
  const [zero, one] = pair();
  zero.inbound(packetOf(one), away, 'wan/a');
  assert.equal(moves(zero), [{ notice: 'moved', pathId, remote: away, uplink: 'wan/a' }]);
  assert.is(target(zero), away);
});

test('an old, a repeated, a forged and a relay’s packet move nothing', () => {
  const [zero, one] = pair();
  const old = packetOf(one);
  const newest = packetOf(one);
  zero.inbound(newest, home);
  zero.inbound(old, away);
  zero.inbound(newest, away);
  const forged = packetOf(one);
  forged[30] = (forged[30] as number) ^ 1;
  zero.inbound(forged, away);
  zero.route(home, { relays: [relay] });
  zero.inbound(packetOf(one), relay);
  assert.equal(moves(zero), []);
  assert.is(target(zero), home);
});

test('a relayed path does not follow', () => {
  const [zero, one] = pair();
  zero.route(relay, { relayed: true, relays: [relay] });
  zero.inbound(packetOf(one), away);
  assert.equal(moves(zero), []);
  assert.is(target(zero), relay);
});

test('an endpoint moves at most once in 100 ms', () => {
  const [zero, one] = pair();
  zero.inbound(packetOf(one), away);
  zero.pass(99);
  zero.inbound(packetOf(one), farther);
  assert.is(moves(zero).length, 1);
  zero.pass(1);
  zero.inbound(packetOf(one), farther);
  assert.is(moves(zero).length, 1);
  assert.is(target(zero), farther);
});

test('what followed is unverified: after 500 ms the place before it gets the packets again', () => {
  const [zero, one] = pair();
  zero.inbound(packetOf(one), away);
  zero.pass(499);
  assert.is(target(zero), away);
  zero.pass(1);
  assert.is(target(zero), home);
  zero.route(away);
  assert.is(target(zero), away);
});

test('an attacker who moves an unverified endpoint on does not become its fallback', () => {
  const [zero, one] = pair();
  zero.inbound(packetOf(one), away);
  zero.pass(200);
  zero.inbound(packetOf(one), farther);
  zero.pass(500);
  assert.is(target(zero), home);
});

test('an unverified place gets its budget of bytes and not one packet more', () => {
  const [zero] = pair();
  const unverified = { budgetBytes: 56 * 4 - 1, until: zero.now + 10_000, fallback: home };
  zero.route(away, { unverified });
  const targets = [1, 2, 3, 4, 5].map(() => target(zero));
  assert.equal(targets, [away, away, away, home, home]);
});

test('an unverified place without fallback gets nothing beyond its budget', () => {
  const [zero] = pair();
  zero.route(away, { unverified: { budgetBytes: 60, until: zero.now + 10_000 } });
  assert.equal([target(zero), target(zero)], [away, undefined]);
});

test('a packet that goes both ways is delivered once, and only until its time', () => {
  const [zero, one] = pair();
  const also = { remote: relay, uplink: 'wan/b' };
  zero.route(home, { also, alsoUntil: zero.now + 400 });
  for (const mark of [1, 2]) zero.outbound(toOne(mark));
  const sent = zero.takeSent();
  assert.equal(
    sent.map(({ to, uplink }) => [to, uplink]),
    [
      [home, undefined],
      [relay, 'wan/b'],
      [home, undefined],
      [relay, 'wan/b'],
    ],
  );
  one.route(places[0], { relays: [relay] });
  for (const { to, bytes } of sent) one.inbound(bytes, to === relay ? relay : places[0]);
  assert.equal(one.delivered, [toOne(1), toOne(2)]);
  assert.is(one.dropped()['replayed'], 2);
  zero.pass(400);
  zero.outbound(toOne(3));
  assert.equal(
    zero.takeSent().map(({ to }) => to),
    [home],
  );
});

test('the first packet after a new route is told, with where it came from', () => {
  const [zero, one] = pair();
  zero.inbound(packetOf(one), home);
  zero.takeNotices();
  zero.route(home);
  zero.inbound(packetOf(one), home);
  zero.inbound(packetOf(one), home);
  assert.equal(zero.takeNotices(), [{ notice: 'resumed', pathId, from: home }]);
});

test.run();
