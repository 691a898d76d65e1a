import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../../src/base/bytes.ts';
import { type Endpoint, parseEndpoint } from '../../../src/base/ip.ts';
import {
  absorbInvites,
  joinedKey,
  joinText,
  leaveText,
  roleOfInvite,
} from '../../../src/platform/uci/join.ts';
import { readSettings } from '../../../src/platform/uci/settings.ts';
import { encodeInvite, type Invite } from '../../../src/protocol/invite.ts';

const invite: Invite = {
  kind: 'node',
  endpoints: ['203.0.113.10:4649', '[2001:db8::10]:4649'].map(
    (text) => parseEndpoint(text) as Endpoint,
  ),
  publicKey: Uint8Array.from({ length: 32 }, (_, index) => index + 1),
  token: Uint8Array.from({ length: 16 }, () => 0xab),
  expiresAt: 1_800_000_000,
  name: 'notebook',
};

function joined(text: string, name?: string, kind: Invite['kind'] = 'node'): string {
  const edited = joinText(text, { ...invite, kind }, name);
  assert.ok(edited.ok);
  return edited.ok ? edited.text : '';
}

test('joining with an empty configuration makes a valid one', () => {
  const text = joined('');
  const settings = readSettings(text, 'f');
  assert.equal(settings.problems, []);
  assert.is(settings.node?.name, 'notebook');
  assert.equal(settings.node?.ds_address, invite.endpoints);
  assert.equal(settings.node?.ds, {
    from: 'config',
    endpoints: invite.endpoints,
    publicKey: invite.publicKey,
  });
});

test('the token never stands in the configuration after joining', () => {
  const before = `config node 'node'\n\toption invite '${encodeInvite(invite)}'\n`;
  for (const text of [joined(''), joined(before)]) {
    assert.not.match(text, /invite|ntm1:/);
    assert.not.ok(text.includes(toHex(invite.token)));
  }
});

test('an invite of a Relay Server goes to the section of the Relay Server', () => {
  assert.is(roleOfInvite({ ...invite, kind: 'relay' }), 'rs');
  const text = joined("config rs 'relay'\n\tlist address 203.0.113.20\n", 'r1', 'relay');
  const settings = readSettings(text, 'f');
  assert.equal(settings.problems, []);
  assert.is(settings.rs?.name, 'r1');
  assert.is(joinedKey(text, 'rs'), toHex(invite.publicKey));
  assert.is(joinedKey(text, 'node'), undefined);
});

test('joining keeps comments and options the owner set', () => {
  const text = joined(
    "# mine\nconfig node 'node'\n\toption enabled '0'\n\toption mtu '1300' # slow\n",
  );
  assert.match(
    text,
    /^# mine\nconfig node 'node'\n\toption enabled '1'\n\toption mtu '1300' # slow\n/,
  );
});

test('leaving forgets the Direction Server and the name there, and keeps the rest', () => {
  const left = leaveText(joined("config node 'node'\n\toption mtu '1300'\n"), 'node');
  assert.ok(left.ok);
  if (!left.ok) return;
  assert.match(left.text, /option enabled '0'/);
  assert.match(left.text, /option mtu '1300'/);
  assert.not.match(left.text, /ds_|name/);
});

test('a broken file is not edited, and its problems are told', () => {
  const edited = joinText("config node 'node\n", invite, undefined);
  assert.not.ok(edited.ok);
  if (!edited.ok) assert.match(edited.problems[0]?.text ?? '', /never closed/);
});

test('an invite in the configuration becomes what joining would have written', () => {
  const line = encodeInvite(invite);
  const text = `# mine\nconfig node 'n'\n\toption enabled '1'\n\toption invite '${line}'\n`;
  const absorbed = absorbInvites(text);
  assert.equal(absorbed.invites, [{ role: 'node', token: invite.token }]);
  assert.not.match(absorbed.text, /invite|ntm1:/);
  const settings = readSettings(absorbed.text, 'f');
  assert.equal(settings.problems, []);
  assert.equal(settings.node?.ds_address, invite.endpoints);
  assert.is(settings.node?.name, 'notebook');
  assert.equal(absorbInvites(absorbed.text), { text: absorbed.text, invites: [] });
});

test('absorbing does not switch a role on, nor take a name from the owner', () => {
  const line = encodeInvite({ ...invite, kind: 'relay' });
  const text = `config rs\n\toption enabled 0\n\toption name mine\n\toption invite '${line}'\n`;
  const absorbed = absorbInvites(text);
  assert.is(absorbed.invites[0]?.role, 'rs');
  assert.match(absorbed.text, /option enabled '0'/);
  assert.match(absorbed.text, /option name 'mine'/);
});

test('a damaged invite and one for the other role stay where they are', () => {
  const line = encodeInvite(invite);
  for (const text of [
    `config node\n\toption invite '${line.slice(0, -4)}'\n`,
    `config rs\n\toption invite '${line}'\n`,
  ]) {
    assert.equal(absorbInvites(text), { text, invites: [] });
  }
});

test.run();
