import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ControlClient } from '../../../src/platform/control/client.ts';
import { connectControl } from '../../../src/platform/control/connect.ts';
import { CallRefused, DaemonUnreachable } from '../../../src/platform/control/errors.ts';
import { encodeLine } from '../../../src/platform/control/frames.ts';
import { ControlServer } from '../../../src/platform/control/server.ts';
import {
  connectUnix,
  listenUnix,
  type UnixListener,
} from '../../../src/platform/tjs/unix-socket.ts';
import type { ControlCall, JsonObject } from '../../../src/protocol/machine.ts';

const path = `/tmp/ntm-control-test-${tjs.pid}.sock`;
const calls: ControlCall[] = [];
const server = new ControlServer({
  call: async (call) => {
    calls.push(call);
    if (call.method === 'remove') return { ok: false, error: 'No such node.' };
    if (call.method === 'nodes') {
      return { ok: true, result: { nodes: Array.from({ length: 500 }, row) } };
    }
    return { ok: true, result: { echoed: call.arguments } };
  },
});
let listener: UnixListener;

function row(_: unknown, index: number): JsonObject {
  return {
    name: `node-${index}`,
    kind: 'node',
    nodeId: 'abcd-'.repeat(6),
    note: '電話'.repeat(20),
  };
}

async function nextLine(stream: { read(): Promise<Uint8Array | undefined> }): Promise<JsonObject> {
  let text = '';
  while (!text.includes('\n')) {
    const bytes = await stream.read();
    assert.ok(bytes, `the stream ended after "${text}"`);
    text += new TextDecoder().decode(bytes);
  }
  return JSON.parse(text.split('\n')[0] as string) as JsonObject;
}

test.before(async () => {
  listener = await listenUnix(path, (stream) => void server.serve(stream));
});

test.after(() => {
  server.close();
  listener.close();
});

test('a call reaches the service with its arguments and its result comes back', async () => {
  const client = await connectControl(path);
  const result = (await client.call('rename', { node: 'a', name: 'b', other: 1 })) as unknown;
  assert.equal(result, { echoed: { node: 'a', name: 'b' } });
  assert.is(calls.at(-1)?.method, 'rename');
  client.close();
});

test('an answer far longer than one read arrives whole, several times over', async () => {
  const client = await connectControl(path);
  for (let round = 0; round < 3; round += 1) {
    const { nodes } = await client.call('nodes');
    assert.is(nodes.length, 500);
    assert.equal(nodes[499] as unknown, row(undefined, 499));
  }
  client.close();
});

test('the sentence of a refusal comes back as an error', async () => {
  const client = await connectControl(path);
  try {
    await client.call('remove', { node: 'x' });
    assert.unreachable('the call was accepted');
  } catch (error) {
    assert.instance(error, CallRefused);
    assert.is((error as Error).message, 'No such node.');
  }
  client.close();
});

test('many clients are served side by side', async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => connectControl(path)));
  const results = await Promise.all(
    clients.map((client, index) => client.call('connect', { peer: `p${index}` })),
  );
  assert.equal(
    results as unknown,
    clients.map((_, index) => ({ echoed: { peer: `p${index}` } })),
  );
  for (const client of clients) client.close();
});

test('nonsense is answered with a sentence and the next request still works', async () => {
  const stream = await connectUnix(path);
  const send = (text: string): Promise<void> => stream.write(new TextEncoder().encode(text));
  for (const text of ['{', '[]', '"x"', '{"id":1}', '{"id":1,"method":"stats"}', '\u0000']) {
    await send(`${text}\n`);
    const answer = await nextLine(stream);
    assert.is(answer.ok, false, text);
    assert.is(typeof answer.error, 'string');
  }
  await stream.write(Uint8Array.of(0xff, 0xfe, 10));
  assert.is((await nextLine(stream)).ok, false);
  await send('{"id":7,"method":"status"}\n');
  assert.equal(await nextLine(stream), { id: 7, ok: true, result: { echoed: {} } });
  stream.close();
});

test('a request without end is cut off, and the server lives on', async () => {
  const stream = await connectUnix(path);
  const chunk = new Uint8Array(16_384).fill(120);
  try {
    for (let count = 0; count < 6; count += 1) await stream.write(chunk);
  } catch {
    // The server may close before all was written: that is what is asked for.
  }
  const bytes = await stream.read().catch(() => undefined);
  if (bytes) assert.match(new TextDecoder().decode(bytes), /at most/);
  stream.close();
  const client = await connectControl(path);
  assert.ok(await client.call('status'));
  client.close();
});

test('a subscriber gets events, others do not', async () => {
  const subscriber = await connectUnix(path);
  const other = await connectUnix(path);
  await subscriber.write(encodeLine({ id: 1, method: 'subscribe' }));
  assert.equal(await nextLine(subscriber), { id: 1, ok: true, result: {} });
  await other.write(encodeLine({ id: 2, method: 'status' }));
  assert.is((await nextLine(other)).id, 2);
  server.publish('handover', { number: 3 });
  assert.equal(await nextLine(subscriber), { event: 'handover', data: { number: 3 } });
  await other.write(encodeLine({ id: 3, method: 'status' }));
  assert.is((await nextLine(other)).id, 3);
  subscriber.close();
  other.close();
});

test('a client waiting for a daemon that ends is told so', async () => {
  const lonely = `${path}.end`;
  const ending = await listenUnix(lonely, (stream) => {
    void stream.read().then(() => stream.close());
  });
  const client = new ControlClient(await connectUnix(lonely), lonely);
  try {
    await client.call('status');
    assert.unreachable('there was an answer');
  } catch (error) {
    assert.instance(error, DaemonUnreachable);
    assert.match((error as Error).message, /ended before it answered "status"/);
  }
  ending.close();
});

test('a daemon that does not answer in time is told so', async () => {
  const silent = `${path}.silent`;
  const listening = await listenUnix(silent, () => {});
  const client = new ControlClient(await connectUnix(silent), silent);
  try {
    await client.call('status', {}, 50);
    assert.unreachable('there was an answer');
  } catch (error) {
    assert.match((error as Error).message, /did not answer "status" within/);
  }
  client.close();
  listening.close();
});

test('without a daemon the sentence names the socket and how to start one', async () => {
  try {
    await connectControl(`${path}.none`);
    assert.unreachable('somebody answered');
  } catch (error) {
    assert.instance(error, DaemonUnreachable);
    assert.match((error as Error).message, /not running: nothing answers at .*\.none\. Start it/);
  }
});

test.run();
