/**
 * Local IPv4 addresses for peers of other zones whose own are not unique here (protocol.md 11.12): another pool
 * overlaps ours or another peer's, or is not routed to us yet. They come from a range that no zone we know
 * uses, and stay the same for a peer over restarts.
 */
import { type Ip, type Prefix, prefix, prefixContains, prefixesOverlap } from '../../base/ip.ts';
import type { RoleContext } from '../../protocol/context.ts';
import { poolAddress, poolIndex, poolSize } from '../../protocol/virtual-ip.ts';
import type { NodeId } from '../../wire/ids.ts';
import type { Target } from './directions.ts';
import type { NodeRole } from './node-role.ts';

const stored = 'node/aliases';
/** Ranges are tried from the end of the virtual IPs, where few zones begin. */
const ranges: readonly Prefix[] = Array.from({ length: 128 }, (_, index) =>
  prefix(`198.${19 - (index >>> 6)}.${252 - (index % 64) * 4}.0` as Ip, 22),
);

export class Aliases {
  readonly #context: RoleContext;
  readonly #node: NodeRole;
  readonly #peerById = new Map<NodeId, { readonly ip: Ip; readonly name: string }>();
  #range: Prefix | undefined;

  constructor(context: RoleContext, node: NodeRole) {
    this.#context = context;
    this.#node = node;
    for (const [name, value] of context.environment.stored) {
      if (name !== stored) continue;
      this.#range = ranges.find((each) => each === value['range']);
      const rows = Object.entries((value['peers'] ?? {}) as Record<string, string>);
      for (const [nodeId, text] of rows) {
        const [ip = '', peerName = ''] = text.split(' ');
        this.#peerById.set(nodeId as NodeId, { ip: ip as Ip, name: peerName });
      }
    }
  }

  /** To be routed to the virtual interface, once there is an alias. */
  get range(): Prefix | undefined {
    return this.#peerById.size > 0 ? this.#range : undefined;
  }

  /** Whom a virtual IP stands for: an alias is known to nobody else. */
  targetOf(ip: Ip): Target {
    for (const [nodeId, peer] of this.#peerById) {
      if (peer.ip === ip) return { by: 'node-id', nodeId, name: peer.name };
    }
    return { by: 'virtual-ip', ip };
  }

  /** Whose alias this is, also while no path leads there. */
  nameOf(ip: Ip): string | undefined {
    for (const peer of this.#peerById.values()) if (peer.ip === ip) return peer.name;
    return undefined;
  }

  /** The address by which a peer is known here: its own where that is unique. */
  localIpv4(nodeId: NodeId, name: string, ipv4: Ip | undefined): Ip | undefined {
    if (ipv4 === undefined) return undefined;
    const { registered, pools, ownIps, tunnels } = this.#node;
    if (!registered || name.endsWith(`.${registered.zone}`)) return ipv4;
    const known = this.#peerById.get(nodeId);
    if (known && this.#range && this.#isFree(this.#range)) return known.ip;
    const [ownPool] = registered.pools;
    const isOurs = ownIps.includes(ipv4) || (ownPool && prefixContains(ownPool, ipv4));
    const isRouted = pools.some((pool) => prefixContains(pool, ipv4));
    const isTaken = [...tunnels.values()].some(
      ({ peer, plan }) => plan.kind === 'node' && peer.ipv4 === ipv4 && peer.nodeId !== nodeId,
    );
    return isRouted && !isOurs && !isTaken ? ipv4 : this.#allot(nodeId, name);
  }

  #isFree(range: Prefix): boolean {
    return !this.#node.pools.some((pool) => prefixesOverlap(pool, range));
  }

  #allot(nodeId: NodeId, name: string): Ip | undefined {
    if (!this.#range || !this.#isFree(this.#range)) {
      this.#range = ranges.find((each) => this.#isFree(each));
      this.#peerById.clear();
    }
    const range = this.#range;
    if (!range) return undefined;
    const taken = new Set([...this.#peerById.values()].map(({ ip }) => poolIndex(range, ip)));
    let index = 1;
    while (taken.has(index)) index += 1;
    if (index > poolSize(range)) return undefined;
    const ip = poolAddress(range, index);
    this.#peerById.set(nodeId, { ip, name });
    const rows = [...this.#peerById].map(([id, peer]) => [id, `${peer.ip} ${peer.name}`]);
    this.#context.store(stored, { range, peers: Object.fromEntries(rows) });
    this.#node.interfaceChanged();
    this.#node.names.changed();
    return ip;
  }
}
