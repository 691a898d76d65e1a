/**
 * The NTM node (paper sections 3.3 to 3.5, 4.1): registers with its Direction Server, has paths built to peers
 * and to an exit, and keeps them alive when its own addresses change. Holds the control flow between
 * registration, directions and paths; each of those is a machine of its own.
 */
import { toHex } from '../../base/bytes.ts';
import {
  type Endpoint,
  type Ip,
  isIpv6,
  type Prefix,
  prefix,
  prefixContains,
} from '../../base/ip.ts';
import type { Deadline } from '../../base/timers.ts';
import type { PathNotice } from '../../datapath/commands.ts';
import { nodeIdOf } from '../../noise/keys.ts';
import { RoleContext } from '../../protocol/context.ts';
import { HintSender, hintLength } from '../../protocol/hint-sender.ts';
import type { Environment, Input, Machine, Output } from '../../protocol/machine.ts';
import { pathIdOf } from '../../protocol/path-header.ts';
import { decodePlain } from '../../protocol/plain-message.ts';
import { refusal } from '../../protocol/refusal.ts';
import { type Registrant, Registration } from '../../protocol/registration.ts';
import { drainEvents, type Part, timeoutAll } from '../../protocol/role-parts.ts';
import type { SealedMessage } from '../../protocol/sealed-message.ts';
import type { Association } from '../../protocol/session.ts';
import { type SessionEvent, Sessions } from '../../protocol/sessions.ts';
import { plainSuites, type SuiteSet } from '../../protocol/suites.ts';
import { Locality } from '../../protocol/tunnel/locality.ts';
import { Tunnels } from '../../protocol/tunnel/tunnels.ts';
import { identify } from '../../wire/codec.ts';
import { type Drop, drop, isDrop } from '../../wire/drops.ts';
import type { NodeId, PathId } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';
import type { RefusalName } from '../../wire/refusals.ts';
import { Aliases } from './aliases.ts';
import { type NodeConfig, plainNames } from './config.ts';
import { Directions } from './directions.ts';
import { HandoverLog } from './handover-log.ts';
import { Movement } from './movement.ts';
import { Names } from './names.ts';
import { NodeControl } from './node-control.ts';
import { PathLife } from './path-life.ts';
import { fullName, routeTo } from './peer-routes.ts';
import { planOf, refusalOf } from './route-direction.ts';
import { Waiters } from './waiters.ts';

/** Live paths told in one NTM Update. */
const livePathsPerUpdate = 24;

export class NodeRole implements Machine, Registrant {
  readonly #context: RoleContext;
  readonly config: NodeConfig;
  readonly nodeId: NodeId;
  readonly keepaliveMs = undefined;
  readonly locality: Locality;
  readonly tunnels: Tunnels;
  readonly registration: Registration;
  readonly directions: Directions;
  readonly handovers = new HandoverLog();
  readonly waiters: Waiters;
  /** Local addresses of peers whose own are not unique here. */
  readonly aliases: Aliases;
  readonly movement: Movement;
  readonly names: Names;
  readonly #hints: HintSender;
  readonly #sessions: Sessions;
  readonly #control: NodeControl;
  readonly #pathLife: PathLife;
  readonly #parts: readonly Part[];
  /** What the DS gave at registration; from the last run until it has answered in this one. */
  registered: Values<'registrationResponse'> | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #tellLivePaths: PathId[] = [];

  #zonesTold: string | undefined;

