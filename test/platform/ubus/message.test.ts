/** Frames of a real ubusd that no recorded conversation holds: to a monitor, and about subscribers. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromHex, toHex } from '../../../src/base/bytes.ts';
import { decodeMessage, encodeMessage, messageTypes } from '../../../src/platform/ubus/message.ts';

const toMonitor =
  '000b00040000000000000040000000088d9132f9010000080000000003000008000000010400000800000002020000050100000005000014030000088d61d91f05000008e8d61576';
const aboutSubscribers =
  '000100038d61d91f00000020030000088d61d91f0b00000c000000084c14ae6e0100000800000000';

function read(hex: string) {
  const message = decodeMessage(fromHex(hex) as Uint8Array);
  assert.is(message.ignored, 0);
  assert.is(toHex(encodeMessage(message)), hex);
  return message;
}

test('a message to a monitor has attributes of its own', () => {
  const { type, attributes } = read(toMonitor);
  assert.is(type, messageTypes.monitor);
  assert.ok((attributes.monitorClient ?? 0) >= 1024);
  assert.ok((attributes.monitorData?.length ?? 0) > 0);
  assert.is(attributes.status, undefined);
});

test('the status of a notification lists who gets it', () => {
  const { type, attributes } = read(aboutSubscribers);
  assert.is(type, messageTypes.status);
  assert.is(attributes.subscribers?.length, 1);
  assert.is(attributes.status, 0);
});

test('a text without its end is absent', () => {
  const lookup = '00040009000000000000000c0200000761626300';
  const { attributes, ignored } = decodeMessage(fromHex(lookup) as Uint8Array);
  assert.is(attributes.objectPath, undefined);
  assert.is(ignored, 1);
});

test.run();
