import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  concatBytes,
  equalBytes,
  equalSecrets,
  fromHex,
  fromUtf8,
  isZero,
  Reader,
  toHex,
  utf8,
  Writer,
} from '../../src/base/bytes.ts';
import { seededRandom } from '../support/seeded-random.ts';

test('every byte has two digits and comes back from them in either case', () => {
  const all = Uint8Array.from({ length: 256 }, (_, value) => value);
  const hex = toHex(all);
  assert.is(hex.length, 512);
  assert.is(hex.slice(0, 6) + hex.slice(-6), '000102fdfeff');
  assert.equal(fromHex(hex), all);
  assert.equal(fromHex(hex.toUpperCase()), all);
  assert.equal(fromHex(''), new Uint8Array(0));
});

test('text that is not hexadecimal is refused at every place', () => {
  for (const digit of ['g', 'G', '/', ':', '@', '`', ' ', '-', '\0', '\u0130', '０', '名']) {
    assert.is(fromHex(`${digit}0`), undefined, digit);
    assert.is(fromHex(`0${digit}`), undefined, digit);
    assert.is(fromHex(`00${digit}0ff`), undefined, digit);
  }
  for (const text of ['0', '000', '0x00', '+1', '1.', '1e+1']) {
    assert.is(fromHex(text), undefined, text);
  }
});

test('UTF-8 comes back as the text it was, of every plane and of any length', () => {
  const texts = ['', 'a', 'é', '名前', '😀', '\0', '\ufeffa', 'a'.repeat(300), 'é'.repeat(300)];
  for (const text of texts) assert.is(fromUtf8(utf8(text)), text);
  assert.is(toHex(utf8('aé名😀')), '61c3a9e5908df09f9880');
});

test('every single byte above ASCII, overlong forms and surrogates are no UTF-8', () => {
  for (let value = 0; value < 0x100; value += 1) {
    const text = fromUtf8(Uint8Array.of(0x61, value));
    assert.is(text, value < 0x80 ? `a${String.fromCharCode(value)}` : undefined);
  }
  for (const hex of ['c080', 'e08080', 'f0808080', 'eda080', 'edbfbf', 'f4908080', 'c3', 'e590']) {
    assert.is(fromUtf8(fromHex(hex) as Uint8Array), undefined, hex);
  }
});

test('equal means same length and same bytes', () => {
  const base = Uint8Array.of(1, 2, 3, 4);
  for (const equal of [equalBytes, equalSecrets]) {
    assert.ok(equal(base, base.slice()));
    assert.ok(equal(new Uint8Array(0), new Uint8Array(0)));
    assert.not(equal(base, base.subarray(0, 3)));
    assert.not(equal(base, concatBytes(base, Uint8Array.of(0))));
    for (let bit = 0; bit < 32; bit += 1) {
      const other = base.slice();
      other[bit >>> 3] = (other[bit >>> 3] as number) ^ (1 << (bit & 7));
      assert.not(equal(base, other));
    }
  }
});

test('byte strings are joined in order, and zero is told from anything else', () => {
  const joined = concatBytes(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3));
  assert.is(toHex(joined), '010203');
  assert.is(concatBytes().length, 0);
  assert.ok(isZero(new Uint8Array(9)));
  assert.ok(isZero(new Uint8Array(0)));
  for (let at = 0; at < 9; at += 1) {
    const bytes = new Uint8Array(9);
    bytes[at] = 0x80;
    assert.not(isZero(bytes));
  }
});

test('a reader takes big-endian numbers and views, and knows what is left', () => {
  const reader = new Reader(fromHex('01020304050607fffffffffffffffffffe0a0b') as Uint8Array);
  assert.is(reader.u8(), 1);
  assert.is(reader.u16(), 0x0203);
  assert.is(reader.u32(), 0x04050607);
  assert.is(reader.u48(), 2 ** 48 - 1);
  assert.is(reader.u32(), 0xfffffffe);
  assert.is(reader.remaining, 2);
  assert.equal(reader.take(2), Uint8Array.of(10, 11));
  assert.is(reader.remaining, 0);
  assert.ok(reader.ok);
});

test('a read past the end yields zeros, is remembered, and ends all further reading', () => {
  const reads: readonly (readonly [number, (reader: Reader) => unknown])[] = [
    [1, (reader) => reader.u8()],
    [2, (reader) => reader.u16()],
    [4, (reader) => reader.u32()],
    [6, (reader) => reader.u48()],
    [5, (reader) => reader.take(5).reduce((sum, byte) => sum + byte, 0)],
  ];
  for (const [width, read] of reads) {
    for (let length = 0; length < width; length += 1) {
      const reader = new Reader(new Uint8Array(64).fill(0xff), 3, 3 + length);
      assert.is(read(reader), 0, `${length} of ${width}`);
      assert.not(reader.ok);
      assert.is(reader.remaining, 0);
      assert.is(reader.u8(), 0);
      assert.not(reader.ok);
    }
    const whole = new Reader(new Uint8Array(64).fill(0xff), 3, 3 + width);
    assert.is.not(read(whole), 0);
    assert.ok(whole.ok);
  }
});

test('a length told by an attacker allocates at most 64 KiB', () => {
  const reader = new Reader(new Uint8Array(4));
  assert.is(reader.take(2 ** 32 - 1).length, 0);
  assert.not(reader.ok);
  assert.is(new Reader(new Uint8Array(4)).take(65_536).length, 65_536);
});

test('what is taken is a view, so that a caller who keeps it must copy', () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const view = new Reader(bytes, 1).take(2);
  bytes[1] = 9;
  assert.is(view[0], 9);
});

test('a writer grows from any capacity and writes what a reader reads', () => {
  for (const capacity of [0, 1, 2, 7, 256]) {
    const random = seededRandom(capacity);
    const writer = new Writer(capacity);
    const blob = random.bytes(100);
    for (let round = 0; round < 30; round += 1) {
      writer.u8(round).u16(0xfffe).u32(0xfffffffd).u48(0xfffffffffffc).put(blob);
    }
    assert.is(writer.length, 30 * 113);
    const reader = new Reader(writer.bytes);
    for (let round = 0; round < 30; round += 1) {
      assert.is(reader.u8(), round);
      assert.is(reader.u16(), 0xfffe);
      assert.is(reader.u32(), 0xfffffffd);
      assert.is(reader.u48(), 0xfffffffffffc);
      assert.equal(reader.take(100), blob);
    }
    assert.is(reader.remaining, 0);
    assert.ok(reader.ok);
  }
});

test('a writer asserts the range of every number and changes nothing when it does', () => {
  const writer = new Writer().u8(7);
  for (const value of [-1, 256, 1.5, Number.NaN]) assert.throws(() => writer.u8(value), /u8/);
  for (const value of [-1, 2 ** 16, 0.1]) assert.throws(() => writer.u16(value), /u16/);
  for (const value of [-1, 2 ** 32, 0.1]) assert.throws(() => writer.u32(value), /u32/);
  for (const value of [-1, 2 ** 48, 0.1]) assert.throws(() => writer.u48(value), /u48/);
  assert.is(toHex(writer.bytes), '07');
});

test.run();
