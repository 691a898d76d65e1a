/**
 * The sections of /etc/config/ntmobile as option tables: types, defaults and what each option is for. The
 * tables of roles that listen take the port, which stands in for one that an own address leaves out.
 */
import type { Endpoint } from '../../base/ip.ts';
import type { Invite } from '../../protocol/invite.ts';
import {
  anyEndpoint,
  anyPrefix,
  boolean,
  deviceName,
  filePath,
  firewallZone,
  hostAddress,
  integer,
  inviteLine,
  nodeName,
  oneOf,
  peerName,
  poolPrefix,
  publicEndpoint,
  publicKey,
  zoneName,
} from './option-types.ts';
import { listOf, optional, required, withDefault } from './options.ts';

export const defaultPort = 4649;
const domainPort = 53;
export const defaultStub = '127.0.0.1:5649' as Endpoint;

export const mainTable = {
  port: optional(
    integer(1, 65_535),
    `UDP port of all messages; ${defaultPort} on a server, one of its own on a node when absent`,
  ),
  log_level: withDefault(oneOf('error', 'warn', 'info', 'debug'), 'info', 'how much is logged'),
  datapath: withDefault(
    oneOf('auto', 'kernel', 'user'),
    'auto',
    'packets by the kernel module or in user space; "auto": the module where it is there',
  ),
  suite: listOf(
    oneOf('aes-128-gcm', 'none'),
    0,
    2,
    'how else data may be sealed than by ChaCha20-Poly1305; used on paths whose other owner lists it too',
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
    foreign: withDefault(
      oneOf('allow', 'ask', 'deny'),
      'ask',
      'zones of others that DNS finds: used at once, after "ntmobile trust", or never',
    ),
    dns: withDefault(boolean, false, 'answer DNS queries for the zone'),
    dns_listen: listOf(
      anyEndpoint(domainPort),
      0,
      8,
      'where DNS queries are answered; the addresses of this server at port 53 when absent',
    ),
    dns_ns: listOf(zoneName, 0, 4, 'name servers of the zone; "ns" in the zone when absent'),
    dns_rate: withDefault(
      integer(0, 1_000_000),
      200,
      'DNS answers a second to one address over UDP; 0 for no limit',
    ),
    update_server: optional(
      anyEndpoint(domainPort),
      'primary DNS server that gets the names as dynamic updates',
    ),
    update_zone: optional(zoneName, 'zone there that holds the names; the own zone when absent'),
    update_reverse_zone: listOf(
      zoneName,
      0,
      8,
      'zones there that hold the names of virtual IPs, such as 18.198.in-addr.arpa; none when absent',
    ),
    update_key_file: optional(filePath, 'file with the TSIG key for it, mode 0600'),
    update_key_name: optional(zoneName, 'name of that key, when the file does not say it'),
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
    weight: withDefault(integer(1, 100), 10, 'share of the paths against other Relay Servers'),
    bandwidth: withDefault(
      integer(0, 100_000),
      0,
      'Mbit/s relayed for the network at most, which takes the user-space data path; 0 for no limit',
    ),
  };
}

/** A host or a prefix on the LAN that peers may reach. */
export const exportTable = {
  host: optional(hostAddress, 'address of a host on the LAN; it answers at the virtual IP'),
  prefix: optional(anyPrefix, 'addresses on the LAN that peers with a route may reach'),
  seen_as: optional(
    anyPrefix,
    'addresses of the same number at which peers reach the prefix instead, one for one',
  ),
  proto: listOf(oneOf('tcp', 'udp'), 0, 2, 'of the ports; both when absent'),
  port: optional(integer(1, 65_535), 'port at the virtual IP; all when absent'),
  host_port: optional(integer(1, 65_535), 'port at the host, when it is another'),
  keep_source: withDefault(
    boolean,
    false,
    "let the host see the peer's virtual IP, not the router's",
  ),
};

/** The way to a prefix that another node exports. */
export const routeTable = {
  prefix: required(anyPrefix, 'give the prefix behind the other node, such as 192.168.1.0/24.'),
  via: required(peerName, 'give the name of the node that exports it.'),
};

export const nodeTable = {
  enabled,
  ...directionServerRows(),
  name: optional(nodeName, 'name of this node'),
  device: withDefault(deviceName, 'ntm0', 'virtual interface'),
  mtu,
  exit_prefix: listOf(anyPrefix, 0, 16, 'general destinations reached through a Relay Server'),
  punch: withDefault(boolean, true, 'try a direct path when both ends are behind NATs'),
  idle,
  publish: withDefault(boolean, false, "tell this node's real address to anyone by DNS"),
  dns: withDefault(boolean, true, 'resolve names of nodes for this machine'),
  dns_listen: withDefault(anyEndpoint(5649), defaultStub, 'where its names are resolved'),
  dns_zone: listOf(zoneName, 0, 16, 'more zones to resolve, whose Direction Server DNS tells'),
  dns_upstream: listOf(anyEndpoint(domainPort), 0, 3, "name servers instead of the system's"),
  dns_forward_file: optional(filePath, 'file for the lines that make dnsmasq ask here'),
};
