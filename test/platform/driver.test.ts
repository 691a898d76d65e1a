import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint } from '../../src/base/ip.ts';
import type { Deadline } from '../../src/base/timers.ts';
import type { PathCommand, PathNotice, PathStats } from '../../src/datapath/commands.ts';
import { Driver } from '../../src/platform/driver.ts';
import type { DriverPorts, HostedRole } from '../../src/platform/driver-ports.ts';
import { Log } from '../../src/platform/log.ts';
import type { Store } from '../../src/platform/store/store.ts';
import type { RoleName } from '../../src/protocol/control-results.ts';
import type { Input, JsonObject, Machine, Output } from '../../src/protocol/machine.ts';
import type { PathId } from '../../src/wire/ids.ts';

const peer = '192.0.2.1:4649' as Endpoint;

/** A role that does what the test says. */
class ScriptedRole implements Machine {
  readonly inputs: Input[] = [];
  readonly effects: Output[] = [];
  answer: (input: Input) => readonly Output[] = () => [];
  firstByte = 1;
  wakeAt: number | undefined;

  handle(input: Input): void {
    this.inputs.push(input);
    if (input.kind === 'timeout') this.wakeAt = undefined;
    this.effects.push(...this.answer(input));
  }

  poll(): Output | undefined {
    return this.effects.shift();
  }

  deadline(): Deadline | undefined {
    return this.wakeAt === undefined ? undefined : { at: this.wakeAt, why: 'script' };
  }

  wants(datagram: Uint8Array): boolean {
    return datagram[0] === this.firstByte;
  }

  kinds(): string[] {
    return this.inputs.map(({ kind }) => kind);
  }
}

class World {
  readonly did: string[] = [];
  readonly crashes: { error: unknown; summary: JsonObject }[] = [];
  readonly machines = new Map<RoleName, ScriptedRole>();
  readonly driver: Driver;
  broken = false;
  pathDeadline: Deadline | undefined;

  constructor(...names: RoleName[]) {
    const roles = names.map((name): HostedRole => {
      const machine = new ScriptedRole();
      this.machines.set(name, machine);
      return { name, machine, store: this.#store(name), requiresStore: name === 'ds' };
    });
    this.driver = new Driver(roles, this.#ports());
  }

  #store(name: RoleName): Store {
    const changes: string[] = [];
    return {
      load: () => new Map(),
      set: (key) => {
        changes.push(key);
      },
      get pending() {
        return changes.length > 0;
      },
      commit: () => {
        if (this.broken) throw new Error('disk full');
        this.did.push(`${name} commits ${changes.splice(0).join()}`);
      },
      close: () => this.did.push(`${name} closes`),
    };
  }

  #ports(): DriverPorts {
    return {
      now: () => performance.now(),
      log: new Log({ level: 'info', write: (line) => this.did.push(line.trim()) }),
      path: {
        command: (_now, command) => this.did.push(`path ${command.op}`),
        inbound: (_now, _buffer, offset, length) => this.did.push(`inbound ${offset}+${length}`),
        deadline: () => this.pathDeadline,
        timeout: () => {
          this.pathDeadline = undefined;
          this.did.push('path timeout');
        },
        stats: () => [] as PathStats[],
        relayStats: () => [] as PathStats[],
      },
      send: (to, uplink, bytes) => this.did.push(`send ${bytes.join()} to ${to} by ${uplink}`),
      flush: () => this.did.push('flush'),
      setInterface: (role, wanted) => {
        if (this.broken) throw new Error('no such device');
        this.did.push(`${role} sets ${wanted.device}`);
      },
      nameAnswer: () => {},
      dnsRequest: () => {},
      zones: () => {},
      event: (role, name) => this.did.push(`${role} event ${name}`),
      fatal: (role, text) => this.did.push(`${role} fatal ${text}`),
      crashed: (error, summary) => this.crashes.push({ error, summary }),
    };
  }

  role(name: RoleName): ScriptedRole {
    return this.machines.get(name) as ScriptedRole;
  }

  datagram(...bytes: number[]): void {
    this.driver.datagram(Uint8Array.of(0xff, ...bytes, 0xff), 1, bytes.length, peer, 'eth0/a');
    this.driver.settle();
  }

  happened(): string[] {
    return this.did.splice(0);
  }
}

const transmit = (byte: number): Output => ({
  kind: 'transmit',
  to: peer,
  bytes: Uint8Array.of(byte),
});
const store = (name: string): Output => ({ kind: 'store', name, value: {} });
const pathNew = (id: string): PathCommand => ({
  op: 'path-new',
  pathId: id as PathId,
  side: 0,
  kind: 'node',
  peerPrefixes: [],
  excludedPrefixes: [],
  globalOnly: false,
  idleMs: 0,
});
const idle = (id: string): PathNotice => ({ notice: 'idle', pathId: id as PathId });

