/** Which path may carry a prefix (protocol.md 11.4): the owner's word, and names only from who may give them. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Ip, Prefix } from '../../../src/base/ip.ts';
import { prefixesVia, routeTo } from '../../../src/roles/node/peer-routes.ts';

const ownKey = new Uint8Array(32).fill(1);
const otherKey = new Uint8Array(32).fill(2);
const own = { zone: 'home.example', dsKey: ownKey };
const home = { prefix: '192.168.1.0/24' as Prefix, via: 'router' };
const office = { prefix: '10.1.0.0/16' as Prefix, via: 'gate.office.example' };
const routes = [home, office];

test('a peer carries the prefixes that the owner gave to its name', () => {
  const router = { name: 'Router.home.example', dsKey: ownKey };
  assert.equal(prefixesVia(routes, router, own), [home.prefix]);
  const gate = { name: 'gate.office.example', dsKey: otherKey };
  assert.equal(prefixesVia(routes, gate, own), [office.prefix]);
  assert.equal(prefixesVia(routes, { name: 'phone.home.example', dsKey: ownKey }, own), []);
});

test('another Direction Server cannot give a node a name of our zone', () => {
  const forged = { name: 'router.home.example', dsKey: otherKey };
  assert.equal(prefixesVia(routes, forged, own), []);
});

test('of two routes the longer prefix counts', () => {
  const host = { prefix: '192.168.1.7/32' as Prefix, via: 'camera' };
  assert.is(routeTo([home, host], '192.168.1.7' as Ip), host);
  assert.is(routeTo([home, host], '192.168.1.8' as Ip), home);
  assert.is(routeTo([home, host], '192.168.2.8' as Ip), undefined);
});

test.run();
