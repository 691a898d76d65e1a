/**
 * What is checked on OpenWrt's own tools, in the order of a router's life with NTMobile: installed,
 * configured, joined, used, reloaded, upgraded, removed. Each check tells a user's fact and stops at the
 * first thing that is not so.
 */
import { plans, secondUplink, zone } from './network.ts';
import { CheckFailed, type Router } from './router.ts';
import type { World } from './world.ts';

export interface Check {
  readonly name: string;
  readonly run: (world: World) => Promise<void>;
}

/** Everything uci knows but our own configuration, and every file but what changes by itself. */
const traces = {
  uci: 'uci show | grep -v "^ntmobile\\|^opkg\\|^luci" | sort',
  files: `find / -xdev \\( -path /proc -o -path /sys -o -path /dev -o -path /tmp -o -path /feed \\
    -o -path /var -o -path /overlay -o -path /rom -o -path /usr/lib/opkg -o -path /root \\) -prune -o -type f -print |
    grep -v '^/etc/config/ntmobile\\|^/etc/ntmobile/\\|^/usr/bin/tjs\\|^/etc/opkg/\\|^/lib/apk/' | sort`,
};
/** Lines of before that are gone and new ones; OpenWrt's busybox has no diff. */
const differing = (trace: keyof typeof traces) =>
  `sort /tmp/${trace}-before /tmp/${trace}-after | uniq -u`;
const settled = `ntmobile status --json | grep -q '"state":"registered"'`;
const processId = `ubus call service list '{"name":"ntmobile"}' | jsonfilter -e '@.ntmobile.instances.*.pid'`;
const configChanged = `ubus call service event '{"type":"config.change","data":{"package":"ntmobile"}}'`;

const web = 'http://127.0.0.1';
const loginRoot = '{"username":"root","password":""}';

/** What `join` tells its user. */
function acts(name: string): readonly RegExp[] {
  return [
    /Enabled the role in the configuration, with the key of the Direction Server\./,
    /The interface shows up after "service network restart"/,
    /Started the service, now and at every boot\./,
    new RegExp(`Registered as ${name}\\.${zone} with 198\\.1[89]\\.`),
    /"ntmobile leave" takes all of this back\./,
  ];
}

function expect(text: string, pattern: RegExp, what: string): void {
  if (!pattern.test(text)) throw new CheckFailed(`${what}; found:\n${text}`);
}

async function each(world: World, act: (router: Router, name: 'a' | 'b') => Promise<void>) {
  await Promise.all([act(world.a, 'a'), act(world.b, 'b')]);
}

async function peerPing({ a, b }: World): Promise<void> {
  await a.until(`ping -c 3 -w 15 b.${zone}`);
  await b.until(`ping -c 3 -w 15 a.${zone}`);
}

