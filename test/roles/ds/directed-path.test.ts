/** A Route Direction says what is true of its path when it is written, however much of it is kept as bytes. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Reader, Writer } from '../../../src/base/bytes.ts';
import type { Endpoint, Ip } from '../../../src/base/ip.ts';
import {
  type DirectedPath,
  type PathEnd,
  RouteDirection,
} from '../../../src/roles/ds/directed-path.ts';
import { decodeBody, encodeBody } from '../../../src/wire/codec.ts';
import type { Incarnation, NodeId, PathId } from '../../../src/wire/ids.ts';
import type { Values } from '../../../src/wire/messages.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { suite } from '../../support/suite.ts';

const random = seededRandom(1);

function end(digit: string, nat: PathEnd['nat']): PathEnd {
  return {
    nodeId: digit.repeat(32) as NodeId,
    publicKey: random.bytes(32),
    name: `node-${digit}.example`,
    dsKey: random.bytes(32),
    ipv4: `198.18.0.${digit}` as Ip,
    ipv6: undefined,
    incarnation: digit.repeat(16) as Incarnation,
    nat,
    candidates: [{ kind: 'observed', endpoint: `192.0.2.${digit}:4649` as Endpoint }],
    foreign: false,
  };
}

function pathBetween(ends: readonly [PathEnd, PathEnd]): DirectedPath {
  return {
    pathId: '0123456789abcdef' as PathId,
    kind: 'node',
    ends,
    commonKey: random.bytes(32),
    createdAt: 0,
    initiator: 0,
    relayId: undefined,
    revision: 1,
    repeatedAt: 0,
    derived: undefined,
    directions: [undefined, undefined],
  };
}

const issuer = { publicKey: random.bytes(32), idleSeconds: 300, suite };

function told(direction: RouteDirection): Values<'routeDirection'> {
  const writer = new Writer();
  direction.writeFields(writer);
  const whole = encodeBody('routeDirection', direction);
  assert.equal(writer.bytes, whole);
  const values = decodeBody('routeDirection', new Reader(writer.bytes));
  if ('drop' in values) throw new Error(values.drop);
  return values;
}

test('a Route Direction tells every change of the path, of the peer and of the Relay Server', () => {
  const ends = [end('1', 'private'), end('2', 'private')] as const;
  const path = pathBetween(ends);
  const direction = new RouteDirection(path, 0, issuer);
  const first = told(direction);
  assert.is(first.revision, 1);
  assert.is(first.route, 'relay');
  assert.is(first.peerName, 'node-2.example');
  path.revision = 2;
  assert.equal(told(direction), { ...first, revision: 2 });

  const relay = {
    relayId: '3'.repeat(32) as NodeId,
    publicKey: random.bytes(32),
    incarnation: '3'.repeat(16) as Incarnation,
    endpoints: ['203.0.113.1:4649' as Endpoint],
  };
  path.revision = 3;
  direction.relay = relay;
  ends[1].nat = 'global';
  ends[1].incarnation = '4'.repeat(16) as Incarnation;
  ends[1].candidates = [
    { kind: 'observed', endpoint: '[2001:db8::1]:4649' as Endpoint },
    { kind: 'local', endpoint: '10.0.0.1:4649' as Endpoint },
  ];
  assert.equal(told(direction), {
    ...first,
    revision: 3,
    route: 'direct',
    peerIncarnation: '4'.repeat(16),
    peerNat: 'global',
    peerCandidates: ends[1].candidates,
    relay,
  });

  path.revision = 4;
  direction.relay = undefined;
  assert.is(told(direction).relay, undefined);
});

test.run();
