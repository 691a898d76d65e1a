/** What the data path tells by itself: silence, idleness, missing paths, and how often. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint, Ip, Prefix } from '../../src/base/ip.ts';
import type { PathNotice } from '../../src/datapath/commands.ts';
import { inner, PathEnd, pair, pathId, places, toOne, toZero, virtualIps } from './path-end.ts';

const kinds = (end: PathEnd) => end.takeNotices().map(({ notice }) => notice);
const stranger = '203.0.113.9:4649' as Endpoint;

test('a path that sends and hears nothing for a second is silent, and each second again', () => {
  const [zero] = pair();
  zero.outbound(toOne());
  zero.pass(999);
  assert.equal(kinds(zero), []);
  zero.pass(1);
  assert.equal(kinds(zero), ['silent']);
  for (let count = 0; count < 20; count += 1) {
    zero.outbound(toOne());
    zero.pass(100);
  }
  assert.equal(kinds(zero), ['silent', 'silent']);
});

test('silence is over with the first packet that opens, and a path at rest is not silent', () => {
  const [zero, one] = pair();
  one.outbound(toZero());
  zero.outbound(toOne());
  zero.pass(900);
  zero.inbound(one.takeSent()[0]?.bytes as Uint8Array, places[1]);
  zero.takeNotices();
  zero.pass(60_000);
  assert.equal(kinds(zero), []);
  zero.outbound(toOne());
  zero.pass(60_000);
  assert.equal(kinds(zero), ['silent']);
});

test('traffic one way alone is silence, answered traffic never is', () => {
  const [zero, one] = pair();
  const notices: string[] = [];
  for (let count = 0; count < 50; count += 1) {
    zero.outbound(toOne());
    one.outbound(toZero());
    zero.inbound(one.takeSent()[0]?.bytes as Uint8Array, places[1]);
    zero.pass(100);
    notices.push(...kinds(zero));
  }
  assert.not(notices.includes('silent'));
});

test('a path without data for its time is idle, and one in use is not', () => {
  const zero = new PathEnd();
  zero.open(0, { idleMs: 10_000 });
  for (let count = 0; count < 30; count += 1) {
    zero.outbound(toOne());
    zero.pass(1000);
  }
  assert.not(kinds(zero).includes('idle'));
  zero.pass(10_000);
  assert.ok(kinds(zero).includes('idle'));
});

test('a virtual IP without path is told once a second a destination', () => {
  const end = new PathEnd();
  const send = (ip: string) => end.outbound(inner(virtualIps[0], ip as Ip));
  for (let count = 0; count < 10; count += 1) {
    send('198.18.0.8');
    send('198.18.0.9');
    end.pass(99);
  }
  assert.equal(
    end.takeNotices().map((each) => (each as PathNotice & { notice: 'no-path' }).destination),
    ['198.18.0.8', '198.18.0.9'],
  );
  end.pass(9);
  send('198.18.0.8');
  assert.equal(kinds(end), []);
  end.pass(1);
  send('198.18.0.8');
  assert.equal(kinds(end), ['no-path']);
  for (const ip of ['224.0.0.251', '255.255.255.255']) send(ip);
  assert.equal(kinds(end), []);
});

test('a packet of an unknown path is told once a second a source, with its length', () => {
  const [zero] = pair();
  zero.outbound(toOne());
  const bytes = zero.takeSent()[0]?.bytes as Uint8Array;
  const end = new PathEnd();
  for (let count = 0; count < 100; count += 1) end.inbound(bytes, stranger, 'wan/a');
  const { length } = bytes;
  assert.equal(end.takeNotices(), [
    { notice: 'unknown-path', pathId, from: stranger, length, uplink: 'wan/a' },
  ]);
  assert.equal(end.dropped(), { 'unknown-path': 100 });
  end.pass(1000);
  end.inbound(bytes, stranger);
  assert.equal(kinds(end), ['unknown-path']);
});

test('a flood from many sources and to many destinations holds a bounded memory of them', () => {
  const end = new PathEnd();
  const [zero] = pair();
  zero.outbound(toOne());
  const bytes = zero.takeSent()[0]?.bytes as Uint8Array;
  for (let port = 1; port <= 2000; port += 1) {
    end.inbound(bytes, `203.0.113.9:${port}` as Endpoint);
    end.outbound(inner(virtualIps[0], `198.18.${port >>> 8}.${port & 255}` as Ip));
  }
  // Of 2000 destinations 32 may still wait: a path to all of them gets at most these.
  zero.takeSent();
  end.open(0, { peerPrefixes: ['198.18.0.0/16' as Prefix] });
  assert.is(end.sent.length, 32);
});

test.run();
