/** Zones that nobody asked for: however many come, those that nodes ask for are found and kept. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint } from '../../../src/base/ip.ts';
import { decodeMessage, encodeMessage } from '../../../src/dns/message.ts';
import { encodeNtmRecord } from '../../../src/dns/ntm-record.ts';
import { ntmRecordOf } from '../../../src/dns/records.ts';
import { nodeIdOf } from '../../../src/noise/keys.ts';
import { RoleContext } from '../../../src/protocol/context.ts';
import { limits } from '../../../src/protocol/limits.ts';
import type { JsonObject, Output } from '../../../src/protocol/machine.ts';
import type { ZonePolicy } from '../../../src/roles/ds/config.ts';
import { ZoneBook } from '../../../src/roles/ds/zone-book.ts';
import { suite } from '../../support/suite.ts';
import { environmentOf } from '../linked-roles.ts';

type Question = Output & { kind: 'dns-request' };

/** A key for each zone: the name, repeated. */
function keyOf(zone: string): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => zone.charCodeAt(index % zone.length));
}

class Asked {
  readonly disk = new Map<string, JsonObject>();
  readonly #policy: ZonePolicy;
  context: RoleContext;
  book: ZoneBook;

  constructor(policy: ZonePolicy) {
    this.#policy = policy;
    this.context = this.#newContext();
    this.book = this.#newBook();
  }

  #newContext(): RoleContext {
    return new RoleContext({ ...environmentOf(98), stored: new Map(this.disk) });
  }

  #newBook(): ZoneBook {
    const config = {
      zone: 'own.example',
      advertised: [],
      pool: undefined,
      foreignZones: [],
      foreignPolicy: this.#policy,
      localRelays: [],
      localNodes: [],
      idleSeconds: 600,
    };
    return new ZoneBook(this.context, config, []);
  }

  restart(): void {
    this.context = this.#newContext();
    this.book = this.#newBook();
  }

  /** Looks it up, a second later than the last one, and lets the DNS answer. */
  look(zone: string, wantedBy: 'greeter' | 'node'): void {
    this.context.now += 1000;
    assert.is(this.book.lookUp(zone, wantedBy), undefined, zone);
    for (const output of this.#outputs()) {
      if (output.kind === 'dns-request') this.#answer(zone, output);
    }
    this.#outputs();
  }

  #outputs(): Output[] {
    const outputs: Output[] = [];
    for (let output = this.context.poll(); output; output = this.context.poll()) {
      outputs.push(output);
      if (output.kind !== 'store') continue;
      if (output.value) this.disk.set(output.name, output.value);
      else this.disk.delete(output.name);
    }
    return outputs;
  }

  #answer(zone: string, { id, bytes }: Question): void {
    const dsKey = keyOf(zone);
    const data = encodeNtmRecord({
      version: 1,
      nodeId: nodeIdOf(suite, dsKey),
      publicKey: dsKey,
      virtualIpv4: undefined,
      virtualIpv6: undefined,
      nat: 'global',
      dsKey,
      dsAddresses: ['203.0.113.7:4649' as Endpoint],
      relay: undefined,
    });
    const question = decodeMessage(bytes);
    assert.ok(question);
    const answers = [ntmRecordOf(zone, 60, data)];
    const response = encodeMessage({ ...question, flags: 0x8400, answers, additionals: [] });
    const { now } = this.context;
    this.book.lookedUp({ kind: 'dns-response', now, id, response, error: undefined });
  }
}

for (const policy of ['ask', 'allow'] as const) {
  test(`zones that come by themselves leave room for those that nodes ask for: ${policy}`, () => {
    const asked = new Asked(policy);
    asked.look('early.example', 'node');
    for (let count = 0; count < limits.maxForeignZones * 2; count += 1) {
      asked.look(`z${count}.example`, 'greeter');
    }
    assert.is(asked.book.zones.length, limits.maxForeignZones / 2 + 1);
    asked.look('late.example', 'node');
    for (const zone of ['early.example', 'late.example']) {
      assert.equal(asked.book.byName(zone)?.publicKey, keyOf(zone));
    }
    const newest = `z${limits.maxForeignZones * 2 - 1}.example`;
    assert.is(asked.book.byName(newest) !== undefined, policy === 'ask');
    asked.restart();
    assert.is(asked.book.byName('early.example')?.wanted, true);
    assert.is(asked.book.zones.filter(({ wanted }) => !wanted).length, limits.maxForeignZones / 2);
  });
}

test('a zone that came and was then asked for or decided on stays', () => {
  const asked = new Asked('ask');
  for (const zone of ['wished.example', 'trusted.example', 'denied.example']) {
    asked.look(zone, 'greeter');
  }
  const wished = asked.book.byName('wished.example');
  assert.ok(wished);
  asked.book.want(wished);
  asked.book.trust('trusted.example');
  asked.book.distrust('denied.example');
  for (let count = 0; count < limits.maxForeignZones; count += 1) {
    asked.look(`z${count}.example`, 'greeter');
  }
  assert.ok(asked.book.byName('wished.example'));
  assert.is(asked.book.byName('trusted.example')?.policy, 'allow');
  assert.is(asked.book.byName('denied.example')?.policy, 'deny');
});

test.run();
