/** Virtual IPv4 addresses are given once, kept over restarts and reused as late as can be. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Ip, Prefix } from '../../../src/base/ip.ts';
import { randomBelow } from '../../../src/base/random.ts';
import { poolIndex } from '../../../src/protocol/virtual-ip.ts';
import { AddressPool } from '../../../src/roles/ds/address-pool.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const small = '198.18.0.0/29' as Prefix;

function all(pool: AddressPool): Ip[] {
  const taken: Ip[] = [];
  for (let ip = pool.take(); ip !== undefined; ip = pool.take()) taken.push(ip);
  return taken;
}

test('a pool gives each of its addresses once, and then none', () => {
  const pool = new AddressPool(small);
  const taken = all(pool);
  assert.equal(
    taken,
    [1, 2, 3, 4, 5, 6].map((last) => `198.18.0.${last}`),
  );
  assert.is(pool.used, pool.size);
});

test('a released address is given again only when no new one is left, the longest released first', () => {
  const pool = new AddressPool(small);
  const [a, b, c] = [pool.take(), pool.take(), pool.take()] as [Ip, Ip, Ip];
  pool.release(b);
  pool.release(a);
  assert.equal(all(pool), ['198.18.0.4', '198.18.0.5', '198.18.0.6', b, a]);
  pool.release(c);
  assert.is(pool.take(), c);
});

test('what is no address of the pool, or is not given, is neither released nor restored', () => {
  const pool = new AddressPool(small);
  for (const ip of ['198.18.0.0', '198.18.0.7', '198.18.0.8', '10.0.0.1', 'fd00::1']) {
    assert.is(pool.restore(ip as Ip), false, ip);
    pool.release(ip as Ip);
  }
  pool.release('198.18.0.3' as Ip);
  assert.is(pool.restore('198.18.0.2' as Ip), true);
  assert.is(pool.restore('198.18.0.2' as Ip), false);
  assert.equal(
    all(pool),
    [3, 4, 5, 6, 1].map((last) => `198.18.0.${last}`),
  );
});

test('while a damaged record may hold any address below the highest, none of those is given', () => {
  const pool = new AddressPool(small);
  assert.is(pool.restore('198.18.0.3' as Ip), true);
  pool.keepGaps();
  assert.equal(all(pool), ['198.18.0.4', '198.18.0.5', '198.18.0.6']);
});

test('a pool that has grown below and above gives all of its addresses, the released ones last', () => {
  const grown = new AddressPool('198.18.0.0/28' as Prefix);
  assert.is(grown.restore('198.18.0.9' as Ip), true);
  grown.restoreReleased('198.18.0.10' as Ip);
  grown.restoreReleased('198.18.0.12' as Ip);
  const order = [13, 14, 1, 2, 3, 4, 5, 6, 7, 8, 11, 10, 12];
  assert.equal(
    all(grown),
    order.map((last) => `198.18.0.${last}`),
  );
});

/** What the directory keeps of a pool, and the pool that comes of it. */
function restarted(pool: AddressPool, held: ReadonlySet<Ip>): AddressPool {
  const next = new AddressPool(pool.pool);
  for (const ip of held) assert.ok(next.restore(ip));
  for (const ip of pool.released) next.restoreReleased(ip);
  return next;
}

test('through random takes, releases and restarts no address has two holders, none is lost', () => {
  const random = seededRandom(8);
  let pool = new AddressPool('198.18.0.0/27' as Prefix);
  const held = new Set<Ip>();
  const releasedAt = new Map<Ip, number>();
  let high = 0;
  for (let step = 0; step < 3000; step += 1) {
    const choice = randomBelow(random, 20);
    if (choice === 0) pool = restarted(pool, held);
    else if (choice < 11) {
      const ip = pool.take();
      assert.is(ip === undefined, held.size === pool.size, `step ${step}`);
      if (ip === undefined) continue;
      assert.not(held.has(ip), `${ip} has a holder`);
      const index = poolIndex(pool.pool, ip) as number;
      const before = releasedAt.get(ip);
      if (before !== undefined) {
        assert.is(high, pool.size, 'new addresses come first');
        for (const at of releasedAt.values()) assert.ok(before <= at, 'the longest released first');
      }
      high = Math.max(high, index);
      releasedAt.delete(ip);
      held.add(ip);
    } else {
      const ip = [...held][randomBelow(random, Math.max(1, held.size))];
      if (ip === undefined) continue;
      pool.release(ip);
      held.delete(ip);
      releasedAt.set(ip, step);
    }
  }
  assert.is(high, pool.size);
});

test.run();
