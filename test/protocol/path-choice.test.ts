/** Table 1 of the paper, and which candidates of a peer are worth a probe. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint, Ip } from '../../src/base/ip.ts';
import { directCandidates, natSituation, tableRoute } from '../../src/protocol/path-choice.ts';
import type { Candidate, NatSituation } from '../../src/wire/messages.ts';
import { tableOne } from '../sim/table-one.ts';

const at = (text: string) => text as Endpoint;
const outside = '198.51.100.1' as Ip;

const candidates: readonly Candidate[] = [
  { kind: 'local', endpoint: at('192.168.1.7:4649') },
  { kind: 'local', endpoint: at('203.0.113.7:4649') },
  { kind: 'observed', endpoint: at('198.51.100.1:2000') },
  { kind: 'mapped', endpoint: at('198.51.100.1:3000') },
];

test('a path is direct where one end has a global address, else by a relay: all 17 patterns', () => {
  const situation = (place: string): NatSituation => (place === 'G' ? 'global' : 'private');
  let judged = 0;
  for (const { number, to, peer, general, route } of tableOne) {
    // Towards a general node the Relay Server is the end; in pattern 15 either route is right.
    if (general || route === 'either') continue;
    assert.is(tableRoute(situation(to), situation(peer)), route, `pattern ${number}`);
    judged += 1;
  }
  assert.is(judged, 11);
});

test('the order of the ends makes no difference, and the unknown is taken for a NAT', () => {
  const all: readonly NatSituation[] = ['global', 'private', 'unknown'];
  for (const one of all) {
    for (const other of all) {
      const direct = one === 'global' || other === 'global';
      assert.is(tableRoute(one, other), direct ? 'direct' : 'relay');
      assert.is(tableRoute(other, one), tableRoute(one, other));
    }
  }
});

test('a node is global exactly when it is seen at an address of its own, whatever the port', () => {
  const local = [at('192.0.2.1:4649'), at('[2001:db8::1]:4649')];
  assert.is(natSituation(at('192.0.2.1:1024'), local), 'global');
  assert.is(natSituation(at('[2001:db8::1]:4649'), local), 'global');
  assert.is(natSituation(at('192.0.2.2:4649'), local), 'private');
  assert.is(natSituation(at('192.0.2.1:4649'), []), 'private');
});

test('private candidates are probed only when both ends are seen at the same address', () => {
  const peer = { nat: 'private', candidates } as const;
  const own = { nat: 'private', punch: true } as const;
  const stranger = directCandidates({ ...own, observedIp: '198.51.100.2' as Ip }, peer);
  assert.not(stranger.includes(at('192.168.1.7:4649')));
  assert.is(stranger.length, 3);
  assert.is(directCandidates({ ...own, observedIp: outside }, peer).length, 4);
  assert.is(directCandidates({ ...own, observedIp: undefined }, peer).length, 3);
});

test('without punching two ends behind NATs try their own private network alone', () => {
  const own = { nat: 'private', punch: false, observedIp: outside } as const;
  const peer = { nat: 'private', candidates } as const;
  assert.equal(directCandidates(own, peer), [at('192.168.1.7:4649')]);
  const direct = directCandidates({ ...own, nat: 'global' }, peer);
  assert.is(direct.length, 4, 'one end is global: that is no punching');
});

test('no candidate is multicast, broadcast, loopback or unspecified', () => {
  const bad = [
    '224.0.0.1:1',
    '255.255.255.255:1',
    '127.0.0.1:1',
    '0.0.0.0:1',
    '[::1]:1',
    '[ff02::1]:1',
  ];
  const peer = {
    nat: 'global',
    candidates: bad.map((text) => ({ kind: 'observed', endpoint: at(text) }) as const),
  } as const;
  const own = { nat: 'global', punch: true, observedIp: outside } as const;
  assert.equal(directCandidates(own, peer), []);
});

test.run();
