import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concatBytes, fromHex, Reader, toHex, utf8, Writer } from '../../src/base/bytes.ts';
import { list, optional, struct } from '../../src/wire/composite-fields.ts';
import {
  below,
  blob,
  bytes,
  choice,
  type Field,
  flag,
  hexId,
  isPlainText,
  publicKey,
  reserved,
  rest,
  secretId,
  text,
  u8,
  u16,
  u32,
  u48,
} from '../../src/wire/fields.ts';
import { seededRandom } from '../support/seeded-random.ts';

function written<Value>(field: Field<Value>, value: Value): string {
  const writer = new Writer(1);
  field.write(writer, value);
  return toHex(writer.bytes);
}

/** The value, or 'refused'; whatever is read must have been read to its end. */
function read<Value>(field: Field<Value>, hex: string): Value | 'refused' {
  const reader = new Reader(fromHex(hex) as Uint8Array);
  const value = field.read(reader);
  if (!reader.ok) return 'refused';
  assert.is(reader.remaining, 0);
  return value;
}

test('numbers take their whole range and nothing beyond it', () => {
  const rows: readonly (readonly [Field<number>, number])[] = [
    [u8, 8],
    [u16, 16],
    [u32, 32],
    [u48, 48],
  ];
  for (const [field, bits] of rows) {
    const most = 2 ** bits - 1;
    for (const value of [0, 1, 0x7f, 2 ** (bits - 1), most - 1, most]) {
      const hex = value.toString(16).padStart(bits / 4, '0');
      assert.is(written(field, value), hex);
      assert.is(read(field, hex), value);
    }
    for (const value of [-1, most + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => written(field, value), /out of range/, `${bits}: ${value}`);
    }
    assert.is(read(field, '00'.repeat(bits / 8 - 1)), 'refused');
    assert.is(field.description, `u${bits}`);
  }
});

test('a bounded number refuses its limit and everything above', () => {
  const side = below(2);
  assert.is(read(side, '00'), 0);
  assert.is(read(side, '01'), 1);
  for (let value = 2; value < 256; value += 1) {
    assert.is(read(side, value.toString(16).padStart(2, '0')), 'refused');
  }
  assert.throws(() => written(side, 2), /below 2/);
  assert.throws(() => written(side, -1), /out of range/);
});

test('a flag is 0 or 1', () => {
  assert.is(read(flag, '00'), false);
  assert.is(read(flag, '01'), true);
  for (const hex of ['02', '80', 'ff', '']) assert.is(read(flag, hex), 'refused');
  assert.is(written(flag, true) + written(flag, false), '0100');
});

test('a choice has a number for every name and no other', () => {
  const color = choice('red', 'green', 'blue');
  assert.is(written(color, 'blue'), '02');
  assert.is(read(color, '01'), 'green');
  for (const hex of ['03', 'ff', '']) assert.is(read(color, hex), 'refused');
  assert.throws(() => written(color, 'black' as 'red'), /out of range/);
});

test('bytes and identifiers have exactly their length', () => {
  assert.is(written(bytes(3), Uint8Array.of(1, 2, 3)), '010203');
  assert.throws(() => written(bytes(3), Uint8Array.of(1, 2)), /3 bytes/);
  assert.throws(() => written(bytes(3), Uint8Array.of(1, 2, 3, 4)), /3 bytes/);
  assert.is(read(bytes(3), '0102'), 'refused');
  const id = hexId<string>(4, 'id');
  assert.is(written(id, '00ff10aa'), '00ff10aa');
  assert.is(read(id, '00FF10AA'), '00ff10aa');
  for (const value of ['', '00ff10', '00ff10aa00', '00ff10ag', 'zz']) {
    assert.throws(() => written(id, value), /id is 4 bytes/, value);
  }
});

test('a blob takes its limit and refuses one byte more, and a length past the end', () => {
  const field = blob(300);
  const full = new Uint8Array(300).fill(7);
  assert.is(written(field, full), `012c${'07'.repeat(300)}`);
  assert.equal(read(field, `012c${'07'.repeat(300)}`), full);
  assert.is(read(field, `012d${'07'.repeat(301)}`), 'refused');
  assert.is(read(field, '000401'), 'refused');
  assert.is(read(field, 'ffff'), 'refused');
  assert.throws(() => written(field, new Uint8Array(301)), /at most 300/);
});

test('the rest takes what is left, up to its limit', () => {
  const field = rest(4);
  assert.equal(read(field, ''), new Uint8Array(0));
  assert.equal(read(field, '01020304'), Uint8Array.of(1, 2, 3, 4));
  assert.is(read(field, '0102030405'), 'refused');
  assert.throws(() => written(field, new Uint8Array(5)), /at most 4/);
});

test('reserved bytes are written as zero and refused otherwise', () => {
  assert.is(written(reserved(3), undefined), '000000');
  assert.is(read(reserved(3), '000000'), undefined);
  for (const hex of ['000001', '800000', '0000']) assert.is(read(reserved(3), hex), 'refused');
});

test('a text is bounded in bytes, not in characters', () => {
  const field = text(6);
  assert.is(written(field, '名前'), '06e5908de5898d');
  assert.is(read(field, '06e5908de5898d'), '名前');
  assert.throws(() => written(field, '名前x'), /at most 6 bytes/);
  assert.is(read(field, '0761626364656667'), 'refused');
  assert.is(read(field, '0361'), 'refused');
  assert.is(read(field, '00'), '');
});

