import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { littleEndian } from '../../../src/platform/byte-order.ts';
import {
  addressOf,
  bind,
  errno,
  errorText,
  LibraryMissing,
  pin,
} from '../../../src/platform/tjs/ffi.ts';
import { pointerBytes } from '../../../src/platform/tjs/ffi-engine.ts';

const libc = bind(['libc.so.6', 'libc.so'], {
  getpid: ['int'],
  abs: ['int', 'int'],
  strlen: ['size', 'string'],
  memcpy: ['void', 'buffer', 'buffer', 'size'],
  memcmp: ['int', 'buffer', 'buffer', 'size'],
  open: ['int', 'string', 'int', '...', 'uint'],
  close: ['int', 'int'],
  read: ['ssize', 'int', 'buffer', 'size'],
  htonl: ['uint', 'uint'],
  time: ['ssize', 'buffer'],
  snprintf: ['int', 'buffer', 'size', 'string', '...', 'int', 'ulong'],
});

test('integers, texts and results pass in both directions', () => {
  assert.is(libc.getpid(), tjs.pid);
  assert.is(libc.abs(-7), 7);
  assert.is(libc.abs(123_456_789), 123_456_789);
  assert.is(libc.strlen('größe'), 7);
  assert.is(libc.htonl(0xfffefdfc), littleEndian ? 0xfcfdfeff : 0xfffefdfc);
});

test('views are copied by their own offset and length', () => {
  const from = Uint8Array.from({ length: 32 }, (_, index) => index);
  const to = new Uint8Array(8);
  libc.memcpy(to.subarray(2), from.subarray(10), 4);
  assert.equal([...to], [0, 0, 10, 11, 12, 13, 0, 0]);
});

test('a pinned buffer and null stand for pointers', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const held = pin(bytes);
  assert.is(libc.memcmp(held, Uint8Array.of(1, 2, 3, 4), 4), 0);
  bytes[3] = 9;
  assert.ok(libc.memcmp(held, Uint8Array.of(1, 2, 3, 4), 4) > 0);
  assert.ok(libc.time(null) > 1_500_000_000);
});

test('the address of a buffer can be stored in a structure', () => {
  const bytes = new Uint8Array(64);
  const whole = addressOf(bytes);
  assert.is(addressOf(bytes.subarray(16)) - whole, 16n);
  assert.ok(whole > 0n && whole < 1n << BigInt(pointerBytes * 8));
});

test('variable arguments arrive', () => {
  const text = new Uint8Array(64);
  const length = libc.snprintf(text, 64, '%d %lu', -5, 4_000_000_000);
  assert.is(new TextDecoder().decode(text.subarray(0, length)), '-5 4000000000');
});

test('a failed call leaves its errno', () => {
  assert.is(libc.open('/nonexistent/file', 0, 0), -1);
  assert.is(errno(), 2);
  assert.is(libc.close(987_654), -1);
  assert.is(errno(), 9);
  assert.match(errorText(2), /No such file/);
});

test('a negative ssize is a negative number', () => {
  assert.is(libc.read(987_654, new Uint8Array(4), 4), -1);
});

test('wild numbers are refused before C sees them', () => {
  const target = new Uint8Array(4);
  for (const wild of [-1, 1.5, Number.NaN, 2 ** 53, 2 ** 60, Number.POSITIVE_INFINITY]) {
    assert.throws(() => libc.memcpy(target, target, wild), /was given/);
  }
  for (const wild of [2 ** 31, -(2 ** 31) - 1, 0.5])
    assert.throws(() => libc.abs(wild), /was given/);
  const loose = libc as unknown as Record<string, (...values: unknown[]) => unknown>;
  assert.throws(() => loose['memcpy']?.(target, target, 4n));
  assert.throws(() => loose['memcpy']?.(target, target));
  assert.throws(() => loose['memcpy']?.(target, undefined, 4));
  assert.throws(() => libc.strlen('a\0b'), /NUL/);
  assert.is(libc.memcmp(target, new Uint8Array(4), 4), 0);
});

test('a missing library and a missing function say what was tried', () => {
  assert.throws(
    () => bind(['libnope.so.9', 'libnope.so'], { f: ['int'] }),
    (error: unknown) =>
      error instanceof LibraryMissing &&
      /libnope\.so\.9 or libnope\.so/.test(error.message) &&
      error.libraryNames.length === 2,
  );
  assert.throws(
    () => bind(['libc.so.6', 'libc.so'], { ntm_no_such_function: ['int'] }),
    (error: unknown) =>
      error instanceof LibraryMissing && /ntm_no_such_function/.test(error.message),
  );
});

test.run();
