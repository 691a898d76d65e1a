/**
 * The sections of /etc/config/ntmobile as option tables: types, defaults and what each option is for. The
 * tables of roles that listen take the port, which stands in for one that an own address leaves out.
 */
import type { Endpoint } from '../../base/ip.ts';
import type { Invite } from '../../protocol/invite.ts';
import {
  anyPrefix,
  boolean,
  deviceName,
  firewallZone,
  integer,
  inviteLine,
  nodeName,
  oneOf,
  poolPrefix,
  publicEndpoint,
  publicKey,
  zoneName,
} from './option-types.ts';
import { listOf, optional, required, withDefault } from './options.ts';

export const defaultPort = 4649;

export const mainTable = {
  port: withDefault(integer(1, 65_535), defaultPort, 'UDP port of all messages'),
  log_level: withDefault(oneOf('error', 'warn', 'info', 'debug'), 'info', 'how much is logged'),
  datapath: withDefault(
    oneOf('auto', 'kernel', 'user'),
    'auto',
    'packets by the kernel module or in user space; "auto": the module where it is there',
  ),
  // These two are for the service script of OpenWrt; the daemon only judges them.
  firewall: withDefault(boolean, true, 'rules for port, exit and NTMobile hosts behind the router'),
  wan_zone: listOf(firewallZone, 0, 8, 'firewall zones an exit leads to, "wan" when absent'),
};

const enabled = withDefault(boolean, false, 'whether this role runs');
const mtu = withDefault(integer(1280, 9000), 1400, 'of the virtual interface, in bytes');
const idle = withDefault(integer(10, 65_535), 600, 'seconds without data after which a path ends');

function directionServerRows(): {
  ds_address: ReturnType<typeof listOf<Endpoint>>;
  ds_key: ReturnType<typeof optional<Uint8Array>>;
  invite: ReturnType<typeof optional<Invite>>;
} {
  return {
    ds_address: listOf(publicEndpoint(defaultPort), 0, 4, 'where the Direction Server is'),
    ds_key: optional(publicKey, 'public key of the Direction Server'),
    invite: optional(inviteLine, 'the invite, until it is spent'),
  };
}

export function dsTable(port: number) {
  return {
    enabled,
    zone: required(zoneName, 'give the domain of your nodes, such as home.example.'),
    address: listOf(
      publicEndpoint(port),
      1,
      4,
      'give the address at which nodes reach this server, such as 203.0.113.10.',
    ),
    pool: optional(poolPrefix, 'virtual IPv4 addresses of the nodes'),
    idle,
  };
}

export const zoneTable = {
  zone: required(zoneName, 'give the domain of the other Direction Server.'),
  address: listOf(publicEndpoint(defaultPort), 1, 4, 'give the address of its Direction Server.'),
  key: required(publicKey, 'give the public key of its Direction Server.'),
  pool: listOf(anyPrefix, 0, 4, 'its virtual addresses'),
  policy: withDefault(oneOf('allow', 'deny'), 'allow', 'whether paths to its nodes are allowed'),
};

export function rsTable(port: number) {
  return {
    enabled,
    ...directionServerRows(),
    name: withDefault(nodeName, 'relay', 'name of this Relay Server'),
    address: listOf(
      publicEndpoint(port),
      1,
      2,
      'give the address at which nodes reach this server, such as 203.0.113.20.',
    ),
    exit: withDefault(boolean, false, 'carry traffic to general nodes'),
    exit_private: withDefault(boolean, false, 'also to private addresses'),
    exit_pool: listOf(anyPrefix, 0, 16, 'virtual addresses that may use the exit'),
    device: withDefault(deviceName, 'ntm1', 'virtual interface of the exit'),
    mtu,
    path_limit: withDefault(integer(1, 65_536), 4096, 'paths at the same time'),
  };
}

export const nodeTable = {
  enabled,
  ...directionServerRows(),
  name: optional(nodeName, 'name of this node'),
  device: withDefault(deviceName, 'ntm0', 'virtual interface'),
  mtu,
  exit_prefix: listOf(anyPrefix, 0, 16, 'general destinations reached through a Relay Server'),
  punch: withDefault(boolean, true, 'try a direct path when both ends are behind NATs'),
  idle,
};
