import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromBase64url, toBase64url } from '../../src/base/base64url.ts';
import { utf8 } from '../../src/base/bytes.ts';
import type { Endpoint } from '../../src/base/ip.ts';
import { parseEndpoint } from '../../src/base/ip.ts';
import {
  decodeInvite,
  describeSpan,
  encodeInvite,
  expiryProblem,
  type Invite,
} from '../../src/protocol/invite.ts';

const invite: Invite = {
  kind: 'node',
  endpoints: ['203.0.113.10:4649', '[2001:db8::10]:4649'].map(
    (text) => parseEndpoint(text) as Endpoint,
  ),
  publicKey: Uint8Array.from({ length: 32 }, (_, index) => index + 1),
  token: Uint8Array.from({ length: 16 }, (_, index) => 255 - index),
  expiresAt: 1_800_000_000,
  name: 'notebook',
};

function errorOf(text: string): string {
  const decoded = decodeInvite(text);
  return decoded.ok ? '(accepted)' : decoded.error;
}

test('base64url holds the vectors of RFC 4648 section 10', () => {
  const vectors = { '': '', f: 'Zg', fo: 'Zm8', foo: 'Zm9v', foob: 'Zm9vYg', fooba: 'Zm9vYmE' };
  for (const [plain, coded] of Object.entries(vectors)) {
    assert.is(toBase64url(utf8(plain)), coded);
    assert.equal(fromBase64url(coded), utf8(plain));
  }
  assert.is(toBase64url(Uint8Array.of(0xfb, 0xff)), '-_8');
});

test('base64url refuses foreign letters, impossible lengths and stray bits', () => {
  for (const text of ['Z', 'Zg=', 'Z+', 'Zh', 'Zm9vY']) assert.is(fromBase64url(text), undefined);
});

test('an invite comes back from its line as it was', () => {
  for (const kind of ['node', 'relay'] as const) {
    const decoded = decodeInvite(encodeInvite({ ...invite, kind }));
    assert.equal(decoded, { ok: true, invite: { ...invite, kind } });
  }
});

test('the line is one word that survives a messenger', () => {
  const line = encodeInvite(invite);
  assert.match(line, /^ntm1:[A-Za-z0-9_-]+$/);
  assert.ok(line.length < 180, `${line.length} letters`);
});

test('blanks, line breaks and quotation marks of pasting are forgiven', () => {
  const line = encodeInvite(invite);
  const folded = ` "${line.slice(0, 40)}\r\n  ${line.slice(40)}"\n`;
  assert.equal(decodeInvite(folded), { ok: true, invite });
});

test('every single wrong letter is told as a mistyped line', () => {
  const line = encodeInvite(invite);
  for (let index = 5; index < line.length; index += 1) {
    const wrong = line[index] === 'A' ? 'B' : 'A';
    const text = line.slice(0, index) + wrong + line.slice(index + 1);
    assert.match(errorOf(text), /mistyped or cut off/, `letter ${index}`);
  }
});

test('every cut is told as a cut line', () => {
  const line = encodeInvite(invite);
  for (let length = 5; length < line.length; length += 1) {
    assert.match(errorOf(line.slice(0, length)), /mistyped or cut off/, `${length} letters`);
  }
});

test('what is no invite at all is told as such', () => {
  assert.match(errorOf(''), /no invite/);
  assert.match(errorOf('hello'), /starts with "ntm1:"/);
  assert.match(errorOf(encodeInvite(invite).toUpperCase()), /small letters/);
  assert.match(errorOf('ntm2:abcd'), /version 2.*Update/);
  assert.match(errorOf('ntm1:ab+cd'), /holds "\+"/);
});

test('an invite without an address of its Direction Server names the option to set', () => {
  assert.match(errorOf(encodeInvite({ ...invite, endpoints: [] })), /"list address"/);
});

test('a suggested name that is none is refused', () => {
  assert.match(errorOf(encodeInvite({ ...invite, name: 'a b' })), /suggests a name/);
});

test('expiry is judged by a clock that was set, and by no other', () => {
  assert.is(expiryProblem(invite, invite.expiresAt), undefined);
  assert.match(expiryProblem(invite, invite.expiresAt + 7300) ?? '', /expired 2 hours ago/);
  assert.is(expiryProblem({ ...invite, expiresAt: 1000 }, 2000), undefined);
});

test('spans are told in the largest unit', () => {
  assert.is(describeSpan(59), '59 seconds');
  assert.is(describeSpan(60), '1 minute');
  assert.is(describeSpan(200_000), '2 days');
});

test.run();
