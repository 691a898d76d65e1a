/** Bytes that no ubusd sends: nothing is thrown, nothing grows without bound, and the relation recovers. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex } from '../../../src/base/bytes.ts';
import type { ByteStream } from '../../../src/platform/tjs/stream.ts';
import {
  type BlobmsgField,
  decodeFields,
  encodeFields,
  fieldsOfJson,
  jsonOfFields,
} from '../../../src/platform/ubus/blobmsg.ts';
import { FrameSplitter } from '../../../src/platform/ubus/frame-splitter.ts';
import { decodeMessage, encodeMessage, messageTypes } from '../../../src/platform/ubus/message.ts';
import { UbusSocket } from '../../../src/platform/ubus/socket.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { streamPair } from '../../support/stream-pair.ts';
import recorded from '../../vectors/ubus/09-invoke-args-result.json';
import { Bus, until } from './bus.ts';

const frames = recorded.exchanges.map(({ hex }) => fromHex(hex) as Uint8Array);
const rounds = 40;

/** One to four bytes changed, and now and then the end cut off. */
function spoiled(frame: Uint8Array, seed: number): Uint8Array {
  const random = seededRandom(seed).bytes(12);
  const bytes = frame.slice();
  for (let index = 0; index <= (random[0] as number) % 4; index += 1) {
    const place = ((random[index * 2 + 1] as number) * 256 + (random[index * 2 + 2] as number)) | 0;
    bytes[place % bytes.length] = random[9 - index] as number;
  }
  const cut = random[10] as number;
  return cut < 40 ? bytes.subarray(0, 12 + (cut % (bytes.length - 11))) : bytes;
}

test('no spoiled frame makes the reader throw', () => {
  for (let seed = 0; seed < rounds; seed += 1) {
    for (const frame of frames) {
      const { attributes } = decodeMessage(spoiled(frame, seed));
      for (const bytes of [attributes.data, attributes.signature]) {
        const fields = bytes && decodeFields(bytes);
        if (fields) jsonOfFields(fields);
      }
    }
  }
});

test('fields nested beyond the bound are refused, and so are too many', () => {
  let nested: BlobmsgField = { name: 'x', type: 'table', value: [] };
  for (let depth = 0; depth < 40; depth += 1)
    nested = { name: 'x', type: 'table', value: [nested] };
  assert.is(decodeFields(encodeFields([nested])), undefined);
  const many = new Uint8Array(8 * 70_000);
  for (let offset = 0; offset < many.length; offset += 8) many.set([0x80, 0, 0, 8], offset);
  assert.is(decodeFields(many), undefined);
});

test('a name that means something to the language stays a name', () => {
  const json = jsonOfFields([{ name: '__proto__', type: 'int32', value: 1 }]);
  assert.ok(Object.hasOwn(json, '__proto__'));
  assert.is(({} as Record<string, unknown>)['value'], undefined);
});

test('values of JSON come back as they were', () => {
  const given = {
    text: 'ü',
    least: -(2 ** 31),
    most: 2 ** 31 - 1,
    beyond: 2 ** 40,
    fraction: 0.25,
    truth: true,
    nothing: null,
    list: [1, 'x', { deep: [[]] }],
  };
  assert.equal(jsonOfFields(decodeFields(encodeFields(fieldsOfJson(given))) ?? []), given);
});

test('a frame longer than ubus allows is refused at its head', () => {
  const head = Uint8Array.of(0, 4, 0, 1, 0, 0, 0, 0, 0, 0x10, 0, 8);
  assert.is(new FrameSplitter().push(head), undefined);
  assert.is(new FrameSplitter().push(Uint8Array.of(0, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3)), undefined);
});

/** A ubusd of which a test writes every byte. */
function scripted(): { socket: UbusSocket; far: ByteStream } {
  const [near, far] = streamPair();
  return { socket: new UbusSocket(near, () => {}), far };
}

const hello = encodeMessage({ type: messageTypes.hello, seq: 0, peer: 5000, attributes: {} });

test('an answer that never ends is cut off', async () => {
  const { socket, far } = scripted();
  await far.write(hello);
  await socket.hello();
  const asked = socket.request(messageTypes.lookup, 0, {}, 30_000);
  const data = new Uint8Array(1_000_000);
  const part = encodeMessage({ type: messageTypes.data, seq: 1, peer: 0, attributes: { data } });
  for (let count = 0; count < 9; count += 1) await far.write(part);
  assert.is((await asked).status, 11);
  socket.close();
});

test('requests beyond the bound fail at once, and an answer for another peer is none', async () => {
  const { socket, far } = scripted();
  await far.write(hello);
  await socket.hello();
  const waiting = Array.from({ length: 64 }, () =>
    socket.request(messageTypes.lookup, 0, {}, 60_000),
  );
  assert.is((await socket.request(messageTypes.lookup, 0, {}, 60_000)).status, 11);
  const forged = { type: messageTypes.status, seq: 1, peer: 9, attributes: { status: 0 } };
  await far.write(encodeMessage(forged));
  far.close();
  assert.equal(new Set((await Promise.all(waiting)).map(({ status }) => status)), new Set([10]));
});

test('after nonsense the connection is given up and another one made', async () => {
  const bus = new Bus();
  let connections = 0;
  const client = bus.client([], async () => {
    connections += 1;
    if (connections > 1) return bus.connect();
    const [near, far] = streamPair();
    await far.write(hello);
    await far.write(new Uint8Array(64).fill(0xff));
    return near;
  });
  client.start();
  await until(() => client.ready);
  assert.is(connections, 2);
  bus.end();
});

test('frames of every kind, spoiled, end nothing but at most the connection', async () => {
  for (let seed = 0; seed < 30; seed += 1) {
    const { socket, far } = scripted();
    for (const frame of frames) await far.write(spoiled(frame, seed));
    far.close();
    await socket.ended;
  }
});

test.run();