test('stores are committed together and before any later effect', () => {
  const world = new World('ds');
  world.role('ds').answer = () => [transmit(1), store('a'), store('b'), transmit(2), store('c')];
  world.datagram(1);
  assert.equal(world.happened(), [
    'send 1 to 192.0.2.1:4649 by undefined',
    'ds commits a,b,c',
    'send 2 to 192.0.2.1:4649 by undefined',
    'flush',
  ]);
});

test('all datagrams of a turn wait for one commit, and leave in their order', () => {
  const world = new World('ds');
  world.role('ds').answer = () => [transmit(1), store('a'), transmit(2)];
  for (let count = 0; count < 3; count += 1) {
    world.driver.datagram(Uint8Array.of(1), 0, 1, peer, undefined);
  }
  const sent = (byte: number) => `send ${byte} to 192.0.2.1:4649 by undefined`;
  assert.equal(world.happened(), [sent(1)]);
  world.driver.settle();
  const held = [2, 1, 2, 1, 2].map(sent);
  assert.equal(world.happened(), ['ds commits a,a,a', ...held, 'flush']);
});

test('with a full disk a Direction Server sends nothing, and a node goes on', async () => {
  const world = new World('ds', 'node');
  world.broken = true;
  world.role('node').firstByte = 2;
  for (const name of ['ds', 'node'] as const) {
    world.role(name).answer = () => [store('a'), transmit(7)];
  }
  world.datagram(1);
  assert.equal(
    world.happened().filter((line) => line.startsWith('send')),
    [],
  );
  assert.is(world.driver.counters.get('effects-held-back'), 1);
  world.datagram(2);
  const lines = world.happened();
  assert.ok(lines.includes('send 7 to 192.0.2.1:4649 by undefined'));
  assert.ok(
    lines.some((line) => /^error: node: the state cannot be written: disk full/.test(line)),
  );
  world.role('ds').answer = (input) =>
    input.kind === 'control'
      ? [store('b'), { kind: 'control-answer', id: input.id, answer: { ok: true, result: {} } }]
      : [];
  const refused = await world.driver.ask('ds', { method: 'invite', arguments: {} });
  assert.is(refused.ok, false);
  world.broken = false;
  assert.equal(await world.driver.ask('ds', { method: 'invite', arguments: {} }), {
    ok: true,
    result: {},
  });
  assert.ok(world.happened().includes('ds commits a,b,b'));
});

test('with a full disk a call that changes nothing is answered', async () => {
  const world = new World('ds');
  world.broken = true;
  world.role('ds').answer = (input) =>
    input.kind === 'control'
      ? [{ kind: 'control-answer', id: input.id, answer: { ok: true, result: {} } }]
      : [store('a'), transmit(7)];
  world.datagram(1);
  const looked = await world.driver.ask('ds', { method: 'status', arguments: {} });
  assert.is(looked.ok, true);
  assert.not(world.happened().some((line) => line.startsWith('send')));
});

test('each datagram goes to the data path or to the first role that wants it, as a copy', () => {
  const world = new World('ds', 'node');
  world.role('node').firstByte = 2;
  const buffer = Uint8Array.of(9, 2, 5, 9);
  world.driver.datagram(buffer, 1, 2, peer, undefined);
  buffer.fill(0);
  world.datagram(0x80, 1, 2);
  world.datagram(3);
  world.datagram();
  world.datagram(1);
  const [input] = world.role('node').inputs;
  assert.ok(input?.kind === 'datagram' && input.from === peer && !('uplink' in input));
  assert.equal([...input.bytes], [2, 5]);
  // Those that no role wants are the first role's, which can hint at a session it has forgotten.
  assert.equal(world.role('ds').kinds(), ['datagram', 'datagram', 'datagram']);
  assert.is(world.driver.counters.get('for-no-role'), 2);
  assert.ok(world.happened().includes('inbound 1+3'));
});

test('notices go to the role that made the path or the relay', () => {
  const world = new World('node', 'rs', 'ds');
  const make = (name: RoleName, command: PathCommand) => {
    world.role(name).effects.push({ kind: 'path', command });
    world.role(name).firstByte = 1;
    for (const other of ['node', 'rs', 'ds'] as const) {
      if (other !== name) world.role(other).firstByte = 99;
    }
    world.datagram(1);
  };
  make('node', pathNew('aa'));
  make('rs', { op: 'relay-new', pathId: 'aa' as PathId, idleMs: 0 });
  make('rs', { op: 'relay-new', pathId: 'bb' as PathId, idleMs: 0 });
  const noticed = (notice: PathNotice) => {
    for (const machine of world.machines.values()) machine.inputs.length = 0;
    world.driver.notice(notice);
    world.driver.settle();
    return [...world.machines].flatMap(([name, { inputs }]) => inputs.map(() => name));
  };
  assert.equal(noticed(idle('aa')), ['node', 'rs']);
  assert.equal(noticed(idle('bb')), ['rs']);
  assert.equal(noticed({ notice: 'no-path', destination: '198.18.0.1' as never }), ['node']);
  assert.equal(
    noticed({ notice: 'unknown-path', pathId: 'cc' as PathId, from: peer, length: 40 }),
    ['rs'],
  );
  make('node', { op: 'path-delete', pathId: 'aa' as PathId });
  assert.equal(noticed(idle('aa')), ['rs']);
});

