/**
 * The directory of a Direction Server (paper sections 2 and 4.2): enrolled nodes and Relay Servers with name,
 * key and virtual addresses, and invites. What is enrolled is stored before it is answered; where nodes are
 * is not kept here.
 */
import { fromHex, toHex, utf8 } from '../../base/bytes.ts';
import { type Ip, type Prefix, parseIp } from '../../base/ip.ts';
import type { Suite } from '../../noise/suite.ts';
import type { RoleContext } from '../../protocol/context.ts';
import { isName } from '../../protocol/invite.ts';
import { limits } from '../../protocol/limits.ts';
import type { JsonObject } from '../../protocol/machine.ts';
import { virtualIpv6 } from '../../protocol/virtual-ip.ts';
import type { NodeId } from '../../wire/ids.ts';
import type { RefusalName } from '../../wire/refusals.ts';
import { AddressPool } from './address-pool.ts';

export interface NodeRecord {
  readonly nodeId: NodeId;
  readonly publicKey: Uint8Array;
  readonly role: 'node' | 'relay';
  name: string;
  readonly ipv4: Ip | undefined;
  readonly ipv6: Ip | undefined;
}

export interface InviteRecord {
  readonly name: string;
  readonly relay: boolean;
  /** Unix seconds, for people and after a restart. */
  readonly expiresAt: number;
  /** On the machine's clock, for invites made in this run: the wall clock may jump. */
  readonly expiresAtMs: number | undefined;
  readonly tokenHash: string;
  spentBy: NodeId | undefined;
}

export class Directory {
  readonly #context: RoleContext;
  readonly #suite: Suite;
  readonly #prefix6: Prefix;
  readonly pool: AddressPool;
  readonly #recordById = new Map<NodeId, NodeRecord>();
  readonly #idByName = new Map<string, NodeId>();
  readonly #idByIp = new Map<Ip, NodeId>();
  readonly #inviteByHash = new Map<string, InviteRecord>();
  readonly #removed = new Set<NodeId>();

  constructor(context: RoleContext, pool: Prefix, prefix6: Prefix) {
    this.#context = context;
    this.#suite = context.environment.suite;
    this.#prefix6 = prefix6;
    this.pool = new AddressPool(pool);
    for (const [name, value] of context.environment.stored) this.#restore(name, value);
  }

