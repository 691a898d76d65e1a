import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint, Prefix } from '../../../src/base/ip.ts';
import { InterfaceSetup } from '../../../src/platform/interface-setup.ts';
import { Rtnl } from '../../../src/platform/netlink/rtnl.ts';
import { run } from '../../../src/platform/tjs/process.ts';
import { ProblemToMend } from '../../../src/platform/tjs/system-error.ts';
import { TunDevice, tunHeadroom, tunTailroom } from '../../../src/platform/tjs/tun.ts';
import { UdpPort } from '../../../src/platform/tjs/udp.ts';
import { segmentOf } from '../../support/tcp-segment.ts';
import { enterOwnNetwork, eventually, ip, isRoot } from '../support/own-network.ts';

const udpProtocol = 17;
const rooted = isRoot() ? test : test.skip;
const ignore = () => {};
const fail = (error: unknown) => {
  throw error;
};
const prefixes = (...texts: string[]) => texts as Prefix[];

test.before(async () => {
  if (isRoot()) await enterOwnNetwork();
});

test('a name that cannot be a device is our own mistake', () => {
  assert.throws(
    () =>
      new TunDevice('a-name-of-sixteen', {
        packet: ignore,
        drained: ignore,
        gone: ignore,
        failed: fail,
      }),
    /1 to 15 bytes/,
  );
});

/**
 * The datagram sent back: with both addresses and both ports exchanged all checksums still hold.
 */
function reflected(packet: Uint8Array): Uint8Array | undefined {
  const version = (packet[0] as number) >>> 4;
  const protocol = version === 4 ? packet[9] : packet[6];
  if (protocol !== udpProtocol) return undefined;
  const [source, length, ports] = version === 4 ? [12, 4, 20] : [8, 16, 40];
  const reply = packet.slice();
  for (const [from, to, count] of [
    [source, source + length, length],
    [source + length, source, length],
    [ports, ports + 2, 2],
    [ports + 2, ports, 2],
  ] as const) {
    reply.set(packet.subarray(from, from + count), to);
  }
  return reply;
}

rooted('packets of applications come out and answers go in', async () => {
  const rtnl = new Rtnl();
  const tun: TunDevice = new TunDevice('ntm0', {
    packet: (buffer, offset, length) => {
      assert.ok(offset >= tunHeadroom && buffer.length - offset - length >= tunTailroom);
      const reply = reflected(buffer.subarray(offset, offset + length));
      if (!reply) return;
      const area = new Uint8Array(reply.length + 13);
      area.set(reply, 13);
      tun.write(area, 13, reply.length);
    },
    drained: () => tun.flush(),
    gone: ignore,
    failed: fail,
  });
  const setup = new InterfaceSetup(rtnl, 'ntm0');
  setup.apply({
    mtu: 1380,
    addresses: prefixes('198.18.0.2/32', 'fd00::2/128'),
    routes: prefixes('198.18.0.0/20', 'fd00::/64'),
    exitRoutes: [],
  });
  const answers: string[] = [];
  const application = new UdpPort(
    { port: 0, mark: 0 },
    {
      receive: (_buffer, _offset, length, from) => answers.push(`${length} from ${from}`),
      received: ignore,
      sendFailed: (to, number) => answers.push(`${to} failed ${number}`),
      failed: fail,
    },
  );
  const expected: string[] = [];
  for (const to of ['198.18.0.9:7', '[fd00::9]:7'] as Endpoint[]) {
    for (let length = 1; length < 1300; length += 20) {
      application.queue(to, undefined, new Uint8Array(length).fill(length), 0, length);
      expected.push(`${length} from ${to}`);
    }
  }
  application.flush();
  await eventually(() => answers.length >= expected.length);
  assert.equal(answers.sort(), expected.sort());
  tun.write(new Uint8Array(50), 10, 40);
  assert.is(tun.counters.get('write EINVAL'), 1);
  application.close();
  tun.close();
  await eventually(async () => !(await ip('link')).includes('ntm0'));
  setup.remove();
  rtnl.close();
});

