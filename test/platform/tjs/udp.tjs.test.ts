import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Endpoint, type Ip, parseEndpoint } from '../../../src/base/ip.ts';
import { errnos } from '../../../src/platform/tjs/system-error.ts';
import { UdpPort } from '../../../src/platform/tjs/udp.ts';
import { maxDatagramBytes } from '../../../src/platform/tjs/udp-socket.ts';
import type { LocalUplink } from '../../../src/platform/uplinks.ts';

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

const first = new Station();
const second = new Station();

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
