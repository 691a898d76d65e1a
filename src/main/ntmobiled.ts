/** The daemon `ntmobiled`: reads its configuration, prepares the roles and runs until it is told to end. */
import { lockFile } from '../platform/files.ts';
import { Log } from '../platform/log.ts';
import { SystemRandom } from '../platform/system-random.ts';
import {
  exit,
  exitCodes,
  onSignals,
  onUnhandledRejection,
  stayAlive,
} from '../platform/tjs/exit.ts';
import { sodiumSuite } from '../platform/tjs/sodium.ts';
import { Syslog } from '../platform/tjs/syslog.ts';
import { NotPermitted, ProblemToMend, SystemError } from '../platform/tjs/system-error.ts';
import { makeTimersSafe } from '../platform/tjs/timers.ts';
import { formatProblem } from '../platform/uci/options.ts';
import type { LogLevel } from '../protocol/machine.ts';
import { programArguments } from './cli/tjs-system.ts';
import { type DaemonArguments, daemonHelp, parseDaemonArguments } from './daemon/arguments.ts';
import { Daemon } from './daemon/daemon.ts';
import {
  choosePort,
  loadSettings,
  openState,
  prepareNames,
  prepareRoles,
} from './daemon/preparation.ts';
import { version } from './version.ts';

async function run(given: DaemonArguments): Promise<void> {
  if (!given.check) openState(given);
  const settings = loadSettings(given, !given.check);
  const random = new SystemRandom();
  if (given.prepare) {
    choosePort(given, settings, random);
    exit(exitCodes.ok);
  }
  const log = openLog(given, settings.logLevel);
  for (const warning of settings.warnings) log.warn(formatProblem(warning));
  for (const problem of settings.problems) log.error(formatProblem(problem));
  const anyRole = settings.ds ?? settings.rs ?? settings.node;
  if (!anyRole) exit(exitCodes.configuration);
  if (given.check) {
    if (settings.problems.length > 0) exit(exitCodes.configuration);
    console.log(`${given.config} is in order.`);
    exit(exitCodes.ok);
  }
  lockFile(`${given.state}/lock`);
  const suite = sodiumSuite();
  const port = choosePort(given, settings, random);
  const { roles } = await prepareRoles(given, settings, port, suite, random);
  const names = await prepareNames(settings);
  const daemon = new Daemon({ given, settings, port, log, suite, roles, names, exit });
  onSignals({
    stop: (again) => (again ? exit(exitCodes.ok) : daemon.stop(exitCodes.ok)),
    reload: () => {
      daemon.reload();
    },
  });
  onUnhandledRejection((reason) => {
    log.error(`A promise was rejected: ${reason instanceof Error ? reason.stack : reason}`);
  });
  await daemon.listen();
}

function openLog({ syslog, stamped }: DaemonArguments, level: LogLevel): Log {
  const system = syslog === undefined ? undefined : new Syslog(syslog, 'ntmobiled');
  return new Log({ level, stamped, file: system && ((of, text) => system.add(of, text)) });
}

const permissionAct =
  'Run ntmobiled as root, or name files that it may use with --config, --state and --control.';

function fail(error: unknown): never {
  const message = error instanceof Error ? error.message : String(error);
  const forbidden = error instanceof SystemError && (error.is('EPERM') || error.is('EACCES'));
  console.error('%s', `ntmobiled: ${message}${forbidden ? `. ${permissionAct}` : ''}`);
  if (error instanceof NotPermitted) exit(exitCodes.noPermission);
  if (error instanceof ProblemToMend) exit(exitCodes.configuration);
  if (error instanceof SystemError)
    exit(forbidden ? exitCodes.noPermission : exitCodes.systemError);
  console.error('%s', error instanceof Error ? (error.stack ?? '') : '');
  exit(exitCodes.internal);
}

makeTimersSafe();
stayAlive();
const parsed = parseDaemonArguments(programArguments());
if (parsed.kind === 'help') {
  console.log('%s', daemonHelp.trimEnd());
  exit(exitCodes.ok);
} else if (parsed.kind === 'version') {
  console.log(`ntmobiled ${version}`);
  exit(exitCodes.ok);
} else if (parsed.kind === 'wrong') {
  console.error('%s', `ntmobiled: ${parsed.error}`);
  exit(exitCodes.usage);
} else {
  run(parsed.given).catch(fail);
}
