/**
 * The directory of a Direction Server (paper sections 2 and 4.2): enrolled nodes and Relay Servers with name,
 * key and virtual addresses, and invites. What is enrolled is stored before it is answered; where nodes are
 * is not kept here.
 */
import { fromHex, toHex } from '../../base/bytes.ts';
import { type Ip, type Prefix, parseIp } from '../../base/ip.ts';
import type { RoleContext } from '../../protocol/context.ts';
import { isName } from '../../protocol/invite.ts';
import { limits } from '../../protocol/limits.ts';
import type { JsonObject } from '../../protocol/machine.ts';
import { poolAddress, virtualIpv6 } from '../../protocol/virtual-ip.ts';
import type { NodeId } from '../../wire/ids.ts';
import type { RefusalName } from '../../wire/refusals.ts';
import { AddressPool } from './address-pool.ts';
import { InviteBook, type InviteRecord } from './invite-book.ts';
import { KeyBlocks, type NodeRecord, StoredNode } from './node-record.ts';

export type { NodeRecord } from './node-record.ts';

export class Directory {
  readonly #context: RoleContext;
  readonly #prefix6: Prefix;
  readonly pool: AddressPool;
  /** Given up in an earlier run, while the operator's primary server was not told yet: see name-updates.ts. */
  readonly formerNames = new Set<string>();
  readonly #invites: InviteBook;
  readonly #keys = new KeyBlocks();
  /** Slots of keys whose node was removed, to be used again. */
  readonly #freeSlots: number[] = [];
  /** By name, so that a list of a large directory can be shown a page at a time. */
  readonly #ordered: StoredNode[] = [];
  readonly #byId = new Map<NodeId, StoredNode>();
  readonly #byName = new Map<string, StoredNode>();
  readonly #byIp = new Map<Ip, StoredNode>();
  readonly #removed = new Set<NodeId>();
  #relays = 0;
  #releases = 0;

  constructor(context: RoleContext, pool: Prefix, prefix6: Prefix) {
    this.#context = context;
    this.#prefix6 = prefix6;
    this.pool = new AddressPool(pool);
    this.#invites = new InviteBook(context);
    this.#restoreAll();
  }

