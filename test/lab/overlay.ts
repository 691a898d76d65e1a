/**
 * Brings the overlay up on the lab's network: two Direction Servers that know each other's key, a Relay
 * Server for each, and the two nodes, all enrolled by invites as their owners would do it.
 */
import type { DataSuite } from '../../src/datapath/commands.ts';
import type { PathRow, RouteKind } from '../../src/protocol/control-results.ts';
import { Daemon, type Programs } from './daemon.ts';
import type { Namespaces } from './namespaces.ts';
import type { LabDataPath } from './options.ts';
import {
  type DaemonName,
  port,
  type RelayName,
  relayNames,
  type ServerName,
  servers,
  zones,
} from './topology.ts';

/** Where the home router is, which is all servers and the correspondent in one daemon. */
export const homeHost = 'rs-a';

export type Peer = 'cn' | 'gn';
export type Zone = Omit<(typeof zones)[keyof typeof zones], 'pool'> & { readonly pool: string };

export interface OverlayOptions {
  readonly dataPath: LabDataPath;
  /** Both zones have the pool of the first. */
  readonly overlap: boolean;
  /** Allowed everywhere besides the usual one. */
  readonly suite: DataSuite;
  /** The correspondent is a home router: all servers and a node in one daemon. */
  readonly home: boolean;
  /** Further lines in the section "node" of a daemon. */
  readonly nodeOptions?: Partial<Record<DaemonName, string>>;
}

/** Allowed without being asked for. */
const usualSuite: DataSuite = 'chacha20-poly1305';

export class Overlay {
  readonly daemons: Readonly<Record<DaemonName, Daemon>>;
  /** From the start of MN's process until it was registered. */
  registeredAfterMs = 0;
  virtualIps: { readonly mn: string; readonly cn: string } = { mn: '', cn: '' };

  #spareEnrolled = false;
  readonly #options: OverlayOptions;
  readonly #zones: Readonly<Record<keyof typeof zones, Zone>>;

  constructor(namespaces: Namespaces, programs: Programs, folder: string, options: OverlayOptions) {
    this.#options = options;
    this.#zones = options.overlap ? { ...zones, b: { ...zones.b, pool: zones.a.pool } } : zones;
    const daemon = (name: DaemonName): Daemon => new Daemon(namespaces, name, programs, folder);
    const home = options.home ? daemon(homeHost) : undefined;
    this.daemons = {
      'ds-a': home ?? daemon('ds-a'),
      'ds-b': daemon('ds-b'),
      'rs-a': home ?? daemon('rs-a'),
      'rs-b': daemon('rs-b'),
      'rs-c': daemon('rs-c'),
      mn: daemon('mn'),
      cn: home ?? daemon('cn'),
    };
  }

