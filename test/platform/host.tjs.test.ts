import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint, Prefix } from '../../src/base/ip.ts';
import type { Deadline } from '../../src/base/timers.ts';
import { noNames } from '../../src/platform/dns/names.ts';
import { Host } from '../../src/platform/host.ts';
import { Log } from '../../src/platform/log.ts';
import { FileStore } from '../../src/platform/store/file-store.ts';
import { run } from '../../src/platform/tjs/process.ts';
import { UdpPort } from '../../src/platform/tjs/udp.ts';
import type { Input, JsonObject, Machine, Output } from '../../src/protocol/machine.ts';
import { suite } from '../support/suite.ts';
import { enterOwnNetwork, eventually, ip, isRoot } from './support/own-network.ts';
import { makeScratch, removeScratch } from './support/scratch.ts';

const rooted = isRoot() ? test : test.skip;
let scratch = '';
test.before(async () => {
  scratch = await makeScratch();
  if (!isRoot()) return;
  await enterOwnNetwork();
  await ip('link add one type veth peer name peer1');
  await ip('link set peer1 up');
});
test.after(() => removeScratch(scratch));

/** Wants its interface, tells every uplink change to `peer`, and counts what it hears. */
class SmallRole implements Machine {
  readonly inputs: Input[] = [];
  readonly #effects: Output[] = [];
  readonly #peer: () => Endpoint;
  readonly #last: string;

  constructor(last: string, peer: () => Endpoint) {
    this.#last = last;
    this.#peer = peer;
  }

  handle(input: Input): void {
    this.inputs.push(input);
    if (input.kind === 'start') {
      this.#effects.push({
        kind: 'interface',
        device: '',
        mtu: 1400,
        addresses: [`198.18.0.${this.#last}/32` as Prefix],
        routes: ['198.18.0.0/20' as Prefix],
        exitRoutes: ['203.0.113.0/24' as Prefix],
      });
    }
    const uplink =
      input.kind === 'uplinks' ? input.uplinks.find(({ usable }) => usable) : undefined;
    if (uplink) {
      const bytes = Uint8Array.of(1, 2, 3);
      this.#effects.push(
        { kind: 'store', name: 'state/uplink', value: { id: uplink.id } },
        { kind: 'transmit', to: this.#peer(), uplink: uplink.id, bytes },
      );
    }
  }

  poll(): Output | undefined {
    return this.#effects.shift();
  }

  deadline(): Deadline | undefined {
    return undefined;
  }

  wants(): boolean {
    return true;
  }
}

rooted('a move reaches the role, its state the disk and its datagram the peer', async () => {
  const crashes: unknown[] = [];
  const remade: string[] = [];
  const lines: string[] = [];
  const start = (device: string, machine: Machine) =>
    new Host({
      roles: [
        {
          name: 'node',
          machine,
          store: new FileStore(`${scratch}/${device}.json`),
          requiresStore: false,
        },
      ],
      suite,
      names: noNames,
      port: 0,
      device,
      log: new Log({ level: 'debug', write: (line) => lines.push(line) }),
      event: () => {},
      fatal: () => {},
      interfaceRemade: () => remade.push(device),
      crashed: (error: unknown, _summary: JsonObject) => crashes.push(error),
    });
  const listener = new SmallRole('3', () => '192.0.2.2:9' as Endpoint);
  const second: Host = start('ntm3', listener);
  const mover = new SmallRole('2', () => `192.0.2.2:${second.port}` as Endpoint);
  const first = start('ntm2', mover);
  assert.ok(first.marked);

  await run(['sh', '-c', 'echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter']);
  const filter = async () =>
    (await run(['cat', '/proc/sys/net/ipv4/conf/one/rp_filter'])).out.trim();
  const filterBefore = await filter();
  await ip('link set one up');
  await ip('address add 192.0.2.2/24 dev one');
  await ip('route add default via 192.0.2.1');
  await eventually(() => listener.inputs.some(({ kind }) => kind === 'datagram'));
  const heard = listener.inputs.find((input) => input.kind === 'datagram');
  assert.ok(heard?.kind === 'datagram');
  assert.is(heard.from, `192.0.2.2:${first.port}`);
  assert.is(heard.uplink, 'one/192.0.2.2');
  const stored = new FileStore(`${scratch}/ntm2.json`).load().get('state/uplink');
  assert.equal(stored, { id: 'one/192.0.2.2' });

  await ip('link delete ntm3');
  await eventually(async () => (await ip('address')).includes('198.18.0.3'));
  assert.equal(remade, ['ntm3']);
  assert.ok(lines.some((line) => /ntm3 was deleted by someone else/.test(line)));
  assert.match(await ip('rule'), /4649:\s+not from all fwmark 0x46000000\/0xff000000 lookup 4649/);

  assert.is(await filter(), '2');
  first.stop();
  second.stop();
  assert.is(await filter(), filterBefore);
  await eventually(async () => !(await ip('link')).includes('ntm'));
  assert.not.match(await ip('rule'), /4649/);
  assert.equal(mover.inputs.map(({ kind }) => kind).slice(-1), ['stop']);
  assert.equal(crashes, []);
});

rooted('a packet to nowhere is told to the node', async () => {
  const machine = new SmallRole('4', () => '192.0.2.2:9' as Endpoint);
  const role = { name: 'node', machine, store: new FileStore(`${scratch}/4.json`) } as const;
  const host = new Host({
    roles: [{ ...role, requiresStore: false }],
    suite,
    names: noNames,
    port: 0,
    device: 'ntm4',
    log: new Log({ level: 'error' }),
    event: () => {},
    fatal: () => {},
    crashed: (error) => {
      throw error;
    },
  });
  const fail = (error: unknown) => {
    throw error;
  };
  const application = new UdpPort(
    { port: 0, mark: 0 },
    {
      receive: () => {},
      received: () => {},
      sendFailed: (_to, number) => fail(number),
      failed: fail,
    },
  );
  application.queue('198.18.0.77:9' as Endpoint, undefined, Uint8Array.of(1), 0, 1);
  application.flush();
  await eventually(() => machine.inputs.some(({ kind }) => kind === 'notice'));
  const notice = machine.inputs.find((input) => input.kind === 'notice');
  assert.equal(notice?.kind === 'notice' && notice.notice, {
    notice: 'no-path',
    destination: '198.18.0.77',
  });
  host.stop();
  application.close();
});

test.run();
