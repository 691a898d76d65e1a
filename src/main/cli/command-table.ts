/**
 * The commands of `ntmobile` as a table: name, arguments, options and words for the help. Parsing, help
 * and suggestions come from it; a command exists when it has a row here and a function in commands.ts.
 */

export interface PositionalRow {
  readonly name: string;
  readonly required: boolean;
  readonly help: string;
}

export interface OptionRow {
  /** What its value is called in the help; absent for a switch. */
  readonly value?: string;
  readonly help: string;
}

export interface CommandRow {
  readonly summary: string;
  readonly group: 'look' | 'network' | 'serve' | 'mend';
  readonly positionals: readonly PositionalRow[];
  readonly options: Readonly<Record<string, OptionRow>>;
  /** Whether it works without the daemon, on the configuration. */
  readonly offline: boolean;
  readonly more: string;
}

export const groupTitles: Readonly<Record<CommandRow['group'], string>> = {
  look: 'See what goes on',
  network: 'Belong to a network',
  serve: 'Run a Direction Server',
  mend: 'Try and mend',
};

/** Options that every command takes. */
export const commonOptions: Readonly<Record<string, OptionRow>> = {
  json: { help: 'print the result as JSON' },
  control: { value: 'PATH', help: 'control socket of the daemon' },
  help: { help: 'explain the command' },
};

const files: Readonly<Record<string, OptionRow>> = {
  config: { value: 'FILE', help: 'configuration, /etc/config/ntmobile when absent' },
  state: { value: 'DIR', help: 'keys and tokens, /etc/ntmobile when absent' },
};

const peer: PositionalRow = { name: 'PEER', required: true, help: 'name, virtual IP or Node ID' };
const node: PositionalRow = { name: 'NODE', required: true, help: 'name or Node ID' };

function plain(group: CommandRow['group'], summary: string, more = ''): CommandRow {
  return { summary, group, positionals: [], options: {}, offline: false, more };
}

