/** What the sources of the LuCI packages must and must not hold. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const root = process.env['NTM_ROOT'] ?? '.';
const folder = join(root, 'luci');
const scripts = readdirSync(folder, { recursive: true })
  .map(String)
  .filter((path) => path.endsWith('.js'))
  .map((path) => ({ path, source: readFileSync(join(folder, path), 'utf8') }));

test('there are views', () => {
  assert.is(scripts.filter(({ path }) => path.includes('/view/ntmobile/')).length, 6);
});

test('colours are those of the theme; only a QR code is black on white', () => {
  for (const { path, source } of scripts) {
    const found = source.match(/#[0-9a-f]{3,8}\b|\b(?:rgb|hsl)a?\(/gi) ?? [];
    assert.equal(found, [], path);
  }
});

/**
 * LuCI's minifier takes a slash for a division after tokens it does not know, and then spoils blanks and
 * quotation marks in the expression; behind these it knows better.
 */
test('a regular expression stands where LuCI’s minifier knows it for one', () => {
  const knownBefore = /[(,=:[!&|?{};\n]\s*$/;
  for (const { path, source } of scripts) {
    const bare = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/'(?:[^'\\\n]|\\.)*'/g, "''");
    for (const match of bare.matchAll(
      /(?<![\w)\]'`]\s*)\/(?![/*\s])(?:[^/\\\n[]|\\.|\[[^\]]*\])+\//g,
    )) {
      assert.match(bare.slice(0, match.index), knownBefore, `${path}: ${match[0]}`);
    }
  }
});

test('no view makes HTML of text', () => {
  for (const { path, source } of scripts) {
    assert.not.match(source, /innerHTML|outerHTML|insertAdjacentHTML|rawhtml = true/, path);
    // A child that is a text and no list would become HTML in LuCI's E(), and a title so too.
    assert.not.match(source, /\bE\('\w+', (?:\{[^{}]*\}, )?(?:_\(|'|[a-z]\w*\))/, path);
    assert.not.match(source, /ui\.showModal\((?!\[)/, path);
  }
});

test.run();