  async start(say: (text: string) => void): Promise<void> {
    if (this.#options.home) return this.#startHome(say);
    say('Direction Servers');
    await this.#startDirectionServers();
    say('Relay Servers');
    const { a, b } = this.#zones;
    await Promise.all([this.#enrolRelay(a, 'rs-a'), this.#enrolRelay(b, 'rs-b')]);
    say('nodes');
    const [mn, cn] = await Promise.all([this.#enrolNode(a), this.#enrolNode(b)]);
    this.virtualIps = { mn, cn };
    for (const name of ['mn', 'cn', 'rs-a', 'rs-b'] as const) await this.#checkDataPath(name);
  }

  async #startHome(say: (text: string) => void): Promise<void> {
    say('home router');
    const home = this.daemons[homeHost];
    const parts = [dsConfig(zones.a, homeHost), relayConfig(zones.a, homeHost)];
    home.configure(`${this.#mainConfig(this.#kindOf('cn'))}${parts.join('')}
config node 'node'
	option enabled '1'
	option name '${zones.b.node}'
`);
    await this.startRelay(homeHost);
    const cn = await this.registered('cn');
    say('node');
    this.virtualIps = { mn: await this.#enrolNode(zones.a), cn };
    for (const name of ['mn', 'cn'] as const) await this.#checkDataPath(name);
  }

  /** The correspondent, as MN calls it. */
  get correspondentName(): string {
    return `${zones.b.node}.${(this.#options.home ? zones.a : zones.b).name}`;
  }

  /** MN's path to the peer, one that is up if there is any; undefined while there is none. */
  async path(peer: Peer): Promise<PathRow | undefined> {
    const { paths } = await this.daemons.mn.call('paths');
    const toPeer = paths.filter((path) =>
      peer === 'cn'
        ? path.kind === 'node' && path.peerName === this.correspondentName
        : path.kind === 'exit' && path.role === 'node',
    );
    return toPeer.find((path) => path.state === 'up') ?? toPeer[0];
  }

  /** How data is sealed on the path. */
  async suite(peer: Peer): Promise<DataSuite | null> {
    return (await this.path(peer))?.suite ?? null;
  }

  /** An exit path ends at a Relay Server: to a general node, that is the route through it. */
  async route(peer: Peer): Promise<RouteKind> {
    const path = await this.path(peer).catch(() => undefined);
    if (path === undefined || path.state === 'building') return 'none';
    return path.kind === 'exit' && path.route === 'direct' ? 'relay' : path.route;
  }

  /** The Relay Server that the path uses, or keeps in reserve. */
  async relayOf(peer: Peer): Promise<Daemon> {
    const path = await this.path(peer);
    const wanted = path?.kind === 'exit' ? path.peerId : path?.relayName;
    for (const name of relayNames) {
      const rs = (await this.daemons[name].call('status').catch(() => undefined))?.rs;
      if (rs && (rs.nodeId === wanted || rs.name === wanted)) return this.daemons[name];
    }
    throw new Error(`no Relay Server is the ${wanted} of the path`);
  }

  /** A second Relay Server at MN's Direction Server. */
  async startSpare(): Promise<void> {
    if (this.#spareEnrolled) await this.startRelay('rs-c');
    else await this.#enrolRelay(zones.a, 'rs-c');
    this.#spareEnrolled = true;
  }

  /** Memory and start-up time of the running daemons, for the report. */
  figures(): Readonly<Record<string, number>> {
    const resident = Object.values(this.daemons).flatMap((daemon) => {
      const bytes = daemon.residentBytes();
      return bytes === undefined ? [] : [[`${daemon.name} resident MB`, megabytes(bytes)] as const];
    });
    return {
      'mn start to registered ms': Math.round(this.registeredAfterMs),
      ...Object.fromEntries(resident),
    };
  }

  /** Waits until MN and its correspondent are registered at where they now are. */
  async registered(name: 'mn' | 'cn'): Promise<string> {
    const status = await this.daemons[name].until(
      'status',
      ({ node }) => node?.state === 'registered' && node.virtualIpv4 !== null,
      'the node did not register',
    );
    return status.node?.virtualIpv4 ?? '';
  }

  /** A DS's key is made at its first start: so each starts once before it is told of the other. */
  async #startDirectionServers(): Promise<void> {
    const { a, b } = this.#zones;
    const both = [a, b];
    const keys = await Promise.all(both.map((zone) => this.#firstKey(zone)));
    const [keyA = '', keyB = ''] = keys;
    this.daemons['ds-a'].configure(this.#mainConfig() + dsConfig(a) + foreignZone(b, keyB));
    this.daemons['ds-b'].configure(this.#mainConfig() + dsConfig(b) + foreignZone(a, keyA));
    for (const zone of both) this.daemons[zone.ds].start();
    await Promise.all(both.map((zone) => this.#running(zone.ds)));
  }

  async #firstKey(zone: Zone): Promise<string> {
    const daemon = this.daemons[zone.ds];
    daemon.configure(this.#mainConfig() + dsConfig(zone));
    daemon.start();
    const status = await this.#running(zone.ds);
    await daemon.stop();
    return status.ds?.publicKey ?? '';
  }

  #running(name: 'ds-a' | 'ds-b') {
    return this.daemons[name].until(
      'status',
      ({ ds }) => ds !== null,
      'the Direction Server did not start',
    );
  }

  #mainConfig(dataPath: Exclude<LabDataPath, 'mixed'> = 'auto'): string {
    const { suite } = this.#options;
    const more = suite === usualSuite ? '' : `\tlist suite '${suite}'\n`;
    return `config ntmobile 'main'
	option port '${port}'
	option log_level 'debug'
	option datapath '${dataPath}'
${more}`;
  }

  #kindOf(name: DaemonName): Exclude<LabDataPath, 'mixed'> {
    const { dataPath, home } = this.#options;
    if (dataPath !== 'mixed') return dataPath;
    return name === 'mn' || (name === zones.a.rs && !home) ? 'user' : 'kernel';
  }

  /** What was asked for must be what carries the packets. */
  async #checkDataPath(name: DaemonName): Promise<void> {
    const wanted = this.#kindOf(name);
    const { kind, reason } = (await this.daemons[name].call('status')).daemon.dataPath;
    const is = kind === 'kernel' ? 'kernel' : 'user';
    if (wanted !== 'auto' && wanted !== is) throw new Error(`${name} uses ${kind}: ${reason}`);
  }

  async #enrolRelay(zone: Zone, name: RelayName): Promise<void> {
    const relay = this.daemons[name];
    relay.configure(this.#mainConfig(this.#kindOf(name)) + relayConfig(zone, name));
    const { invite } = await this.daemons[zone.ds].call('invite', { name, relay: true });
    await relay.join(invite);
    await this.startRelay(name);
  }

  async startRelay(name: RelayName): Promise<void> {
    const relay = this.daemons[name];
    relay.start();
    await relay.until(
      'status',
      ({ rs }) => rs?.state === 'registered',
      'the Relay Server did not register',
    );
  }

  async #enrolNode(zone: Zone): Promise<string> {
    const node = this.daemons[zone.node];
    const more = this.#options.nodeOptions?.[zone.node];
    node.configure(this.#mainConfig(this.#kindOf(zone.node)) + nodeConfig(more));
    const { invite } = await this.daemons[zone.ds].call('invite', { name: zone.node });
    await node.join(invite);
    node.start();
    const virtualIp = await this.registered(zone.node);
    if (zone.node === 'mn') this.registeredAfterMs = node.sinceStartMs();
    return virtualIp;
  }
}

function megabytes(bytes: number): number {
  return Math.round((bytes / (1 << 20)) * 10) / 10;
}

function dsConfig(zone: Zone, host: ServerName = zone.ds): string {
  return `
config ds 'ds'
	option enabled '1'
	option zone '${zone.name}'
	list address '${servers[host]}:${port}'
	option pool '${zone.pool}'
`;
}

function foreignZone(zone: Zone, key: string): string {
  return `
config zone 'other'
	option zone '${zone.name}'
	list address '${servers[zone.ds]}:${port}'
	option key '${key}'
	list pool '${zone.pool}'
`;
}

function relayConfig(zone: Zone, name: RelayName): string {
  return `
config rs 'rs'
	option enabled '1'
	option name '${name}'
	list address '${servers[name]}:${port}'
	option exit '1'
	list exit_pool '${zone.pool}'
`;
}

function nodeConfig(more = ''): string {
  return `
config node 'node'
	option enabled '1'
	option punch '1'
	list exit_prefix '0.0.0.0/0'
${more}`;
}
