/** The stub of a node and the Direction Server behind it, without sockets: what is asked, and what comes back. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint } from '../../src/base/ip.ts';
import { recordClasses, recordTypes } from '../../src/dns/constants.ts';
import {
  type DnsMessage,
  decodeMessage,
  encodeMessage,
  responseCodeOf,
} from '../../src/dns/message.ts';
import type { Output } from '../../src/protocol/machine.ts';
import type { DsRole } from '../../src/roles/ds/ds-role.ts';
import type { NodeRole } from '../../src/roles/node/node-role.ts';
import { LinkedRoles, type Party } from './linked-roles.ts';

const asker = '127.0.0.1:5000' as Endpoint;

function world() {
  const linked = new LinkedRoles();
  const ds = linked.ds();
  const one = linked.node(ds, '192.0.2.30:4649' as Endpoint, linked.token(ds, 'one'));
  const two = linked.node(ds, '192.0.2.40:4649' as Endpoint, linked.token(ds, 'two'));
  linked.pass(1000);
  return { linked, ds, one, two };
}

const query = (name: string, type: number): Uint8Array =>
  encodeMessage({
    id: 7,
    flags: 0x100,
    questions: [{ name, type, class: recordClasses.IN }],
    answers: [],
    authorities: [],
    additionals: [],
  });

/** Asks, lets `ms` pass, and gives what was answered so far. */
function ask(linked: LinkedRoles, party: Party, name: string, type: number, ms = 50) {
  const before = party.dns.length;
  const { now } = linked;
  const id = before + 1;
  linked.give(party, {
    kind: 'name-query',
    now,
    id,
    from: asker,
    stream: false,
    bytes: query(name, type),
  });
  linked.pass(ms);
  return party.dns
    .slice(before)
    .flatMap((out: Output) =>
      out.kind === 'name-answer' && out.bytes ? [decodeMessage(out.bytes)] : [],
    );
}

const codeOf = (message: DnsMessage | undefined): number => responseCodeOf(message?.flags ?? 0xf);

test('a name leads to a path and to the virtual IPs at its end', () => {
  const { linked, one, two } = world();
  const { registered } = two.machine as NodeRole;
  const [answer] = ask(linked, one, 'Two.Home.Example', recordTypes.A);
  assert.is(answer?.answers[0]?.name, 'Two.Home.Example');
  assert.is(answer?.answers[0]?.ttl, 5);
  const [bytes] = answer?.answers[0]?.data ?? [];
  assert.is(bytes instanceof Uint8Array && bytes.join('.'), registered?.virtualIpv4);
  assert.is((one.machine as NodeRole).tunnels.size, 1);
  const [again] = ask(linked, one, 'two.home.example', recordTypes.AAAA, 0);
  assert.is(again?.answers.length, 1, 'at once, now that the path is there');
});

test('no name takes longer than two seconds, and silence is no answer', () => {
  const { linked, one } = world();
  linked.passes = () => false;
  assert.equal(ask(linked, one, 'two.home.example', recordTypes.A, 1000), []);
  const before = one.dns.length;
  linked.pass(1000);
  const [out] = one.dns.slice(before);
  assert.is(
    codeOf(out?.kind === 'name-answer' && out.bytes ? decodeMessage(out.bytes) : undefined),
    2,
  );
});

test('names that are not there, not ours or of no address are told apart', () => {
  const { linked, one } = world();
  const code = (name: string, type: number = recordTypes.A) =>
    codeOf(ask(linked, one, name, type)[0]);
  assert.is(code('nobody.home.example'), 3);
  assert.is(code('one.home.example'), 0);
  assert.is(code('home.example'), 0);
  assert.is(code('two.home.example', recordTypes.MX), 0);
  assert.is(code('example.org'), 5);
  assert.is((one.machine as NodeRole).tunnels.size, 0);
});

test('a virtual IP has a name although there is no path', () => {
  const { linked, one, two } = world();
  const { registered } = two.machine as NodeRole;
  const labels = (registered?.virtualIpv4 ?? '').split('.').reverse();
  const [answer] = ask(linked, one, `${labels.join('.')}.in-addr.arpa`, recordTypes.PTR);
  assert.equal(answer?.answers[0]?.data, ['two.home.example']);
  assert.is((one.machine as NodeRole).tunnels.size, 0);
});

test('the record of a name is told to the owner who asks for it', () => {
  const { linked, one, two } = world();
  linked.ask(one, 'resolve', { name: 'two' });
  linked.pass(50);
  assert.is(one.answers.at(-1)?.['name'], 'two.home.example');
  assert.is(one.answers.at(-1)?.['virtualIpv4'], (two.machine as NodeRole).registered?.virtualIpv4);
});

test('a flood from one source gets less than it sends, over TCP it gets all', () => {
  const { linked, ds } = world();
  const { now } = linked;
  const bytes = query('home.example', recordTypes.SOA);
  let received = 0;
  const flood = '198.51.100.1:53' as Endpoint;
  for (let id = 1; id <= 2000; id += 1) {
    const before = ds.dns.length;
    linked.give(ds, { kind: 'name-query', now, id, from: flood, stream: false, bytes });
    for (const out of ds.dns.slice(before)) {
      if (id > 200 && out.kind === 'name-answer') received += out.bytes?.length ?? 0;
    }
  }
  assert.ok(received > 0 && received <= 900 * bytes.length, String(received));
  const before = ds.dns.length;
  linked.give(ds, { kind: 'name-query', now, id: 9999, from: flood, stream: true, bytes });
  const [out] = ds.dns.slice(before);
  assert.ok(out?.kind === 'name-answer' && (out.bytes?.length ?? 0) > bytes.length);
});

test('a removed node is gone from the DNS at once', () => {
  const { linked, ds } = world();
  assert.is(codeOf(ask(linked, ds, 'two.home.example', recordTypes.NTM)[0]), 0);
  const role = ds.machine as DsRole;
  const record = role.directory.byName('two');
  assert.ok(record);
  if (record) role.remove(record);
  assert.is(codeOf(ask(linked, ds, 'two.home.example', recordTypes.NTM)[0]), 3);
});

test.run();
