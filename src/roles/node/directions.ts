/**
 * Asking the Direction Server for paths (paper section 3.3): one request a target at a time, refusals
 * remembered for a moment, and those who wait for the outcome told.
 */
import { backoffMs } from '../../base/backoff.ts';
import { BoundedMap } from '../../base/bounded-map.ts';
import type { Ip } from '../../base/ip.ts';
import type { RoleContext } from '../../protocol/context.ts';
import { limits } from '../../protocol/limits.ts';
import type { SealedMessage } from '../../protocol/sealed-message.ts';
import type { Association } from '../../protocol/session.ts';
import type { Sessions } from '../../protocol/sessions.ts';
import type { NodeId, PathId } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';
import { type RefusalName, refusalName } from '../../wire/refusals.ts';

export type Target =
  /** The name says which zone to ask when the DS has restarted and no longer knows the path. */
  | { readonly by: 'node-id'; readonly nodeId: NodeId; readonly name: string }
  | { readonly by: 'name'; readonly name: string }
  | { readonly by: 'virtual-ip'; readonly ip: Ip }
  | { readonly by: 'exit' };

interface Asked {
  transaction: number;
  at: number;
  failures: number;
  inFlight: boolean;
  /** The other zone that a lost path led to. */
  zone: string | undefined;
}

/** A path that no longer works, or never did. */
export interface LostPath {
  readonly pathId: PathId;
  /** Of its peer, unless it is the own one. */
  readonly zone: string | undefined;
}

export type DirectionOutcome =
  | { readonly ok: true; readonly key: string; readonly values: Values<'directionResponse'> }
  | {
      readonly ok: false;
      readonly key: string;
      readonly error: string;
      readonly reason: RefusalName | undefined;
    };

export function targetKey(target: Target): string {
  switch (target.by) {
    case 'node-id':
      return `id ${target.nodeId}`;
    case 'name':
      return `name ${target.name}`;
    case 'virtual-ip':
      return `ip ${target.ip}`;
    case 'exit':
      return 'exit';
  }
}

export class Directions {
  readonly #context: RoleContext;
  readonly #sessions: Sessions;
  readonly #association: Association;
  readonly #askedByKey = new BoundedMap<string, Asked>(1024);
  #inFlight = 0;
  readonly #repairsByZone = new Map<string, number>();

  constructor(context: RoleContext, sessions: Sessions, association: Association) {
    this.#context = context;
    this.#sessions = sessions;
    this.#association = association;
  }

  /** Asks unless the same was asked a moment ago; `now` overrides that, for a person who waits. */
  ask(target: Target, lost: LostPath | undefined, urgent = false): void {
    const key = targetKey(target);
    const asked = this.#askedByKey.get(key) ?? {
      transaction: 0,
      at: Number.NEGATIVE_INFINITY,
      failures: 0,
      inFlight: false,
      zone: undefined,
    };
    const { random } = this.#context.environment;
    const pause = backoffMs(limits.directionRetry, asked.failures, random);
    if (asked.inFlight || (!urgent && this.#context.now - asked.at < pause)) return;
    if (this.#inFlight >= limits.maxDirectionsInFlight) return;
    const zone = lost?.zone;
    if (zone !== undefined && this.#repairs(zone) >= limits.maxRepairsOfZone) return;
    asked.at = this.#context.now;
    asked.zone = zone;
    this.#count(asked, 1);
    asked.transaction = this.#sessions.request(this.#association, 'directionRequest', {
      target: target.by,
      peerId: target.by === 'node-id' ? target.nodeId : undefined,
      peerName: target.by === 'name' || target.by === 'node-id' ? target.name : '',
      peerIp: target.by === 'virtual-ip' ? target.ip : undefined,
      lostPath: lost?.pathId,
    });
    const evicted = this.#askedByKey.setEvicting(key, asked);
    if (evicted?.[1].inFlight) this.#count(evicted[1], -1);
  }

  #repairs(zone: string): number {
    return this.#repairsByZone.get(zone) ?? 0;
  }

  #count(asked: Asked, by: 1 | -1): void {
    const { zone } = asked;
    asked.inFlight = by > 0;
    this.#inFlight += by;
    if (zone === undefined) return;
    const repairs = this.#repairs(zone) + by;
    if (repairs > 0) this.#repairsByZone.set(zone, repairs);
    else this.#repairsByZone.delete(zone);
  }

  /** The end of a Direction Request: answered, refused or, with no message, given up. */
  ended(request: SealedMessage, message: SealedMessage | undefined): DirectionOutcome | undefined {
    for (const [key, asked] of this.#askedByKey) {
      if (!asked.inFlight || asked.transaction !== request.transaction) continue;
      this.#count(asked, -1);
      if (message?.name === 'directionResponse') {
        asked.failures = 0;
        return { ok: true, key, values: message.values };
      }
      asked.failures += 1;
      const refused = message?.name === 'refusal' ? message.values : undefined;
      const error = refused?.text ?? 'The Direction Server does not answer.';
      return { ok: false, key, error, reason: refused && refusalName(refused.code) };
    }
    return undefined;
  }
}
