import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Joint, SegmentJoiner } from '../../src/datapath/segment-joiner.ts';
import { segmentOf, sumOf, type TcpShape } from '../support/tcp-segment.ts';

const slotBytes = 2048;
const room = 16;

interface Out {
  readonly bytes: Uint8Array;
  readonly joint: Joint | undefined;
}

/** What comes out when these packets stand one in each slot of a buffer. */
function joined(packets: readonly Uint8Array[], shift = 0): Out[] {
  const buffer = new Uint8Array(slotBytes * packets.length);
  packets.forEach((packet, slot) => {
    buffer.set(packet, slot * slotBytes + room + shift);
  });
  const out: Out[] = [];
  const joiner = new SegmentJoiner((from, offset, length, joint) => {
    out.push({ bytes: from.slice(offset, offset + length), joint });
  });
  packets.forEach((packet, slot) => {
    joiner.push(buffer, slot * slotBytes + room + shift, packet.length);
  });
  joiner.flush();
  return out;
}

/** As the system cuts a joined packet up, with all headers but sequence and lengths those of the first. */
function cut({ bytes, joint }: Out): Uint8Array[] {
  if (!joint) return [bytes];
  const { ipHeaderLength, headerLength, segmentLength } = joint;
  const parts: Uint8Array[] = [];
  const view = new DataView(bytes.buffer);
  const sequence = view.getUint32(ipHeaderLength + 4);
  for (let at = headerLength; at < bytes.length; at += segmentLength) {
    const payload = bytes.subarray(at, Math.min(at + segmentLength, bytes.length));
    const part = new Uint8Array(headerLength + payload.length);
    part.set(bytes.subarray(0, headerLength));
    part.set(payload, headerLength);
    const head = new DataView(part.buffer);
    head.setUint32(ipHeaderLength + 4, (sequence + at - headerLength) >>> 0);
    if (joint.ipVersion === 4) head.setUint16(2, part.length);
    else head.setUint16(4, part.length - 40);
    parts.push(part);
  }
  return parts;
}

/** Without what joining need not keep: identification, checksums, PSH. */
function essence(packet: Uint8Array): string {
  const bytes = packet.slice();
  const isIpv4 = bytes[0] === 0x45;
  const tcp = isIpv4 ? 20 : 40;
  if (isIpv4) bytes.fill(0, 4, 6).fill(0, 10, 12);
  bytes.fill(0, tcp + 16, tcp + 18);
  bytes[tcp + 13] = (bytes[tcp + 13] as number) & ~8;
  return bytes.join();
}

function run(length: number, count: number, more: TcpShape = {}): Uint8Array[] {
  return Array.from({ length: count }, (_, index) =>
    segmentOf({ sequence: 0xffff_f000 + index * length, length, identification: index, ...more }),
  );
}

for (const version of [4, 6] as const) {
  test(`IPv${version}: segments in sequence become one, whose checksums the system takes`, () => {
    const packets = [
      ...run(1000, 20, { version, options: 12 }),
      segmentOf({
        version,
        options: 12,
        sequence: 0xffff_f000 + 20_000,
        length: 77,
        flags: 0x18,
      }),
    ];
    const out = joined(packets);
    assert.is(out.length, 1);
    const { bytes, joint } = out[0] as Out;
    const ipHeaderLength = version === 4 ? 20 : 40;
    const headerLength = ipHeaderLength + 32;
    assert.equal(joint, { ipVersion: version, ipHeaderLength, headerLength, segmentLength: 1000 });
    assert.is(bytes.length, headerLength + 20_077);
    assert.is(bytes[ipHeaderLength + 13], 0x18);
    if (version === 4) assert.is(sumOf(bytes.subarray(0, 20)), 0xffff);
    const [from, to] = version === 4 ? [12, 20] : [8, 40];
    const pseudo = [...bytes.subarray(from, to), 0, 6];
    const lengthOfTcp = bytes.length - ipHeaderLength;
    pseudo.push(lengthOfTcp >>> 8, lengthOfTcp & 0xff);
    const view = new DataView(bytes.buffer);
    assert.is(view.getUint16(ipHeaderLength + 16), sumOf(Uint8Array.from(pseudo)));
    assert.equal(cut(out[0] as Out).map(essence), packets.map(essence));
  });
}

