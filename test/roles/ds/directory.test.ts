/** What a Direction Server has promised is there after a restart, and no promise is made twice. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Prefix } from '../../../src/base/ip.ts';
import { randomBelow } from '../../../src/base/random.ts';
import { nodeIdOf } from '../../../src/noise/keys.ts';
import { RoleContext } from '../../../src/protocol/context.ts';
import { limits } from '../../../src/protocol/limits.ts';
import type { JsonObject, Output } from '../../../src/protocol/machine.ts';
import { zonePrefixIpv6 } from '../../../src/protocol/virtual-ip.ts';
import { Directory, type NodeRecord } from '../../../src/roles/ds/directory.ts';
import { isEngineSlow } from '../../support/engine.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { suite } from '../../support/suite.ts';
import { environmentOf } from '../linked-roles.ts';

const hour = 3_600_000;
const unix = 1_800_000_000;
const base = environmentOf(99);
const prefix6 = zonePrefixIpv6(suite, base.keys.publicKey);

type Change = Output & { kind: 'store' };

class Server {
  readonly disk: Map<string, JsonObject>;
  readonly context: RoleContext;
  readonly directory: Directory;
  readonly logs: string[] = [];

  constructor(disk = new Map<string, JsonObject>(), pool = '198.18.0.0/28', wallClock = unix) {
    this.disk = disk;
    this.context = new RoleContext({ ...base, stored: new Map(disk) });
    this.context.tellUnixSeconds(wallClock);
    this.directory = new Directory(this.context, pool as Prefix, prefix6);
    for (const each of this.takeChanges()) this.write(each);
  }

  takeChanges(): Change[] {
    const changes: Change[] = [];
    for (let out = this.context.poll(); out; out = this.context.poll()) {
      if (out.kind === 'store') changes.push(out);
      if (out.kind === 'log') this.logs.push(out.text);
    }
    return changes;
  }

  write({ name, value }: Change): void {
    if (value === undefined) this.disk.delete(name);
    else this.disk.set(name, JSON.parse(JSON.stringify(value)) as JsonObject);
  }

  commit(): void {
    for (const each of this.takeChanges()) this.write(each);
  }

  /** Another process with what is on disk. */
  restarted(wallClock = unix): Server {
    return new Server(new Map(this.disk), this.directory.pool.pool, wallClock);
  }

  token(name: string, relay = false): Uint8Array {
    const token = this.directory.addInvite(name, relay, unix + 3600, hour);
    if (typeof token === 'string') throw new Error(token);
    this.commit();
    return token;
  }

  spend(token: Uint8Array, seed: number, name = '', role: NodeRecord['role'] = 'node') {
    const key = keyOf(seed);
    return this.directory.spend(token, nodeIdOf(suite, key), key, role, name);
  }

  rows(): string[] {
    return [...this.directory.records()]
      .map(({ nodeId, name, role, ipv4, ipv6 }) => `${name} ${role} ${nodeId} ${ipv4} ${ipv6}`)
      .sort();
  }
}

const keyOf = (seed: number): Uint8Array => new Uint8Array(32).fill(seed + 1);

test('an invite enrols one key, which gets the same again, also after a restart', () => {
  const server = new Server();
  const token = server.token('one');
  const record = server.spend(token, 1);
  server.commit();
  assert.ok(typeof record === 'object' && record.ipv4 === '198.18.0.1');
  assert.is(server.spend(token, 2), 'inviteSpent');
  const next = server.restarted();
  assert.equal(next.rows(), server.rows());
  assert.is(next.spend(token, 2), 'inviteSpent');
  assert.is(next.directory.get(record.nodeId)?.ipv4, record.ipv4);
});

test('unknown, revoked and expired invites and those for the other role are told apart', () => {
  const server = new Server();
  assert.is(server.spend(new Uint8Array(16), 1), 'inviteUnknown');
  const revoked = server.token('revoked');
  assert.is(server.directory.uninvite('revoked'), true);
  assert.is(server.directory.uninvite('revoked'), false);
  assert.is(server.spend(revoked, 1), 'inviteUnknown');
  const relay = server.token('relay', true);
  assert.is(server.spend(relay, 1), 'inviteKind');
  const late = server.token('late');
  server.context.now += hour + 1;
  server.token('another');
  assert.is(server.spend(late, 1), 'inviteExpired');
  assert.equal(
    server.directory.invites().map(({ name }) => name),
    ['another'],
  );
});

test('a wall clock that jumps does not expire an invite of this run, and one never set none at all', () => {
  const server = new Server();
  const token = server.token('one');
  server.context.tellUnixSeconds(unix + 365 * 86_400);
  assert.ok(typeof server.spend(token, 1) === 'object');
  const second = server.token('two');
  server.commit();
  assert.is(server.restarted(unix + 365 * 86_400).spend(second, 2), 'inviteExpired');
  assert.ok(typeof server.restarted(0).spend(second, 2) === 'object');
});

test('a name belongs to one node, in any case of its letters', () => {
  const server = new Server();
  server.spend(server.token('alpha'), 1);
  assert.is(server.directory.addInvite('ALPHA', false, unix + 60, hour), 'nameTaken');
  assert.is(server.spend(server.token('beta'), 2, 'Alpha'), 'nameTaken');
  assert.is(server.spend(server.token('gamma'), 2, '-x-'), 'nameInvalid');
  const beta = server.spend(server.token('delta'), 2, 'Beta');
  assert.ok(typeof beta === 'object' && beta.name === 'beta');
  assert.is(server.directory.rename(beta, 'alpha'), 'nameTaken');
  assert.is(server.directory.rename(beta, 'BETA'), undefined);
  assert.is(server.directory.rename(beta, 'zeta'), undefined);
  assert.is(server.directory.byName('beta'), undefined);
  server.commit();
  assert.is(server.restarted().directory.byName('ZETA')?.nodeId, beta.nodeId);
});

