/** The command line `ntmobile`: see cli/command-table.ts for what it can do. */
import { makeTimersSafe } from '../platform/tjs/timers.ts';
import { runCommandLine } from './cli/run.ts';
import { programArguments, tjsSystem } from './cli/tjs-system.ts';
import { version } from './version.ts';

const internalError = 70;

makeTimersSafe();
// A promise that nobody settles would end the program with success before the command is done.
const keepAlive = setInterval(() => {}, 2 ** 30);
runCommandLine(programArguments(), tjsSystem(), version).then(
  (code) => {
    clearInterval(keepAlive);
    tjs.exit(code);
  },
  (error: unknown) => {
    console.error(
      '%s',
      `ntmobile: ${error instanceof Error ? (error.stack ?? error.message) : error}`,
    );
    tjs.exit(internalError);
  },
);
