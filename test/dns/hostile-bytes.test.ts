/** Whatever bytes come, the DNS part reads them or drops them; see ../fuzz/dns-messages.ts for what must hold. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/base/bytes.ts';
import { examineDns, hostileDns } from '../fuzz/dns-messages.ts';
import { isEngineSlow } from '../support/engine.ts';
import { seededRandom } from '../support/seeded-random.ts';

test('broken DNS messages are read the same twice, or dropped', () => {
  const random = seededRandom(53);
  const outcomes = { read: 0, dropped: 0, fault: 0 };
  for (let count = 0; count < (isEngineSlow ? 500 : 10_000); count += 1) {
    const bytes = hostileDns(random);
    const { outcome, fault } = examineDns(bytes);
    assert.is(fault, undefined, `message ${count}: ${toHex(bytes)} ${fault}`);
    outcomes[outcome] += 1;
  }
  assert.ok(outcomes.read > 50 && outcomes.dropped > 50, JSON.stringify(outcomes));
});

test.run();
