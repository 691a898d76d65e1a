import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../support/seeded-random.ts';
import { realmsMeet } from './direct-possible.ts';
import { Nat, type NatOptions, openNat, restrictedNat, symmetricNat } from './nat.ts';
import { link, Realm } from './realm.ts';

const internet = new Realm('public', 0x05_00_00_00);

function behind(options: NatOptions, outer = internet, isolated = false): Realm {
  const realm = new Realm('private', 0xc0_a8_01_00, isolated);
  const nat = new Nat(outer.freeIp(), options, seededRandom(1));
  const edge = outer.attach('box', nat.externalIp, link({}), () => {}, realm);
  realm.gateway = { nat, outer: edge };
  return realm;
}

test('a global end meets everybody', () => {
  assert.ok(realmsMeet(internet, internet));
  assert.ok(realmsMeet(internet, behind(symmetricNat)));
  assert.ok(realmsMeet(behind(symmetricNat), internet));
});

test('two symmetric NATs do not meet, two foreseeable ones do', () => {
  assert.not(realmsMeet(behind(symmetricNat), behind(symmetricNat)));
  assert.ok(realmsMeet(behind(restrictedNat), behind(restrictedNat)));
  assert.ok(realmsMeet(behind(openNat), behind(restrictedNat)));
});

test('a symmetric NAT meets a foreseeable one only if that lets other ports in', () => {
  assert.not(realmsMeet(behind(symmetricNat), behind(restrictedNat)));
  assert.ok(realmsMeet(behind(symmetricNat), behind(openNat)));
  const byAddress: NatOptions = { ...restrictedNat, filtering: 'address-dependent' };
  assert.ok(realmsMeet(behind(byAddress), behind(symmetricNat)));
});

test('one private network meets itself, or, with clients apart, by hairpin alone', () => {
  const open = behind(symmetricNat);
  assert.ok(realmsMeet(open, open));
  const apart = behind(restrictedNat, internet, true);
  assert.not(realmsMeet(apart, apart));
  const hairpin = behind({ ...openNat, hairpin: true }, internet, true);
  assert.ok(realmsMeet(hairpin, hairpin));
});

test('two networks behind one carrier NAT need its hairpin', () => {
  for (const hairpin of [false, true]) {
    const carrier = behind({ ...openNat, hairpin });
    const left = behind(openNat, carrier);
    const right = behind(openNat, carrier);
    assert.is(realmsMeet(left, right), hairpin);
    assert.ok(realmsMeet(left, carrier));
  }
});

test.run();
