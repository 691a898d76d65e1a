/** Inner routes against an oracle that knows nothing but the list of what was added, taken and removed. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Ip,
  ipFromBytes,
  type Prefix,
  prefix,
  prefixContains,
  prefixLength,
} from '../../src/base/ip.ts';
import { randomBelow } from '../../src/base/random.ts';
import { keyOfIp } from '../../src/datapath/inner-packet.ts';
import { InnerRoutes } from '../../src/datapath/inner-routes.ts';
import { isEngineSlow } from '../support/engine.ts';
import { seededRandom } from '../support/seeded-random.ts';

interface Row {
  readonly owner: string;
  readonly prefixes: readonly Prefix[];
  readonly excluded: readonly Prefix[];
}

const full = (value: Prefix): boolean => prefixLength(value) === (value.includes(':') ? 128 : 32);

/** Rows in the order in which they have a claim: who took over last stands first. */
class Oracle {
  rows: Row[] = [];

  find(ip: Ip): string | undefined {
    let best: { owner: string; length: number } | undefined;
    for (const { owner, prefixes, excluded } of this.rows) {
      for (const value of prefixes) {
        if (!prefixContains(value, ip)) continue;
        if (!full(value) && excluded.some((each) => prefixContains(each, ip))) continue;
        const length = prefixLength(value);
        if (best === undefined || length > best.length) best = { owner, length };
      }
    }
    return best?.owner;
  }

  takeOver(owner: string): void {
    const own = this.rows.filter((row) => row.owner === owner);
    this.rows = [...own, ...this.rows.filter((row) => row.owner !== owner)];
  }
}

const random = seededRandom(11);
const below = (limit: number): number => randomBelow(random, limit);

function address(): Ip {
  if (below(4) > 0) return ipFromBytes(Uint8Array.of(198, 18, below(2), below(4)));
  const bytes = new Uint8Array(16);
  bytes.set([0xfd, below(2), below(2)]);
  bytes[15] = below(3);
  return ipFromBytes(bytes);
}

function somePrefix(): Prefix {
  const ip = address();
  const most = ip.includes(':') ? 128 : 32;
  return prefix(ip, below(2) === 0 ? most : below(most + 1));
}

test('every address leads where the plain list says, through random changes', () => {
  const routes = new InnerRoutes<string>();
  const oracle = new Oracle();
  const steps = isEngineSlow ? 300 : 3000;
  for (let step = 0; step < steps; step += 1) {
    const known = oracle.rows[below(oracle.rows.length || 1)];
    const choice = below(4);
    if (known === undefined || (choice < 2 && oracle.rows.length < 12)) {
      const prefixes = [...new Set(Array.from({ length: 1 + below(3) }, somePrefix))];
      const excluded = below(2) === 0 ? [] : [somePrefix()];
      const owner = `path ${step}`;
      routes.add(owner, prefixes, excluded);
      oracle.rows.push({ owner, prefixes, excluded });
    } else if (choice === 2) {
      routes.takeOver(known.owner, known.prefixes);
      oracle.takeOver(known.owner);
    } else {
      routes.remove(known.owner, known.prefixes);
      oracle.rows = oracle.rows.filter((row) => row !== known);
    }
    for (let probe = 0; probe < 6; probe += 1) {
      const ip = address();
      assert.is(routes.find(keyOfIp(ip)), oracle.find(ip), `${ip} after step ${step}`);
    }
  }
});

test('nothing is found once all that was added is removed', () => {
  const routes = new InnerRoutes<string>();
  const prefixes = ['198.18.0.1/32', '198.18.0.0/16', 'fd00::/8'] as unknown as readonly Prefix[];
  for (const owner of ['a', 'b']) routes.add(owner, prefixes, []);
  assert.is(routes.find(keyOfIp('198.18.0.1' as Ip)), 'a');
  routes.takeOver('b', prefixes);
  assert.is(routes.find(keyOfIp('198.18.0.1' as Ip)), 'b');
  routes.remove('b', prefixes);
  assert.is(routes.find(keyOfIp('198.18.0.1' as Ip)), 'a');
  routes.remove('a', prefixes);
  for (const ip of ['198.18.0.1', '198.18.4.1', 'fd00::1']) {
    assert.is(routes.find(keyOfIp(ip as Ip)), undefined);
  }
});

test.run();
