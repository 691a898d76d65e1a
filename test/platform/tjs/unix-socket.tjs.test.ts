import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CStruct, socketConstants } from '../../../src/platform/tjs/abi.ts';
import { WatchedFd } from '../../../src/platform/tjs/fd.ts';
import { run } from '../../../src/platform/tjs/process.ts';
import type { ByteStream } from '../../../src/platform/tjs/stream.ts';
import { connectUnix, listenUnix } from '../../../src/platform/tjs/unix-socket.ts';

const path = `/tmp/ntm-test-${tjs.pid}.sock`;

async function readAll(stream: ByteStream): Promise<number> {
  let total = 0;
  for (let bytes = await stream.read(); bytes; bytes = await stream.read()) total += bytes.length;
  return total;
}

test('bytes go both ways and the end is seen', async () => {
  const listener = await listenUnix(path, (stream) => {
    void (async () => {
      for (let bytes = await stream.read(); bytes; bytes = await stream.read()) {
        await stream.write(bytes);
        if (bytes[bytes.length - 1] === 0) break;
      }
      stream.close();
    })();
  });
  const client = await connectUnix(path);
  const sent = new Uint8Array(100_001).fill(7);
  sent[100_000] = 0;
  const reading = readAll(client);
  await client.write(sent);
  assert.is(await reading, sent.length);
  client.close();
  client.close();
  listener.close();
});

test('a read under way ends when its own side closes', async () => {
  const accepted: ByteStream[] = [];
  const listener = await listenUnix(path, (stream) => accepted.push(stream));
  const client = await connectUnix(path);
  const reading = client.read();
  client.close();
  assert.is(await reading, undefined);
  assert.is(await client.read(), undefined);
  let refused = false;
  await client.write(new Uint8Array(1)).catch(() => {
    refused = true;
  });
  assert.ok(refused);
  for (const stream of accepted) stream.close();
  listener.close();
});

test('nobody listening is ENOENT, and a second listener is refused with a sentence', async () => {
  let code: unknown;
  await connectUnix(path).catch((error: { code?: string }) => {
    code = error.code;
  });
  assert.is(code, 'ENOENT');
  const listener = await listenUnix(path, (stream) => stream.close());
  let message = '';
  await listenUnix(path, () => {}).catch((error: Error) => {
    message = error.message;
  });
  assert.match(message, /already listens/);
  listener.close();
  const again = await listenUnix(path, (stream) => stream.close());
  again.close();
});

test('the file of a listener that was killed is replaced, and only a group may connect', async () => {
  const socket = WatchedFd.socket(socketConstants.AF_UNIX, socketConstants.SOCK_STREAM, 0);
  const address = new Uint8Array(110);
  new CStruct(address).u16(0, socketConstants.AF_UNIX);
  address.set(new TextEncoder().encode(path), 2);
  socket.bind(address);
  socket.close();
  const listener = await listenUnix(path, (stream) => stream.close());
  const client = await connectUnix(path);
  assert.is(await client.read(), undefined);
  client.close();
  assert.is((await run(['stat', '-c', '%a', path])).out.trim(), '660');
  listener.close();
});

test('a path too long for the kernel is refused', async () => {
  let message = '';
  await connectUnix(`/tmp/${'x'.repeat(120)}`).catch((error: Error) => {
    message = error.message;
  });
  assert.match(message, /at most 107 bytes/);
});

test.run();
