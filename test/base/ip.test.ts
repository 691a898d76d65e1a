import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/base/bytes.ts';
import {
  endpoint,
  endpointIp,
  endpointPort,
  type Ip,
  ipBytes,
  ipFromBytes,
  isIpv6,
  isPrivate,
  isUnicast,
  parseEndpoint,
  parseIp,
  parsePrefix,
  prefix,
  prefixContains,
  prefixIp,
  prefixLength,
} from '../../src/base/ip.ts';
import { randomBelow } from '../../src/base/random.ts';
import { isEngineSlow } from '../support/engine.ts';
import { seededRandom } from '../support/seeded-random.ts';

const rounds = isEngineSlow ? 100 : 2000;

function parsed(text: string): Ip {
  const ip = parseIp(text);
  if (ip === undefined) throw new Error(`${text} is an address`);
  return ip;
}

test('every usual spelling of an address becomes the one canonical text', () => {
  const spellings: readonly (readonly [string, string])[] = [
    ['0.0.0.0', '0.0.0.0'],
    ['192.0.2.1', '192.0.2.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
    ['0::1', '::1'],
    ['1::', '1::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['2001:DB8::00A1', '2001:db8::a1'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['::192.0.2.1', '::c000:201'],
    ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4:5:6:c000:201'],
    ['::ffff:0:192.0.2.1', '::ffff:0:c000:201'],
  ];
  for (const [text, canonical] of spellings) {
    assert.is(parseIp(text), canonical, text);
    assert.is(parseIp(canonical), canonical);
  }
});

test('what is no address is refused', () => {
  const wrong = [
    ...['', ' ', '.', ':', ':::', 'localhost', '1', '1.2.3', '1.2.3.4.5', '1.2.3.4.', '.1.2.3.4'],
    ...['1..2.3', '256.1.1.1', '1.2.3.256', '1.2.3.1000', '01.2.3.4', '1.2.3.04', '00.0.0.0'],
    ...['1.2.3.-4', '1.2.3.+4', '1.2.3.4 ', ' 1.2.3.4', '1.2.3.4\n', '0x1.2.3.4', '1.2.3.4/32'],
    ...['1.2.3.٤', '１.2.3.4', '1.2.3.4\0', '1,2,3,4', '1e1.2.3.4'],
    ...['1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '::1:2:3:4:5:6:7:8'],
    ...['1::2::3', '1:::2', ':1::2', '1::2:', ':1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8:', '::1:'],
    ...['12345::', '::00001', '::g', '::-1', '::1%eth0', 'fe80::1%1', '[::1]', '::1/64', ' ::1'],
    ...[
      '1.2.3.4::',
      '1.2.3.4::1',
      '::1.2.3.4:5',
      '1:2:3:4:5:6:7:1.2.3.4',
      '::1.2.3',
      '::1.2.3.256',
    ],
    ...[
      '::1.2.3.4.5',
      '::.1.2.3',
      '::1.2.3.',
      'ffff:1.2.3.4',
      '::ffff:01.2.3.4',
      '::ffff:1.2.3.4:',
    ],
    ...['0000:0000:0000:0000:0000:ffff:0192.000.002.001', `::${'0'.repeat(60)}1`, ':'.repeat(45)],
    ...['::１', '::\u212a', '::ｆ', '::1\0', '\u0000::1'],
  ];
  for (const text of wrong) assert.is(parseIp(text), undefined, JSON.stringify(text));
});

test('an address of random bytes comes back from its text, and its text from its bytes', () => {
  const random = seededRandom(51);
  for (let round = 0; round < rounds; round += 1) {
    const bytes = random.bytes(round % 2 === 0 ? 16 : 4);
    // Runs of zeros are what the short form is about.
    const start = randomBelow(random, bytes.length);
    bytes.fill(0, start, start + randomBelow(random, bytes.length));
    const ip = ipFromBytes(bytes);
    assert.is(isIpv6(ip), bytes.length === 16);
    assert.is(toHex(ipBytes(ip)), toHex(bytes), ip);
    assert.is(parseIp(ip), ip);
    assert.is(parseIp(ip.toUpperCase()), ip);
  }
});

test('the short form is never longer than another and replaces the first longest run', () => {
  const random = seededRandom(52);
  for (let round = 0; round < rounds; round += 1) {
    const groups = Array.from({ length: 8 }, () => randomBelow(random, 3) * randomBelow(random, 9));
    const bytes = Uint8Array.from(groups.flatMap((group) => [0, group]));
    const ip = ipFromBytes(bytes);
    const runs =
      groups
        .map((group) => (group === 0 ? '0' : 'x'))
        .join('')
        .match(/0+/g) ?? [];
    const longest = Math.max(0, ...runs.map((run) => run.length));
    assert.is(ip.includes('::'), longest >= 2, ip);
    if (longest < 2) continue;
    const [head = '', tail = ''] = ip.split('::');
    const shown = [head, tail].map((half) => (half === '' ? 0 : half.split(':').length));
    assert.is(8 - (shown[0] as number) - (shown[1] as number), longest, ip);
    const first = groups.map((group) => (group === 0 ? '0' : 'x')).join('');
    assert.is(first.indexOf('0'.repeat(longest)), shown[0], ip);
  }
});

test('text of random characters that look like addresses never throws', () => {
  const random = seededRandom(53);
  const letters = '0123456789abcdefABCDEFg:::...%/[] ';
  let addresses = 0;
  for (let round = 0; round < rounds * 5; round += 1) {
    let text = '';
    for (let count = randomBelow(random, 14); count > 0; count -= 1) {
      text += letters[randomBelow(random, letters.length)];
    }
    const ip = parseIp(text);
    if (ip === undefined) continue;
    addresses += 1;
    assert.is(parseIp(ip), ip, text);
  }
  assert.ok(addresses > 0);
});

test('bytes of any other length are no address', () => {
  for (const length of [0, 1, 3, 5, 15, 17]) {
    assert.throws(() => ipFromBytes(new Uint8Array(length)), /4 or 16 bytes/);
  }
  assert.throws(() => ipBytes('nonsense' as Ip), /canonical text/);
});

test('an endpoint is an address and a port, and comes apart again', () => {
  for (const text of ['192.0.2.1', '2001:db8::1', '::']) {
    const ip = parsed(text);
    for (const port of [1, 4649, 65535]) {
      const at = endpoint(ip, port);
      assert.is(endpointIp(at), ip);
      assert.is(endpointPort(at), port);
      assert.is(parseEndpoint(at), at);
    }
    for (const port of [0, -1, 65536, 1.5, Number.NaN]) {
      assert.throws(() => endpoint(ip, port), /1\.\.65535/);
    }
  }
  assert.is(endpoint(parsed('2001:db8::1'), 80), '[2001:db8::1]:80');
});

test('an endpoint may be written without a port only where there is a default', () => {
  assert.is(parseEndpoint('192.0.2.1', 4649), '192.0.2.1:4649');
  assert.is(parseEndpoint('2001:DB8::1', 4649), '[2001:db8::1]:4649');
  assert.is(parseEndpoint('[2001:db8::1]', 4649), '[2001:db8::1]:4649');
  assert.is(parseEndpoint('192.0.2.1:80', 4649), '192.0.2.1:80');
  assert.is(parseEndpoint('[::ffff:192.0.2.1]:80'), '192.0.2.1:80');
  for (const text of ['192.0.2.1', '[2001:db8::1]', '2001:db8::1']) {
    assert.is(parseEndpoint(text), undefined, text);
  }
});

test('what is no endpoint is refused', () => {
  const wrong = [
    ...['', ':', ':80', '[]:80', '192.0.2.1:', '192.0.2.1:0', '192.0.2.1:65536', '192.0.2.1:-1'],
    ...[
      '192.0.2.1:8o',
      '192.0.2.1:080000',
      'name:80',
      '[name]:80',
      '[::1]80',
      '[::1:80',
      '::1]:80',
    ],
    ...['192.0.2.1:80 ', '192.0.2.1 :80', '192.0.2.1:80:80', '[::1%eth0]:80', '192.0.2.1:80\n'],
  ];
  for (const text of wrong) assert.is(parseEndpoint(text), undefined, JSON.stringify(text));
});

test('a prefix clears the bits behind its length, and text with such bits is refused', () => {
  assert.is(prefix(parsed('198.19.255.255'), 15), '198.18.0.0/15');
  assert.is(prefix(parsed('192.0.2.1'), 32), '192.0.2.1/32');
  assert.is(prefix(parsed('255.255.255.255'), 0), '0.0.0.0/0');
  assert.is(prefix(parsed('2001:db8:ffff::1'), 33), '2001:db8:8000::/33');
  assert.throws(() => prefix(parsed('192.0.2.1'), 33), /prefix length/);
  assert.throws(() => prefix(parsed('192.0.2.1'), -1), /prefix length/);
  const value = parsePrefix('2001:db8::/32');
  assert.ok(value);
  assert.is(prefixIp(value), '2001:db8::');
  assert.is(prefixLength(value), 32);
  const wrong = [
    ...['198.19.0.0/15', '192.0.2.1/31', '2001:db8::1/127', '192.0.2.0/33', '::/129', '192.0.2.0'],
    ...['192.0.2.0/', '/24', '192.0.2.0/-1', '192.0.2.0/024', '192.0.2.0/2 4', '192.0.2.0/24/8'],
    ...['::ffff:192.0.2.0/24', '::ffff:192.0.2.0/120', 'name/24', '192.0.2.0/24\n'],
  ];
  for (const text of wrong) assert.is(parsePrefix(text), undefined, JSON.stringify(text));
});

test('a prefix contains what has its leading bits, compared bit by bit', () => {
  const random = seededRandom(54);
  const bits = (ip: Ip) =>
    [...ipBytes(ip)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let contained = 0;
  for (let round = 0; round < rounds; round += 1) {
    const width = round % 2 === 0 ? 4 : 16;
    const base = random.bytes(width);
    const other = base.slice();
    const flipped = randomBelow(random, width * 8);
    other[flipped >>> 3] = (other[flipped >>> 3] as number) ^ (0x80 >>> (flipped & 7));
    const length = randomBelow(random, width * 8 + 1);
    const range = prefix(ipFromBytes(base), length);
    const ip = ipFromBytes(other);
    const expected = bits(ip).startsWith(bits(ipFromBytes(base)).slice(0, length));
    assert.is(prefixContains(range, ip), expected, `${range} ${ip}`);
    assert.ok(prefixContains(range, ipFromBytes(base)));
    if (expected) contained += 1;
  }
  assert.ok(contained > rounds / 5 && contained < rounds * 0.8);
  const everything = prefix(parsed('0.0.0.0'), 0);
  assert.ok(prefixContains(everything, parsed('192.0.2.1')));
  assert.not(prefixContains(everything, parsed('::')));
});

test('nothing is sent to what is no single host', () => {
  const never = ['0.0.0.0', '0.1.2.3', '127.0.0.1', '127.255.255.255', '224.0.0.1', '239.1.1.1'];
  never.push('240.0.0.1', '255.255.255.255', '::', '::1', 'ff02::1', 'ffff::', '::ffff:127.0.0.1');
  for (const text of never) assert.not(isUnicast(parsed(text)), text);
  const single = ['1.0.0.0', '126.255.255.255', '128.0.0.1', '192.168.1.1', '223.255.255.255'];
  single.push('::2', 'fe80::1', 'fd00::1', '2001:db8::1', 'feff::', '::ffff:192.0.2.1');
  for (const text of single) assert.ok(isUnicast(parsed(text)), text);
});

test('an address that means something only inside one network is private', () => {
  const inside = ['10.0.0.0', '10.255.255.255', '100.64.0.1', '100.127.255.255', '169.254.1.1'];
  inside.push('172.16.0.1', '172.31.255.255', '192.168.0.1', '198.18.0.1', '198.19.255.255');
  inside.push('fc00::1', 'fdff::1', 'fe80::1', 'febf::1', '::ffff:10.0.0.1');
  for (const text of inside) assert.ok(isPrivate(parsed(text)), text);
  const outside = ['9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '172.15.0.1'];
  outside.push('172.32.0.0', '192.167.1.1', '198.17.1.1', '198.20.0.0', 'fec0::1', '2001:db8::1');
  for (const text of outside) assert.not(isPrivate(parsed(text)), text);
});

test.run();
