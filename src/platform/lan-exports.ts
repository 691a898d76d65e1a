/**
 * What peers may reach behind this node, as a table of nftables that is ours alone: ports of the virtual IP
 * lead to hosts on the LAN, exported prefixes are let through, or mapped from others one for one, and nothing
 * else is forwarded from the virtual interface. The hosts see the router's own address, unless they are to see the peer's, so that
 * they need no route and no gateway to answer by. The connection tracking of the kernel knows virtual
 * addresses only: a move changes nothing here.
 */
import { type Ip, isIpv6, type Prefix, prefixIp } from '../base/ip.ts';
import type { Log } from './log.ts';
import { run } from './tjs/process.ts';
import { type ExportSettings, familyOf } from './uci/lan-settings.ts';

export const exportTableName = 'ntmobile_export';

export interface ExportOptions {
  readonly device: string;
  readonly exports: readonly ExportSettings[];
  /** Forward nothing else from the device: not where it is the way to an exit, or the owner has rules. */
  readonly closed: boolean;
}

/** The commands for `nft` that replace whatever table of ours there is; deterministic. */
export function exportRules(options: ExportOptions, addresses: readonly Prefix[]): string {
  const { device, exports, closed } = options;
  const from = `iifname "${device}"`;
  const virtualIp = (family: 4 | 6): Ip | undefined =>
    addresses.map(prefixIp).find((ip) => isIpv6(ip) === (family === 6));
  const forward = [`${from} ct state established,related accept`, `${from} ct status dnat accept`];
  const prerouting: string[] = [];
  const postrouting: string[] = [];
  for (const each of exports) {
    const family = familyOf(each);
    const ip = family === 6 ? 'ip6' : 'ip';
    if (each.prefix !== undefined && each.seen_as !== undefined) {
      prerouting.push(`${from} ${ip} daddr ${each.seen_as} dnat ${ip} prefix to ${each.prefix}`);
      if (!each.keep_source) {
        postrouting.push(`${from} ${ip} daddr ${each.prefix} ct status dnat masquerade`);
      }
      continue;
    }
    if (each.prefix !== undefined) {
      forward.push(`${from} ${ip} daddr ${each.prefix} accept`);
      if (!each.keep_source) postrouting.push(`${from} ${ip} daddr ${each.prefix} masquerade`);
      continue;
    }
    const own = virtualIp(family);
    if (own === undefined) continue;
    for (const ports of portMatches(each)) {
      const match = `${from} ${ip} daddr ${own}${ports}`;
      prerouting.push(`${match} dnat ${ip} to ${target(each)}`);
    }
    if (!each.keep_source) {
      postrouting.push(`${from} ${ip} daddr ${each.host} ct status dnat masquerade`);
    }
  }
  if (closed) forward.push(`${from} drop`);
  return [
    `table inet ${exportTableName} {}`,
    `delete table inet ${exportTableName}`,
    `table inet ${exportTableName} {`,
    chain('prerouting', 'nat hook prerouting priority dstnat - 1', prerouting),
    chain('postrouting', 'nat hook postrouting priority srcnat - 1', postrouting),
    chain('forward', 'filter hook forward priority filter - 1', forward),
    '}',
  ].join('\n');
}

function chain(name: string, type: string, rules: readonly string[]): string {
  return [`chain ${name} { type ${type}; policy accept;`, ...rules, '}'].join('\n');
}

function portMatches({ proto, port }: ExportSettings): string[] {
  if (port === undefined)
    return proto.length === 0 ? [''] : proto.map((each) => ` meta l4proto ${each}`);
  return (proto.length === 0 ? (['tcp', 'udp'] as const) : proto).map(
    (each) => ` ${each} dport ${port}`,
  );
}

function target({ host, port, host_port: hostPort }: ExportSettings): string {
  if (port === undefined) return String(host);
  const ip = isIpv6(host as Ip) ? `[${host}]` : host;
  return `${ip}:${hostPort ?? port}`;
}

export class LanExports {
  #options: ExportOptions;
  #addresses: readonly Prefix[] = [];
  readonly #log: Log;
  #current = '';
  #done: Promise<void> = Promise.resolve();

  constructor(options: ExportOptions, log: Log) {
    this.#options = options;
    this.#log = log;
  }

  /** The virtual interface has these addresses now. */
  apply(addresses: readonly Prefix[]): void {
    this.#addresses = addresses;
    if (this.#options.exports.length === 0) return;
    const text = exportRules(this.#options, addresses);
    if (text === this.#current) return;
    this.#current = text;
    this.#done = this.#done.then(() => this.#run(text, 'The exports are not in force'));
  }

  /** Other exports from now on. */
  replace(exports: readonly ExportSettings[]): void {
    this.#options = { ...this.#options, exports };
    if (exports.length === 0) void this.remove();
    else if (this.#addresses.length > 0) this.apply(this.#addresses);
  }

  /** Takes the table back. */
  remove(): Promise<void> {
    if (this.#current === '') return this.#done;
    this.#current = '';
    const text = `delete table inet ${exportTableName}`;
    this.#done = this.#done.then(() => this.#run(text, 'The exports could not be taken back'));
    return this.#done;
  }

  async #run(text: string, failure: string): Promise<void> {
    try {
      const { code, err } = await run(['nft', text]);
      if (code !== 0) this.#log.error(`${failure}: ${err.trim()}`);
    } catch {
      this.#log.error(`${failure}: "nft" cannot be run. Install nftables.`);
    }
  }
}