export const commandTable = {
  status: plain('look', 'roles, addresses, servers, data path'),
  paths: plain(
    'look',
    'live paths to peers: route, endpoint, round trip, traffic',
    'A route is "direct", "punched" (direct between two nodes behind NATs) or "relay".',
  ),
  handovers: {
    ...plain('look', 'the last moves: when, why, from, to, how long'),
    options: { last: { value: 'N', help: 'show only the last N; 20 when absent' } },
  },
  trace: {
    ...plain('look', 'the last control messages, sent, received and dropped'),
    options: { last: { value: 'N', help: 'show only the last N; 50 when absent' } },
  },
  join: {
    ...plain(
      'network',
      'join a network with an invite',
      'Works without the daemon: writes the configuration, and keeps the one-time token in the state\n' +
        'directory until it is spent. With "-" the invite is read from standard input, so that it does\n' +
        'not show in the list of processes. On an OpenWrt router it also makes the interface and the\n' +
        'firewall zone "ntm", starts the service and waits for the first answer.',
    ),
    offline: true,
    positionals: [
      { name: 'INVITE', required: true, help: 'the line that starts with "ntm1:", or -' },
    ],
    options: {
      ...files,
      name: { value: 'NAME', help: 'name to ask for; the one in the invite when absent' },
      relay: { help: 'insist that the invite is for a Relay Server' },
      force: { help: 'join although the invite looks expired or another network is joined' },
    },
  },
  leave: {
    ...plain(
      'network',
      'leave the network again',
      'On an OpenWrt router the service, the interface and the firewall zone go too, unless another\n' +
        'role needs them. The key of this device stays, so that it can come back as the same node.\n' +
        'The owner of the Direction Server frees name and address with "ntmobile remove".',
    ),
    offline: true,
    options: { ...files, relay: { help: 'the Relay Server of this device, not the node' } },
  },
  nodes: {
    ...plain(
      'serve',
      'enrolled nodes and Relay Servers',
      '"ntmobile nodes export" prints all of them for other programs, as JSON, or as CSV with --csv:\n' +
        'also their public keys, one after another in the order of their names.',
    ),
    positionals: [{ name: 'export', required: false, help: 'print them for other programs' }],
    options: { csv: { help: 'export comma-separated values, with a first line of titles' } },
  },
  backup: {
    ...plain(
      'serve',
      'copy everything a Direction Server must not lose into one file',
      'Enrolled nodes, invites, addresses and the key of the server, as they are at one moment; the daemon\n' +
        'may run. The file is for its owner alone (mode 0600): whoever has it can be this server.',
    ),
    offline: true,
    positionals: [{ name: 'FILE', required: true, help: 'where to; an older backup is replaced' }],
    options: { state: files.state as OptionRow },
  },
  restore: {
    ...plain(
      'serve',
      'put a backup in the place of what is there',
      'The daemon must be stopped. What was there is kept in "before-restore" of the state directory.\n' +
        'Nodes that joined after the backup was made have to be invited again.',
    ),
    offline: true,
    positionals: [{ name: 'FILE', required: true, help: 'made by "ntmobile backup"' }],
    options: { state: files.state as OptionRow },
  },
  invite: {
    ...plain('serve', 'make an invite for a new node or Relay Server'),
    positionals: [{ name: 'NAME', required: true, help: 'name of the new node' }],
    options: {
      relay: { help: 'the invite is for a Relay Server' },
      hours: { value: 'H', help: 'how long it is valid; 24 when absent' },
      'no-qr': { help: 'print the line alone, without the QR code' },
    },
  },
  invites: plain('serve', 'invites that are not spent'),
  uninvite: {
    ...plain('serve', 'revoke an invite'),
    positionals: [{ name: 'NAME', required: true, help: 'name the invite was made for' }],
  },
  rename: {
    ...plain('serve', 'give a node another name'),
    positionals: [node, { name: 'NEW-NAME', required: true, help: 'the new name' }],
  },
  trust: {
    ...plain(
      'serve',
      "accept another Direction Server's zone, or a change of it",
      'A zone that DNS has found waits for this when "option foreign" is "ask". The key of a zone and the\n' +
        'device behind a name are remembered; when one of them changes, paths there are refused until\n' +
        'you have asked its owner and accept the change here. "ntmobile status" shows what waits.',
    ),
    positionals: [{ name: 'NAME', required: true, help: 'the zone, or the whole name of a node' }],
    options: { deny: { help: 'have nothing to do with that zone' } },
  },
  drain: {
    ...plain(
      'serve',
      'empty this Relay Server: paths go elsewhere, no new ones come',
      'Also after a restart, until "ntmobile drain --off". A path moves while it is in use and loses\n' +
        'nothing. Paths stay for which there is no other Relay Server, and those to its exit, whose\n' +
        'connections would break; "ntmobile status" shows how many.',
    ),
    options: { off: { help: 'take paths again' } },
  },
  remove: {
    ...plain('serve', 'remove a node or Relay Server, its paths and its addresses'),
    positionals: [node],
  },
  resolve: {
    ...plain(
      'mend',
      'show what the NTM record of a name says',
      'For the own zone the Direction Server is asked, for others the name servers of the system: what\n' +
        'those say proves nothing, and a path is built only to the key that the Direction Servers agree on.',
    ),
    positionals: [{ name: 'NAME', required: true, help: 'name of a node or zone, or virtual IP' }],
  },
  connect: {
    ...plain('mend', 'build a path to a peer now'),
    positionals: [peer],
  },
  ping: {
    ...plain('mend', 'measure the round trip to a peer through its path'),
    positionals: [peer],
    options: {
      count: { value: 'N', help: 'how many probes; 4 when absent' },
      interval: { value: 'SECONDS', help: 'between probes; 1 when absent' },
    },
  },
  close: { ...plain('mend', 'close the path to a peer'), positionals: [peer] },
  reload: plain(
    'mend',
    'have the daemon read its configuration again',
    'Log level, zones of others and exports take effect at once and cost no connection. What takes a\n' +
      'restart is told.',
  ),
  doctor: {
    ...plain(
      'mend',
      'look for what is wrong and say what mends it',
      'Works with the daemon down. Ends with 1 when a check failed.',
    ),
    offline: true,
    options: files,
  },
} as const satisfies Record<string, CommandRow>;

export type CommandName = keyof typeof commandTable;

export function commandRow(name: CommandName): CommandRow {
  return commandTable[name];
}