  #restore(name: string, value: JsonObject): void {
    const [table, key] = name.split('/') as [string, string];
    if (table === 'nodes') this.#restoreNode(key as NodeId, value);
    else if (table === 'invites') this.#restoreInvite(key, value);
    else if (table === 'removed') this.#removed.add(key as NodeId);
    else if (name === 'pool/state') {
      this.pool.restoreHighWater(Number(value['highWater'] ?? 0));
      const released = value['released'];
      if (Array.isArray(released))
        for (const index of released) this.pool.restoreReleased(Number(index));
    }
  }

  #restoreNode(nodeId: NodeId, value: JsonObject): void {
    const publicKey = fromHex(String(value['publicKey'] ?? ''));
    const name = String(value['name'] ?? '');
    if (publicKey?.length !== 32 || !isName(name)) {
      this.#context.log('error', `The stored record of node ${nodeId} is damaged and left out.`);
      return;
    }
    const ipv4 = parseIp(String(value['ipv4'] ?? ''));
    const ipv6 = parseIp(String(value['ipv6'] ?? ''));
    if (ipv4 && !this.pool.restore(ipv4)) {
      this.#context.log(
        'warn',
        `The address ${ipv4} of ${name} is not in the pool of this server any more.`,
      );
    }
    const role = value['role'] === 'relay' ? 'relay' : 'node';
    this.#index({ nodeId, publicKey, role, name, ipv4, ipv6 });
  }

  #restoreInvite(tokenHash: string, value: JsonObject): void {
    const spentBy = value['spentBy'];
    this.#inviteByHash.set(tokenHash, {
      name: String(value['name'] ?? ''),
      relay: value['relay'] === true,
      expiresAt: Number(value['expiresAt'] ?? 0),
      expiresAtMs: undefined,
      tokenHash,
      spentBy: typeof spentBy === 'string' ? (spentBy as NodeId) : undefined,
    });
  }

  #index(record: NodeRecord): void {
    this.#recordById.set(record.nodeId, record);
    this.#idByName.set(record.name.toLowerCase(), record.nodeId);
    if (record.ipv4) this.#idByIp.set(record.ipv4, record.nodeId);
    if (record.ipv6) this.#idByIp.set(record.ipv6, record.nodeId);
  }

  get size(): number {
    return this.#recordById.size;
  }

  records(): IterableIterator<NodeRecord> {
    return this.#recordById.values();
  }

  get(nodeId: NodeId): NodeRecord | undefined {
    return this.#recordById.get(nodeId);
  }

  byName(name: string): NodeRecord | undefined {
    const nodeId = this.#idByName.get(name.toLowerCase());
    return nodeId && this.#recordById.get(nodeId);
  }

  byIp(ip: Ip): NodeRecord | undefined {
    const nodeId = this.#idByIp.get(ip);
    return nodeId && this.#recordById.get(nodeId);
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
    if (!isName(key)) return 'nameInvalid';
    if (this.#idByName.has(key)) return 'nameTaken';
    if (this.#recordById.size >= limits.maxNodes) return 'full';
    const ipv4 = role === 'node' ? this.pool.take() : undefined;
    if (role === 'node' && !ipv4) return 'poolExhausted';
    const ipv6 = role === 'node' ? virtualIpv6(this.#prefix6, this.#suite, publicKey) : undefined;
    const record: NodeRecord = { nodeId, publicKey, role, name: key, ipv4, ipv6 };
    this.#index(record);
    // First of all stores: after a power cut between them the invite is good for this key alone.
    if (invite) {
      invite.spentBy = nodeId;
      this.#storeInvite(invite);
    }
    if (this.#removed.delete(nodeId)) this.#context.store(`removed/${nodeId}`, undefined);
    this.#storePool();
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

  #storePool(): void {
    const released = this.pool.released;
    this.#context.store('pool/state', { highWater: this.pool.highWater, released });
  }

  rename(record: NodeRecord, name: string): RefusalName | undefined {
    const key = name.toLowerCase();
    if (!isName(key)) return 'nameInvalid';
    const owner = this.#idByName.get(key);
    if (owner && owner !== record.nodeId) return 'nameTaken';
    this.#idByName.delete(record.name);
    record.name = key;
    this.#idByName.set(key, record.nodeId);
    this.#storeNode(record);
    return undefined;
  }

  /** Forgets a node; its key is remembered as removed, so that it is told so. */
  remove(record: NodeRecord): void {
    this.#recordById.delete(record.nodeId);
    this.#idByName.delete(record.name);
    for (const ip of [record.ipv4, record.ipv6]) if (ip) this.#idByIp.delete(ip);
    if (record.ipv4) this.pool.release(record.ipv4);
    this.#removed.add(record.nodeId);
    this.#context.store(`nodes/${record.nodeId}`, undefined);
    this.#context.store(`removed/${record.nodeId}`, { name: record.name });
    this.#storePool();
    for (const invite of [...this.#inviteByHash.values()]) {
      if (invite.spentBy === record.nodeId) this.#forgetInvite(invite);
    }
  }

  /** Only the hash of a token is kept. */
  #hash(token: Uint8Array): string {
    return toHex(this.#suite.hash(utf8('NTMobile 1 invite'), token).subarray(0, 16));
  }

  invites(): readonly InviteRecord[] {
    return [...this.#inviteByHash.values()].filter(
      (invite) => !invite.spentBy && !this.#hasExpired(invite),
    );
  }

  addInvite(
    name: string,
    relay: boolean,
    expiresAt: number,
    lifeMs: number,
  ): Uint8Array | RefusalName {
    if (!isName(name)) return 'nameInvalid';
    if (this.#idByName.has(name.toLowerCase())) return 'nameTaken';
    if (this.#inviteByHash.size >= limits.maxInvites) this.#forgetExpired();
    if (this.#inviteByHash.size >= limits.maxInvites && !this.#forgetOldestSpent()) return 'full';
    for (const invite of this.invites()) if (invite.name === name) this.#forgetInvite(invite);
    const token = this.#context.environment.random.bytes(16);
    const tokenHash = this.#hash(token);
    const expiresAtMs = this.#context.now + lifeMs;
    const invite = { name, relay, expiresAt, expiresAtMs, tokenHash, spentBy: undefined };
    this.#inviteByHash.set(tokenHash, invite);
    this.#storeInvite(invite);
    return token;
  }

  #storeInvite(invite: InviteRecord): void {
    this.#context.store(`invites/${invite.tokenHash}`, {
      name: invite.name,
      relay: invite.relay,
      expiresAt: invite.expiresAt,
      spentBy: invite.spentBy ?? null,
    });
  }

  #forgetInvite(invite: InviteRecord): void {
    this.#inviteByHash.delete(invite.tokenHash);
    this.#context.store(`invites/${invite.tokenHash}`, undefined);
  }

  /** Expired invites are kept while there is room, to tell who brings one that it has expired. */
  #forgetExpired(): void {
    for (const invite of [...this.#inviteByHash.values()]) {
      if (this.#hasExpired(invite)) this.#forgetInvite(invite);
    }
  }

  /** A spent invite is kept only to tell others that it is spent: its node is enrolled by key. */
  #forgetOldestSpent(): boolean {
    for (const invite of this.#inviteByHash.values()) {
      if (!invite.spentBy) continue;
      this.#forgetInvite(invite);
      return true;
    }
    return false;
  }

  #hasExpired(invite: InviteRecord): boolean {
    if (invite.expiresAtMs !== undefined) return this.#context.now > invite.expiresAtMs;
    const unix = this.#context.unixSeconds;
    return unix !== undefined && unix > invite.expiresAt;
  }

  uninvite(name: string): boolean {
    const invite = this.invites().find((each) => each.name === name);
    if (!invite) return false;
    this.#forgetInvite(invite);
    return true;
  }

  /** Spends an invite: bound to the key that spent it, which gets the same answer again. */
  spend(
    token: Uint8Array,
    nodeId: NodeId,
    publicKey: Uint8Array,
    role: NodeRecord['role'],
    wantedName: string,
  ): NodeRecord | RefusalName {
    const invite = this.#inviteByHash.get(this.#hash(token));
    if (!invite) return 'inviteUnknown';
    if (invite.spentBy && invite.spentBy !== nodeId) return 'inviteSpent';
    if (this.#hasExpired(invite)) return 'inviteExpired';
    if (invite.relay !== (role === 'relay')) return 'inviteKind';
    return this.enrol(nodeId, publicKey, role, wantedName || invite.name, invite);
  }
}
