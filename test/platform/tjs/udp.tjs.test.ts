import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Endpoint, type Ip, parseEndpoint } from '../../../src/base/ip.ts';
import { errnos } from '../../../src/platform/tjs/system-error.ts';
import { UdpPort } from '../../../src/platform/tjs/udp.ts';
import { maxDatagramBytes } from '../../../src/platform/tjs/udp-socket.ts';
import type { LocalUplink } from '../../../src/platform/uplinks.ts';
import { enterOwnNetwork, ip, isRoot } from '../support/own-network.ts';

interface Arrival {
  readonly bytes: Uint8Array;
  readonly from: Endpoint;
  readonly uplink: string | undefined;
}

const loopback = (ip: string): LocalUplink => ({
  id: `lo/${ip}`,
  device: 'lo',
  ip: ip as Ip,
  usable: true,
  deviceIndex: 1,
});

class Station {
  readonly arrivals: Arrival[] = [];
  readonly refused: { to: Endpoint; errno: number }[] = [];
  readonly port: UdpPort;
  #wake: () => void = () => {};

  constructor(port = 0) {
    this.port = new UdpPort(
      { port, mark: 0 },
      {
        receive: (buffer, offset, length, from, uplink) => {
          this.arrivals.push({ bytes: buffer.slice(offset, offset + length), from, uplink });
        },
        received: () => this.#wake(),
        sendFailed: (to, errno) => this.refused.push({ to, errno }),
        failed: (error) => {
          throw error;
        },
      },
    );
  }

  at(ip: string): Endpoint {
    return parseEndpoint(ip, this.port.port) as Endpoint;
  }

