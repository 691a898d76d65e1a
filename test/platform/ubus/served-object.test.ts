/** What our object says to an invocation, beside what an owner built with libubus said in the recordings. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import { decodeFields, jsonOfFields } from '../../../src/platform/ubus/blobmsg.ts';
import { FrameSplitter } from '../../../src/platform/ubus/frame-splitter.ts';
import { decodeMessage, messageTypes } from '../../../src/platform/ubus/message.ts';
import { ServedObject, signatureOf } from '../../../src/platform/ubus/object.ts';
import { UbusSocket } from '../../../src/platform/ubus/socket.ts';
import { streamPair } from '../../support/stream-pair.ts';
import added from '../../vectors/ubus/02-add-object.json';
import failing from '../../vectors/ubus/10-invoke-error-status.json';
import wrong from '../../vectors/ubus/11-invoke-invalid-argument.json';
import unknown from '../../vectors/ubus/12-invoke-method-not-found.json';
import empty from '../../vectors/ubus/14-invoke-ok-without-data.json';
import noReply from '../../vectors/ubus/18-notify-no-reply.json';
import noData from '../../vectors/ubus/32-raw-invoke-without-data.json';

const frame = (hex: string): Uint8Array => fromHex(hex) as Uint8Array;

/** The frames that our object answers to the recorded invocation, and those that were recorded. */
async function answers(transcript: typeof failing): Promise<[string[], string[]]> {
  const own = transcript.exchanges.filter(({ conn }) => conn === 'server');
  const invocation = own.find(({ direction, decoded }) => {
    return direction === 'ubusd->client' && decoded.type === messageTypes.invoke;
  });
  if (!invocation) throw new Error('an invocation was recorded');
  const message = decodeMessage(frame(invocation.hex));
  const isAnswer = ({ direction, decoded }: (typeof own)[number]): boolean =>
    direction === 'client->ubusd' &&
    decoded.seq === message.seq &&
    Number.parseInt(decoded.peer, 16) === message.peer;
  const recorded = own.filter(isAnswer).map(({ hex }) => hex);
  const [near, far] = streamPair();
  const socket = new UbusSocket(near, () => {});
  const status = decodeMessage(frame(recorded.at(-1) ?? '')).attributes.status ?? 0;
  const method = { arguments: {}, call: async () => ({ status }) };
  const methods = { fail: method, nodata: method, notify: method, status: method };
  const object = new ServedObject(
    { path: 'ntmobile.test', methods },
    message.attributes.objectId ?? 0,
    socket,
  );
  object.take(message);
  const splitter = new FrameSplitter();
  const said: string[] = [];
  while (said.length < recorded.length) {
    const bytes = await far.read();
    if (!bytes) break;
    said.push(...(splitter.push(bytes) ?? []).map(toHex));
  }
  socket.close();
  return [said, recorded];
}

const recordings = { failing, wrong, unknown, empty, noReply, noData };
for (const [what, transcript] of Object.entries(recordings)) {
  test(`an invocation is answered like libubus answers it: ${what}`, async () => {
    const [said, recorded] = await answers(transcript as unknown as typeof failing);
    assert.ok(recorded.length > 0);
    assert.equal(said, recorded);
  });
}

test('the signature of an object is written like the recorded one', () => {
  const [first] = added.exchanges.filter(({ decoded }) => decoded.type === messageTypes.addObject);
  const bytes = decodeMessage(frame(first?.hex ?? '')).attributes.signature;
  const types = jsonOfFields(decodeFields(bytes ?? new Uint8Array(0)) ?? []);
  const names = ['unspec', 'array', 'table', 'string', 'int64', 'int32', 'int16', 'int8', 'double'];
  const methods = Object.fromEntries(
    Object.entries(types as Record<string, Record<string, number>>).map(([name, row]) => [
      name,
      {
        arguments: Object.fromEntries(
          Object.entries(row).map(([argument, type]) => [argument, names[type] as 'int32']),
        ),
        call: async () => ({ status: 0 }),
      },
    ]),
  );
  assert.is(toHex(signatureOf({ path: 'ntmobile.test', methods })), toHex(bytes as Uint8Array));
});

test.run();
