/**
 * Builds the lab's network as topology.ts plans it: a router that plays the internet, servers, NATs with
 * their private networks, and the two hosts that move, whose interfaces are all there and all down.
 */
import type { Namespaces } from './namespaces.ts';
import {
  correspondentPlaces,
  type HostName,
  mobilePlaces,
  type Nat,
  type NatName,
  natHost,
  nats,
  type Place,
  relayNames,
  type ServerName,
  serverDevice,
  serverGateway,
  servers,
  virtualPools,
} from './topology.ts';

const serverBridge = 'servers';
const natOutside = 'wan';
const natBridge = 'lan';
const arpRetryMs = 20;

type Host = 'mn' | 'cn';

export async function buildWorld(namespaces: Namespaces): Promise<void> {
  const serverNames = Object.keys(servers) as ServerName[];
  const hosts: HostName[] = ['internet', ...serverNames, 'mn', 'cn'];
  const all = [...hosts, ...nats.map((nat) => natHost(nat.name))];
  for (const host of all) await namespaces.add(host);
  await buildServers(namespaces, serverNames);
  for (const nat of nats) await buildNat(namespaces, nat);
  await buildPlaces(namespaces, 'mn', Object.values(mobilePlaces));
  await buildPlaces(namespaces, 'cn', Object.values(correspondentPlaces));
  await forward(namespaces, 'internet');
  for (const host of all) await askAgainSoon(namespaces, host);
}

/** Keeps the hosts of a private network from reaching each other, as many wireless networks do. */
export async function setIsolation(
  namespaces: Namespaces,
  name: NatName,
  isolated: boolean,
): Promise<void> {
  const state = isolated ? 'on' : 'off';
  const ports = [
    ...portsIn(name, 'mn', Object.values(mobilePlaces)),
    ...portsIn(name, 'cn', Object.values(correspondentPlaces)),
  ];
  await namespaces.ipBatch(
    natHost(name),
    ports.map((device) => `link set dev ${device} type bridge_slave isolated ${state}`),
  );
}

function portsIn(name: NatName, host: Host, places: readonly Place[]): readonly string[] {
  return places.filter((place) => place.space === name).map((place) => farEnd(host, place));
}

async function buildServers(namespaces: Namespaces, names: readonly ServerName[]): Promise<void> {
  await namespaces.ipBatch('internet', [
    `link add ${serverBridge} type bridge`,
    `addr add ${serverGateway}/24 dev ${serverBridge}`,
    `link set ${serverBridge} up`,
  ]);
  for (const name of names) {
    await link(namespaces, name, serverDevice, 'internet', `to-${name}`);
    await namespaces.ipBatch('internet', [
      `link set to-${name} master ${serverBridge}`,
      `link set to-${name} up`,
    ]);
    await namespaces.ipBatch(name, [
      `addr add ${servers[name]}/24 dev ${serverDevice}`,
      `link set ${serverDevice} up`,
      `route add default via ${serverGateway}`,
    ]);
  }
  for (const name of relayNames) await buildExit(namespaces, name);
}

/** What the operator of an exit sets up: forwarding, and the system's own NAT for virtual addresses. */
async function buildExit(namespaces: Namespaces, host: HostName): Promise<void> {
  await forward(namespaces, host);
  const rules = `table ip exit {
    chain postrouting {
      type nat hook postrouting priority srcnat;
      ip saddr ${virtualPools} oifname "${serverDevice}" masquerade
    }
  }`;
  await namespaces.run(host, ['nft', '-f', '-'], rules);
}

async function buildNat(namespaces: Namespaces, nat: Nat): Promise<void> {
  const host = natHost(nat.name);
  await link(namespaces, host, natOutside, 'internet', `to-${host}`);
  await namespaces.ipBatch('internet', [
    `addr add ${nat.outside.gateway}/30 dev to-${host}`,
    `link set to-${host} up`,
  ]);
  await namespaces.ipBatch(host, [
    `addr add ${nat.outside.address} dev ${natOutside}`,
    `link set ${natOutside} up`,
    `route add default via ${nat.outside.gateway}`,
    `link add ${natBridge} type bridge`,
    `addr add ${nat.inside} dev ${natBridge}`,
    `link set ${natBridge} up`,
  ]);
  await namespaces.run(host, ['nft', '-f', '-'], natRules(nat));
  await forward(namespaces, host);
}

/** Nothing comes in from outside but what belongs to a flow that began inside. */
function natRules(nat: Nat): string {
  const flags = nat.mapping === 'symmetric' ? ' random,fully-random' : '';
  return `table ip nat {
    chain postrouting {
      type nat hook postrouting priority srcnat;
      oifname "${natOutside}" masquerade${flags}
    }
  }
  table ip filter {
    chain forward {
      type filter hook forward priority filter; policy drop;
      ct state established,related accept
      iifname "${natBridge}" accept
    }
    chain input {
      type filter hook input priority filter; policy drop;
      ct state established,related accept
      iifname { "lo", "${natBridge}" } accept
    }
  }`;
}

async function buildPlaces(
  namespaces: Namespaces,
  host: Host,
  places: readonly Place[],
): Promise<void> {
  for (const place of places) {
    const far = farEnd(host, place);
    const farHost = place.space === 'G' ? 'internet' : natHost(place.space);
    await link(namespaces, host, place.device, farHost, far);
    const commands = [`link set ${far} up`];
    if (place.space === 'G') commands.push(`addr add ${gatewayWithPrefix(place)} dev ${far}`);
    else commands.push(`link set ${far} master ${natBridge}`);
    await namespaces.ipBatch(farHost, commands);
  }
}

function farEnd(host: Host, place: Place): string {
  return `${host}-${place.device}`;
}

function gatewayWithPrefix(place: Place): string {
  const [, length] = place.address.split('/');
  return `${place.gateway}/${length}`;
}

async function link(
  namespaces: Namespaces,
  host: HostName,
  device: string,
  farHost: HostName,
  farDevice: string,
): Promise<void> {
  const [near, far] = [namespaces.of(host), namespaces.of(farHost)];
  const end = `netns ${near} type veth peer name ${farDevice} netns ${far}`;
  await namespaces.ipBatch(undefined, [`link add name ${device} ${end}`]);
}

/**
 * The far end of a virtual link learns a little late that the link is up, and an ARP request that came too
 * early would be repeated only after a second: a second of silence that no overlay could help.
 */
async function askAgainSoon(namespaces: Namespaces, host: HostName): Promise<void> {
  const devices = '/proc/sys/net/ipv4/neigh/*/retrans_time_ms';
  const script = `for file in ${devices}; do echo ${arpRetryMs} > "$file" 2> /dev/null; done; true`;
  await namespaces.run(host, ['sh', '-c', script]);
}

async function forward(namespaces: Namespaces, host: HostName): Promise<void> {
  await namespaces.run(host, ['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
}
