/**
 * `npm start`, `npm run sim`, `npm run package` and the like: makes the machine ready, builds what is needed and hands the terminal to the tool that the first argument names.
 */
import { argv, exit } from 'node:process';
import { endOnSignals } from './setup/command.mjs';
import {
  ensureBuildTools,
  ensureEnvironment,
  NotReady,
  whyNoBrowser,
  whyNoNamespaces,
} from './setup/environment.mjs';

async function main() {
  const [name, ...args] = argv.slice(2);
  if (args.includes('--help')) await ensureBuildTools();
  else if (name === 'package') {
    await ensureBuildTools();
    const { buildPrograms } = await import('../esbuild.config.mjs');
    await buildPrograms();
  } else await ensureEnvironment();
  if (['lab', 'bench', 'bench-ds', 'openwrt'].includes(name) && !args.includes('--help')) {
    const why = await whyNoNamespaces();
    if (why !== undefined) throw new NotReady(why);
    const { buildPrograms } = await import('../esbuild.config.mjs');
    if (!args.includes('--floor')) await buildPrograms();
  }
  if (name === 'screenshots') {
    const why = (await whyNoNamespaces()) ?? (await whyNoBrowser());
    if (why !== undefined) throw new NotReady(why);
  }
  const { runInForeground } = await import('./runner/tool.mjs');
  return runInForeground(name, args);
}

endOnSignals();
try {
  exit(await main());
} catch (error) {
  console.error(error instanceof NotReady ? error.message : error);
  exit(1);
}
