import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { concatBytes, Reader, toHex, utf8, Writer } from '../../src/base/bytes.ts';
import {
  decodeBody,
  decodeExactly,
  encodeBody,
  encodeFields,
  identify,
  messageNameOf,
  messageRow,
  padTo,
} from '../../src/wire/codec.ts';
import type { MessageName, Values } from '../../src/wire/messages.ts';
import {
  decodeAs,
  hasExtensions,
  messageNames,
  randomBody,
  randomValues,
} from '../fuzz/messages.ts';
import { seededRandom } from '../support/seeded-random.ts';

const rounds = 8;

/** Valid bodies of every message, several each. */
function eachBody(seed: number, check: (name: MessageName, body: Uint8Array) => void): void {
  const random = seededRandom(seed);
  for (const name of messageNames) {
    for (let round = 0; round < rounds; round += 1) check(name, randomBody(name, random));
  }
}

test('every message comes back from its bytes as it went in', () => {
  const random = seededRandom(1);
  for (const name of messageNames) {
    for (let round = 0; round < rounds; round += 1) {
      const values = randomValues(name, random);
      const decoded = decodeAs(name, encodeBody(name, values).slice());
      assert.equal(decoded, values, name);
    }
  }
});

test('the length of every message lies within the bounds of the table', () => {
  eachBody(2, (name, body) => {
    const types = Object.values(messageRow(name).fields);
    const least = types.reduce((sum, type) => sum + type.least, 0);
    const most = types.reduce((sum, type) => sum + type.most, 0);
    assert.ok(body.length >= least && body.length <= most, `${name}: ${body.length}`);
  });
});

test('values do not change when the buffer they were read from is used again', () => {
  eachBody(3, (name, body) => {
    const values = decodeAs(name, body);
    const before = toHex(encodeBody(name, values as Values<MessageName>));
    body.fill(0xee);
    assert.is(toHex(encodeBody(name, values as Values<MessageName>)), before, name);
  });
});

test('a body is read from the middle of a datagram and no further than its end', () => {
  eachBody(4, (name, body) => {
    const datagram = concatBytes(Uint8Array.of(1, 2, 3), body, Uint8Array.of(9, 9, 9, 9, 9));
    const reader = new Reader(datagram, 3, 3 + body.length);
    const values = hasExtensions(name) ? decodeBody(name, reader) : decodeExactly(name, reader);
    assert.not('drop' in values, name);
    assert.is(reader.offset, 3 + body.length);
  });
});

test('what stands behind the fields is an extension area or is dropped', () => {
  eachBody(5, (name, body) => {
    const endsOpen = name === 'sessionInitiation' || name === 'sessionResponse';
    for (const length of [1, 2, 3]) {
      const decoded = decodeAs(name, concatBytes(body, new Uint8Array(length)));
      if (endsOpen) assert.not('drop' in decoded, name);
      else if (hasExtensions(name)) assert.equal(decoded, { drop: 'bad-extension' }, name);
      else assert.equal(decoded, { drop: 'trailing-bytes' }, name);
    }
  });
});

test('unknown extensions are skipped, in any number and of any length', () => {
  const extensions = [
    [0, 0, 0, 0],
    [0xff, 0xff, 0, 3, 1, 2, 3],
    [0, 7, 0, 0, 0, 8, 0, 1, 9],
  ];
  eachBody(6, (name, body) => {
    if (!hasExtensions(name)) return;
    const plain = decodeAs(name, body);
    for (const extension of extensions) {
      const extended = concatBytes(body, Uint8Array.from(extension));
      assert.equal(decodeAs(name, extended), plain, name);
    }
  });
});

test('an extension that reaches past the end is dropped', () => {
  const broken = [[0], [0, 1, 0], [0, 1, 0, 1], [0, 1, 0xff, 0xff, 1], [0, 0, 0, 0, 0, 1, 0, 2, 5]];
  eachBody(7, (name, body) => {
    if (!hasExtensions(name)) return;
    for (const extension of broken) {
      const extended = concatBytes(body, Uint8Array.from(extension));
      assert.equal(decodeAs(name, extended), { drop: 'bad-extension' }, name);
    }
  });
});

test('padding fills a body to the byte, is zero, and is skipped by the reader', () => {
  const values = { revision: 7 };
  for (const length of [8, 9, 300, 1200]) {
    const writer = new Writer(4);
    encodeFields(writer, 'routeDirectionAcknowledgement', values);
    padTo(writer, length);
    assert.is(writer.length, length);
    assert.is(toHex(writer.bytes.subarray(8)), '00'.repeat(length - 8));
    const decoded = decodeBody('routeDirectionAcknowledgement', new Reader(writer.bytes));
    assert.equal(decoded, values);
  }
});

test('no padding is added where no extension fits', () => {
  for (const length of [0, 3, 4, 5, 6, 7]) {
    const writer = new Writer();
    encodeFields(writer, 'routeDirectionAcknowledgement', { revision: 7 });
    padTo(writer, length);
    assert.is(writer.length, 4);
  }
});

test('a datagram is identified by its first two bytes', () => {
  for (const name of messageNames) {
    const { code, framing } = messageRow(name);
    for (let flags = 0; flags < 16; flags += 1) {
      const identity = identify(Uint8Array.of(code, 0x10 | flags, 0, 0));
      assert.equal(identity, { name, framing, flags });
    }
    assert.is(messageNameOf(code), name);
  }
});

test('every other type, and every other version of a known type, is dropped', () => {
  const codes = new Set(messageNames.map((name) => messageRow(name).code));
  let unknownTypes = 0;
  for (let code = 0; code < 0x100; code += 1) {
    for (let version = 0; version < 16; version += 1) {
      const identity = identify(Uint8Array.of(code, version << 4));
      if (!codes.has(code)) {
        assert.equal(identity, { drop: 'unknown-type' });
        unknownTypes += 1;
      } else if (version !== 1) assert.equal(identity, { drop: 'unknown-version' });
      else assert.not('drop' in identity);
    }
    if (!codes.has(code)) assert.is(messageNameOf(code), undefined);
  }
  assert.is(unknownTypes, (0x100 - codes.size) * 16);
});

test('a datagram of fewer than two bytes is dropped', () => {
  assert.equal(identify(new Uint8Array(0)), { drop: 'too-short' });
  assert.equal(identify(Uint8Array.of(0x10)), { drop: 'too-short' });
});

test('encoding into a writer that holds something appends to it', () => {
  const writer = new Writer(1);
  writer.put(utf8('head'));
  const all = encodeBody('routeDirectionAcknowledgement', { revision: 0x01020304 }, writer);
  assert.is(toHex(all), `${toHex(utf8('head'))}01020304`);
});

test.run();
