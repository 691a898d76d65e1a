/**
 * What is around the routers: an internet with a Direction Server and Relay Server, two NATs, and a host
 * on the LAN of the first router. A router has two cables, `lan` and `wan`, that end in a namespace; the
 * first one also has `wanb`.
 *
 *     ds-a 203.0.113.10 ─┐                     ┌─ nat-a ─ 192.168.101.0/24 ─ router a (mn) ─ gn, 192.168.1.100
 *                        ├─ internet (bridge) ─┼─ nat-c ─ 192.168.103.0/24 ─┘ its second uplink
 *                        ┘                     └─ nat-b ─ 192.168.102.0/24 ─ router b (cn)
 */
import { Daemon, type Programs } from '../lab/daemon.ts';
import { Namespaces } from '../lab/namespaces.ts';

export const serverAddress = '203.0.113.10';
export const zone = 'home.example';

export type Cable = 'lan' | 'wan' | 'wanb';

export interface RouterPlan {
  /** The namespace its cables end in. */
  readonly host: 'mn' | 'cn';
  readonly nat: 'nat-a' | 'nat-b';
  readonly natAddress: string;
  readonly wanAddress: string;
  readonly gateway: string;
  readonly lanAddress: string;
}

/** The second uplink of router a. */
export const secondUplink = {
  nat: 'nat-c',
  natAddress: '203.0.113.23',
  wanAddress: '192.168.103.2',
  gateway: '192.168.103.1',
} as const;

/** The cables of a router, in the order of its cards eth0, eth1, … */
export function cablesOf({ host }: RouterPlan): readonly Cable[] {
  return host === plans.a.host ? ['lan', 'wan', 'wanb'] : ['lan', 'wan'];
}

export const plans: Readonly<Record<'a' | 'b', RouterPlan>> = {
  a: {
    host: 'mn',
    nat: 'nat-a',
    natAddress: '203.0.113.21',
    wanAddress: '192.168.101.2',
    gateway: '192.168.101.1',
    lanAddress: '192.168.1.1',
  },
  b: {
    host: 'cn',
    nat: 'nat-b',
    natAddress: '203.0.113.22',
    wanAddress: '192.168.102.2',
    gateway: '192.168.102.1',
    lanAddress: '192.168.2.1',
  },
};

const natRules = `table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" masquerade random
  }
}
table ip filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "lan" accept
  }
}
`;

export class Network {
  readonly namespaces = new Namespaces();
  readonly server: Daemon;

  constructor(programs: Programs, folder: string) {
    this.server = new Daemon(this.namespaces, 'ds-a', programs, folder);
  }

  async build(): Promise<void> {
    const { namespaces } = this;
    for (const host of ['internet', 'ds-a', 'nat-a', 'nat-b', 'nat-c', 'mn', 'cn', 'gn'] as const) {
      await namespaces.add(host);
    }
    await namespaces.ipBatch('internet', ['link add br0 type bridge', 'link set br0 up']);
    await this.#cable('ds-a', 'eth0', `${serverAddress}/24`);
    const uplinks = [
      ...Object.values(plans).map((plan) => ({ ...plan, cable: 'wan' })),
      { ...secondUplink, host: plans.a.host, cable: 'wanb' },
    ];
    for (const { host, nat, natAddress, gateway, cable } of uplinks) {
      await this.#cable(nat, 'wan', `${natAddress}/24`);
      await namespaces.ipBatch(nat, [
        `link add lan type veth peer name ${cable} netns ${namespaces.of(host)}`,
        `address add ${gateway}/24 dev lan`,
        'link set lan up',
      ]);
      await namespaces.run(nat, ['sysctl', '-qw', 'net.ipv4.ip_forward=1']);
      await namespaces.run(nat, ['nft', '-f', '-'], natRules);
    }
    await namespaces.ipBatch('gn', [
      `link add eth0 type veth peer name lan netns ${namespaces.of('mn')}`,
      'address add 192.168.1.100/24 dev eth0',
      'link set eth0 up',
      `route add default via ${plans.a.lanAddress}`,
    ]);
    await namespaces.ipBatch('cn', [
      'link add lan type veth peer name lan-end',
      'link set lan-end up',
    ]);
  }

  async #cable(
    host: 'ds-a' | 'nat-a' | 'nat-b' | 'nat-c',
    device: string,
    address: string,
  ): Promise<void> {
    const { namespaces } = this;
    await namespaces.ipBatch('internet', [
      `link add ${host} type veth peer name ${device} netns ${namespaces.of(host)}`,
      `link set ${host} master br0 up`,
    ]);
    await namespaces.ipBatch(host, [
      `address add ${address} dev ${device}`,
      `link set ${device} up`,
      `route add default dev ${device}`,
    ]);
  }

  /** The Direction Server and the Relay Server, in one daemon on the internet. */
  async startServer(): Promise<void> {
    this.server.configure(`
config ds 'ds'
	option enabled '1'
	option zone '${zone}'
	list address '${serverAddress}:4649'

config rs 'rs'
	option enabled '1'
	list address '${serverAddress}:4649'
`);
    this.server.start();
    await this.server.until('status', ({ ds }) => ds !== null, 'the Direction Server does not run');
  }
}
