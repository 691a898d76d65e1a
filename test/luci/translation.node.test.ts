/** The translations: LuCI's file format byte for byte, and that no text is left untranslated. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { toHex } from '../../src/base/bytes.ts';
import { textsOfPackage, textsOfScript } from '../generate/luci-texts.ts';
import { loadTool } from './tools.ts';

const root = process.env['NTM_ROOT'] ?? '.';
const { hash, lmoBytes, readPo } = await loadTool();

const po = `msgid ""
msgstr ""
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Overview"
msgstr "概要"

msgid "NTMobile"
msgstr "NTMobile"

msgid "Enable \\"debug\\" logging"
msgstr "\\"デバッグ\\"ログを有効にする"

msgctxt "tunnel state"
msgid "Up"
msgstr "接続中"

msgid "%d tunnel"
msgid_plural "%d tunnels"
msgstr[0] "%d 本のトンネル"

#, fuzzy
msgid "Guessed"
msgstr "推測"

msgid ""
"A longer sentence that continues "
"on the next line."
msgstr ""
"次の行に続く"
"長い文。"
`;

test('a translation becomes the bytes that LuCI’s own tool makes of it', () => {
  const { lmoHex } = JSON.parse(readFileSync(join(root, 'test/vectors/lmo.json'), 'utf8'));
  assert.is(toHex(lmoBytes(readPo(po))), lmoHex);
});

test('texts are found by the hash that LuCI looks them up with', () => {
  const vectors = JSON.parse(readFileSync(join(root, 'test/vectors/lmo.json'), 'utf8'));
  for (const [text, key] of Object.entries(vectors.sfh_hash)) {
    const found = hash(new TextEncoder().encode(text)).toString(16).padStart(8, '0');
    assert.is(found, key, text);
  }
});

for (const [folder, name] of [
  ['luci-app-ntmobile', 'ntmobile'],
  ['luci-proto-ntmobile', 'proto-ntmobile'],
] as const) {
  const file = join(root, 'luci', folder, 'po/ja', `${name}.po`);
  const entries = readPo(readFileSync(file, 'utf8')).filter(({ id }) => id !== '');

  test(`${name}: every text is translated into Japanese, and nothing else`, () => {
    const wanted = textsOfPackage(root, folder).map(({ id }) => id);
    const done = entries.filter(({ texts }) => texts[0] !== '').map(({ id }) => id);
    assert.equal(
      wanted.filter((id) => !done.includes(id)),
      [],
    );
    assert.equal(
      done.filter((id) => !wanted.includes(id)),
      [],
    );
  });

  test(`${name}: a translation fills in what the text does, in the same order`, () => {
    const places = (text: string) => text.match(/%(?:\d+)?(?:\.\d+)?[sdfm%]/g) ?? [];
    for (const { id, texts } of entries) assert.equal(places(texts[0] ?? ''), places(id), id);
  });
}

test('marked texts are found with context, plural and quotation marks', () => {
  const script = `_('It\\'s'), _("two  blanks", 'where'), N_(count, 'one', 'many'), other_('no'), _(variable)`;
  assert.equal(
    textsOfScript(script, 'x.js').map(({ id, plural, context }) => [id, plural, context]),
    [
      ["It's", undefined, undefined],
      ['two blanks', undefined, 'where'],
      ['one', 'many', undefined],
    ],
  );
});

test.run();
