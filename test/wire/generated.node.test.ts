import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { committedText, generatedFiles } from '../generate/files.ts';
import { protocolPage } from '../generate/protocol-page.ts';

const root = process.env.NTM_ROOT ?? '.';

for (const { path, text } of generatedFiles(root)) {
  test(`${path} is what npm run generate writes`, () => {
    assert.is(committedText(root, path) === text, true, `${path}: run npm run generate`);
  });
}

test('a place in the frame of the page that nothing fills is an error', () => {
  assert.throws(() => protocolPage('{{nothing}}'), /nothing is known for \{\{nothing\}\}/);
});

test('vectors and page do not depend on an earlier run', () => {
  assert.equal(generatedFiles(root), generatedFiles(root));
});

test.run();
