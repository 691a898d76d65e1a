/** Our client and our object against the ubusd of the tests: both ends of calls, events, and new beginnings. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dispatchCall } from '../../../src/platform/control/dispatch.ts';
import { decodeFields, encodeFields, jsonOfFields } from '../../../src/platform/ubus/blobmsg.ts';
import { controlObject } from '../../../src/platform/ubus/control-object.ts';
import { messageTypes } from '../../../src/platform/ubus/message.ts';
import type { UbusAnswer, UbusObject } from '../../../src/platform/ubus/object.ts';
import type { UbusSocket } from '../../../src/platform/ubus/socket.ts';
import { UbusError } from '../../../src/platform/ubus/status.ts';
import { controlMethods } from '../../../src/protocol/control-methods.ts';
import type { JsonObject } from '../../../src/protocol/machine.ts';
import { sampleDaemon } from '../../main/sample-daemon.ts';
import { Bus, until } from './bus.ts';

const view = sampleDaemon();
const ntmobile = controlObject((call) => dispatchCall(view, call), {});

async function lookUp(socket: UbusSocket, path: string) {
  const { data } = await socket.request(messageTypes.lookup, 0, { objectPath: path }, 1000);
  return data[0];
}

/** As `ubus call` does: the data that came, whatever the status. */
async function call(socket: UbusSocket, path: string, method: string, given: Uint8Array) {
  const objectId = (await lookUp(socket, path))?.objectId ?? 0;
  const attributes = { objectId, method, data: given };
  const reply = await socket.request(messageTypes.invoke, objectId, attributes, 5000);
  const data = reply.data[0]?.data;
  return { status: reply.status, result: data && jsonOfFields(decodeFields(data) ?? []) };
}

const text = (name: string, value: string) => ({ name, type: 'string', value }) as const;
const nothing = new Uint8Array(0);

test('every control method is a method of the object, with the types of its arguments', async () => {
  const bus = new Bus();
  await bus.connected([ntmobile]);
  const row = await lookUp(await bus.socket(), 'ntmobile');
  const signature = jsonOfFields(decodeFields(row?.signature ?? nothing) ?? []);
  assert.equal(Object.keys(signature).sort(), Object.keys(controlMethods).sort());
  assert.equal(signature['invite'], { name: 3, relay: 7, hours: 5 });
  assert.equal(signature['status'], {});
  bus.end();
});

test('a call is answered like one on the control socket, and what LuCI adds is let pass', async () => {
  const bus = new Bus();
  await bus.connected([ntmobile]);
  const given = encodeFields([text('ubus_rpc_session', '0'.repeat(32))]);
  const { status, result } = await call(await bus.socket(), 'ntmobile', 'status', given);
  const answer = await dispatchCall(view, { method: 'status', arguments: {} });
  assert.is(status, 0);
  assert.ok(answer.ok);
  assert.equal(Object.keys(result ?? {}), Object.keys(answer.result));
  assert.equal(result?.['ds'], answer.result['ds']);
  bus.end();
});

test('a wrong argument, an unknown method and a refusal each have their status and their words', async () => {
  const bus = new Bus();
  await bus.connected([ntmobile]);
  const socket = await bus.socket();
  const missing = await call(socket, 'ntmobile', 'connect', nothing);
  assert.is(missing.status, 2);
  assert.match(String(missing.result?.['error']), /needs "peer"/);
  assert.is((await call(socket, 'ntmobile', 'conect', nothing)).status, 3);
  assert.is((await call(socket, 'ntmobile', '__proto__', nothing)).status, 3);
  const unknown = encodeFields([text('node', 'nobody')]);
  const refused = await call(socket, 'ntmobile', 'remove', unknown);
  assert.is(refused.status, 9);
  assert.equal(refused.result, { error: 'No such node.' });
  const torn = Uint8Array.of(0x83, 0, 0, 99, 0, 0, 0, 0);
  assert.is((await call(socket, 'ntmobile', 'status', torn)).status, 2);
  bus.end();
});

test('an event reaches who listens, and a notification who subscribed', async () => {
  const bus = new Bus();
  const owner = await bus.connected([ntmobile]);
  const seen: string[] = [];
  const other = bus.client([]);
  other.listen('ntmobile.*', (name, data) => seen.push(`event ${name} ${JSON.stringify(data)}`));
  other.subscribe('ntmobile', (name, data) => seen.push(`told ${name} ${JSON.stringify(data)}`));
  other.start();
  await until(() => other.ready);
  await other.call('ntmobile', 'status', {});
  owner.publish('ntmobile', 'path', { peer: 'phone', route: 'direct' });
  await until(() => seen.length === 2);
  const data = '{"peer":"phone","route":"direct"}';
  assert.equal(seen.sort(), [`event ntmobile.path ${data}`, `told path ${data}`]);
  bus.end();
});