rooted('joined segments are taken as one packet, which is refused once', async () => {
  const resets: number[] = [];
  const tun = new TunDevice('ntm4', {
    packet: (buffer, offset) => {
      const tcp = offset + ((buffer[offset] as number) >>> 4 === 4 ? 20 : 40);
      if (((buffer[tcp + 13] as number) & 4) !== 0) resets.push(tcp - offset);
    },
    drained: ignore,
    gone: ignore,
    failed: fail,
  });
  const rtnl = new Rtnl();
  const setup = new InterfaceSetup(rtnl, 'ntm4');
  setup.apply({
    mtu: 1400,
    addresses: prefixes('198.18.0.2/32', 'fd00::2/128'),
    routes: prefixes('198.18.0.0/20', 'fd00::/64'),
    exitRoutes: [],
  });
  const slot = 2048;
  const buffer = new Uint8Array(20 * slot);
  for (const version of [4, 6] as const) {
    for (let index = 0; index < 20; index += 1) {
      const packet = segmentOf({ version, sequence: index * 1200, length: 1200 });
      buffer.set(packet, index * slot + 16);
      tun.write(buffer, index * slot + 16, packet.length);
    }
    tun.flush();
  }
  const apart = segmentOf({ sequence: 7, length: 1200 });
  buffer.set(apart, 16);
  tun.write(buffer, 16, apart.length);
  tun.flush();
  await eventually(() => resets.length >= 3);
  assert.equal(resets, [20, 40, 20]);
  assert.is(tun.counters.get('joined'), 2);
  assert.is(tun.counters.get('written'), 1);
  tun.close();
  setup.remove();
  rtnl.close();
});

rooted('a device that is in use is told with its option', () => {
  const handlers = { packet: ignore, drained: ignore, gone: ignore, failed: fail };
  const tun = new TunDevice('ntm1', handlers);
  assert.throws(
    () => new TunDevice('ntm1', handlers),
    (error: unknown) =>
      error instanceof ProblemToMend && /option device: ntm1 is in use/.test(error.message),
  );
  assert.throws(() => new TunDevice('lo', handlers), /option device: lo exists and is no TUN/);
  tun.close();
});

rooted('a device deleted under us is told', async () => {
  let gone = false;
  const tun = new TunDevice('ntm2', {
    packet: ignore,
    drained: ignore,
    gone: () => {
      gone = true;
    },
    failed: fail,
  });
  await ip('link set ntm2 up');
  await ip('link delete ntm2');
  await eventually(() => gone);
  tun.close();
});

rooted('settings follow what is wanted, repeatedly, and leave nothing behind', async () => {
  const rtnl = new Rtnl();
  const tun = new TunDevice('ntm3', {
    packet: ignore,
    drained: ignore,
    gone: ignore,
    failed: fail,
  });
  // What a killed daemon leaves.
  await ip('rule add not fwmark 0x46000000/0xff000000 table 4649 priority 4649');
  const setup = new InterfaceSetup(rtnl, 'ntm3');
  const base = {
    mtu: 1400,
    addresses: prefixes('198.18.0.2/32'),
    routes: prefixes('198.18.0.0/20'),
    exitRoutes: [],
  };
  setup.apply(base);
  assert.not.match(await ip('rule'), /4649/);
  const withExit = { ...base, exitRoutes: prefixes('0.0.0.0/0', '::/0') };
  setup.apply(withExit);
  setup.apply(withExit);
  assert.match(await ip('route show table 4649'), /default dev ntm3/);
  assert.match(await ip('rule'), /4649:\s+not from all fwmark 0x46000000\/0xff000000 lookup 4649/);
  assert.match(await ip('route get 203.0.113.7'), /dev ntm3/);
  assert.match(await ip('-6 route get 2001:db8::7'), /dev ntm3/);
  const marked = await run(['ip', 'route', 'get', '203.0.113.7', 'mark', '0x46000100']);
  assert.is.not(marked.code, 0);
  setup.apply({
    ...base,
    mtu: 1300,
    addresses: prefixes('198.18.0.3/32'),
    routes: prefixes('198.18.16.0/20'),
  });
  const address = await ip('address show ntm3');
  assert.match(address, /mtu 1300/);
  assert.match(address, /198\.18\.0\.3/);
  assert.not.match(address, /198\.18\.0\.2\/|fe80/);
  assert.not.match((await ip('rule')) + (await ip('-6 rule')), /4649/);
  assert.is((await ip('route')).trim(), '198.18.16.0/20 dev ntm3 proto static scope link');
  setup.apply(withExit);
  setup.remove();
  setup.remove();
  assert.is((await ip('route')).trim(), '');
  assert.not.match((await ip('rule')) + (await ip('-6 rule')), /4649/);
  tun.close();
  rtnl.close();
});

test.run();