test('what differs in more than sequence, length, checksum and PSH is not joined', () => {
  const [first] = run(100, 1) as [Uint8Array];
  const next = { sequence: 0xffff_f000 + 100, length: 100 };
  const others: Record<string, TcpShape> = {
    'a gap': { sequence: 0xffff_f000 + 101 },
    'a repetition': { sequence: 0xffff_f000 },
    'another port': { port: 81 },
    'another host': { source: 9 },
    'another acknowledgement': { acknowledged: 8 },
    'another window': { window: 501 },
    'more options': { options: 12 },
    'the end': { flags: 0x11 },
    'a reset': { flags: 0x14 },
    'a beginning': { flags: 0x12 },
    'urgent data': { flags: 0x30 },
    'congestion told': { flags: 0x50 },
    'another traffic class': { trafficClass: 3 },
    'another time to live': { hopLimit: 63 },
    'a fragment': { fragment: 0x2000 },
    'fragments allowed': { fragment: 0 },
    'a longer one': { length: 101 },
    'nothing in it': { length: 0 },
    'another version': { version: 6 },
  };
  assert.is(joined([first, segmentOf(next)]).length, 1);
  for (const [name, other] of Object.entries(others)) {
    const second = segmentOf({ ...next, ...other });
    const out = joined([first, second]);
    assert.equal(
      out.map(({ bytes }) => bytes.join()),
      [first.join(), second.join()],
      name,
    );
  }
  const [options, changed] = [0, 1].map((index) => {
    const packet = segmentOf({ sequence: index * 100, length: 100, options: 12 });
    packet[43] = index;
    return packet;
  }) as [Uint8Array, Uint8Array];
  assert.is(joined([options, changed]).length, 2);
});

test('a wrong length in a header, and anything that is no TCP, passes as it is', () => {
  const [first, second] = run(100, 2) as [Uint8Array, Uint8Array];
  const longer = second.slice();
  longer[3] = (longer[3] as number) + 1;
  const cases = [
    longer,
    Uint8Array.of(),
    Uint8Array.of(0x45),
    new Uint8Array(59).fill(0x45),
    second.subarray(0, 40),
    Uint8Array.from(second, (byte, at) => (at === 9 ? 17 : byte)),
    Uint8Array.from(second, (byte, at) => (at === 32 ? 0xf0 : byte)),
    Uint8Array.from(second, (byte, at) => (at === 32 ? 0x10 : byte)),
  ];
  for (const each of cases) {
    const out = joined([first, each, each]);
    assert.equal(
      out.map(({ bytes }) => bytes.join()),
      [first, each, each].map((bytes) => bytes.join()),
    );
  }
});

test('one packet is at most 65,535 bytes, and a short segment is the last', () => {
  const many = run(1400, 100);
  const sizes = joined(many).map(({ bytes }) => bytes.length);
  assert.ok(sizes.every((size) => size <= 65_535) && sizes.length === 3, sizes.join());
  const short = [
    ...run(100, 1),
    segmentOf({ sequence: 0xffff_f000 + 100, length: 50 }),
    segmentOf({ sequence: 0xffff_f000 + 150, length: 100 }),
  ];
  assert.is(joined(short).length, 2);
});

test('packets that do not stand at whole words pass one by one', () => {
  for (const shift of [1, 2, 3]) assert.is(joined(run(100, 3), shift).length, 3);
});

test('whatever comes, the same packets go out in the same order', () => {
  let seed = 7;
  const draw = (limit: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % limit;
  };
  for (let round = 0; round < 200; round += 1) {
    const sequences = [0, 0xffff_ff00, 5];
    const packets = Array.from({ length: 1 + draw(30) }, () => {
      const flow = draw(2);
      const length = draw(6) === 0 ? draw(100) : 100;
      const sequence = (sequences[flow] as number) + (draw(10) === 0 ? 1 : 0);
      sequences[flow] = (sequence + length) >>> 0;
      const flags = draw(8) === 0 ? draw(256) : draw(4) === 0 ? 0x18 : 0x10;
      const version = flow === 0 ? 4 : 6;
      return segmentOf({ version, sequence, length, flags, options: flow * 12 });
    });
    const out = joined(packets).flatMap(cut);
    assert.equal(out.map(essence), packets.map(essence), `round ${round}`);
  }
});

test.run();
