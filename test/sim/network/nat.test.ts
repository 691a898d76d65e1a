import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Endpoint, endpointIp, endpointPort, type Ip } from '../../../src/base/ip.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { type Behaviour, behaviours, Nat, type NatOptions, symmetricNat } from './nat.ts';

const external = '5.0.0.2' as Ip;
const inside = '192.168.1.2:4649' as Endpoint;
const neighbour = '192.168.1.3:4649' as Endpoint;
const server = '9.9.9.9:4649' as Endpoint;
const serverOtherPort = '9.9.9.9:5000' as Endpoint;
const stranger = '8.8.8.8:4649' as Endpoint;
const minute = 60_000;

function nat(options: Partial<NatOptions>): Nat {
  return new Nat(external, { ...symmetricNat, ...options }, seededRandom(1));
}

/** RFC 4787 section 4.1: which destinations share the mapping of the first. */
const sharedMapping: Record<Behaviour, { otherPort: boolean; otherAddress: boolean }> = {
  'endpoint-independent': { otherPort: true, otherAddress: true },
  'address-dependent': { otherPort: true, otherAddress: false },
  'address-and-port-dependent': { otherPort: false, otherAddress: false },
};

for (const mapping of behaviours) {
  test(`${mapping} mapping is reused as RFC 4787 section 4.1 says`, () => {
    const box = nat({ mapping });
    const first = box.outward(0, inside, server);
    assert.is(box.outward(1, inside, server), first);
    const expected = sharedMapping[mapping];
    assert.is(box.outward(1, inside, serverOtherPort) === first, expected.otherPort);
    assert.is(box.outward(1, inside, stranger) === first, expected.otherAddress);
  });
}

/** RFC 4787 section 5: who may answer on a mapping from which only `server` was sent to. */
const letIn: Record<Behaviour, { otherPort: boolean; otherAddress: boolean }> = {
  'endpoint-independent': { otherPort: true, otherAddress: true },
  'address-dependent': { otherPort: true, otherAddress: false },
  'address-and-port-dependent': { otherPort: false, otherAddress: false },
};

for (const mapping of behaviours) {
  for (const filtering of behaviours) {
    test(`${filtering} filtering of an ${mapping} mapping lets in whom section 5 says`, () => {
      const box = nat({ mapping, filtering });
      const outside = box.outward(0, inside, server) as Endpoint;
      const expected = letIn[filtering];
      assert.is(box.inward(1, outside, server), inside);
      assert.is(box.inward(1, outside, serverOtherPort) === inside, expected.otherPort);
      assert.is(box.inward(1, outside, stranger) === inside, expected.otherAddress);
    });
  }
}

test('nothing enters where nothing left', () => {
  const box = nat({ filtering: 'endpoint-independent' });
  assert.is(box.inward(0, '5.0.0.2:4649' as Endpoint, stranger), undefined);
});

test('port preservation keeps the port, and gives the second host another', () => {
  const box = nat({ mapping: 'endpoint-independent', ports: 'preserving' });
  assert.is(box.outward(0, inside, server), '5.0.0.2:4649');
  const second = box.outward(0, neighbour, server) as Endpoint;
  assert.is(endpointIp(second), external);
  assert.is.not(endpointPort(second), 4649);
  assert.is(box.inward(0, second, server), neighbour);
});

test('random ports differ between mappings and stay out of the well-known ones', () => {
  const box = nat({});
  const ports = new Set<number>();
  for (let index = 0; index < 200; index += 1) {
    const outside = box.outward(0, inside, `9.9.9.9:${1000 + index}` as Endpoint) as Endpoint;
    ports.add(endpointPort(outside));
    assert.ok(endpointPort(outside) >= 1024);
  }
  assert.is(ports.size, 200);
});

test('a mapping that is not refreshed expires, and comes back with another port', () => {
  const box = nat({ expiryMs: 2 * minute });
  const outside = box.outward(0, inside, server) as Endpoint;
  assert.is(box.inward(2 * minute, outside, server), inside);
  assert.is(box.inward(4 * minute + 1, outside, server), undefined);
  assert.is.not(box.outward(4 * minute + 2, inside, server), outside);
});

test('packets from outside refresh only where the NAT says so', () => {
  for (const refreshedFromOutside of [true, false]) {
    const box = nat({ expiryMs: minute, refreshedFromOutside });
    const outside = box.outward(0, inside, server) as Endpoint;
    box.inward(50_000, outside, server);
    assert.is(box.inward(100_000, outside, server) === inside, refreshedFromOutside);
  }
});

test('a permission expires by itself while the mapping lives on', () => {
  const box = nat({ mapping: 'endpoint-independent', expiryMs: minute });
  const outside = box.outward(0, inside, server) as Endpoint;
  box.outward(50_000, inside, stranger);
  assert.is(box.inward(70_000, outside, stranger), inside);
  assert.is(box.inward(70_000, outside, server), undefined);
});

test('a box that was switched off and on has forgotten everything', () => {
  const box = nat({});
  const outside = box.outward(0, inside, server) as Endpoint;
  box.reset();
  assert.is(box.inward(1, outside, server), undefined);
  assert.is(box.size, 0);
});

test.run();
