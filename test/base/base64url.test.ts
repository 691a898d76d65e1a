import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromBase64url, toBase64url } from '../../src/base/base64url.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { seededRandom } from '../support/seeded-random.ts';

test('the vectors of RFC 4648 hold, without padding', () => {
  const vectors = { '': '', f: 'Zg', fo: 'Zm8', foo: 'Zm9v', foob: 'Zm9vYg', fooba: 'Zm9vYmE' };
  for (const [text, encoded] of Object.entries(vectors)) {
    assert.is(toBase64url(utf8(text)), encoded);
    assert.equal(fromBase64url(encoded), utf8(text));
  }
  assert.is(toBase64url(Uint8Array.of(0xfb, 0xff, 0xbf)), '-_-_');
});

test('bytes of every length come back', () => {
  const random = seededRandom(91);
  for (let length = 0; length < 70; length += 1) {
    const bytes = random.bytes(length);
    assert.equal(fromBase64url(toBase64url(bytes)), bytes);
  }
});

test('foreign letters, padding, impossible lengths and left-over bits are refused', () => {
  const wrong = ['Z', 'Zg==', 'Zh', 'Zm9', 'Zm+v', 'Zm/v', 'Zm9v\n', ' Zg', 'Zm9vZ', '名', 'Z😀'];
  for (const text of wrong) assert.is(fromBase64url(text), undefined, text);
});

test.run();
