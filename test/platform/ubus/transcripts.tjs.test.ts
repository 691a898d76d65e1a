/** Every conversation that stands in test/vectors/ubus, read by txiki.js. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromUtf8 } from '../../../src/base/bytes.ts';
import { readFile } from '../../../src/platform/files.ts';
import { run } from '../../../src/platform/tjs/process.ts';
import { checkTranscript } from './transcript-checks.ts';
import { parseTranscript } from './transcripts.ts';

const folder = `${tjs.env['NTM_ROOT'] ?? '.'}/test/vectors/ubus`;

test('all recorded conversations are read and written alike by this engine', async () => {
  const { out } = await run(['ls', folder]);
  const files = out.split('\n').filter((name) => name.endsWith('.json'));
  assert.ok(files.length > 0);
  for (const file of files) {
    const text = fromUtf8(readFile(`${folder}/${file}`) ?? new Uint8Array(0)) ?? '';
    try {
      checkTranscript(parseTranscript(text), false);
    } catch (error) {
      throw new Error(`${file}: ${(error as Error).message}`);
    }
  }
});

test.run();
