/**
 * The lab as a whole: network, moving hosts, applications and, unless only the floor of the harness is
 * measured, the overlay. One lab serves all patterns; the daemons stay up between them.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { HandoverPath, RouteKind } from '../../src/protocol/control-results.ts';
import { nowMs, sleep } from './agent/clock.ts';
import { Agent, agentProgram } from './agents.ts';
import type { Daemon, Programs } from './daemon.ts';
import { impair } from './impairment.ts';
import { MovingHost } from './movement.ts';
import { Namespaces } from './namespaces.ts';
import type { LabOptions } from './options.ts';
import { homeHost, Overlay, type OverlayOptions, type Peer } from './overlay.ts';
import { slow } from './pace.ts';
import { expectedRoutes, type Pattern, type Victim } from './patterns.ts';
import { correspondentPlaces, type HostName, mobilePlaces, type NatName } from './topology.ts';
import { buildWorld, setIsolation } from './world.ts';

/** The node waits a second for late packets and then for its peer's count. */
const recordLimitMs = 4000;
const pollMs = 50;

export const outFolder = join(process.env['NTM_ROOT'] ?? '.', 'out');

export class Lab {
  readonly namespaces = new Namespaces();
  readonly mobile = new MovingHost(this.namespaces, 'mn');
  readonly correspondent = new MovingHost(this.namespaces, 'cn');
  /** Programs, settings, state and logs of the daemons. */
  readonly folder = join(outFolder, 'lab', `daemons-${process.pid}`);
  #agents: Readonly<Record<'mn' | Peer, Agent>> | undefined;
  #isolated: NatName | undefined;
  overlay: Overlay | undefined;

  get agents(): Readonly<Record<'mn' | Peer, Agent>> {
    if (this.#agents === undefined) throw new Error('the lab was not built');
    return this.#agents;
  }

  /** `home`: the correspondent is the host of the Relay Server. */
  async build(say: (text: string) => void, home = false): Promise<void> {
    say('network');
    await buildWorld(this.namespaces);
    await this.mobile.move(mobilePlaces.G1, 'hard');
    await this.correspondent.move(correspondentPlaces.G1, 'hard');
    const agent = (host: HostName): Agent => new Agent(this.namespaces, host, agentProgram());
    this.#agents = { mn: agent('mn'), cn: agent(home ? homeHost : 'cn'), gn: agent('gn') };
  }

  /** A build while the lab runs must not change what it starts again. */
  #ownCopies({ engine, daemon, cli }: Programs): Programs {
    const copied = (file: string): string => {
      const start = basename(file, '.js');
      for (const name of readdirSync(dirname(file))) {
        const isPart =
          name.endsWith('.js') && (name === `${start}.js` || name.startsWith(`${start}-`));
        if (isPart) copyFileSync(join(dirname(file), name), join(this.folder, name));
      }
      return join(this.folder, basename(file));
    };
    return { engine, daemon: copied(daemon), cli: copied(cli) };
  }

  async startOverlay(
    programs: Programs,
    options: OverlayOptions & Pick<LabOptions, 'netem'>,
    say: (text: string) => void,
  ): Promise<void> {
    removeOldFolders();
    mkdirSync(this.folder, { recursive: true });
    this.overlay = new Overlay(this.namespaces, this.#ownCopies(programs), this.folder, options);
    await this.overlay.start(say);
    if (options.netem) await impair(this.namespaces);
  }

  /** Brings both hosts to where the pattern begins. */
  async place(pattern: Pattern): Promise<void> {
    if (this.#isolated !== pattern.isolated) {
      if (this.#isolated !== undefined) {
        await setIsolation(this.namespaces, this.#isolated, false);
      }
      if (pattern.isolated !== undefined) {
        await setIsolation(this.namespaces, pattern.isolated, true);
      }
      this.#isolated = pattern.isolated;
    }
    await this.correspondent.move(correspondentPlaces[pattern.peerAt], 'hard');
    await this.mobile.move(mobilePlaces[pattern.mobile.from], 'hard');
  }

  /** The routes that are right before the move. */
  routesBefore(pattern: Pattern): readonly RouteKind[] {
    if (pattern.peer === 'gn') return ['relay'];
    return expectedRoutes(pattern.mobile.from, pattern.peerAt, pattern.isolated);
  }

  /** What the node wrote down of its last move for the path to `peer`. */
  async recordOfMove(peer: Peer): Promise<HandoverPath | undefined> {
    const { overlay } = this;
    if (overlay === undefined) return undefined;
    const path = await overlay.path(peer).catch(() => undefined);
    const end = nowMs() + slow(recordLimitMs);
    do {
      const result = await overlay.daemons.mn.call('handovers').catch(() => undefined);
      const record = result?.handovers[0]?.paths.find(({ pathId }) => pathId === path?.pathId);
      if (record) return record;
      await sleep(slow(pollMs));
    } while (nowMs() < end);
    return undefined;
  }

  /** The daemon to be killed. */
  async victim(victim: Victim, peer: Peer): Promise<Daemon> {
    const { overlay } = this;
    if (overlay === undefined) throw new Error('there is no overlay to kill a part of');
    if (victim === 'mn' || victim === 'cn') return overlay.daemons[victim];
    if (victim === 'ds') return overlay.daemons['ds-a'];
    return overlay.relayOf(peer);
  }

  async remove(): Promise<void> {
    await this.namespaces.remove();
  }
}

/** Folders of labs that have ended; the last one's stays until the next begins. */
function removeOldFolders(): void {
  const parent = join(outFolder, 'lab');
  for (const name of readdirSync(parent)) {
    const [, pid] = /^daemons-(\d+)$/.exec(name) ?? [];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    rmSync(join(parent, name), { recursive: true, force: true });
  }
}
