/**
 * A router without a kernel of its own: a copy of the user space in namespaces of this machine, with its
 * own ubusd, procd, netifd, firewall and dnsmasq. procd is no process 1 there, so what it would start at
 * boot is started by name.
 */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { endProcess, type Namespaces } from '../lab/namespaces.ts';
import { cablesOf, type RouterPlan } from './network.ts';
import { Router } from './router.ts';
import { RouterShell } from './router-shell.ts';

/** Mounts of its own, then a shell in the folder; what is typed runs there. */
const enter = `
mount --make-rprivate /
mount -t proc proc "$1/proc"
mount -t sysfs sys "$1/sys"
mount -t tmpfs dev "$1/dev"
mkdir "$1/dev/net"
for node in null zero random urandom tty net/tun; do
  : > "$1/dev/$node"
  mount --bind "/dev/$node" "$1/dev/$node"
done
ln -s /proc/self/fd "$1/dev/fd"
ln -s fd/0 "$1/dev/stdin"
ln -s fd/1 "$1/dev/stdout"
ln -s fd/2 "$1/dev/stderr"
mount -t tmpfs tmp "$1/tmp"
mkdir -p "$1/tmp/run/ubus" "$1/tmp/lock" "$1/tmp/log" "$1/tmp/resolv.conf.d"
: > "$1/tmp/resolv.conf.d/resolv.conf.auto"
ip link set lo up
exec chroot "$1" /bin/sh
`;

/**
 * What the first boot would find out. The LAN is no bridge: netifd's need a kernel with VLANs on bridges, and
 * this is the machine's own.
 */
const firstNetwork = `[ -e /etc/config/network ] || cat > /etc/config/network <<X
config interface 'loopback'
	option device 'lo'
	option proto 'static'
	option ipaddr '127.0.0.1'
	option netmask '255.0.0.0'

config interface 'lan'
	option device 'eth0'
	option proto 'static'
X
`;

const boot = `
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
ulimit -n 1024
# What /etc/init.d/sysctl sets of the network; the rest of it is this machine's.
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
${firstNetwork}ubusd > /dev/null 2>&1 &
[ ! -x /sbin/logd ] || logd -S 256 > /dev/null 2>&1 &
procd > /tmp/log/procd 2>&1 &
for each in 1 2 3 4 5; do ubus list service > /dev/null 2>&1 && break; sleep 1; done
(
	. /lib/functions.sh
	cd /etc/uci-defaults
	for each in *; do
		[ ! -f $each ] || ( . ./$each ) && rm -f $each
	done
	uci commit
) > /tmp/log/uci-defaults 2>&1
for service in network firewall dnsmasq rpcd uhttpd; do
	[ ! -x /etc/init.d/$service ] || /etc/init.d/$service start > /tmp/log/$service 2>&1
done
`;

/** How many times as long as a machine of its own it may take: it shares this one with whatever else runs. */
const patience = 5;

export class NamespaceRouter {
  readonly #folder: string;
  #child: ChildProcess | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** `feed` is a folder that appears as /tmp/feed. */
  async start(
    name: string,
    plan: RouterPlan,
    namespaces: Namespaces,
    userland: string,
    feed: string,
  ): Promise<Router> {
    const root = join(this.#folder, `router-${name}`);
    rmSync(root, { recursive: true, force: true });
    mkdirSync(this.#folder, { recursive: true });
    execFileSync('cp', ['-a', '--reflink=auto', userland, root]);
    for (const place of ['proc', 'sys', 'dev', 'tmp', 'feed']) {
      mkdirSync(join(root, place), { recursive: true });
    }
    if (!existsSync(join(root, 'var'))) execFileSync('ln', ['-s', 'tmp', join(root, 'var')]);
    cpSync(feed, join(root, 'feed'), { recursive: true });
    await namespaces.ipBatch(
      plan.host,
      cablesOf(plan).map((cable, index) => `link set ${cable} name eth${index}`),
    );
    const own = ['--mount', '--pid', '--fork', '--kill-child', '--ipc', '--uts'];
    const child = namespaces.start(
      plan.host,
      ['unshare', ...own, 'sh', '-c', enter, 'enter', root],
      { stdio: 'pipe' },
    );
    this.#child = child;
    const outputs = [child.stdout, child.stderr] as Readable[];
    const shell = new RouterShell(`router ${name}`, child.stdin as Writable, outputs);
    shell.type(boot);
    const router = new Router(`router ${name}`, shell, patience);
    await router.ok('ln -sfn /feed /tmp/feed');
    return router;
  }

  async stop(): Promise<void> {
    if (this.#child) await endProcess(this.#child);
  }
}