  async until(count: number): Promise<void> {
    while (this.arrivals.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Queues at an offset, as the data path does. */
  send(to: Endpoint, uplink: string | undefined, bytes: Uint8Array): void {
    const buffer = new Uint8Array(bytes.length + 40).fill(0xee);
    buffer.set(bytes, 20);
    this.port.queue(to, uplink, buffer, 20, bytes.length);
  }
}

let first: Station;
let second: Station;

test.before(async () => {
  if (isRoot()) await enterOwnNetwork();
  first = new Station();
  second = new Station();
});
test.after(() => {
  first.port.close();
  second.port.close();
});

function reset(): void {
  for (const station of [first, second]) {
    station.arrivals.length = 0;
    station.refused.length = 0;
    station.port.setUplinks(['127.0.0.1', '127.0.0.5', '::1'].map(loopback));
  }
}
test.before.each(reset);

for (const ip of ['127.0.0.1', '::1']) {
  test(`a datagram over ${ip} names its sender and its uplink`, async () => {
    first.send(second.at(ip), undefined, Uint8Array.of(1, 2, 3));
    first.send(second.at(ip), undefined, new Uint8Array(0));
    first.port.flush();
    await second.until(2);
    const [datagram, empty] = second.arrivals as [Arrival, Arrival];
    assert.equal([...datagram.bytes], [1, 2, 3]);
    assert.is(datagram.from, first.at(ip));
    assert.is(datagram.uplink, `lo/${ip}`);
    assert.is(empty.bytes.length, 0);
    second.send(datagram.from, datagram.uplink, Uint8Array.of(9));
    second.port.flush();
    await first.until(1);
    assert.is(first.arrivals[0]?.from, second.at(ip));
  });
}

test('an uplink decides the source address', async () => {
  first.send(second.at('127.0.0.1'), 'lo/127.0.0.5', Uint8Array.of(1));
  first.send(second.at('127.0.0.1'), undefined, Uint8Array.of(2));
  first.port.flush();
  await second.until(2);
  assert.equal(
    second.arrivals.map(({ from }) => from),
    [first.at('127.0.0.5'), first.at('127.0.0.1')],
  );
});

test('an address that is no uplink is told as none', async () => {
  second.port.setUplinks([]);
  first.send(second.at('127.0.0.7'), undefined, Uint8Array.of(1));
  first.port.flush();
  await second.until(1);
  assert.is(second.arrivals[0]?.uplink, undefined);
});

test('an uplink that is gone sends nothing and is counted', async () => {
  const before = first.port.counters.get('uplink-gone');
  first.send(second.at('127.0.0.1'), 'eth9/192.0.2.1', Uint8Array.of(1));
  first.send(second.at('127.0.0.1'), 'lo/::1', Uint8Array.of(2));
  first.send(second.at('127.0.0.1'), undefined, Uint8Array.of(3));
  first.port.flush();
  await second.until(1);
  assert.equal([...(second.arrivals[0]?.bytes ?? [])], [3]);
  assert.is(first.port.counters.get('uplink-gone') - before, 2);
});

test('more than a batch arrives in order and whole', async () => {
  const count = 150;
  for (let index = 0; index < count; index += 1) {
    const bytes = new Uint8Array(1 + ((index * 37) % 1400)).fill(index);
    first.send(second.at(index % 2 ? '127.0.0.1' : '::1'), undefined, bytes);
  }
  first.port.flush();
  await second.until(count);
  for (const odd of [0, 1]) {
    const ip = odd ? '127.0.0.1' : '::1';
    const here = second.arrivals.filter(({ from }) => from === first.at(ip));
    here.forEach(({ bytes }, position) => {
      const index = position * 2 + odd;
      assert.is(bytes.length, 1 + ((index * 37) % 1400));
      assert.ok(bytes.every((byte) => byte === (index & 0xff)));
    });
  }
});

/** Lengths by destination, as a bulk transfer among others makes them. */
const mixed = [
  ...Array.from({ length: 100 }, () => ({ ip: '127.0.0.1', length: 1380 })),
  { ip: '127.0.0.1', length: 700 },
  { ip: '127.0.0.1', length: 700 },
  { ip: '127.0.0.1', length: 1380 },
  { ip: '::1', length: 1380 },
  { ip: '::1', length: 1380 },
  { ip: '::1', length: 1379 },
  { ip: '::1', length: 1 },
  { ip: '127.0.0.5', length: 1 },
  ...Array.from({ length: 70 }, () => ({ ip: '127.0.0.5', length: 2 })),
];

async function exchange(uplink: (address: string) => string | undefined): Promise<number> {
  const before = first.port.counters.get('sent');
  mixed.forEach(({ ip, length }, index) => {
    first.send(second.at(ip), uplink(ip), new Uint8Array(length).fill(index));
  });
  first.port.flush();
  await second.until(mixed.length);
  for (const ip of ['127.0.0.1', '127.0.0.5', '::1']) {
    const sent = mixed.flatMap((each, index) => (each.ip === ip ? [[each.length, index]] : []));
    const got = second.arrivals.filter((each) => each.uplink === `lo/${ip}`);
    const seen = got.map(({ bytes }) => [bytes.length, bytes[0]]);
    assert.equal(seen, sent);
    for (const { bytes } of got) assert.ok(bytes.every((byte) => byte === bytes[0]));
  }
  return first.port.counters.get('sent') - before;
}

test('equal datagrams that leave as one message arrive one by one, by any uplink', async () => {
  assert.is(await exchange(() => undefined), mixed.length);
  reset();
  assert.is(await exchange((ip) => `lo/${ip}`), mixed.length);
});

test('where the network is too narrow for one message they leave singly', async () => {
  if (!isRoot()) return;
  const counters = first.port.counters;
  const before = counters.snapshot();
  await ip('link set lo mtu 1300');
  const lengths = [1380, 1380, 700];
  for (const length of lengths)
    first.send(second.at('127.0.0.1'), undefined, new Uint8Array(length));
  first.port.flush();
  await second.until(lengths.length);
  assert.equal(
    second.arrivals.map(({ bytes }) => bytes.length),
    lengths,
  );
  assert.is(counters.get('sent') - (before['sent'] ?? 0), lengths.length);
  assert.equal(first.refused, []);
  await ip('link set lo mtu 65536');
});

test('one datagram that cannot leave does not hold up the others', async () => {
  first.send(second.at('127.0.0.1'), undefined, Uint8Array.of(1));
  first.send('255.255.255.255:9' as Endpoint, undefined, Uint8Array.of(2));
  first.send(second.at('127.0.0.1'), undefined, Uint8Array.of(3));
  first.port.flush();
  await second.until(2);
  assert.equal(
    second.arrivals.map(({ bytes }) => bytes[0]),
    [1, 3],
  );
  assert.is(first.refused[0]?.to, '255.255.255.255:9');
  assert.ok([errnos.EACCES, errnos.ENETUNREACH].includes(first.refused[0]?.errno ?? 0));
});

test('a datagram longer than the limit is neither sent nor cut', async () => {
  const before = first.port.counters.get('too-long');
  first.send(second.at('127.0.0.1'), undefined, new Uint8Array(maxDatagramBytes + 1));
  first.send(second.at('127.0.0.1'), undefined, new Uint8Array(maxDatagramBytes));
  first.port.flush();
  await second.until(1);
  assert.is(second.arrivals[0]?.bytes.length, maxDatagramBytes);
  assert.is(first.port.counters.get('too-long') - before, 1);
});

test('a port in use is told with its option', () => {
  assert.throws(() => new Station(second.port.port), /option port: UDP port \d+ is in use/);
});

test.run();
