/** Virtual addresses that follow from keys, and the numbering of a pool. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Ip, type Prefix, prefixContains, prefixLength } from '../../src/base/ip.ts';
import {
  defaultPoolIpv4,
  poolAddress,
  poolIndex,
  poolSize,
  virtualIpv6,
  zonePrefixIpv6,
} from '../../src/protocol/virtual-ip.ts';
import { isEngineSlow } from '../support/engine.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { suite } from '../support/suite.ts';

const random = seededRandom(3);
const benchmarking = '198.18.0.0/15' as Prefix;
const unique = 'fd00::/8' as Prefix;

test('every key gives a /20 inside 198.18.0.0/15, and all 32 of them occur', () => {
  const seen = new Set<Prefix>();
  for (let count = 0; count < (isEngineSlow ? 100 : 400); count += 1) {
    const pool = defaultPoolIpv4(suite, random.bytes(32));
    assert.is(prefixLength(pool), 20);
    assert.ok(prefixContains(benchmarking, poolAddress(pool, 0)));
    assert.ok(prefixContains(benchmarking, poolAddress(pool, 4095)));
    seen.add(pool);
  }
  assert.ok(seen.size > 25 && seen.size <= 32, `${seen.size} pools`);
});

test('the zone’s /64 and the node’s address in it follow from the two keys alone', () => {
  const [zone, other, node] = [random.bytes(32), random.bytes(32), random.bytes(32)];
  const prefix6 = zonePrefixIpv6(suite, zone);
  assert.is(prefixLength(prefix6), 64);
  assert.is(zonePrefixIpv6(suite, zone.slice()), prefix6);
  assert.is.not(zonePrefixIpv6(suite, other), prefix6);
  const ip = virtualIpv6(prefix6, suite, node);
  assert.ok(prefixContains(prefix6, ip) && prefixContains(unique, ip));
  assert.is(virtualIpv6(prefix6, suite, node.slice()), ip);
  assert.is.not(virtualIpv6(prefix6, suite, other), ip);
});

test('a pool’s numbers and addresses are one to one, without its first and last address', () => {
  const pool = '198.18.255.0/24' as Prefix;
  assert.is(poolSize(pool), 254);
  for (let index = 1; index <= poolSize(pool); index += 1) {
    assert.is(poolIndex(pool, poolAddress(pool, index)), index);
  }
  assert.is(poolAddress(pool, 254), '198.18.255.254');
  assert.is(poolIndex(pool, '198.19.0.0' as Ip), undefined);
  assert.is(poolIndex(pool, 'fd00::1' as Ip), undefined);
});

test('the numbering of a large pool carries from byte to byte', () => {
  assert.is(poolAddress(benchmarking, 0x1_fffe), '198.19.255.254');
  assert.is(poolAddress(benchmarking, 256), '198.18.1.0');
  assert.is(poolSize(benchmarking), 131_070);
  assert.is(poolSize('198.18.0.0/30' as Prefix), 2);
  assert.is(poolSize('198.18.0.0/32' as Prefix), 0);
});

test.run();