export const checks: readonly Check[] = [
  {
    name: 'opkg refuses the feed without its key and verifies it with it',
    run: (world) =>
      each(world, async (router) => {
        await router.ok(`mkdir -p /etc/opkg/keys /var/lock
          [ ! -e /etc/opkg/distfeeds.conf ] || mv /etc/opkg/distfeeds.conf /tmp/
          echo "src/gz ntmobile_test file:///tmp/feed/old" > /etc/opkg/customfeeds.conf`);
        expect((await router.run('opkg update')).text, /Signature check failed/, 'without the key');
        await router.ok(
          'cp /tmp/feed/old/*.pub /tmp/feed/key && for each in /tmp/feed/old/*.pub; do cp $each /etc/opkg/keys/$(basename $each .pub); done',
        );
        expect(await router.ok('opkg update'), /Signature check passed/, 'with the key');
      }),
  },
  {
    name: 'the packages install, and the set-up adds interface and zone once',
    run: (world) =>
      each(world, async (router) => {
        await router.ok(`${traces.uci} > /tmp/uci-before; ${traces.files} > /tmp/files-before`);
        await router.ok('opkg install ntmobile', 300);
        await router.ok('uci export ntmobile > /tmp/ntmobile-before');
        await router.ok(`[ "$(uci get network.ntm.proto)" = ntmobile ]
          [ "$(uci show firewall | grep -c "name='ntm'")" = 1 ]
          [ ! -e /etc/uci-defaults/90_ntmobile ] && [ -x /etc/rc.d/S90ntmobile ]`);
        const { code } = await router.run('opkg status luci-base | grep -q "Status: .* installed"');
        if (code === 0) await router.ok('opkg install luci-app-ntmobile luci-proto-ntmobile', 120);
        expect(
          await router.ok('ntmobiled --version; ntmobile --version'),
          /ntmobiled \d.*\n.*\d/,
          'versions',
        );
      }),
  },
  {
    name: 'an invite makes each router a node; the service runs and is on ubus',
    run: (world) =>
      each(world, async (router, name) => {
        const { invite } = await world.invite(name);
        const said = await router.ok(`ntmobile join '${invite}'`, 120);
        for (const act of acts(name)) expect(said, act, 'what join says');
        await router.ok('/etc/init.d/ntmobile restart; /etc/init.d/network restart', 120);
        await router.until(settled, 120);
        await router.ok('/etc/init.d/ntmobile running');
        expect(await router.ok('ubus -v list ntmobile'), /"status":/, 'methods on ubus');
        const status = JSON.parse(await router.ok('ubus call ntmobile status'));
        expect(String(status.node?.name), new RegExp(`^${name}$`), 'name of the node');
        expect(
          await router.ok('cat /etc/config/ntmobile'),
          /ds_key/,
          'key of the Direction Server',
        );
      }),
  },
  {
    name: 'the log of the daemon has its own name',
    run: (world) =>
      each(world, async (router) => {
        await router.needs('[ -e /dev/log ] && logread >/dev/null', 'there is no logd here');
        await router.until('logread | grep -q "ntmobiled\\[[0-9]*\\]: "');
      }),
  },
  {
    name: 'netifd has the interface with its addresses',
    run: (world) =>
      each(world, async (router) => {
        await router.until(`ifstatus ntm | jsonfilter -e '@.up' | grep -q true`);
        const status = JSON.parse(await router.ok('ifstatus ntm'));
        expect(JSON.stringify(status['ipv4-address']), /198\.1[89]\./, 'virtual IPv4');
        expect(JSON.stringify(status['ipv6-address']), /fd/, 'virtual IPv6');
      }),
  },
  {
    name: 'the firewall opens the port, knows the zone, and masquerades the own port of others',
    run: (world) =>
      each(world, async (router) => {
        // procd tells the firewall a second after the service has started.
        const port = (await router.ok('cat /etc/ntmobile/port')).trim();
        await router.until(`nft list table inet fw4 | grep -q "udp dport ${port} .*ubus:ntmobile"`);
        const rules = await router.ok('nft list table inet fw4');
        const opened = new RegExp(`udp dport ${port} .*accept.*ubus:ntmobile`);
        expect(rules, opened, 'the open port');
        expect(rules, /iifname \{?.*"ntm.*jump input_ntm/, 'the zone');
        expect(rules, /oifname .*"ntm.*maxseg size set rt mtu/, 'the MSS clamp');
        expect(rules, /chain forward_lan \{[^}]*accept_to_ntm/, 'LAN to ntm');
        const own = await router.ok('nft list table inet ntmobile');
        const others = new RegExp(`udp sport ${port} .*masquerade to :40960-49151`);
        expect(own, others, 'the own port of hosts behind');
      }),
  },
  {
    name: 'dnsmasq hands the zone to the daemon',
    run: (world) =>
      each(world, async (router) => {
        await router.needs('[ -x /etc/init.d/dnsmasq ]', 'there is no dnsmasq here');
        await router.until(`grep -q "server=/${zone}/" /tmp/dnsmasq*.d/ntmobile.conf`);
        await router.until(`nslookup b.${zone} 127.0.0.1 | grep -q "198.1[89]\\."`);
      }),
  },
  { name: 'two routers behind two NATs talk by name', run: peerPing },
  {
    name: 'a host on the LAN reaches the other router',
    run: async (world) => {
      const status = JSON.parse(await world.b.ok('ubus call ntmobile status'));
      await world.lanPing(status.node.virtualIpv4);
    },
  },
  {
    name: 'a changed log level costs no restart, a changed option does one',
    run: async ({ a }) => {
      const before = await a.ok(processId);
      await a.ok(
        `uci set ntmobile.main.log_level=debug; uci commit ntmobile; ${configChanged}; sleep 5`,
      );
      expect(
        await a.ok(processId),
        new RegExp(`^${before}$`),
        'another process after the log level',
      );
      await a.ok(`uci set ntmobile.node.idle=700; uci commit ntmobile; ${configChanged}`);
      await a.until(`now=$(${processId}) && [ -n "$now" ] && [ "$now" != ${before} ]`);
      await a.until(settled, 120);
    },
  },
  {
    name: 'network restart and firewall reload keep the daemon and its paths',
    run: async (world) => {
      const { a } = world;
      const before = await a.ok(processId);
      await a.ok('/etc/init.d/network restart; sleep 3; /etc/init.d/firewall reload; sleep 3', 120);
      await a.until(`ifstatus ntm | jsonfilter -e '@.up' | grep -q true`);
      await peerPing(world);
      expect(await a.ok(processId), new RegExp(`^${before}$`), 'another process');
      await a.ok('nft list table inet ntmobile >/dev/null');
    },
  },
  {
    name: 'ifdown and ifup of the interface take addresses away and bring them back',
    run: async (world) => {
      const { a } = world;
      await a.ok('ifdown ntm');
      await a.until('! ip address show ntm0 | grep -q "inet 198"');
      await a.ok('ifup ntm');
      await a.until('ip address show ntm0 | grep -q "inet 198"');
      await peerPing(world);
    },
  },
  {
    name: 'a second WAN takes over and gives back, and ubus tells of both moves',
    run: async (world) => {
      const { a } = world;
      const { wanAddress, gateway } = secondUplink;
      await a.ok(`uci -q batch <<X
set network.wan.metric=10
set network.wanb=interface
set network.wanb.proto=static
set network.wanb.device=eth2
set network.wanb.ipaddr=${wanAddress}
set network.wanb.netmask=255.255.255.0
set network.wanb.gateway=${gateway}
set network.wanb.metric=20
add_list firewall.@zone[1].network=wanb
commit
X
        /etc/init.d/network reload; /etc/init.d/firewall reload`);
      await a.until(`ping -c 1 -w 5 -I eth2 ${gateway}`);
      await peerPing(world);
      const before = await a.ok(processId);
      await a.ok(`ubus listen 'ntmobile.*' > /tmp/heard 2>&1 &
        ubus subscribe ntmobile > /tmp/notified 2>&1 &
        ping b.${zone} > /tmp/pinged 2>&1 &
        sleep 1`);
      for (const [act, moves] of [
        ['ifdown wan', 1],
        ['ifup wan', 2],
      ] as const) {
        await a.ok(act);
        await a.until(`[ "$(grep -c '"ntmobile.handover"' /tmp/heard)" -ge ${moves} ]`);
        await peerPing(world);
      }
      await a.ok('killall ping ubus');
      expect(await a.ok('cat /tmp/notified'), /"handover"|"ntmobile\.handover"/, 'notifications');
      expect(await a.ok(processId), new RegExp(`^${before}$`), 'another process');
    },
  },
  {
    name: 'paths stay alive when marks as of mwan3 lead everything out by the second WAN and the first one dies',
    run: async (world) => {
      const { a } = world;
      await a.ok(`ip route add default via ${secondUplink.gateway} dev eth2 table 2
        ip rule add pref 2002 fwmark 0x200/0x3f00 lookup 2
        nft -f - <<X
table inet marks {
  chain output {
    type route hook output priority mangle;
    meta mark & 0x3f00 == 0 meta mark set meta mark & 0xffffc0ff | 0x200
  }
}
X`);
      await peerPing(world);
      await world.cutFirstUplink(true);
      await peerPing(world);
      await world.cutFirstUplink(false);
      await a.ok('nft delete table inet marks; ip rule del pref 2002; ip route flush table 2');
      await peerPing(world);
      await a.ok(`uci -q batch <<X
delete network.wanb
delete network.wan.metric
del_list firewall.@zone[1].network=wanb
commit
X
        /etc/init.d/network reload; /etc/init.d/firewall reload`);
      await a.until('! ip address show eth2 | grep -q "inet 192"');
      await peerPing(world);
    },
  },
  {
    name: 'LuCI serves the pages',
    run: (world) =>
      each(world, async (router) => {
        const missing = 'LuCI is not installed here';
        await router.needs(
          '[ -x /etc/init.d/uhttpd ] && opkg status luci-app-ntmobile | grep -q " installed"',
          missing,
        );
        const session = JSON.parse(await router.ok(`ubus call session login '${loginRoot}'`));
        const id = String(session.ubus_rpc_session);
        // As LuCI's own login does: a session without it is none for the pages.
        const values = { ubus_rpc_session: id, values: { token: id } };
        await router.ok(`ubus call session set '${JSON.stringify(values)}'`);
        const page = await router.ok(
          `wget -qO- --header 'Cookie: sysauth_http=${id}' ${web}/cgi-bin/luci/admin/services/ntmobile/overview`,
        );
        expect(page, /view\.ntmobile\.overview|ntmobile\/overview/, 'the overview page');
        await router.ok(
          `wget -qO- ${web}/luci-static/resources/view/ntmobile/overview.js >/dev/null`,
        );
        const call = {
          jsonrpc: '2.0',
          id: 1,
          method: 'call',
          params: [id, 'ntmobile', 'status', {}],
        };
        expect(
          await router.ok(`wget -qO- --post-data '${JSON.stringify(call)}' ${web}/ubus`),
          /"result":\[0,\{.*"state":"registered"/,
          'the status by way of the browser',
        );
      }),
  },
  {
    name: 'an upgrade keeps configuration, keys and the owner’s changes',
    run: (world) =>
      each(world, async (router, name) => {
        await router.ok('uci set firewall.ntm.input=ACCEPT; uci commit firewall');
        const key = await router.ok('sha256sum /etc/ntmobile/node.key; uci export ntmobile');
        await router.ok('opkg install /tmp/feed/new/ntmobile_*.ipk', 300);
        expect(await router.ok('opkg list-installed ntmobile'), /-r99$/m, 'the new version');
        const same = await router.ok('sha256sum /etc/ntmobile/node.key; uci export ntmobile');
        if (same !== key) throw new CheckFailed(`${name}: the configuration is another:\n${same}`);
        await router.ok('[ "$(uci get firewall.ntm.input)" = ACCEPT ]');
        await router.until(settled, 120);
      }),
  },
  {
    name: 'leaving takes back all that installing and joining wrote, and stops the service',
    run: async ({ a }) => {
      await a.ok('uci delete ntmobile.main.log_level; uci delete ntmobile.node.idle; uci commit');
      expect(await a.ok('ntmobile leave', 120), /Removed the interface/, 'what leave says');
      const left = await a.ok(`${traces.uci} > /tmp/uci-after
        ${differing('uci')}
        uci export ntmobile | cmp -s - /tmp/ntmobile-before || uci export ntmobile`);
      if (left !== '') throw new CheckFailed(`left over or lost:\n${left}`);
      await a.ok('! /etc/init.d/ntmobile running && ! /etc/init.d/ntmobile enabled');
      await a.until('! ip link show ntm0 2>/dev/null');
    },
  },
  {
    name: 'removal leaves nothing but the owner’s configuration and keys',
    run: (world) =>
      each(world, async (router) => {
        await router.run('opkg remove luci-app-ntmobile luci-proto-ntmobile');
        await router.ok('opkg remove ntmobile', 120);
        await router.ok('[ -e /etc/config/ntmobile ] && [ -e /etc/ntmobile/node.key ]');
        await router.until(
          '! ubus list ntmobile >/dev/null 2>&1 && ! ip link show ntm0 2>/dev/null',
        );
        // fw4 leaves empty chains of a zone behind that is gone, until the next start.
        await router.until('! nft list ruleset | grep -v "^[[:space:]]*chain " | grep ntm');
        const left =
          await router.ok(`${traces.uci} > /tmp/uci-after; ${traces.files} > /tmp/files-after
          ${differing('uci')}; ${differing('files')}
          ls -d /tmp/dnsmasq*.d/ntmobile.conf /usr/share/ntmobile /usr/libexec/ntmobile /var/run/ntmobile 2>/dev/null; :`);
        if (left !== '') throw new CheckFailed(`left behind or lost:\n${left}`);
      }),
  },
];

/** The address plan has to be set before anything else can be seen. */
export async function setAddresses(router: Router, name: 'a' | 'b'): Promise<void> {
  const { wanAddress, gateway, lanAddress } = plans[name];
  await router.ok(
    `uci -q batch <<X
delete network.wan
delete network.wan6
set network.wan=interface
set network.wan.proto=static
set network.wan.device=eth1
set network.wan.ipaddr=${wanAddress}
set network.wan.netmask=255.255.255.0
set network.wan.gateway=${gateway}
set network.lan.ipaddr=${lanAddress}
set network.lan.netmask=255.255.255.0
commit network
X
/etc/init.d/network restart`,
    180,
  );
  await router.until(`ping -c 1 -w 5 ${gateway}`, 120);
}
