/**
 * The control methods: one table from which the unix socket, the ubus object, the command line and the
 * LuCI access list are made. Results are JSON objects; durations are milliseconds, times Unix seconds.
 */

import { pageArguments } from './list-page.ts';

export type ArgumentType = 'string' | 'number' | 'boolean';

export interface ControlMethod {
  readonly summary: string;
  readonly role: 'any' | 'node' | 'ds' | 'rs';
  /** Whether it changes something; read access is not enough then. */
  readonly write: boolean;
  readonly arguments: Readonly<
    Record<
      string,
      { readonly type: ArgumentType; readonly required: boolean; readonly help: string }
    >
  >;
}

export const controlMethods = {
  status: {
    summary: 'Roles, addresses, servers, data path and counters',
    role: 'any',
    write: false,
    arguments: {},
  },
  paths: {
    summary: 'Live paths: peer, route, endpoint, round trip, traffic',
    role: 'any',
    write: false,
    arguments: pageArguments,
  },
  handovers: {
    summary: 'The last moves: when, why, from, to, how long',
    role: 'node',
    write: false,
    arguments: {
      first: pageArguments.first,
      count: pageArguments.count,
      paths: {
        type: 'number',
        required: false,
        help: 'how many paths of each move at most, the slowest first; all when absent',
      },
    },
  },
  nodes: {
    summary: 'Enrolled nodes and Relay Servers of this Direction Server',
    role: 'ds',
    write: false,
    arguments: {
      ...pageArguments,
      count: { type: 'number', required: false, help: 'how many rows at most; 2000 when absent' },
      kind: { type: 'string', required: false, help: 'only "node" or only "relay"' },
      state: { type: 'string', required: false, help: 'only "online" or only "offline"' },
    },
  },
  invite: {
    summary: 'Make an invite for a new node or Relay Server',
    role: 'ds',
    write: true,
    arguments: {
      name: { type: 'string', required: true, help: 'name of the new node' },
      relay: { type: 'boolean', required: false, help: 'the invite is for a Relay Server' },
      hours: { type: 'number', required: false, help: 'how long it is valid; 24 when absent' },
    },
  },
  invites: { summary: 'Invites that are not spent', role: 'ds', write: false, arguments: {} },
  uninvite: {
    summary: 'Revoke an invite',
    role: 'ds',
    write: true,
    arguments: { name: { type: 'string', required: true, help: 'name the invite was made for' } },
  },
  rename: {
    summary: 'Give an enrolled node another name',
    role: 'ds',
    write: true,
    arguments: {
      node: { type: 'string', required: true, help: 'name or Node ID' },
      name: { type: 'string', required: true, help: 'the new name' },
    },
  },
  remove: {
    summary: 'Remove a node or Relay Server: its sessions, paths and addresses go at once',
    role: 'ds',
    write: true,
    arguments: { node: { type: 'string', required: true, help: 'name or Node ID' } },
  },
  trust: {
    summary: "Accept another Direction Server's zone, its new key, or the new device of a name",
    role: 'ds',
    write: true,
    arguments: {
      name: { type: 'string', required: true, help: 'the zone, or the whole name of a node' },
      deny: { type: 'boolean', required: false, help: 'have nothing to do with that zone' },
    },
  },
  drain: {
    summary: 'Empty this Relay Server: it gets no new paths, and those it has go elsewhere',
    role: 'rs',
    write: true,
    arguments: {
      off: { type: 'boolean', required: false, help: 'take paths again' },
    },
  },
  connect: {
    summary: 'Build a path to a peer now and wait for it',
    role: 'node',
    write: true,
    arguments: { peer: { type: 'string', required: true, help: 'name, virtual IP or Node ID' } },
  },
  ping: {
    summary: 'Round trip to a peer through its path',
    role: 'node',
    write: true,
    arguments: { peer: { type: 'string', required: true, help: 'name, virtual IP or Node ID' } },
  },
  close: {
    summary: 'Close the path to a peer',
    role: 'node',
    write: true,
    arguments: { peer: { type: 'string', required: true, help: 'name, virtual IP or Node ID' } },
  },
  resolve: {
    summary: 'What the NTM record of a name says',
    role: 'node',
    write: false,
    arguments: { name: { type: 'string', required: true, help: 'name of a node, or of a zone' } },
  },
  reload: {
    summary: 'Read the configuration again: what can change without a restart takes effect',
    role: 'any',
    write: true,
    arguments: {},
  },
  trace: {
    summary: 'The last control messages, sent, received and dropped',
    role: 'any',
    write: false,
    arguments: {},
  },
  diagnose: {
    summary: 'What doctor needs to know of each role',
    role: 'any',
    write: false,
    arguments: {},
  },
} as const satisfies Record<string, ControlMethod>;

export type ControlMethodName = keyof typeof controlMethods;
