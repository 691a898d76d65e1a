import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex, Reader, toHex, Writer } from '../../src/base/bytes.ts';
import { type Endpoint, type Ip, type Prefix, parseIp } from '../../src/base/ip.ts';
import { endpointField, ip, ipv4, ipv6, prefixField } from '../../src/wire/address-fields.ts';
import type { Field } from '../../src/wire/fields.ts';
import { seededRandom } from '../support/seeded-random.ts';

const v6 = '20010db8000000000000000000000001';
const mapped = '00000000000000000000ffffc0000201';

function written<Value>(field: Field<Value>, value: Value): string {
  const writer = new Writer(1);
  field.write(writer, value);
  return toHex(writer.bytes);
}

function read<Value>(field: Field<Value>, hex: string): Value | 'refused' {
  const reader = new Reader(fromHex(hex) as Uint8Array);
  const value = field.read(reader);
  return reader.ok && reader.remaining === 0 ? value : 'refused';
}

test('an address of either family says which it is', () => {
  assert.is(read(ip, '04c0000201'), '192.0.2.1');
  assert.is(read(ip, `06${v6}`), '2001:db8::1');
  assert.is(written(ip, '192.0.2.1' as Ip), '04c0000201');
  assert.is(written(ip, '2001:db8::1' as Ip), `06${v6}`);
  for (const family of ['00', '01', '05', '07', 'ff']) {
    assert.is(read(ip, `${family}c0000201`), 'refused');
    assert.is(read(ip, `${family}${v6}`), 'refused');
  }
  for (const hex of ['', '04', '04c00002', `06${v6.slice(2)}`]) {
    assert.is(read(ip, hex), 'refused', hex);
  }
});

test('an IPv4-mapped IPv6 address is refused, being a second spelling', () => {
  assert.is(read(ip, `06${mapped}`), 'refused');
  assert.is(read(ipv6, mapped), 'refused');
  assert.is(read(endpointField, `06${mapped}1229`), 'refused');
  assert.is(read(prefixField, `06${mapped}80`), 'refused');
});

test('a field of one family takes no other', () => {
  assert.is(read(ipv4, 'c6120001'), '198.18.0.1');
  assert.is(read(ipv6, v6), '2001:db8::1');
  assert.throws(() => written(ipv4, '::1' as Ip), /IPv4 address/);
  assert.throws(() => written(ipv6, '192.0.2.1' as Ip), /IPv6 address/);
  assert.throws(() => written(ip, 'example' as Ip), /canonical text/);
});

test('an endpoint has a port that is not 0', () => {
  assert.is(read(endpointField, '04c00002011229'), '192.0.2.1:4649');
  assert.is(read(endpointField, `06${v6}ffff`), '[2001:db8::1]:65535');
  assert.is(read(endpointField, '04c00002010000'), 'refused');
  assert.is(read(endpointField, `06${v6}0000`), 'refused');
  assert.is(read(endpointField, '04c000020112'), 'refused');
  assert.is(written(endpointField, '[2001:db8::1]:1' as Endpoint), `06${v6}0001`);
});

test('a prefix has no bit behind its length and no length beyond its family', () => {
  assert.is(read(prefixField, '04c61200000f'), '198.18.0.0/15');
  assert.is(read(prefixField, '040000000000'), '0.0.0.0/0');
  assert.is(read(prefixField, '04c000020120'), '192.0.2.1/32');
  assert.is(read(prefixField, `06${v6}80`), '2001:db8::1/128');
  assert.is(read(prefixField, '04c61300000e'), 'refused');
  assert.is(read(prefixField, '04c000020121'), 'refused');
  assert.is(read(prefixField, '04c0000201ff'), 'refused');
  assert.is(read(prefixField, `06${v6}81`), 'refused');
  assert.is(read(prefixField, `06${v6}7f`), 'refused');
  assert.is(written(prefixField, '198.18.0.0/15' as Prefix), '04c61200000f');
});

test('every prefix length takes exactly the addresses whose last bits are zero', () => {
  for (let length = 0; length <= 32; length += 1) {
    const ones = length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0;
    const base = ones.toString(16).padStart(8, '0');
    const hex = length.toString(16).padStart(2, '0');
    assert.not.equal(read(prefixField, `04${base}${hex}`), 'refused', `/${length}`);
    if (length === 32) continue;
    const next = (ones | (1 << (31 - length))) >>> 0;
    const beyond = next.toString(16).padStart(8, '0');
    assert.is(read(prefixField, `04${beyond}${hex}`), 'refused', `/${length}`);
  }
});

test('samples come back and are canonical text', () => {
  const random = seededRandom(22);
  for (let round = 0; round < 200; round += 1) {
    for (const field of [ip, ipv4, ipv6]) {
      const value = field.sample(random);
      assert.is(parseIp(value), value);
      assert.is(read(field, written(field, value)), value);
    }
    const at = endpointField.sample(random);
    assert.is(read(endpointField, written(endpointField, at)), at);
    const range = prefixField.sample(random);
    assert.is(read(prefixField, written(prefixField, range)), range);
  }
});

test.run();