  constructor(environment: Environment, config: NodeConfig) {
    this.#context = new RoleContext(environment);
    this.config = config;
    this.nodeId = nodeIdOf(environment.suite, environment.keys.publicKey);
    this.locality = new Locality(config.punch, config.port);
    this.#hints = new HintSender(this.#context);
    this.#sessions = new Sessions(this.#context, this.#hints);
    this.tunnels = new Tunnels(this.#context, this.locality);
    const server = config.directionServer;
    this.registration = new Registration(
      this.#context,
      this.#sessions,
      this.locality,
      server,
      this,
    );
    this.directions = new Directions(this.#context, this.#sessions, this.registration.association);
    this.waiters = new Waiters(this.#context);
    this.aliases = new Aliases(this.#context, this);
    this.movement = new Movement(
      this.#context,
      this.locality,
      this.registration,
      this.tunnels,
      this.handovers,
    );
    this.names = new Names(this.#context, this.#sessions, this);
    this.#control = new NodeControl(this.#context, this);
    this.#pathLife = new PathLife(this.#context, this.#sessions, this, this.#control);
    const { registration, tunnels, waiters, movement, names } = this;
    this.#parts = [registration, this.#sessions, tunnels, waiters, movement, names];
  }

  handle(input: Input): void {
    this.#context.now = input.now;
    switch (input.kind) {
      case 'start':
        this.#context.suites = input.suites ?? plainSuites;
        this.movement.start(input.uplinks);
        this.registration.connect();
        break;
      case 'datagram':
        this.#datagram(input);
        break;
      case 'timeout':
        timeoutAll(this.#parts);
        break;
      case 'uplinks':
        this.movement.changed(input.uplinks);
        break;
      case 'notice':
        this.#notice(input.notice);
        break;
      case 'control':
        this.#control.handle(input.id, input.call, input.stats);
        break;
      case 'name-query':
        this.names.handle(input);
        break;
      case 'dns-response':
        this.names.responded(input);
        break;
      case 'stop':
        for (const tunnel of [...this.tunnels.values()])
          this.tunnels.close(tunnel, 'stopping', 'stopping');
        this.#sessions.tell(this.registration.association, 'sessionClose', { reason: 'stopping' });
        break;
    }
    drainEvents(
      this.#sessions,
      this.tunnels,
      (event) => this.#sessionEvent(event),
      (event) => this.#pathLife.handle(event),
    );
  }

  poll(): Output | undefined {
    return this.#context.poll();
  }

  deadline(): Deadline | undefined {
    return this.#context.alarm.deadline();
  }

  /** Whether a control datagram that came to this daemon is for this role. */
  wants(datagram: Uint8Array): boolean {
    const identity = identify(datagram);
    if (isDrop(identity)) return false;
    if (identity.framing === 'tunnel' || identity.framing === 'path') {
      return this.tunnels.get(pathIdOf(datagram)) !== undefined;
    }
    const isPathHint =
      identity.name === 'hint' && this.tunnels.get(hintSubject(datagram)) !== undefined;
    return isPathHint || this.#sessions.wants(datagram);
  }

  #datagram(input: Input & { kind: 'datagram' }): void {
    const { bytes, from, uplink } = input;
    const identity = identify(bytes);
    const dropped = isDrop(identity) ? identity : this.#receive(identity, bytes, from, uplink);
    if (dropped) this.#context.drop(dropped.drop, from, bytes);
  }

  #receive(
    identity: Exclude<ReturnType<typeof identify>, Drop>,
    bytes: Uint8Array,
    from: (Input & { kind: 'datagram' })['from'],
    uplink: string | undefined,
  ): Drop | undefined {
    if (identity.framing === 'tunnel' || identity.framing === 'path') {
      return this.tunnels.receive(bytes, from);
    }
    if (identity.name === 'hint') return this.#hint(bytes, from);
    if (identity.name === 'sessionInitiation') return drop('not-for-this-role');
    return this.#sessions.receive(bytes, from, uplink);
  }

  #hint(bytes: Uint8Array, from: Endpoint): Drop | undefined {
    const values = decodePlain('hint', bytes);
    if (isDrop(values)) return values;
    if (values.reason === 'unknown-path' || values.reason === 'stale-tunnel-request') {
      return this.tunnels.hint(from, toHex(values.subject) as PathId, values);
    }
    const dropped = this.#sessions.receiveHint(bytes);
    return dropped?.drop === 'unknown-session' ? this.#checkSession(from, dropped) : dropped;
  }

  /**
   * A hint about a session that is not ours any more: a DS that has restarted may know an older one only.
   * Whoever says so causes one NTM Update a second and nothing else.
   */
  #checkSession(from: Endpoint, dropped: Drop): Drop | undefined {
    const isFromServer = this.config.directionServer.endpoints.includes(from);
    if (!isFromServer || this.#context.now - this.#checkedAt < 1000) return dropped;
    this.#checkedAt = this.#context.now;
    this.registration.update();
    return undefined;
  }

  #notice(notice: PathNotice): void {
    if (notice.notice === 'no-path') this.#noPath(notice.destination);
    else if (notice.notice === 'unknown-path') {
      if (notice.length >= hintLength) {
        this.#hints.send('unknown-path', notice.pathId, notice.from, notice.uplink);
      }
    } else {
      if (notice.notice === 'silent') this.movement.silent();
      this.tunnels.notice(notice);
    }
  }

  #noPath(destination: Ip): void {
    if (!this.registration.association.current) return;
    const { range } = this.aliases;
    const virtual = range === undefined ? this.pools : [...this.pools, range];
    const route = routeTo(this.config.peerRoutes ?? [], destination);
    if (virtual.some((pool) => prefixContains(pool, destination)))
      this.directions.ask(this.aliases.targetOf(destination), undefined);
    else if (route) {
      const name = fullName(route.via, this.zone);
      this.directions.ask({ by: 'name', name }, undefined);
    } else if (this.config.exitPrefixes.some((each) => prefixContains(each, destination)))
      this.wantExit();
  }

  get pools(): readonly Prefix[] {
    return this.registered?.pools ?? [];
  }

  get zone(): string {
    return this.registered?.zone ?? '';
  }

  wantExit(): void {
    if (this.config.exitPrefixes.length > 0) this.directions.ask({ by: 'exit' }, undefined);
  }

  registrationRequest(): Values<'registrationRequest'> {
    const { incarnation, software } = this.#context.environment;
    return {
      role: 'node',
      incarnation,
      software,
      wantedName: this.config.wantedName,
      token: this.config.token,
      advertised: [],
      exit: false,
      publish: (this.config.names ?? plainNames).publish,
    };
  }

  updateRequest(move: number): Values<'updateRequest'> {
    const livePaths = this.#tellLivePaths.splice(0, livePathsPerUpdate).flatMap((pathId) => {
      const tunnel = this.tunnels.get(pathId);
      if (!tunnel?.established) return [];
      const relayId = tunnel.relay?.relayId;
      return [{ pathId, peerId: tunnel.peer.nodeId, side: tunnel.side, relayId }];
    });
    return {
      move,
      incarnation: this.#context.environment.incarnation,
      local: this.locality.local.slice(0, 4),
      mapped: [],
      relayDelays: this.#relayDelays(),
      livePaths,
    };
  }

  #relayDelays(): Values<'updateRequest'>['relayDelays'] {
    const delays = new Map<NodeId, number>();
    for (const { relay, leg } of this.tunnels.values()) {
      if (relay && leg.delayMs !== undefined)
        delays.set(relay.relayId, Math.min(0xffff, leg.delayMs));
    }
    return [...delays].slice(0, 4).map(([relayId, delayMs]) => ({ relayId, delayMs }));
  }

  /** The virtual interface gets its addresses, and what was learned is kept for the next start. */
  onRegistered(values: Values<'registrationResponse'>): void {
    const before = this.registered;
    this.registered = values;
    this.#context.store('node/registration', {
      name: values.name,
      zone: values.zone,
      tokenSpent: true,
    });
    this.interfaceChanged();
    if (!before) {
      const ips = this.ownIps.join(' and ');
      this.#context.log('info', `Registered as ${values.name}.${values.zone} with ${ips}.`);
    }
    this.names.changed();
    const hasExit = [...this.tunnels.values()].some((tunnel) => tunnel.plan.kind === 'exit');
    if (!hasExit) this.wantExit();
  }

  /** The virtual interface as it is to be now. */
  interfaceChanged(): void {
    const { range } = this.aliases;
    this.#context.emit({
      kind: 'interface',
      device: this.config.device,
      mtu: this.config.mtu,
      addresses: this.ownIps.map((ip) => prefix(ip, isIpv6(ip) ? 128 : 32)),
      routes: range === undefined ? this.pools : [...this.pools, range],
      exitRoutes: [
        ...new Set([
          ...this.config.exitPrefixes,
          ...(this.config.peerRoutes ?? []).map(({ prefix: behind }) => behind),
        ]),
      ],
    });
  }

  onUpdated(values: Values<'updateResponse'>, move: number): void {
    if (move === this.registration.move) this.handovers.updated(this.#context.now);
    this.names.told(values.zones);
    // Other zones, other pools: they come with a registration, which ends no path.
    if (this.#zonesTold !== undefined && this.#zonesTold !== values.zones) {
      this.registration.connect();
    }
    this.#zonesTold = values.zones;
    if (values.wantLivePaths) {
      this.#tellLivePaths = [...this.tunnels.values()].map((tunnel) => tunnel.pathId);
    }
    if (this.#tellLivePaths.length > 0) this.registration.update();
  }

  onObserved(): void {
    this.tunnels.located();
  }

  onRefused(reason: RefusalName | undefined, text: string): void {
    if (reason === 'removed') {
      for (const tunnel of [...this.tunnels.values()]) this.tunnels.close(tunnel, 'stopping', text);
    }
    this.#context.emit({ kind: 'fatal', text });
  }

  #sessionEvent(event: SessionEvent): void {
    if (this.registration.handle(event)) return;
    switch (event.event) {
      case 'answer':
        this.#requestEnded(event.request, event.message);
        break;
      case 'request-failed':
        this.#requestEnded(event.request, undefined);
        break;
      case 'message':
        this.#message(event.association, event.message);
        break;
      default:
    }
  }

  #requestEnded(request: SealedMessage, message: SealedMessage | undefined): void {
    if (request.name === 'nameRequest') this.names.ended(request, message);
    if (request.name !== 'directionRequest') return;
    const outcome = this.directions.ended(request, message);
    if (!outcome) return;
    this.names.directed(outcome);
    for (const waiter of this.waiters.ofDirection(outcome.key)) {
      if (outcome.ok) {
        waiter.direction = undefined;
        waiter.pathId = outcome.values.pathId;
        const tunnel = this.tunnels.get(outcome.values.pathId);
        if (tunnel?.established) this.#control.up(waiter, tunnel);
      } else {
        this.waiters.fail(waiter, outcome.error);
      }
    }
    if (!outcome.ok) this.#context.log('info', `No path to ${outcome.key}: ${outcome.error}`);
  }

  #message(association: Association, message: SealedMessage): void {
    const { transaction } = message;
    if (message.name === 'routeDirection') {
      this.#routeDirection(association, transaction, message.values);
    } else if (message.name === 'pathCloseRequest') {
      const { pathId, reason } = message.values;
      const tunnel = this.tunnels.get(pathId);
      if (tunnel)
        this.tunnels.close(tunnel, undefined, `the Direction Server closed it: ${reason}`);
      this.#sessions.answer(association, transaction, 'pathCloseResponse', { pathId });
    } else if (message.name !== 'sessionClose') {
      this.#refuse(association, transaction, 'notAllowed');
    }
  }

  #refuse(association: Association, transaction: number, reason: RefusalName): void {
    this.#sessions.answer(association, transaction, 'refusal', refusal(reason));
  }

  /** A new path, or a change of one that is there; an ID is never taken over by another issuer or peer. */
  #routeDirection(
    association: Association,
    transaction: number,
    values: Values<'routeDirection'>,
  ): void {
    const known = this.tunnels.get(values.pathId);
    const refusal = refusalOf(values, this, known, this.#context.environment.suite);
    if (refusal) {
      this.#refuse(association, transaction, refusal);
      return;
    }
    this.#sessions.answer(association, transaction, 'routeDirectionAcknowledgement', {
      revision: values.revision,
    });
    if (!known) {
      this.tunnels.add(planOf(values, this, association.peerKey));
    } else if (values.revision > known.revision) {
      known.peer.incarnation = values.peerIncarnation;
      this.tunnels.change(known, {
        revision: values.revision,
        nat: values.peerNat,
        candidates: values.peerCandidates,
        relay: values.relay,
      });
    }
  }

  get suites(): SuiteSet {
    return this.#context.suites;
  }

  get ownIps(): readonly Ip[] {
    return [this.registered?.virtualIpv4, this.registered?.virtualIpv6].filter(
      (ip) => ip !== undefined,
    );
  }
}

function hintSubject(datagram: Uint8Array): PathId {
  return toHex(datagram.subarray(5, 13)) as PathId;
}