test('a notice that arises while effects are carried out comes after them', () => {
  const world = new World('node');
  const role = world.role('node');
  role.answer = (input) => {
    if (input.kind === 'datagram') {
      world.driver.notice(idle('aa'));
      return [{ kind: 'path', command: pathNew('aa') }, transmit(1)];
    }
    return input.kind === 'notice' ? [transmit(2)] : [];
  };
  world.datagram(1);
  assert.equal(world.happened(), [
    'path path-new',
    'send 1 to 192.0.2.1:4649 by undefined',
    'send 2 to 192.0.2.1:4649 by undefined',
    'flush',
  ]);
  assert.equal(role.kinds(), ['datagram', 'notice']);
});

test('whoever is due is woken, and nobody before', async () => {
  const world = new World('node', 'ds');
  const begin = performance.now();
  const woken: string[] = [];
  for (const name of ['node', 'ds'] as const) {
    world.role(name).answer = (input) => {
      if (input.kind === 'timeout') woken.push(name);
      return [];
    };
  }
  world.role('ds').wakeAt = begin + 60;
  world.driver.settle();
  world.role('node').wakeAt = begin + 15;
  world.driver.settle();
  world.pathDeadline = { at: begin + 30, why: 'idle' };
  world.driver.settle();
  while (woken.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.equal(woken, ['node', 'ds']);
  assert.ok(world.happened().includes('path timeout'));
  assert.ok(performance.now() >= begin + 60);
  const early = world.role('node').inputs.filter((input) => input.now < begin + 15);
  assert.is(early.length, 0);
});

test('an exception out of a role ends everything with a summary', () => {
  const world = new World('node', 'ds');
  world.role('node').answer = () => {
    throw new Error('our mistake');
  };
  world.datagram(1);
  const [crash] = world.crashes;
  assert.is(crash?.error instanceof Error && crash.error.message, 'our mistake');
  assert.is(crash?.summary['where'], 'node');
  assert.is(crash?.summary['input'], 'datagram');
  world.datagram(1);
  world.driver.uplinks([]);
  assert.equal(world.role('ds').inputs, []);
  assert.is(world.crashes.length, 1);
});

test('a role that ended gets nothing more, and the others go on', async () => {
  const world = new World('node', 'ds');
  world.role('node').answer = () => [{ kind: 'fatal', text: 'The invite has expired.' }];
  world.driver.start([], 1_700_000_000);
  assert.ok(world.happened().includes('node fatal The invite has expired.'));
  world.driver.uplinks([]);
  assert.equal(world.role('node').kinds(), ['start']);
  assert.equal(world.role('ds').kinds(), ['start', 'uplinks']);
  assert.equal(world.driver.roles, ['ds']);
  const call = { method: 'paths', arguments: {} };
  assert.equal(await world.driver.ask('node', call), {
    ok: false,
    error: 'The invite has expired.',
  });
});

test('an interface that cannot be set is logged and counted', () => {
  const world = new World('node');
  world.broken = true;
  world.role('node').answer = () => [
    { kind: 'interface', device: 'ntm0', mtu: 1400, addresses: [], routes: [], exitRoutes: [] },
    transmit(1),
  ];
  world.datagram(1);
  assert.equal(world.happened().slice(0, 2), [
    'error: node: ntm0: no such device',
    'send 1 to 192.0.2.1:4649 by undefined',
  ]);
  assert.is(world.driver.counters.get('interface-failures'), 1);
});

test('at the end roles say goodbye, open calls are answered and state is closed', async () => {
  const world = new World('node');
  world.role('node').answer = (input) => (input.kind === 'stop' ? [store('a'), transmit(9)] : []);
  const open = world.driver.ask('node', { method: 'connect', arguments: { peer: 'b' } });
  world.happened();
  world.driver.stop();
  world.driver.stop();
  assert.equal(world.happened(), [
    'node commits a',
    'send 9 to 192.0.2.1:4649 by undefined',
    'flush',
    'node closes',
  ]);
  assert.equal(await open, { ok: false, error: 'The daemon is ending.' });
});

test.run();