test('a used-up pool refuses nodes, not Relay Servers, and spends nothing', () => {
  const server = new Server(undefined, '198.18.0.0/30');
  const nodes = [1, 2].map((seed) => server.spend(server.token(`n${seed}`), seed));
  const token = server.token('n3');
  assert.is(server.spend(token, 3), 'poolExhausted');
  assert.ok(typeof server.spend(server.token('relay', true), 4, '', 'relay') === 'object');
  server.directory.remove(nodes[0] as NodeRecord);
  const third = server.spend(token, 3);
  assert.ok(typeof third === 'object' && third.ipv4 === '198.18.0.1');
});

test('a removed node is remembered as removed, and comes back with a new invite', () => {
  const server = new Server();
  const token = server.token('one');
  const record = server.spend(token, 1) as NodeRecord;
  server.directory.remove(record);
  server.commit();
  const next = server.restarted();
  assert.is(next.directory.wasRemoved(record.nodeId), true);
  assert.is(next.directory.get(record.nodeId), undefined);
  assert.is(next.spend(token, 1), 'inviteUnknown');
  const back = next.spend(next.token('one'), 1) as NodeRecord;
  assert.is.not(back.ipv4, record.ipv4, 'a released address is reused last');
  assert.is(next.directory.wasRemoved(record.nodeId), false);
});

test('a power cut between the writes of an enrolment leaves an invite good for that key alone', () => {
  const server = new Server();
  const token = server.token('one');
  server.spend(token, 1);
  const changes = server.takeChanges();
  assert.ok(changes.length >= 3);
  for (let written = 1; written <= changes.length; written += 1) {
    const cut = new Server(new Map(server.disk));
    for (const change of changes.slice(0, written)) cut.write(change);
    const next = cut.restarted();
    assert.is(next.spend(token, 2), 'inviteSpent', `after ${written} writes`);
    const again = next.directory.get(nodeIdOf(suite, keyOf(1))) ?? next.spend(token, 1);
    assert.ok(typeof again === 'object' && again.name === 'one');
    const other = next.spend(next.token('two'), 2) as NodeRecord;
    assert.is.not(other.ipv4, again.ipv4);
  }
});

test('a damaged record is left out and told, a record outside the pool keeps its name', () => {
  const server = new Server();
  server.spend(server.token('one'), 1);
  server.spend(server.token('two'), 2);
  server.commit();
  const [first] = [...server.disk].filter(([name]) => name.startsWith('nodes/'));
  server.disk.set(first?.[0] as string, { publicKey: 'zz', name: 'one' });
  const next = server.restarted();
  assert.is(next.directory.size, 1);
  assert.match(next.logs.join(), /is damaged and left out/);
  const moved = new Server(new Map(server.disk), '198.19.0.0/28');
  assert.match(moved.logs.join(), /1 node has an address outside the pool/);
  assert.is(moved.directory.byName('two')?.name, 'two');
});

test('invites are bounded: spent and expired ones make room, open ones do not', () => {
  const server = new Server(undefined, '198.18.0.0/16');
  server.spend(server.token('spent'), 1);
  for (let count = 1; count < limits.maxInvites; count += 1) server.token(`open-${count}`);
  server.token('takes-the-spent-place');
  assert.is(server.directory.addInvite('one-more', false, unix + 60, hour), 'full');
  server.context.now += hour + 1;
  server.token('after-all-have-expired');
  assert.is(server.directory.invites().length, 1);
  assert.is([...server.disk.keys()].filter((name) => name.startsWith('invites/')).length, 1);
});

test('through random changes and restarts no address or name has two holders and nothing is lost', () => {
  const random = seededRandom(21);
  let server = new Server();
  let seed = 1;
  const steps = isEngineSlow ? 120 : 800;
  for (let step = 0; step < steps; step += 1) {
    const records = [...server.directory.records()];
    const some = records[randomBelow(random, Math.max(1, records.length))];
    const choice = randomBelow(random, 8);
    if (choice < 4) {
      seed += 1;
      const name = `n${randomBelow(random, 40)}`;
      const token = server.directory.addInvite(name, choice === 0, unix + 60, hour);
      if (typeof token !== 'string') {
        server.spend(token, seed % 200, '', choice === 0 ? 'relay' : 'node');
      }
    } else if (choice === 4 && some) server.directory.rename(some, `n${randomBelow(random, 40)}`);
    else if (choice < 7 && some) server.directory.remove(some);
    server.commit();
    const before = server.rows();
    if (choice === 7) server = server.restarted();
    assert.equal(server.rows(), before, `step ${step}`);
    const nodes = [...server.directory.records()];
    const ips = nodes.flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6]).filter((ip) => ip !== undefined);
    assert.is(new Set(ips).size, ips.length, `step ${step}: an address has two holders`);
    assert.is(new Set(nodes.map(({ name }) => name)).size, nodes.length);
    for (const node of nodes) assert.is(server.directory.byName(node.name), node);
    assert.is(server.directory.pool.used, nodes.filter(({ role }) => role === 'node').length);
  }
});

test.run();
