/**
 * A home with a router that is a node itself: two uplinks to choose from, real masquerading, and behind it a
 * notebook that is a node too and a host that knows nothing of NTMobile. Outside, Direction and Relay Server
 * on one machine, and a friend's node. The firewall is what the package sets up on OpenWrt, down to the very
 * file for the port (protocol.md 11.13).
 */
import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TcpRecord } from './agent/calls.ts';
import { Agent } from './agents.ts';
import { Daemon, type Programs } from './daemon.ts';
import { Namespaces } from './namespaces.ts';
import { type HostName, port } from './topology.ts';

const root = process.env['NTM_ROOT'] ?? '.';
/** A folder with the programs as `npm run build` and the lab leave them: a guest cannot bundle. */
const built = process.env['NTM_BUILT'];
const dataPath = process.env['NTM_DATAPATH'] ?? 'auto';

/** Who plays what: namespaces have the names of the lab. */
const hosts = {
  server: 'ds-a',
  friend: 'cn',
  router: 'nat-a',
  notebook: 'mn',
  plain: 'gn',
} as const;
type Role = keyof typeof hosts;
type Node = 'friend' | 'router' | 'notebook';

export const lan = {
  prefix: '192.168.10.0/24',
  notebook: '192.168.10.11',
  plain: '192.168.10.20',
  prefix6: 'fd12:10::/64',
  plain6: 'fd12:10::20',
};
const addressOf = { server: '203.0.113.10', friend: '203.0.113.12' } as const;
const uplinks = {
  wan: { address: '198.51.100.130', gateway: '198.51.100.129' },
  wan2: { address: '198.51.100.134', gateway: '198.51.100.133' },
} as const;
export type Uplink = keyof typeof uplinks;

export interface VirtualIps {
  readonly four: string;
  readonly six: string;
}

