/** The ends of a path agree on how its data is sealed: what both have, and never less than an owner allows. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint } from '../../src/base/ip.ts';
import { type DataSuite, dataSuites } from '../../src/datapath/commands.ts';
import { preferredSuite, suiteSet } from '../../src/protocol/suites.ts';
import type { PathId } from '../../src/wire/ids.ts';
import { LinkedRoles, type Party } from './linked-roles.ts';

const [chacha, aes, none] = dataSuites;

/** Of the keys that an end was given. */
function suitesAt({ paths }: Party): (DataSuite | undefined)[] {
  return paths.flatMap((command) => (command.op === 'key-set' ? [command.suite] : []));
}

/** Which suites the two ends of a path use, that have these. */
function agreed(one: readonly DataSuite[] | undefined, two: readonly DataSuite[] | undefined) {
  const linked = new LinkedRoles();
  const ds = linked.ds();
  const nodes = [one, two].map((suites, index) => {
    const at = `198.51.100.${index + 7}:4649` as Endpoint;
    return linked.node(ds, at, linked.token(ds, `n${index}`), at, suites);
  }) as [Party, Party];
  linked.pass(1000);
  linked.ask(nodes[0], 'connect', { peer: 'n1' });
  linked.pass(2000);
  return { linked, ends: nodes.map(suitesAt) };
}

test('two ends take what both have and both owners ask for', () => {
  const all = [...dataSuites];
  assert.equal(agreed(all, all).ends, [[none], [none]]);
  assert.equal(agreed([chacha, aes], [chacha, aes]).ends, [[aes], [aes]]);
  assert.equal(agreed(undefined, undefined).ends, [[chacha], [chacha]]);
});

test('no end gets a suite that its own owner has not allowed, whatever the other asks for', () => {
  assert.equal(agreed([...dataSuites], undefined).ends, [[chacha], [chacha]]);
  assert.equal(agreed(undefined, [...dataSuites]).ends, [[chacha], [chacha]]);
  assert.equal(agreed([chacha, none], [chacha, aes]).ends, [[chacha], [chacha]]);
});

test('ends that have no suite in common get no keys', () => {
  const { ends } = agreed([aes], [chacha]);
  assert.equal(ends, [[], []]);
});

test('new keys of a path have the suite of those before', () => {
  const { linked, ends } = agreed([chacha, none], [chacha, none]);
  assert.equal(ends[0], [none]);
  const [, ...nodes] = linked.parties;
  for (const party of nodes) {
    const pathId = party.paths.find((command) => command.op === 'path-new')?.pathId as PathId;
    const notice = { notice: 'key-wanted', pathId } as const;
    linked.give(party, { kind: 'notice', now: linked.now, notice });
  }
  linked.pass(2000);
  for (const party of nodes) assert.equal(suitesAt(party), [none, none]);
});

test('a set says which suites, and which of them comes first', () => {
  assert.is(suiteSet([]), 0);
  assert.is(suiteSet([chacha, none]), 5);
  assert.is(preferredSuite(0), undefined);
  assert.is(preferredSuite(0x80), undefined);
  assert.is(preferredSuite(3), aes);
  assert.is(preferredSuite(0x85), none);
});

test.run();
