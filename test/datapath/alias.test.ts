/** Overlapping pools: addresses are exchanged and every checksum stays right, also in quoted packets. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Ip } from '../../src/base/ip.ts';
import { ipBytes } from '../../src/base/ip.ts';
import { Rewrite } from '../../src/datapath/alias.ts';
import { seededRandom } from '../support/seeded-random.ts';

const own = '198.18.0.1' as Ip;
const peer = '198.18.0.1' as Ip;
const alias = '198.19.255.7' as Ip;
const random = seededRandom(7);

function sum(bytes: Uint8Array): number {
  let total = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    total += ((bytes[at] as number) << 8) | (bytes[at + 1] ?? 0);
  }
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

function put(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
}

function pseudo(packet: Uint8Array): Uint8Array {
  const segment = packet.subarray(20);
  const head = new Uint8Array(12);
  head.set(packet.subarray(12, 20));
  head[9] = packet[9] as number;
  put(head, 10, segment.length);
  const whole = new Uint8Array(12 + segment.length);
  whole.set(head);
  whole.set(segment, 12);
  return whole;
}

/** An IPv4 packet with right checksums. */
function packet(source: Ip, destination: Ip, protocol: number, segment: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(20 + segment.length);
  bytes[0] = 0x45;
  put(bytes, 2, bytes.length);
  bytes[8] = 64;
  bytes[9] = protocol;
  bytes.set(ipBytes(source), 12);
  bytes.set(ipBytes(destination), 16);
  put(bytes, 10, ~sum(bytes.subarray(0, 20)) & 0xffff);
  bytes.set(segment, 20);
  const at = protocol === 6 ? 36 : protocol === 17 ? 26 : 22;
  put(bytes, at, 0);
  put(bytes, at, ~sum(protocol === 1 ? bytes.subarray(20) : pseudo(bytes)) & 0xffff);
  return bytes;
}

function isRight(bytes: Uint8Array): boolean {
  const protocol = bytes[9];
  const covered = protocol === 1 ? bytes.subarray(20) : pseudo(bytes);
  return sum(bytes.subarray(0, 20)) === 0xffff && sum(covered) === 0xffff;
}

const segment = (length: number) => random.bytes(length);
const icmpError = (quoted: Uint8Array) => {
  const bytes = new Uint8Array(8 + quoted.length);
  bytes[0] = 3;
  bytes[1] = 1;
  bytes.set(quoted, 8);
  return bytes;
};

test('TCP, UDP and ICMP to the alias leave for the peer with right checksums, and come back as from the alias', () => {
  const out = new Rewrite(alias, peer);
  const back = new Rewrite(peer, alias);
  for (const protocol of [6, 17, 1]) {
    for (let length = 20; length < 60; length += 1) {
      const sent = packet(own, alias, protocol, segment(length));
      if (protocol === 1) sent[20] = 8;
      const whole = packet(own, alias, protocol, sent.subarray(20));
      out.outbound(whole, 0, whole.length);
      assert.equal(whole.subarray(16, 20), ipBytes(peer));
      assert.ok(isRight(whole), `${protocol} out, ${length}`);
      const answer = packet(peer, own, protocol, sent.subarray(20));
      back.inbound(answer, 0, answer.length);
      assert.equal(answer.subarray(12, 16), ipBytes(alias));
      assert.equal(answer.subarray(16, 20), ipBytes(own));
      assert.ok(isRight(answer), `${protocol} in, ${length}`);
    }
  }
});

test('an ICMP error that quotes a packet to the peer quotes one to the alias', () => {
  const back = new Rewrite(peer, alias);
  for (const protocol of [6, 17]) {
    for (const kept of [28, 40, 60]) {
      const other = '198.18.0.9' as Ip;
      const quoted = packet(other, peer, protocol, segment(40)).subarray(0, kept);
      const error = packet(peer, other, 1, icmpError(quoted));
      back.inbound(error, 0, error.length);
      assert.equal(error.subarray(12, 16), ipBytes(alias));
      assert.equal(error.subarray(28 + 16, 28 + 20), ipBytes(alias));
      assert.ok(isRight(error), `${protocol}, ${kept} bytes kept`);
      assert.is(sum(error.subarray(28, 48)), 0xffff);
    }
  }
});

test('what is not for the alias, is no IPv4, or is cut short, is left as it is', () => {
  const out = new Rewrite(alias, peer);
  for (let length = 0; length < 60; length += 1) {
    const junk = segment(length);
    const before = junk.slice();
    out.outbound(junk, 0, junk.length);
    if (length < 20) assert.equal(junk, before);
  }
  const other = packet(own, '198.18.0.77' as Ip, 17, segment(30));
  const before = other.slice();
  out.outbound(other, 0, other.length);
  assert.equal(other, before);
});

test('a UDP packet without a checksum stays without one', () => {
  const out = new Rewrite(alias, peer);
  const bytes = packet(own, alias, 17, segment(30));
  put(bytes, 26, 0);
  out.outbound(bytes, 0, bytes.length);
  assert.equal([bytes[26], bytes[27]], [0, 0]);
  assert.equal(bytes.subarray(16, 20), ipBytes(peer));
});

test.run();