test('a text that is not well-formed UTF-8 is refused', () => {
  const wrong = ['80', 'c080', 'c1bf', 'e08080', 'eda080', 'f4908080', 'e282', 'fe', 'ff', '61c3'];
  for (const hex of wrong) {
    const length = (hex.length / 2).toString(16).padStart(2, '0');
    assert.is(read(text(20), `${length}${hex}`), 'refused', hex);
  }
});

test('control characters and those that deceive the reader are refused in text', () => {
  const refused = [
    ...Array.from({ length: 0x20 }, (_, code) => code),
    ...Array.from({ length: 0x21 }, (_, index) => 0x7f + index),
    ...[0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e, 0x2066, 0x2069, 0xfeff],
  ];
  for (const code of refused) {
    const value = `a${String.fromCodePoint(code)}b`;
    assert.not(isPlainText(value), code.toString(16));
    assert.throws(() => written(text(20), value), /without control characters/);
    const raw = utf8(value);
    const hex = toHex(concatBytes(Uint8Array.of(raw.length), raw));
    assert.is(read(text(20), hex), 'refused', code.toString(16));
  }
  for (const code of [0x20, 0x7e, 0xa0, 0xe9, 0x200d, 0x2010, 0x2027, 0x202f, 0x540d, 0x1f600]) {
    const value = `a${String.fromCodePoint(code)}b`;
    assert.ok(isPlainText(value), code.toString(16));
    assert.is(read(text(20), written(text(20), value)), value);
  }
});

test('half a surrogate pair is no text', () => {
  for (const value of ['\ud83d', 'a\ude00', '\ud83dx', '\ude00\ud83d', '\ud83d\ud83d\ude00']) {
    assert.not(isPlainText(value));
    assert.throws(() => written(text(20), value), /without control characters/);
  }
  assert.ok(isPlainText('\ud83d\ude00'));
});

test('a list takes its limit and refuses a higher count before it reads an item', () => {
  let reads = 0;
  const item: Field<number> = {
    ...u16,
    read: (reader) => {
      reads += 1;
      return u16.read(reader);
    },
  };
  const field = list(item, 3);
  assert.equal(read(field, '03000100020003'), [1, 2, 3]);
  assert.equal(read(field, '00'), []);
  reads = 0;
  assert.is(read(field, '040001000200030004'), 'refused');
  assert.is(read(field, `ff${'0001'.repeat(255)}`), 'refused');
  assert.is(reads, 0);
  assert.is(read(field, '030001'), 'refused');
  assert.throws(() => written(field, [1, 2, 3, 4]), /at most 3/);
  assert.equal([field.least, field.most], [1, 7]);
});

test('reading a list stops at the first item that is not there', () => {
  let reads = 0;
  const item: Field<number> = {
    ...u8,
    read: (reader) => {
      reads += 1;
      return u8.read(reader);
    },
  };
  assert.is(read(list(item, 255), 'ff01'), 'refused');
  assert.is(reads, 2);
});

test('an optional value is there or not, as its flag says', () => {
  const field = optional(u16);
  assert.is(read(field, '00'), undefined);
  assert.is(read(field, '011234'), 0x1234);
  assert.is(read(field, '021234'), 'refused');
  assert.is(read(field, '0112'), 'refused');
  assert.is(written(field, undefined), '00');
  assert.is(written(field, 0), '010000');
  assert.equal([field.least, field.most], [1, 3]);
});

test('a structure is its parts in the order of their declaration', () => {
  const field = struct({ first: u8, second: optional(u8), third: list(u8, 2) });
  const value = { first: 1, second: undefined, third: [2, 3] };
  assert.is(written(field, value), '0100020203');
  assert.equal(read(field, '0100020203'), value);
  assert.equal([field.least, field.most], [3, 6]);
  assert.equal(Object.keys(list(optional(field), 4).parts ?? {}), ['first', 'second', 'third']);
});

test('samples of every field are values that come back', () => {
  const random = seededRandom(21);
  const fields = [
    ...[u8, u16, u32, u48, below(3), flag, choice('a', 'b'), bytes(5), hexId(8, 'id')],
    ...[blob(70), rest(70), reserved(2), text(0), text(63), publicKey, optional(list(u16, 5))],
    struct({ a: text(9), b: list(struct({ c: flag }), 2) }),
  ] as unknown as readonly Field<unknown>[];
  for (const field of fields) {
    for (let round = 0; round < 50; round += 1) {
      const value = field.sample(random);
      const hex = written(field, value);
      assert.equal(read(field, hex), value, field.description);
      assert.ok(hex.length / 2 >= field.least && hex.length / 2 <= field.most, field.description);
    }
  }
});

test('what a field shows is short, and of byte strings only public keys and identifiers', () => {
  const key = new Uint8Array(32).fill(0xab);
  assert.is(publicKey.show(key), 'abababab');
  assert.is(bytes(32).show(key), '<32 bytes>');
  assert.is(blob(99).show(key), '<32 bytes>');
  assert.is(rest(99).show(key), '<32 bytes>');
  assert.is(hexId(8, 'id').show('0123456789abcdef'), '01234567');
  assert.is(secretId(8, 'token').show('0123456789abcdef'), '<8 bytes>');
  assert.is(optional(bytes(2)).show(undefined), '-');
  assert.is(list(struct({ a: u8, b: flag }), 2).show([{ a: 1, b: true }]), '[{a=1 b=yes}]');
  assert.is(text(9).show('a "b"'), '"a \\"b\\""');
});

test.run();
