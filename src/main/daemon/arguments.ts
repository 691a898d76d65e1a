/** The arguments of ntmobiled. */
import {
  defaultConfigPath,
  defaultControlPath,
  defaultStatePath,
  defaultUbusPath,
} from '../default-paths.ts';

export interface DaemonArguments {
  readonly config: string;
  readonly state: string;
  readonly control: string;
  /** Where ubusd listens, if there is one. */
  readonly ubus: string;
  /** Socket of the system's log; standard error when absent. */
  readonly syslog: string | undefined;
  /** Only judge the configuration. */
  readonly check: boolean;
  /** Only do what a start does first: take invites out of the configuration, and draw a port. */
  readonly prepare: boolean;
  /** Lines of the log carry the time. */
  readonly stamped: boolean;
}

export type ParsedDaemonArguments =
  | { readonly kind: 'run'; readonly given: DaemonArguments }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'wrong'; readonly error: string };

export const daemonHelp = `Usage: ntmobiled [OPTION]…
The NTMobile daemon: Direction Server, Relay Server and node, as the configuration says.

  --config FILE    configuration in UCI format (${defaultConfigPath})
  --state DIR      keys and what must survive a restart, mode 0700 (${defaultStatePath})
  --control SOCKET where "ntmobile" reaches this daemon (${defaultControlPath})
  --ubus SOCKET    where ubusd listens, on OpenWrt (${defaultUbusPath})
  --syslog SOCKET  log there, each line with its level, and not on standard error
  --prepare        do what a start does first and the firewall has to know, and end: turn invites in
                   the configuration into what "ntmobile join" writes, draw the port of a node
  --check          judge the configuration, say every problem, and end
  --timestamps     lines of the log carry the time
  --help           this text
  --version        the version

Signals: TERM and INT end it, HUP has it read its configuration again.
Exit codes: 0 ended as asked, 1 refused for good, 64 wrong arguments, 70 our own mistake,
71 the system refused, 77 not allowed, 78 configuration.
`;

const valueOptions = {
  '--config': 'config',
  '--state': 'state',
  '--control': 'control',
  '--ubus': 'ubus',
  '--syslog': 'syslog',
} as const;

export function parseDaemonArguments(words: readonly string[]): ParsedDaemonArguments {
  const given: { -readonly [Name in keyof DaemonArguments]: DaemonArguments[Name] } = {
    config: defaultConfigPath,
    state: defaultStatePath,
    control: defaultControlPath,
    ubus: defaultUbusPath,
    syslog: undefined,
    check: false,
    prepare: false,
    stamped: false,
  };
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] as string;
    if (word === '--help' || word === '-h') return { kind: 'help' };
    if (word === '--version') return { kind: 'version' };
    if (word === '--check') given.check = true;
    else if (word === '--prepare') given.prepare = true;
    else if (word === '--timestamps') given.stamped = true;
    else if (word in valueOptions) {
      const value = words[index + 1];
      if (value === undefined || value === '') {
        return { kind: 'wrong', error: `${word} needs a value. See "ntmobiled --help".` };
      }
      given[valueOptions[word as keyof typeof valueOptions]] = value;
      index += 1;
    } else {
      return { kind: 'wrong', error: `"${word}" is not known. See "ntmobiled --help".` };
    }
  }
  return { kind: 'run', given };
}
