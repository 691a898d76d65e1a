/**
 * The invites of a Direction Server (protocol.md 2): made, revoked, spent by one key, expired. Of a token only
 * the hash is kept.
 */
import { toHex, utf8 } from '../../base/bytes.ts';
import type { RoleContext } from '../../protocol/context.ts';
import { limits } from '../../protocol/limits.ts';
import type { JsonObject } from '../../protocol/machine.ts';
import type { NodeId } from '../../wire/ids.ts';

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

export class InviteBook {
  readonly #context: RoleContext;
  readonly #byHash = new Map<string, InviteRecord>();

  constructor(context: RoleContext) {
    this.#context = context;
  }

  restore(tokenHash: string, value: JsonObject): void {
    const spentBy = value['spentBy'];
    this.#byHash.set(tokenHash, {
      name: String(value['name'] ?? ''),
      relay: value['relay'] === true,
      expiresAt: Number(value['expiresAt'] ?? 0),
      expiresAtMs: undefined,
      tokenHash,
      spentBy: typeof spentBy === 'string' ? (spentBy as NodeId) : undefined,
    });
  }

  /** Those that can still be spent. */
  open(): readonly InviteRecord[] {
    return [...this.#byHash.values()].filter(
      (invite) => !invite.spentBy && !this.hasExpired(invite),
    );
  }

  /** The invite of this token, in whatever state. */
  find(token: Uint8Array): InviteRecord | undefined {
    return this.#byHash.get(this.#hash(token));
  }

  #hash(token: Uint8Array): string {
    const { suite } = this.#context.environment;
    return toHex(suite.hash(utf8('NTMobile 1 invite'), token).subarray(0, 16));
  }

  /** The token of a new invite, which replaces an open one of the same name. */
  add(name: string, relay: boolean, expiresAt: number, lifeMs: number): Uint8Array | 'full' {
    if (this.#byHash.size >= limits.maxInvites) this.#forgetExpired();
    if (this.#byHash.size >= limits.maxInvites && !this.#forgetOldestSpent()) return 'full';
    for (const invite of this.open()) if (invite.name === name) this.#forget(invite);
    const token = this.#context.environment.random.bytes(16);
    const tokenHash = this.#hash(token);
    const expiresAtMs = this.#context.now + lifeMs;
    const invite = { name, relay, expiresAt, expiresAtMs, tokenHash, spentBy: undefined };
    this.#byHash.set(tokenHash, invite);
    this.#store(invite);
    return token;
  }

  spend(invite: InviteRecord, nodeId: NodeId): void {
    invite.spentBy = nodeId;
    this.#store(invite);
  }

  #store(invite: InviteRecord): void {
    this.#context.store(`invites/${invite.tokenHash}`, {
      name: invite.name,
      relay: invite.relay,
      expiresAt: invite.expiresAt,
      spentBy: invite.spentBy ?? null,
    });
  }

  #forget(invite: InviteRecord): void {
    this.#byHash.delete(invite.tokenHash);
    this.#context.store(`invites/${invite.tokenHash}`, undefined);
  }

  /** Expired invites are kept while there is room, to tell who brings one that it has expired. */
  #forgetExpired(): void {
    for (const invite of [...this.#byHash.values()]) {
      if (this.hasExpired(invite)) this.#forget(invite);
    }
  }

  /** A spent invite is kept only to tell others that it is spent: its node is enrolled by key. */
  #forgetOldestSpent(): boolean {
    for (const invite of this.#byHash.values()) {
      if (!invite.spentBy) continue;
      this.#forget(invite);
      return true;
    }
    return false;
  }

  hasExpired(invite: InviteRecord): boolean {
    if (invite.expiresAtMs !== undefined) return this.#context.now > invite.expiresAtMs;
    const unix = this.#context.unixSeconds;
    return unix !== undefined && unix > invite.expiresAt;
  }

  /** Whether there was an open one of this name. */
  revoke(name: string): boolean {
    const invite = this.open().find((each) => each.name === name);
    if (invite) this.#forget(invite);
    return invite !== undefined;
  }

  forgetSpentBy(nodeId: NodeId): void {
    for (const invite of [...this.#byHash.values()]) {
      if (invite.spentBy === nodeId) this.#forget(invite);
    }
  }
}
