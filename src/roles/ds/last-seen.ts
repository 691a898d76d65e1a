/**
 * Where each node was last heard and in which session, kept beyond the life of the process: enough for a
 * Direction Server that has restarted to tell its nodes that their sessions are gone, so that they come back
 * at once and not with their next keepalive (protocol.md 4): first those that somebody asks for, the others
 * one after the other. A guess and nothing else: what it causes is a hint to each place.
 */
import { type Endpoint, parseEndpoint } from '../../base/ip.ts';
import type { RoleContext } from '../../protocol/context.ts';
import type { HintSender } from '../../protocol/hint-sender.ts';
import { limits } from '../../protocol/limits.ts';
import type { JsonObject } from '../../protocol/machine.ts';
import type { NodeId, SessionId } from '../../wire/ids.ts';

interface Seen {
  /** The newest first; the one before it too, since an observer may have been quicker with a copy. */
  readonly endpoints: readonly Endpoint[];
  readonly sessionId: SessionId;
}

/** Stored beside the directory, where it is lost with the power and costs no flash. */
export const lastSeenTable = 'last-seen/';

export class LastSeen {
  readonly #context: RoleContext;
  readonly #hints: HintSender;
  /** Of runs before this one: nodes that have not come back yet. */
  readonly #before = new Map<NodeId, Seen>();
  /** Those of them that were not told yet. */
  readonly #untold = new Set<NodeId>();
  readonly #changed = new Map<NodeId, Seen>();
  readonly #written = new Map<NodeId, Seen>();
  #flushAt: number | undefined;

  constructor(context: RoleContext, hints: HintSender) {
    this.#context = context;
    this.#hints = hints;
    for (const [name, value] of context.environment.stored) {
      if (name.startsWith(lastSeenTable))
        this.#restore(name.slice(lastSeenTable.length) as NodeId, value);
    }
  }

  #restore(nodeId: NodeId, value: JsonObject): void {
    const listed = Array.isArray(value['endpoints']) ? value['endpoints'].slice(0, 2) : [];
    const endpoints = listed.flatMap((each) => parseEndpoint(String(each)) ?? []);
    const sessionId = String(value['session'] ?? '');
    if (endpoints.length === 0 || !/^[0-9a-f]{16}$/.test(sessionId)) return;
    this.#before.set(nodeId, { endpoints, sessionId: sessionId as SessionId });
    this.#untold.add(nodeId);
  }

  /** A node was heard in this session; written down with others that changed in the same moment. */
  note(nodeId: NodeId, endpoint: Endpoint, sessionId: SessionId): void {
    this.#before.delete(nodeId);
    this.#untold.delete(nodeId);
    const seen = this.#changed.get(nodeId) ?? this.#written.get(nodeId);
    if (seen?.endpoints[0] === endpoint && seen.sessionId === sessionId) return;
    const older = seen?.endpoints.find((each) => each !== endpoint);
    const endpoints = older === undefined ? [endpoint] : [endpoint, older];
    this.#changed.set(nodeId, { endpoints, sessionId });
    this.#flushAt ??= this.#context.now + limits.lastSeenMs;
  }

  forget(nodeId: NodeId): void {
    this.#before.delete(nodeId);
    this.#untold.delete(nodeId);
    this.#changed.delete(nodeId);
    this.#written.delete(nodeId);
    this.#context.store(lastSeenTable + nodeId, undefined);
  }

  /** Somebody asks for a node that has not come back since this run began. */
  wake(nodeId: NodeId): void {
    this.#untold.delete(nodeId);
    const seen = this.#before.get(nodeId);
    for (const endpoint of seen?.endpoints ?? []) {
      this.#hints.send('unknown-session', seen?.sessionId as SessionId, endpoint, undefined);
    }
  }

  /** Tells the next node that was not told yet; false when there is none. */
  wakeNext(): boolean {
    for (const nodeId of this.#untold) {
      this.wake(nodeId);
      return true;
    }
    return false;
  }

  get flushAt(): number | undefined {
    return this.#flushAt;
  }

  flush(): void {
    this.#flushAt = undefined;
    for (const [nodeId, seen] of this.#changed) {
      this.#written.set(nodeId, seen);
      const { endpoints, sessionId } = seen;
      this.#context.store(lastSeenTable + nodeId, { endpoints, session: sessionId });
    }
    this.#changed.clear();
  }
}