export class RouterWorld {
  readonly namespaces = new Namespaces();
  readonly #folder = mkdtempSync(join(tmpdir(), 'ntm-router-'));
  readonly #programs: Programs = {
    engine: join(root, 'out/bin/tjs'),
    daemon: join(built ?? this.#folder, 'ntmobiled.js'),
    cli: join(built ?? this.#folder, 'ntmobile.js'),
  };
  readonly #daemons = new Map<Role, Daemon>();
  readonly #agents = new Map<Role, Agent>();
  #trial = 0;
  #uplink: Uplink = 'wan';

  async build(): Promise<void> {
    if (built === undefined) await this.#bundle();
    await this.#network();
    await this.#firewall();
    for (const role of ['friend', 'router', 'plain'] as const) {
      const program = built ? join(built, 'test/lab-agent.mjs') : join(this.#folder, 'agent.mjs');
      this.#agents.set(role, new Agent(this.namespaces, hosts[role], program));
    }
  }

  /** Bundles of our own: the build of the project may be replaced while these tests run. */
  async #bundle(): Promise<void> {
    const options = (entry: string, name: string, platform: string) =>
      JSON.stringify({
        entryPoints: [entry],
        outfile: join(this.#folder, name),
        minify: true,
        platform,
      });
    const script = `
      const { bundle } = await import(${JSON.stringify(join(root, 'esbuild.config.mjs'))});
      await bundle(${options('src/main/ntmobiled.ts', 'ntmobiled.js', 'neutral')});
      await bundle(${options('src/main/ntmobile.ts', 'ntmobile.js', 'neutral')});
      await bundle(${options('test/lab/agent/main.ts', 'agent.mjs', 'node')});`;
    await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  }

  async #network(): Promise<void> {
    const { namespaces } = this;
    const all: HostName[] = ['internet', ...Object.values(hosts)];
    for (const host of all) await namespaces.add(host);
    await namespaces.ipBatch('internet', [
      'link add servers type bridge',
      'addr add 203.0.113.1/24 dev servers',
      'link set servers up',
    ]);
    for (const role of ['server', 'friend'] as const) {
      await this.#link(role, 'eth0', 'internet', role);
      await namespaces.ipBatch('internet', [`link set ${role} master servers up`]);
      await namespaces.ipBatch(hosts[role], [
        `addr add ${addressOf[role]}/24 dev eth0`,
        'link set eth0 up',
        'route add default via 203.0.113.1',
      ]);
    }
    for (const [device, { gateway }] of Object.entries(uplinks)) {
      await this.#link('router', device, 'internet', device);
      await namespaces.ipBatch('internet', [
        `addr add ${gateway}/30 dev ${device}`,
        `link set ${device} up`,
      ]);
    }
    await namespaces.ipBatch(hosts.router, [
      'link add lan type bridge',
      'addr add 192.168.10.1/24 dev lan',
      'addr add fd12:10::1/64 dev lan nodad',
      'link set lan up',
      ...this.#arriving('wan'),
    ]);
    for (const role of ['notebook', 'plain'] as const) {
      await this.#link(role, 'eth0', hosts.router, role);
      await namespaces.ipBatch(hosts.router, [`link set ${role} master lan up`]);
      await namespaces.ipBatch(hosts[role], [
        `addr add ${lan[role]}/24 dev eth0`,
        'link set eth0 up',
        'route add default via 192.168.10.1',
      ]);
    }
    await namespaces.ipBatch(hosts.plain, [
      `addr add ${lan.plain6}/64 dev eth0 nodad`,
      'route add default via fd12:10::1',
    ]);
    await namespaces.run(hosts.router, [
      'sh',
      '-c',
      'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding',
    ]);
    for (const host of ['internet', hosts.router] as const) {
      await namespaces.run(host, ['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
    }
  }

  async #link(role: Role, device: string, far: HostName, farDevice: string): Promise<void> {
    const near = this.namespaces.of(hosts[role]);
    const end = `netns ${near} type veth peer name ${farDevice} netns ${this.namespaces.of(far)}`;
    await this.namespaces.ipBatch(undefined, [`link add name ${device} ${end}`]);
  }

  /** As fw4 does with the zones of the package: wan and ntm masquerade, ntm to lan is the owner's choice. */
  async #firewall(): Promise<void> {
    const rules = `table inet router {
      chain srcnat {
        type nat hook postrouting priority srcnat;
        oifname { "wan", "wan2", "ntm0" } masquerade
      }
      chain forward {
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "lan" accept
        iifname "ntm0" oifname "lan" accept
      }
    }`;
    await this.namespaces.run(hosts.router, ['nft', '-f', '-'], rules);
    const file = join(root, 'openwrt/ntmobile/files/usr/share/ntmobile/masquerade.nft');
    const own = join(this.#folder, 'masquerade.nft');
    copyFileSync(file, own);
    const given = ['-D', `port=${port}`, '-D', 'uplinks={ "wan", "wan2" }'];
    await this.namespaces.run(hosts.router, ['nft', ...given, '-f', own]);
  }

  #arriving(uplink: Uplink): readonly string[] {
    const { address, gateway } = uplinks[uplink];
    return [
      `addr add ${address}/30 dev ${uplink}`,
      `link set ${uplink} up`,
      `route add default via ${gateway} dev ${uplink}`,
    ];
  }

  /** The router loses the uplink it has and gets the other one. */
  async move(): Promise<void> {
    const old = this.#uplink;
    this.#uplink = old === 'wan' ? 'wan2' : 'wan';
    await this.namespaces.ipBatch(hosts.router, [
      `link set ${old} down`,
      `addr flush dev ${old}`,
      ...this.#arriving(this.#uplink),
    ]);
  }

  get outside(): string {
    return uplinks[this.#uplink].address;
  }

  daemon(role: Role): Daemon {
    const known = this.#daemons.get(role);
    if (known) return known;
    const made = new Daemon(this.namespaces, hosts[role], this.#programs, this.#folder);
    this.#daemons.set(role, made);
    return made;
  }

  async startServer(): Promise<void> {
    const server = this.daemon('server');
    const address = `list address '${addressOf.server}:${port}'`;
    server.configure(`${main}
config ds 'ds'
\toption enabled '1'
\toption zone 'home.example'
\t${address}

config rs 'rs'
\toption enabled '1'
\t${address}
`);
    server.start();
    await server.until('status', ({ rs }) => rs?.state === 'registered', 'no Relay Server');
  }

  /** The virtual IPs that the node has then. */
  async startNode(role: Node, more: string): Promise<VirtualIps> {
    const daemon = this.daemon(role);
    const { invite } = await this.daemon('server').call('invite', { name: role });
    daemon.configure(`${main}\nconfig node 'node'\n\toption enabled '1'\n${more}`);
    await daemon.join(invite);
    daemon.start();
    const { node } = await daemon.until(
      'status',
      (status) => status.node?.state === 'registered',
      'the node does not register',
    );
    return { four: node?.virtualIpv4 ?? '', six: node?.virtualIpv6 ?? '' };
  }

  /** Where the Direction Server sees the node. */
  async observed(role: Node): Promise<string> {
    const { node } = await this.daemon(role).call('status');
    return node?.observed ?? '';
  }

  async sh(role: Role, script: string): Promise<string> {
    return this.namespaces.run(hosts[role], ['sh', '-c', script]);
  }

  /** Whether the host there answers one of a few attempts to connect, if only by refusing. */
  async reaches(role: Role, address: string): Promise<boolean> {
    const script = `
      const { connect } = require('node:net');
      const once = () => new Promise((resolve) => {
        const socket = connect({ host: '${address}', port: 9 }, () => resolve(true));
        socket.on('error', (error) => resolve(error.code === 'ECONNREFUSED'));
        socket.setTimeout(1000, () => socket.destroy() && resolve(false));
      });
      (async () => {
        for (let tries = 0; tries < 5; tries += 1) if (await once()) return console.log('yes');
        console.log('no');
      })();`;
    const out = await this.namespaces.run(hosts[role], [process.execPath, '-e', script]);
    return out.trim() === 'yes';
  }

  /**
   * A TCP connection from `client` to `address`, where `server` listens at `listenPort`; in the middle of it
   * the router moves. Both ends' records, which say whether every byte came.
   */
  async transfer(
    client: Role,
    server: Role,
    address: string,
    ports: { readonly listen: number; readonly connect: number },
  ): Promise<readonly [TcpRecord, TcpRecord]> {
    this.#trial += 1;
    const agent = (role: Role): Agent => this.#agents.get(role) as Agent;
    const common = { bytesPerSecond: 50_000, trial: this.#trial };
    const ends = [agent(client), agent(server)] as const;
    await agent(server).call('tcpListen', { ...common, port: ports.listen });
    await agent(client).call('tcpConnect', { ...common, port: ports.connect, peerIp: address });
    for (const end of ends) await end.call('tcpFlow', { flowing: true });
    await sleep(flowMs);
    await this.move();
    await sleep(flowMs);
    return Promise.all([
      ends[0].call('tcpFinish', { limitMs: 15_000 }),
      ends[1].call('tcpFinish', { limitMs: 15_000 }),
    ]);
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#daemons.values()].map((daemon) => daemon.stop()));
    await this.namespaces.remove();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const flowMs = 1000;

const main = `config ntmobile 'main'
\toption port '${port}'
\toption log_level 'debug'
\toption datapath '${dataPath}'
`;

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