test('after a restart of ubusd objects, listeners and subscriptions are there again', async () => {
  const bus = new Bus();
  let connections = 0;
  const owner = bus.client([ntmobile]);
  owner.whenConnected(() => {
    connections += 1;
  });
  owner.start();
  const seen: string[] = [];
  const other = bus.client([]);
  other.listen('ntmobile.path', (name) => seen.push(name));
  other.subscribe('ntmobile', (name) => seen.push(`told ${name}`));
  other.start();
  await until(() => owner.ready && other.ready);
  bus.ubusd.restart();
  await until(() => connections === 2 && other.ready);
  await other.call('ntmobile', 'status', {});
  owner.publish('ntmobile', 'path', {});
  await until(() => seen.length === 2);
  assert.equal(bus.ubusd.paths, ['ntmobile']);
  bus.end();
});

test('an owner that comes again under another number is found again', async () => {
  const bus = new Bus();
  const asking = await bus.connected([]);
  const first = await bus.connected([ntmobile]);
  await asking.call('ntmobile', 'status', {});
  first.stop();
  await until(() => bus.ubusd.paths.length === 0);
  assert.is(await statusOf(asking.call('ntmobile', 'status', {})), 4);
  await bus.connected([ntmobile]);
  await asking.call('ntmobile', 'status', {});
  bus.end();
});

async function statusOf(work: Promise<unknown>): Promise<number | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => (error instanceof UbusError ? error.status : -1),
  );
}

test('without ubusd calls fail at once, and it is found when it comes', async () => {
  const bus = new Bus();
  bus.present = false;
  const client = bus.client([ntmobile]);
  client.start();
  assert.is(await statusOf(client.call('network.interface', 'dump', {})), 10);
  client.publish('ntmobile', 'path', {});
  bus.present = true;
  await until(() => client.ready);
  assert.equal(bus.ubusd.paths, ['ntmobile']);
  bus.end();
});

test('a call whose answer never comes, or whose ubusd goes away, ends', async () => {
  const bus = new Bus();
  const silent: UbusObject = {
    path: 'silent',
    methods: { wait: { arguments: {}, call: () => new Promise<UbusAnswer>(() => {}) } },
  };
  await bus.connected([silent]);
  const asking = await bus.connected([]);
  assert.is(await statusOf(asking.call('silent', 'wait', {}, 10)), 7);
  const waiting = statusOf(asking.call('silent', 'wait', {}));
  await until(() => bus.ubusd.clients === 2);
  await asking.call('nothing', 'there', {}).catch(() => {});
  bus.ubusd.restart();
  assert.is(await waiting, 10);
  bus.end();
});

test('a path that another program holds is told, and tried again', async () => {
  const bus = new Bus();
  const first = await bus.connected([ntmobile]);
  const second = bus.client([ntmobile]);
  second.start();
  await until(() => bus.lines.some((line) => /object ntmobile: invalid argument/.test(line)));
  first.stop();
  await until(() => second.ready);
  bus.end();
});

test('one caller cannot have more than a bounded number of calls under way', async () => {
  const bus = new Bus();
  const release: (() => void)[] = [];
  const slow: UbusObject = {
    path: 'slow',
    methods: {
      wait: {
        arguments: {},
        call: () =>
          new Promise<UbusAnswer>((resolve) => release.push(() => resolve({ status: 0 }))),
      },
    },
  };
  await bus.connected([slow]);
  const socket = await bus.socket();
  const statuses: number[] = [];
  const calls = Array.from({ length: 40 }, async () => {
    statuses.push((await call(socket, 'slow', 'wait', nothing)).status);
  });
  await until(() => statuses.length === 8 && release.length === 32);
  assert.equal(statuses, Array(8).fill(11));
  for (const done of release) done();
  await Promise.all(calls);
  bus.end();
});

test('an answer that ubus cannot carry is said to be too long', async () => {
  const bus = new Bus();
  const rows = Array.from({ length: 1200 }, () => 'x'.repeat(1000));
  const long: UbusObject = {
    path: 'long',
    methods: { all: { arguments: {}, call: async () => ({ status: 0, data: { rows } }) } },
  };
  await bus.connected([long]);
  const { status, result } = await call(await bus.socket(), 'long', 'all', nothing);
  assert.is(status, 11);
  assert.match(String(result?.['error']), /too long for ubus/);
  bus.end();
});

test('arguments beyond the limit are refused', async () => {
  const bus = new Bus();
  await bus.connected([ntmobile]);
  const given = encodeFields([text('peer', 'x'.repeat(70_000))]);
  assert.is((await call(await bus.socket(), 'ntmobile', 'connect', given)).status, 2);
  bus.end();
});

test('a mistake in a method is an answer, not the end', async () => {
  const bus = new Bus();
  const broken: UbusObject = {
    path: 'broken',
    methods: {
      fail: {
        arguments: {},
        call: (given: JsonObject) => Promise.reject(new Error(`no ${given['x'] ?? 'x'}`)),
      },
    },
  };
  await bus.connected([broken]);
  const { status, result } = await call(await bus.socket(), 'broken', 'fail', nothing);
  assert.is(status, 9);
  assert.match(String(result?.['error']), /no x/);
  bus.end();
});

test.run();
