/**
 * What becomes of a node's paths: one that is up replaces others to the same peer, one that is lost is asked
 * for again, one that is idle is closed; and who waits for a path is told.
 */
import { equalBytes, toHex } from '../../base/bytes.ts';
import type { RoleContext } from '../../protocol/context.ts';
import { limits } from '../../protocol/limits.ts';
import type { JsonObject } from '../../protocol/machine.ts';
import type { Sessions } from '../../protocol/sessions.ts';
import type { Handover, Tunnel } from '../../protocol/tunnel/tunnel.ts';
import type { TunnelEvent } from '../../protocol/tunnel/tunnel-context.ts';
import type { Target } from './directions.ts';
import type { NodeControl } from './node-control.ts';
import type { NodeRole } from './node-role.ts';
import { handoverPath } from './path-view.ts';

const sameMomentMs = 3000;

export class PathLife {
  readonly #context: RoleContext;
  readonly #sessions: Sessions;
  readonly #node: NodeRole;
  readonly #control: NodeControl;

  constructor(context: RoleContext, sessions: Sessions, node: NodeRole, control: NodeControl) {
    this.#context = context;
    this.#sessions = sessions;
    this.#node = node;
    this.#control = control;
  }

  handle(event: TunnelEvent): void {
    const { tunnel } = event;
    switch (event.event) {
      case 'established':
        this.#established(tunnel);
        break;
      case 'lost':
        this.#lost(tunnel, event.why);
        break;
      case 'closed':
        this.#closed(tunnel, event.why);
        break;
      case 'idle':
        this.#closeIdle(tunnel);
        break;
      case 'remapped':
        this.#node.movement.remapped();
        break;
      case 'retired':
        this.#closeReplaced(tunnel);
        break;
      case 'answered':
        this.#control.answered(tunnel, event.roundTripMs);
        break;
      case 'route-changed':
        this.#routeChanged(tunnel, event.why);
        break;
      case 'handover':
        this.#handover(tunnel, event.handover);
        break;
    }
  }

  #routeChanged(tunnel: Tunnel, why: string): void {
    const { pathId, active } = tunnel;
    const { name } = tunnel.peer;
    this.#context.log('info', `Path to ${name} is now ${active}: ${why}.`);
    this.#context.event('path', { pathId, peer: name, route: active });
  }

  #established(tunnel: Tunnel): void {
    const { tunnels, waiters } = this.#node;
    const { lowerMs, higherMs } = limits.retired;
    for (const waiter of waiters.ofPath(tunnel.pathId)) this.#control.up(waiter, tunnel);
    for (const other of [...tunnels.values()]) {
      if (other === tunnel || !leadAlike(tunnel, other) || other.retired) continue;
      const prevailing = prevails(tunnel, other);
      if (other.established && !tunnel.retired) {
        const forMs = this.#node.nodeId < tunnel.peer.nodeId ? lowerMs : higherMs;
        if (prevailing) tunnels.retire(other, tunnel, forMs);
        else tunnels.retire(tunnel, other, forMs);
      } else if (!other.established && other.createdAt + sameMomentMs < tunnel.createdAt) {
        this.#closeReplaced(other);
      }
    }
  }

  /** A path is lost: the DS is asked, unless another one to the same peer works already. */
  #lost(tunnel: Tunnel, why: string): void {
    if (tunnel.retired) return;
    this.#context.log('info', `Path to ${tunnel.peer.name}: ${why}.`);
    const isReplaced = [...this.#node.tunnels.values()].some(
      (other) =>
        other !== tunnel &&
        leadAlike(tunnel, other) &&
        other.established &&
        !other.retired &&
        other.deadTries === 0,
    );
    if (isReplaced && !tunnel.established) this.#closeReplaced(tunnel);
    else this.#askAgain(tunnel);
  }

  #closeReplaced(tunnel: Tunnel): void {
    this.#node.tunnels.close(tunnel, 'replaced', 'another path to the same peer is up');
    this.#tellClosed(tunnel, 'replaced');
  }

  #tellClosed(tunnel: Tunnel, reason: 'idle' | 'replaced'): void {
    const { pathId, plan } = tunnel;
    const { nodeId, registration } = this.#node;
    const values = { targetId: nodeId, pathId, issuerKey: plan.issuerKey, reason };
    this.#sessions.request(registration.association, 'pathCloseRequest', values);
  }

  #askAgain(tunnel: Tunnel): void {
    const { nodeId, name } = tunnel.peer;
    const isExit = tunnel.plan.kind === 'exit';
    const target: Target = isExit ? { by: 'exit' } : { by: 'node-id', nodeId, name };
    const { dsKey } = tunnel.peer;
    const isOwn = equalBytes(dsKey, tunnel.plan.ownDsKey);
    this.#node.directions.ask(target, {
      pathId: tunnel.pathId,
      zone: isOwn ? undefined : toHex(dsKey),
    });
  }

  #closed(tunnel: Tunnel, why: string): void {
    const { pathId, peer, plan } = tunnel;
    this.#context.log('info', `Path to ${peer.name} closed: ${why}.`);
    this.#context.event('path', { pathId, peer: peer.name, route: 'closed' });
    const replaced = this.#node.tunnels.toPeer(peer.nodeId, plan.kind);
    // The ends may have chosen differently between two paths: what was retired here is what the peer uses.
    if (replaced?.retired) this.#node.tunnels.revive(replaced);
    if (plan.kind === 'exit' && !replaced && why !== 'stopping') this.#node.wantExit();
  }

  #closeIdle(tunnel: Tunnel): void {
    if (tunnel.plan.kind === 'exit') return;
    this.#node.tunnels.close(tunnel, 'idle', 'not used for a while');
    this.#tellClosed(tunnel, 'idle');
  }

  #handover(tunnel: Tunnel, handover: Handover): void {
    const row = this.#node.handovers.addPath(
      handover.startedAt,
      handoverPath(tunnel, handover, this.#node.locality),
    );
    if (row) this.#context.event('handover', row as unknown as JsonObject);
  }
}

/**
 * Which of two paths to one peer stays. Two that were made at the same moment, because both ends asked, are
 * told apart by their IDs, which both ends see alike; else the newer has come because the older was lost.
 */
function prevails(tunnel: Tunnel, other: Tunnel): boolean {
  if (Math.abs(tunnel.createdAt - other.createdAt) > sameMomentMs)
    return tunnel.createdAt > other.createdAt;
  const otherLives = other.heardAt >= tunnel.createdAt;
  return tunnel.pathId < other.pathId || !otherLives;
}

function leadAlike(one: Tunnel, other: Tunnel): boolean {
  return one.peer.nodeId === other.peer.nodeId && one.plan.kind === other.plan.kind;
}
