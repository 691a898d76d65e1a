/**
 * Where each node was last heard and in which session, kept on disk a few seconds late: enough for a
 * Direction Server that has restarted to tell a node that somebody asks for that its session is gone, so
 * that it comes back at once and not with its next keepalive (protocol.md 4). A guess and nothing else:
 * what it causes is one hint.
 */
import { type Endpoint, parseEndpoint } from '../../base/ip.ts';
import type { RoleContext } from '../../protocol/context.ts';
import type { HintSender } from '../../protocol/hint-sender.ts';
import { limits } from '../../protocol/limits.ts';
import type { JsonObject } from '../../protocol/machine.ts';
import type { NodeId, SessionId } from '../../wire/ids.ts';

interface Seen {
  readonly endpoint: Endpoint;
  readonly sessionId: SessionId;
}

const table = 'last-seen/';

export class LastSeen {
  readonly #context: RoleContext;
  readonly #hints: HintSender;
  /** Of runs before this one. */
  readonly #before = new Map<NodeId, Seen>();
  readonly #changed = new Map<NodeId, Seen>();
  readonly #written = new Map<NodeId, Seen>();
  #flushAt: number | undefined;

  constructor(context: RoleContext, hints: HintSender) {
    this.#context = context;
    this.#hints = hints;
    for (const [name, value] of context.environment.stored) {
      if (name.startsWith(table)) this.#restore(name.slice(table.length) as NodeId, value);
    }
  }

  #restore(nodeId: NodeId, value: JsonObject): void {
    const endpoint = parseEndpoint(String(value['endpoint'] ?? ''));
    const sessionId = String(value['session'] ?? '');
    if (!endpoint || !/^[0-9a-f]{16}$/.test(sessionId)) return;
    this.#before.set(nodeId, { endpoint, sessionId: sessionId as SessionId });
  }

  /** A node was heard in this session; written down with others that changed in these seconds. */
  note(nodeId: NodeId, endpoint: Endpoint, sessionId: SessionId): void {
    this.#before.delete(nodeId);
    const seen = this.#changed.get(nodeId) ?? this.#written.get(nodeId);
    if (seen?.endpoint === endpoint && seen.sessionId === sessionId) return;
    this.#changed.set(nodeId, { endpoint, sessionId });
    this.#flushAt ??= this.#context.now + limits.lastSeenMs;
  }

  forget(nodeId: NodeId): void {
    this.#before.delete(nodeId);
    this.#changed.delete(nodeId);
    this.#written.delete(nodeId);
    this.#context.store(table + nodeId, undefined);
  }

  /** Somebody asks for a node that has not come back since this run began. */
  wake(nodeId: NodeId): void {
    const seen = this.#before.get(nodeId);
    if (seen) this.#hints.send('unknown-session', seen.sessionId, seen.endpoint, undefined);
  }

  get flushAt(): number | undefined {
    return this.#flushAt;
  }

  flush(): void {
    this.#flushAt = undefined;
    for (const [nodeId, seen] of this.#changed) {
      this.#written.set(nodeId, seen);
      const { endpoint, sessionId } = seen;
      this.#context.store(table + nodeId, { endpoint, session: sessionId });
    }
    this.#changed.clear();
  }
}
