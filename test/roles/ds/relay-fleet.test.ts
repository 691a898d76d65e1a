/** Which Relay Server a path gets: one that fits, the least loaded, then the nearest to both ends. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint } from '../../../src/base/ip.ts';
import { newAssociation } from '../../../src/protocol/session.ts';
import { type OnlineRelay, RelayFleet, type RelayWish } from '../../../src/roles/ds/relay-fleet.ts';
import type { Incarnation, NodeId } from '../../../src/wire/ids.ts';

const id = (name: string) => name as NodeId;

function relay(name: string, more: Partial<OnlineRelay> = {}): OnlineRelay {
  const publicKey = new Uint8Array(32);
  const at = `203.0.113.${name.charCodeAt(0)}:4649` as Endpoint;
  return {
    relayId: id(name),
    publicKey,
    association: newAssociation(id(name), publicKey, false, [], 0),
    incarnation: '00' as Incarnation,
    software: 'test',
    endpoints: [at],
    observed: at,
    exit: false,
    paths: 0,
    pathLimit: 100,
    weight: 10,
    draining: false,
    silent: false,
    heardAt: 0,
    ...more,
  };
}

function fleetOf(...relays: OnlineRelay[]): RelayFleet {
  const fleet = new RelayFleet();
  for (const each of relays) fleet.set(each);
  return fleet;
}

const anyWish: RelayWish = { exit: false, hosts: [], delays: [], avoid: undefined };
const chosen = (fleet: RelayFleet, wish: Partial<RelayWish> = {}) =>
  fleet.choose({ ...anyWish, ...wish })?.relayId;

test('without a relay, or with full ones alone, there is none', () => {
  assert.is(chosen(fleetOf()), undefined);
  assert.is(chosen(fleetOf(relay('a', { paths: 100 }))), undefined);
  assert.is(chosen(fleetOf(relay('a', { paths: 100, pathLimit: 0 }))), id('a'));
});

test('a path to general nodes gets an exit', () => {
  const fleet = fleetOf(relay('a'), relay('b', { exit: true, paths: 90 }));
  assert.is(chosen(fleet, { exit: true }), id('b'));
  assert.is(chosen(fleet), id('a'));
});

test('a relay on the host of one of the ends is not taken', () => {
  const fleet = fleetOf(relay('a'), relay('b', { paths: 90 }));
  const hosts = ['203.0.113.97:1234' as Endpoint];
  assert.is(chosen(fleet, { hosts }), id('b'));
});

test('a tenth of the load weighs more than any delay, and less than a tenth weighs nothing', () => {
  const fleet = fleetOf(
    relay('a', { paths: 40 }),
    relay('b', { paths: 49 }),
    relay('c', { paths: 50 }),
  );
  const delays = [
    [
      { relayId: id('a'), delayMs: 90 },
      { relayId: id('b'), delayMs: 20 },
      { relayId: id('c'), delayMs: 1 },
    ],
  ];
  assert.is(chosen(fleet, { delays }), id('b'));
});

test('among equals the sum of both ends’ delays decides, an unmeasured one counting as far', () => {
  const fleet = fleetOf(relay('a'), relay('b'), relay('c'));
  const one = [
    { relayId: id('a'), delayMs: 10 },
    { relayId: id('b'), delayMs: 60 },
    { relayId: id('c'), delayMs: 5 },
  ];
  const other = [
    { relayId: id('a'), delayMs: 100 },
    { relayId: id('b'), delayMs: 30 },
  ];
  assert.is(chosen(fleet, { delays: [one, other] }), id('b'));
});

test('the relay that just failed is taken only when there is no other', () => {
  const fleet = fleetOf(relay('a'), relay('b', { paths: 99 }));
  assert.is(chosen(fleet, { avoid: id('a') }), id('b'));
  fleet.delete(id('b'));
  assert.is(chosen(fleet, { avoid: id('a') }), id('a'));
});

test.run();
