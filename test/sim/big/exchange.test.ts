import { MessageChannel } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Endpoint } from '../../../src/base/ip.ts';
import { type Crossing, Exchange } from './exchange.ts';

/** Two parts on one thread, which cannot wait: each is told that the other has come to so many meetings. */
function twoParts(meetings: number) {
  const { port1, port2 } = new MessageChannel();
  const alone = () => new Int32Array(new SharedArrayBuffer(8)).fill(meetings);
  return {
    left: new Exchange(0, [undefined, port1], alone()),
    right: new Exchange(1, [port2, undefined], alone()),
    close: () => port1.close(),
  };
}

function crossing(at: number, ...bytes: number[]): Crossing {
  const datagram = {
    source: '5.0.0.2:4649' as Endpoint,
    destination: `6.0.0.${at}:4649` as Endpoint,
    bytes: Uint8Array.from(bytes),
  };
  return { datagram, origin: 'n0', at };
}

test('what crosses comes whole and in the order in which it was sent', () => {
  const { left, right, close } = twoParts(1);
  const sent = [crossing(12, 1, 2, 3), crossing(11), crossing(12, 4)];
  for (const each of sent) left.send(1, each);
  left.tellAll({ note: 'move', flow: 3, at: 5 });
  assert.equal(left.meet(), []);
  const notes = [{ note: 'move', flow: 3, at: 5 }];
  assert.equal(right.meet(), [{ from: 0, crossings: sent, notes }]);
  close();
});

test('what a part that is ahead has sent waits for its meeting', () => {
  const { left, right, close } = twoParts(3);
  left.meet();
  left.send(1, crossing(21, 1));
  left.meet();
  left.send(1, crossing(31, 2));
  left.meet();
  assert.equal(right.meet(), []);
  for (const at of [21, 31]) {
    assert.equal(
      right.meet().flatMap(({ crossings }) => crossings.map((each) => each.at)),
      [at],
    );
  }
  close();
});

test.run();
