import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Endpoint, endpoint, endpointIp } from '../../../src/base/ip.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { Dice } from '../dice.ts';
import { EventQueue } from '../event-queue.ts';
import { Nat, type NatOptions, openNat, restrictedNat, symmetricNat } from './nat.ts';
import { type Fate, Network } from './network.ts';
import { type Attachment, type Datagram, type LinkProfile, link, Realm } from './realm.ts';

class Lab {
  readonly queue = new EventQueue();
  readonly network = new Network(this.queue, new Dice(seededRandom(7)));
  readonly internet = new Realm('public', 0x05_00_00_00);
  readonly got: { readonly who: string; readonly at: number; readonly datagram: Datagram }[] = [];
  readonly fates: Fate[] = [];
  #boxes = 0;

  constructor() {
    this.network.taps.push(({ fate }) => this.fates.push(fate));
  }

  host(name: string, realm: Realm, profile: Partial<LinkProfile> = {}): Attachment {
    return realm.attach(name, realm.freeIp(), link(profile), (datagram) =>
      this.got.push({ who: name, at: this.queue.now, datagram }),
    );
  }

  behind(options: NatOptions, outer = this.internet, isolated = false): Realm {
    this.#boxes += 1;
    const name = `box${this.#boxes}`;
    const realm = new Realm(name, 0xc0_a8_00_00 + this.#boxes * 256, isolated);
    const nat = new Nat(outer.freeIp(), options, seededRandom(this.#boxes));
    const edge = outer.attach(name, nat.externalIp, link({}), () => {}, realm);
    realm.gateway = { nat, outer: edge };
    return realm;
  }

  send(from: Attachment, to: Endpoint): void {
    this.network.send(from, at(from), to, Uint8Array.of(1, 2, 3));
  }

  /** Carries out everything and gives what came. */
  settle(): typeof this.got {
    this.queue.runUntil(this.queue.now + 10_000);
    return this.got.splice(0);
  }
}

function at(attachment: Attachment): Endpoint {
  return endpoint(attachment.ip, 4649);
}

test('a datagram takes the delay of both links', () => {
  const lab = new Lab();
  const a = lab.host('a', lab.internet, { delayMs: 10 });
  const b = lab.host('b', lab.internet, { delayMs: 5 });
  lab.send(a, at(b));
  const [first] = lab.settle();
  assert.is(first?.who, 'b');
  assert.is(first?.at, 15);
  assert.is(first?.datagram.source, at(a));
});

test('the answer to what left through two nested NATs comes back through both', () => {
  const lab = new Lab();
  const outer = lab.behind(symmetricNat);
  const inner = lab.behind(symmetricNat, outer);
  const a = lab.host('a', inner);
  const b = lab.host('b', lab.internet);
  lab.send(a, at(b));
  const source = lab.settle()[0]?.datagram.source as Endpoint;
  assert.is(endpointIp(source), outer.gateway?.nat.externalIp);
  lab.send(b, source);
  const [answer] = lab.settle();
  assert.is(answer?.who, 'a');
  assert.is(answer?.datagram.destination, at(a));
});

test('behind one NAT a neighbour is reached directly, unless clients are kept apart', () => {
  for (const isolated of [false, true]) {
    const lab = new Lab();
    const realm = lab.behind(restrictedNat, lab.internet, isolated);
    const a = lab.host('a', realm);
    const b = lab.host('b', realm);
    lab.send(a, at(b));
    assert.is(lab.settle().length, isolated ? 0 : 1);
  }
});

test('a NAT that hairpins carries between its own clients by their outside endpoints', () => {
  for (const hairpin of [false, true]) {
    const lab = new Lab();
    const realm = lab.behind({ ...openNat, hairpin });
    const server = lab.host('server', lab.internet);
    const a = lab.host('a', realm);
    const b = lab.host('b', realm);
    lab.send(b, at(server));
    const outside = lab.settle()[0]?.datagram.source as Endpoint;
    lab.send(a, outside);
    const got = lab.settle();
    assert.is(got.length, hairpin ? 1 : 0);
    if (hairpin) assert.is(endpointIp(got[0]?.datagram.source as Endpoint), endpointIp(outside));
  }
});

test('two restricted NATs are punched when both sides send, two symmetric ones are not', () => {
  for (const [options, expected] of [
    [restrictedNat, 1],
    [symmetricNat, 0],
  ] as const) {
    const lab = new Lab();
    const server = lab.host('server', lab.internet);
    const a = lab.host('a', lab.behind(options));
    const b = lab.host('b', lab.behind(options));
    lab.send(a, at(server));
    lab.send(b, at(server));
    const [fromA, fromB] = lab.settle().map((each) => each.datagram.source);
    lab.send(a, fromB as Endpoint);
    lab.settle();
    lab.send(b, fromA as Endpoint);
    assert.is(lab.settle().length, expected);
  }
});

test('an address that moved away before the datagram came gets nothing', () => {
  const lab = new Lab();
  const a = lab.host('a', lab.internet);
  const b = lab.host('b', lab.internet, { delayMs: 50 });
  lab.send(a, at(b));
  lab.internet.detach(b);
  assert.is(lab.settle().length, 0);
  assert.is(lab.fates.at(-1), 'unreachable');
});

test('jitter keeps order, reordering breaks it', () => {
  for (const reordering of [0, 0.2]) {
    const lab = new Lab();
    const a = lab.host('a', lab.internet);
    const b = lab.host('b', lab.internet, { delayMs: 5, jitterMs: 20, reordering, reorderMs: 30 });
    const order: number[] = [];
    for (let index = 0; index < 200; index += 1) {
      lab.queue.at(index, () => lab.network.send(a, at(a), at(b), Uint8Array.of(index)));
    }
    for (const each of lab.settle()) order.push(each.datagram.bytes[0] as number);
    const sorted = [...order].sort((left, right) => left - right);
    assert.is(order.length, 200);
    assert.is(order.join() === sorted.join(), reordering === 0);
  }
});

test('loss and duplication come about as often as asked for', () => {
  const lab = new Lab();
  const a = lab.host('a', lab.internet);
  const lossy = lab.host('lossy', lab.internet, { loss: 0.3 });
  const doubling = lab.host('doubling', lab.internet, { duplication: 0.3 });
  for (let index = 0; index < 1000; index += 1) {
    lab.send(a, at(lossy));
    lab.send(a, at(doubling));
  }
  const got = lab.settle();
  const count = (who: string) => got.filter((each) => each.who === who).length;
  assert.ok(Math.abs(count('lossy') - 700) < 60, String(count('lossy')));
  assert.ok(Math.abs(count('doubling') - 1300) < 60, String(count('doubling')));
});

test('a partition stops both directions until it is healed', () => {
  const lab = new Lab();
  const a = lab.host('a', lab.internet);
  const b = lab.host('b', lab.internet);
  lab.network.partition(['a'], ['b']);
  lab.send(a, at(b));
  lab.send(b, at(a));
  assert.is(lab.settle().length, 0);
  lab.network.heal();
  lab.send(a, at(b));
  assert.is(lab.settle().length, 1);
});

test('events at one moment happen in the order they were asked for', () => {
  const queue = new EventQueue();
  const done: number[] = [];
  for (let index = 0; index < 50; index += 1) {
    queue.at(index % 5, () => done.push((index % 5) * 100 + index));
  }
  queue.runUntil(10);
  assert.equal(
    done,
    [...done].sort((left, right) => left - right),
  );
  assert.is(done.length, 50);
});

test.run();
