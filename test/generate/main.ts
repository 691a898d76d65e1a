/** `npm run generate`: writes every file that is made from others and has changed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { committedText, generatedFiles } from './files.ts';

const root = env.NTM_ROOT ?? '.';

for (const { path, text } of generatedFiles(root)) {
  const current = committedText(root, path) === text;
  if (!current) writeFileSync(join(root, path), text);
  console.log(`${path} ${current ? 'is current' : 'written'}`);
}
