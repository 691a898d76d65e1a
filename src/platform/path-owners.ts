/**
 * Which role a notice of the data path is for: the one that made the path or the relay it names. A
 * node and a Relay Server in one daemon can both have the same Path ID, one as an end and one as
 * the relay.
 */
import type { PathCommand, PathNotice } from '../datapath/commands.ts';
import type { RoleName } from '../protocol/control-results.ts';
import type { PathId } from '../wire/ids.ts';

export class PathOwners {
  readonly #byPath = new Map<PathId, RoleName>();
  readonly #byRelay = new Map<PathId, RoleName>();

  get pathCount(): number {
    return this.#byPath.size;
  }

  /** Takes note of a command a role gives. */
  note(role: RoleName, command: PathCommand): void {
    if (command.op === 'path-new') this.#byPath.set(command.pathId, role);
    else if (command.op === 'path-delete') this.#byPath.delete(command.pathId);
    else if (command.op === 'relay-new') this.#byRelay.set(command.pathId, role);
    else if (command.op === 'relay-delete') this.#byRelay.delete(command.pathId);
  }

  /** The roles, out of those that run, that a notice concerns. */
  of(notice: PathNotice, running: readonly RoleName[]): readonly RoleName[] {
    if (notice.notice === 'no-path') return running.filter((role) => role === 'node');
    const owners = new Set<RoleName>();
    for (const owner of [this.#byPath.get(notice.pathId), this.#byRelay.get(notice.pathId)]) {
      if (owner !== undefined) owners.add(owner);
    }
    if (owners.size > 0) return running.filter((role) => owners.has(role));
    // A path nobody here knows: any end of paths can tell the sender.
    const ends = running.filter((role) => role !== 'ds');
    return ends.includes('rs') ? ['rs'] : ends;
  }
}
