/** Every conversation that stands in test/vectors/ubus, read by Node. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkTranscript } from './transcript-checks.ts';
import { parseTranscript } from './transcripts.ts';

const folder = join(process.env['NTM_ROOT'] ?? '.', 'test/vectors/ubus');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

test('there are recorded conversations', () => {
  assert.ok(files.length > 0);
});

for (const file of files.sort()) {
  test(`the frames of ${file} are read as recorded, wherever cut, and written again byte for byte`, () => {
    checkTranscript(parseTranscript(readFileSync(join(folder, file), 'utf8')), true);
  });
}

test.run();
