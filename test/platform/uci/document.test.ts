import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  addSection,
  canonicalText,
  formatDocument,
  parseUci,
  removeSection,
  renameSection,
  sections,
  setOption,
  type UciDocument,
  type UciSection,
} from '../../../src/platform/uci/document.ts';
import recorded from '../../vectors/uci.json';

/** The output of `uci show`, which names an anonymous section by type and place. */
function show(list: readonly UciSection[], packageName: string): string {
  const countByType = new Map<string, number>();
  let text = '';
  for (const section of list) {
    const count = countByType.get(section.type) ?? 0;
    countByType.set(section.type, count + 1);
    const path = `${packageName}.${section.name ?? `@${section.type}[${count}]`}`;
    text += `${path}=${section.type}\n`;
    for (const [name, option] of section.optionByName) {
      text += `${path}.${name}=${option.values.map((value) => `'${value}'`).join(' ')}\n`;
    }
  }
  return text;
}

function stdoutOf(...argv: readonly string[]): string {
  const run = recorded.runs.find((candidate) => candidate.argv.join(' ') === argv.join(' '));
  assert.ok(run, `no recorded run of ${argv.join(' ')}`);
  return (run as { stdout: string }).stdout;
}

const demo = parseUci(recorded.demoFile);

test('the recorded file reads as the original tool reads it', () => {
  assert.equal(demo.problems, []);
  assert.is(show(sections(demo.document), 'demo'), stdoutOf('uci', 'show', 'demo'));
});

test('the canonical text is that of `uci export`', () => {
  const text = `package demo\n${canonicalText(sections(demo.document))}`;
  assert.is(text, stdoutOf('uci', 'export', 'demo'));
});

test('an unedited file is written letter for letter', () => {
  assert.is(formatDocument(demo.document), recorded.demoFile);
});

test('the recorded edits give the recorded file', () => {
  let document: UciDocument = demo.document;
  document = setOption(document, 0, 'enabled', '0');
  document = setOption(document, 0, 'peer', ['b c', 'd']);
  document = addSection(document, 'node');
  document = setOption(document, 3, 'host', 'n9');
  document = removeSection(document, 2);
  document = renameSection(document, 0, 'ntm');
  const list = sections(document);
  assert.is(canonicalText(list), recorded.fileAfterFirstCommit);
  assert.equal(
    sections(parseUci(formatDocument(document)).document).map(withoutLines),
    list.map(withoutLines),
  );
});

function withoutLines(section: UciSection): unknown {
  return {
    type: section.type,
    name: section.name,
    options: [...section.optionByName].map(([name, option]) => [name, option.values]),
  };
}

test('an edit keeps comments, order and the spelling of all other lines', () => {
  const text = [
    '# my network',
    "config node 'node'",
    '  option enabled 0   # off for now',
    '  # the phone calls it so',
    '  option name "laptop"',
    '',
    'config ds # later',
    '',
  ].join('\n');
  let { document } = parseUci(text);
  document = setOption(document, 0, 'enabled', '1');
  document = setOption(document, 0, 'ds_key', 'ab');
  document = setOption(document, 0, 'ds_address', ['192.0.2.1', '192.0.2.2']);
  assert.is(
    formatDocument(document),
    [
      '# my network',
      "config node 'node'",
      "\toption enabled '1' # off for now",
      '  # the phone calls it so',
      '  option name "laptop"',
      "\toption ds_key 'ab'",
      "\tlist ds_address '192.0.2.1'",
      "\tlist ds_address '192.0.2.2'",
      '',
      'config ds # later',
      '',
    ].join('\n'),
  );
  document = setOption(document, 0, 'ds_address', undefined);
  document = setOption(document, 0, 'ds_key', undefined);
  assert.not.match(formatDocument(document), /ds_/);
});

test('values with every kind of letter come back from what is written', () => {
  for (const value of ["it's", 'a"b\\c', 'two\nlines', ' blank ', '#;', '日本語', "''", '\\']) {
    let document = addSection({ statements: [] }, 'node', 'n');
    document = setOption(document, 0, 'name', value);
    const again = parseUci(formatDocument(document));
    assert.equal(again.problems, []);
    assert.equal(sections(again.document)[0]?.optionByName.get('name')?.values, [value]);
  }
});

test('a file without a newline at its end is edited without running lines together', () => {
  const { document } = parseUci("config node 'node'");
  const text = formatDocument(setOption(document, 0, 'name', 'a'));
  assert.is(text, "config node 'node'\n\toption name 'a'\n");
});

test('a second section of the same name continues the first', () => {
  const { document } = parseUci(
    "config node 'a'\n\toption x 1\nconfig node\nconfig node 'a'\n\toption y 2\n",
  );
  const list = sections(document);
  assert.is(list.length, 2);
  assert.equal([...(list[0]?.optionByName.keys() ?? [])], ['x', 'y']);
  assert.is(formatDocument(removeSection(document, 0)), 'config node\n');
});

test('the quotation mark that is never closed is found on its line', () => {
  const { problems } = parseUci(recorded.badFile);
  assert.is(problems.length, 1);
  assert.is(problems[0]?.line, 2);
  assert.match(problems[0]?.text ?? '', /never closed/);
});

test('all problems of a text are told at once, each with its line', () => {
  const { problems, document } = parseUci(
    [
      'option early 1',
      'config',
      "config node 'no-good'",
      "config node 'a'",
      '\toption bad-name 1',
      '\toption lonely',
      '\toption much a b',
      '\tset x y',
      '\toption fine 1',
      "config rs 'a'",
    ].join('\n'),
  );
  assert.equal(
    problems.map((problem) => problem.line),
    [1, 2, 3, 5, 6, 7, 8, 10],
  );
  assert.equal(sections(document)[0]?.optionByName.get('fine')?.values, ['1']);
  for (const problem of problems) assert.match(problem.text, /[.'"]$/);
});

test('the empty file has no sections and no problems', () => {
  assert.equal(parseUci(''), { document: { statements: [] }, problems: [] });
});

test.run();
