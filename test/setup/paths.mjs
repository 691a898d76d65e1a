/** Where things are in the project; shared by all test tools that run before anything is built. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const npmEngine = join(root, 'node_modules/txiki.js/dist/linux-x64/tjs');
export const engineWrapper = join(root, 'out/bin/tjs');
