import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Ip } from '../../../src/base/ip.ts';
import { fileConstants, socketConstants } from '../../../src/platform/tjs/abi.ts';
import { WatchedFd } from '../../../src/platform/tjs/fd.ts';
import { bind } from '../../../src/platform/tjs/ffi.ts';
import { libc } from '../../../src/platform/tjs/libc.ts';
import { socketAddress } from '../../../src/platform/tjs/socket-address.ts';
import { errnos, orThrow, SystemError } from '../../../src/platform/tjs/system-error.ts';
import { eventually } from '../support/own-network.ts';

const { AF_INET, SOCK_DGRAM } = socketConstants;
const { connect } = bind(['libc.so.6', 'libc.so'], { connect: ['int', 'int', 'buffer', 'uint'] });
const loopback = '127.0.0.1' as Ip;

function portOf(fd: WatchedFd): number {
  const address = new Uint8Array(16);
  orThrow(
    libc.getsockname(fd.fd, address, new Uint8Array(Uint32Array.of(16).buffer)),
    'getsockname',
  );
  return (address[2] as number) * 256 + (address[3] as number);
}

function boundSocket(): WatchedFd {
  const fd = WatchedFd.socket(AF_INET, SOCK_DGRAM, 0);
  fd.bind(socketAddress(4, loopback, 0));
  return fd;
}

function send(from: WatchedFd, port: number): void {
  const to = socketAddress(4, loopback, port);
  libc.sendto(from.fd, Uint8Array.of(7), 1, 0, to, to.length);
}

function receive(fd: WatchedFd): number {
  return libc.recvfrom(fd.fd, new Uint8Array(10), 10, 0, null, null);
}

test('an exception in a handler is reported and the watch goes on', async () => {
  const [receiver, sender] = [boundSocket(), boundSocket()];
  const errors: string[] = [];
  let count = 0;
  receiver.watch({
    readable: () => {
      while (receive(receiver) > 0) count += 1;
      throw new Error(`mistake ${count}`);
    },
    failed: (error) => errors.push((error as Error).message),
  });
  send(sender, portOf(receiver));
  await eventually(() => count === 1);
  send(sender, portOf(receiver));
  await eventually(() => count === 2);
  assert.equal(errors, ['mistake 1', 'mistake 2']);
  receiver.close();
  sender.close();
});

test('after an error condition the watch goes on', async () => {
  const [receiver, peer] = [boundSocket(), boundSocket()];
  const port = portOf(peer);
  connect(receiver.fd, socketAddress(4, loopback, port), 16);
  peer.close();
  const troubles: number[] = [];
  let count = 0;
  receiver.watch({
    readable: () => {
      while (receive(receiver) > 0) count += 1;
    },
    trouble: (number) => troubles.push(number),
    failed: (error) => {
      throw error;
    },
  });
  for (let round = 1; round <= 2; round += 1) {
    send(receiver, port);
    await eventually(() => troubles.length >= round);
    const sender = WatchedFd.socket(AF_INET, SOCK_DGRAM, 0);
    sender.bind(socketAddress(4, loopback, port));
    send(sender, portOf(receiver));
    await eventually(() => count >= round);
    sender.close();
  }
  assert.equal(troubles, [errnos.ECONNREFUSED, errnos.ECONNREFUSED]);
  receiver.close();
});

test('a descriptor may be closed in its own handler and more than once', async () => {
  const [receiver, sender] = [boundSocket(), boundSocket()];
  let calls = 0;
  receiver.watch({
    readable: () => {
      calls += 1;
      receiver.close();
      receiver.close();
    },
    failed: (error) => {
      throw error;
    },
  });
  send(sender, portOf(receiver));
  await eventually(() => calls === 1 && receiver.closed);
  await new Promise((resolve) => setTimeout(resolve, 30));
  send(sender, portOf(sender));
  assert.is(calls, 1);
  sender.close();
});

test('many sockets come and go without harm', async () => {
  for (let round = 0; round < 200; round += 1) {
    const fd = boundSocket();
    fd.watch({ readable: () => {}, failed: () => {} });
    fd.close();
    if (round % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const ports = new Set<number>();
  const fds = Array.from({ length: 50 }, boundSocket);
  for (const fd of fds) ports.add(portOf(fd));
  assert.is(ports.size, 50);
  for (const fd of fds) fd.close();
});

test('a descriptor that is no socket is taken over', async () => {
  const path = `/tmp/ntm-test-${tjs.pid}.fifo`;
  const { mkfifo } = bind(['libc.so.6', 'libc.so'], { mkfifo: ['int', 'string', 'uint'] });
  orThrow(mkfifo(path, 0o600), 'mkfifo');
  const { O_RDWR, O_NONBLOCK } = fileConstants;
  const fd = WatchedFd.adopt(orThrow(libc.open(path, O_RDWR | O_NONBLOCK, 0), 'open'));
  const bytes = new Uint8Array(8);
  let got = 0;
  fd.watch({
    readable: () => {
      got = libc.read(fd.fd, bytes, bytes.length);
    },
    failed: (error) => {
      throw error;
    },
  });
  libc.write(fd.fd, Uint8Array.of(4, 5), 2);
  await eventually(() => got === 2);
  assert.equal([...bytes.subarray(0, 2)], [4, 5]);
  fd.close();
  libc.unlink(path);
});

test('errors of the system tell operation, number and name', () => {
  assert.throws(
    () => WatchedFd.socket(250, SOCK_DGRAM, 0),
    (error: unknown) =>
      error instanceof SystemError && error.operation === 'socket' && error.is('EAFNOSUPPORT'),
  );
  const fd = boundSocket();
  const other = WatchedFd.socket(AF_INET, SOCK_DGRAM, 0);
  assert.throws(
    () => other.bind(socketAddress(4, loopback, portOf(fd))),
    (error: unknown) => error instanceof SystemError && /^bind: .*EADDRINUSE/.test(error.message),
  );
  assert.ok(connect(other.fd, socketAddress(4, loopback, portOf(fd)), 16) === 0);
  fd.close();
  other.close();
});

test.run();