  #restoreAll(): void {
    const released: { readonly ip: Ip; readonly order: number }[] = [];
    let poolState: JsonObject | undefined;
    let outside = 0;
    for (const [name, value] of this.#context.environment.stored) {
      const [table, key] = name.split('/') as [string, string];
      if (table === 'nodes') outside += this.#restoreNode(key as NodeId, value);
      else if (table === 'invites') this.#invites.restore(key, value);
      else if (table === 'removed') this.#removed.add(key as NodeId);
      else if (table === 'released') {
        const ip = parseIp(key);
        if (ip) released.push({ ip, order: Number(value['order'] ?? 0) });
      } else if (table === 'updates') this.formerNames.add(key);
      else if (name === 'pool/state') poolState = value;
    }
    this.#ordered.sort((left, right) => (left.name < right.name ? -1 : 1));
    released.sort((left, right) => left.order - right.order);
    for (const { ip, order } of released) {
      this.pool.restoreReleased(ip);
      this.#releases = Math.max(this.#releases, order);
    }
    if (poolState) this.#restorePoolState(poolState);
    if (outside > 0) {
      const what = outside === 1 ? '1 node has an address' : `${outside} nodes have addresses`;
      this.#context.log(
        'warn',
        `${what} outside the pool ${this.pool.pool} of this server and cannot be reached by IPv4. ` +
          'Set "option pool" so that it holds them, or remove them and let them join again.',
      );
    }
  }

  /** 1 for a node whose address is not in the pool. */
  #restoreNode(nodeId: NodeId, value: JsonObject): 0 | 1 {
    const publicKey = fromHex(String(value['publicKey'] ?? ''));
    const name = String(value['name'] ?? '');
    const ipv4 = parseIp(String(value['ipv4'] ?? ''));
    const ipv6 = parseIp(String(value['ipv6'] ?? ''));
    const role = value['role'] === 'relay' ? 'relay' : 'node';
    const given = ipv4 !== undefined && this.pool.restore(ipv4);
    if (publicKey?.length !== 32 || !isName(name) || this.#byName.has(name)) {
      this.#context.log('error', `The stored record of node ${nodeId} is damaged and left out.`);
      if (!given) this.pool.keepGaps();
      return 0;
    }
    this.#ordered.push(this.#index({ nodeId, publicKey, role, name, ipv4, ipv6 }));
    return ipv4 !== undefined && !given ? 1 : 0;
  }

  /** Of schema 0: indexes, which mean something only with the pool they were made for. */
  #restorePoolState(value: JsonObject): void {
    const released = value['released'];
    for (const index of Array.isArray(released) ? released : []) {
      if (!Number.isInteger(index)) continue;
      const ip = poolAddress(this.pool.pool, index as number);
      this.pool.restoreReleased(ip);
      this.#storeReleased(ip);
    }
    this.#context.store('pool/state', undefined);
  }

  #index(record: NodeRecord): StoredNode {
    const slot = this.#freeSlots.pop() ?? this.#byId.size;
    const node = new StoredNode(this.#keys, slot, record);
    this.#byId.set(node.nodeId, node);
    this.#byName.set(node.name, node);
    if (node.ipv4) this.#byIp.set(node.ipv4, node);
    if (node.ipv6) this.#byIp.set(node.ipv6, node);
    if (node.role === 'relay') this.#relays += 1;
    return node;
  }

  /** Nodes and Relay Servers. */
  get size(): number {
    return this.#byId.size;
  }

  get relays(): number {
    return this.#relays;
  }

  /** All, by name. */
  records(): readonly NodeRecord[] {
    return this.#ordered;
  }

  /** Where a name stands in the order, or would stand. */
  #placeOf(name: string): number {
    let low = 0;
    let high = this.#ordered.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ordered[middle] as StoredNode).name < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #putInOrder(node: StoredNode): void {
    this.#ordered.splice(this.#placeOf(node.name), 0, node);
  }

  #takeFromOrder(node: StoredNode): void {
    this.#ordered.splice(this.#placeOf(node.name), 1);
  }

  get(nodeId: NodeId): NodeRecord | undefined {
    return this.#byId.get(nodeId);
  }

  byName(name: string): NodeRecord | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  byIp(ip: Ip): NodeRecord | undefined {
    return this.#byIp.get(ip);
  }

  wasRemoved(nodeId: NodeId): boolean {
    return this.#removed.has(nodeId);
  }

  /** Enrols a key under a name that is free, with addresses; stored before this returns to the role. */
  enrol(
    nodeId: NodeId,
    publicKey: Uint8Array,
    role: NodeRecord['role'],
    name: string,
    invite?: InviteRecord,
  ): NodeRecord | RefusalName {
    const key = name.toLowerCase();
    const known = this.#byId.get(nodeId);
    if (known) return known.role === role ? known : 'notAllowed';
    if (!isName(key)) return 'nameInvalid';
    if (this.#byName.has(key)) return 'nameTaken';
    if (this.#byId.size >= limits.maxNodes) return 'full';
    const isNode = role === 'node';
    const { suite } = this.#context.environment;
    const ipv6 = isNode ? virtualIpv6(this.#prefix6, suite, publicKey) : undefined;
    if (ipv6 && this.#byIp.has(ipv6)) return 'full';
    const ipv4 = isNode ? this.pool.take() : undefined;
    if (isNode && !ipv4) return 'poolExhausted';
    const record = this.#index({ nodeId, publicKey, role, name: key, ipv4, ipv6 });
    this.#putInOrder(record);
    // First of all stores: after a power cut between them the invite is good for this key alone.
    if (invite) this.#invites.spend(invite, nodeId);
    if (this.#removed.delete(nodeId)) this.#context.store(`removed/${nodeId}`, undefined);
    if (ipv4) this.#context.store(`released/${ipv4}`, undefined);
    this.#storeNode(record);
    return record;
  }

  #storeNode(record: NodeRecord): void {
    this.#context.store(`nodes/${record.nodeId}`, {
      publicKey: toHex(record.publicKey),
      role: record.role,
      name: record.name,
      ipv4: record.ipv4 ?? null,
      ipv6: record.ipv6 ?? null,
    });
  }

  #storeReleased(ip: Ip): void {
    this.#releases += 1;
    this.#context.store(`released/${ip}`, { order: this.#releases });
  }

  rename(record: NodeRecord, name: string): RefusalName | undefined {
    const node = this.#byId.get(record.nodeId);
    const key = name.toLowerCase();
    if (!isName(key)) return 'nameInvalid';
    const owner = this.#byName.get(key);
    if (!node || (owner && owner !== node)) return 'nameTaken';
    this.#takeFromOrder(node);
    this.#byName.delete(node.name);
    node.name = key;
    this.#byName.set(key, node);
    this.#putInOrder(node);
    this.#storeNode(node);
    return undefined;
  }

  /** Forgets a node; its key is remembered as removed, so that it is told so. */
  remove(record: NodeRecord): void {
    const node = this.#byId.get(record.nodeId);
    if (!node) return;
    const { nodeId, ipv4 } = node;
    this.#byId.delete(nodeId);
    this.#byName.delete(node.name);
    for (const ip of [ipv4, node.ipv6]) if (ip) this.#byIp.delete(ip);
    this.#takeFromOrder(node);
    this.#freeSlots.push(node.slot);
    if (node.role === 'relay') this.#relays -= 1;
    if (ipv4 && this.pool.release(ipv4)) this.#storeReleased(ipv4);
    this.#context.store(`nodes/${nodeId}`, undefined);
    this.#rememberRemoved(nodeId, node.name);
    this.#invites.forgetSpentBy(nodeId);
  }

  #rememberRemoved(nodeId: NodeId, name: string): void {
    for (const oldest of this.#removed) {
      if (this.#removed.size < limits.maxNodes) break;
      this.#removed.delete(oldest);
      this.#context.store(`removed/${oldest}`, undefined);
    }
    this.#removed.add(nodeId);
    this.#context.store(`removed/${nodeId}`, { name });
  }

  invites(): readonly InviteRecord[] {
    return this.#invites.open();
  }

  addInvite(
    name: string,
    relay: boolean,
    expiresAt: number,
    lifeMs: number,
  ): Uint8Array | RefusalName {
    if (!isName(name)) return 'nameInvalid';
    if (this.#byName.has(name.toLowerCase())) return 'nameTaken';
    return this.#invites.add(name, relay, expiresAt, lifeMs);
  }

  uninvite(name: string): boolean {
    return this.#invites.revoke(name);
  }

  /** Spends an invite: bound to the key that spent it, which gets the same answer again. */
  spend(
    token: Uint8Array,
    nodeId: NodeId,
    publicKey: Uint8Array,
    role: NodeRecord['role'],
    wantedName: string,
  ): NodeRecord | RefusalName {
    const invite = this.#invites.find(token);
    if (!invite) return 'inviteUnknown';
    if (invite.spentBy && invite.spentBy !== nodeId) return 'inviteSpent';
    if (this.#invites.hasExpired(invite)) return 'inviteExpired';
    if (invite.relay !== (role === 'relay')) return 'inviteKind';
    return this.enrol(nodeId, publicKey, role, wantedName || invite.name, invite);
  }
}
