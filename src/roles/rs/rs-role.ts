/**
 * The Relay Server (paper sections 2 and 4.3): relays between two nodes behind NATs without being able to
 * read, and is the end of a node's path to general nodes, whose packets the system then forwards and
 * masquerades. Registers with its Direction Server like a node.
 */
import { equalBytes } from '../../base/bytes.ts';
import { type Endpoint, isIpv6, type Prefix, prefix } from '../../base/ip.ts';
import type { Deadline } from '../../base/timers.ts';
import type { PathNotice } from '../../datapath/commands.ts';
import { nodeIdOf } from '../../noise/keys.ts';
import { RoleContext } from '../../protocol/context.ts';
import { HintSender, hintLength } from '../../protocol/hint-sender.ts';
import { limits } from '../../protocol/limits.ts';
import type { Environment, Input, Machine, Output } from '../../protocol/machine.ts';
import { pathIdOf } from '../../protocol/path-header.ts';
import { decodePlain } from '../../protocol/plain-message.ts';
import { refusal } from '../../protocol/refusal.ts';
import { type Registrant, Registration } from '../../protocol/registration.ts';
import { drainEvents, type Part, timeoutAll } from '../../protocol/role-parts.ts';
import type { SealedMessage } from '../../protocol/sealed-message.ts';
import type { Association } from '../../protocol/session.ts';
import { type SessionEvent, Sessions } from '../../protocol/sessions.ts';
import { plainSuites } from '../../protocol/suites.ts';
import { Locality } from '../../protocol/tunnel/locality.ts';
import type { TunnelPlan } from '../../protocol/tunnel/tunnel.ts';
import { Tunnels } from '../../protocol/tunnel/tunnels.ts';
import { identify } from '../../wire/codec.ts';
import { type Drop, drop, isDrop } from '../../wire/drops.ts';
import type { NodeId } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';
import type { RefusalName } from '../../wire/refusals.ts';
import type { RsConfig } from './config.ts';
import { Relays } from './relays.ts';
import { RsControl } from './rs-control.ts';

export class RsRole implements Machine, Registrant {
  readonly keepaliveMs = limits.keepaliveRelayMs;
  readonly #context: RoleContext;
  readonly config: RsConfig;
  readonly nodeId: NodeId;
  readonly #locality: Locality;
  readonly #hints: HintSender;
  readonly #sessions: Sessions;
  readonly #control: RsControl;
  readonly #parts: readonly Part[];
  readonly relays: Relays;
  /** Paths to general nodes, of which this server is the end. */
  readonly exits: Tunnels;
  readonly registration: Registration;
  registered: Values<'registrationResponse'> | undefined;
  draining = false;

  constructor(environment: Environment, config: RsConfig) {
    this.#context = new RoleContext(environment);
    this.config = config;
    this.nodeId = nodeIdOf(environment.suite, environment.keys.publicKey);
    this.#locality = new Locality(false, 1);
    this.#hints = new HintSender(this.#context);
    this.#sessions = new Sessions(this.#context, this.#hints);
    this.relays = new Relays(this.#context, this.#hints);
    this.exits = new Tunnels(this.#context, this.#locality);
    this.#control = new RsControl(this.#context, this);
    const server = config.directionServer;
    this.registration = new Registration(
      this.#context,
      this.#sessions,
      this.#locality,
      server,
      this,
    );
    this.#parts = [this.registration, this.#sessions, this.exits];
    for (const [name] of environment.stored) if (name === 'rs/drain') this.draining = true;
  }

  handle(input: Input): void {
    this.#context.now = input.now;
    switch (input.kind) {
      case 'start':
        this.#context.suites = input.suites ?? plainSuites;
        this.#locality.uplinks = input.uplinks;
        this.registration.connect();
        break;
      case 'datagram':
        this.#datagram(input.bytes, input.from, input.uplink);
        break;
      case 'timeout':
        timeoutAll(this.#parts);
        break;
      case 'uplinks':
        this.#locality.uplinks = input.uplinks;
        this.registration.moved();
        break;
      case 'notice':
        this.#notice(input.notice);
        break;
      case 'control':
        this.#control.handle(input.id, input.call, input.stats);
        break;
      case 'stop':
        this.#sessions.tell(this.registration.association, 'sessionClose', { reason: 'stopping' });
        break;
    }
    drainEvents(this.#sessions, this.exits, (event) => this.#sessionEvent(event));
  }

  poll(): Output | undefined {
    return this.#context.poll();
  }

  deadline(): Deadline | undefined {
    return this.#context.alarm.deadline();
  }

  wants(datagram: Uint8Array): boolean {
    const identity = identify(datagram);
    if (isDrop(identity)) return false;
    if (identity.framing === 'tunnel' || identity.framing === 'path') return true;
    return this.#sessions.wants(datagram);
  }

  #datagram(datagram: Uint8Array, from: Endpoint, uplink: string | undefined): void {
    const dropped = this.#receive(datagram, from, uplink);
    if (dropped) this.#context.drop(dropped.drop, from, datagram);
  }

  #receive(datagram: Uint8Array, from: Endpoint, uplink: string | undefined): Drop | undefined {
    const identity = identify(datagram);
    if (isDrop(identity)) return identity;
    if (identity.framing === 'tunnel' || identity.framing === 'path') {
      if (this.exits.get(pathIdOf(datagram))) return this.exits.receive(datagram, from);
      return this.relays.receive(datagram, from, uplink);
    }
    if (identity.name === 'hint') {
      const values = decodePlain('hint', datagram);
      return isDrop(values) ? values : this.#sessions.receiveHint(datagram);
    }
    if (identity.name === 'sessionInitiation') return drop('not-for-this-role');
    return this.#sessions.receive(datagram, from, uplink);
  }

  #notice(notice: PathNotice): void {
    if (notice.notice === 'unknown-path') {
      if (notice.length < hintLength) return;
      this.#hints.send('unknown-path', notice.pathId, notice.from, notice.uplink);
      return;
    }
    const relay = 'pathId' in notice ? this.relays.get(notice.pathId) : undefined;
    if (relay && notice.notice === 'idle') {
      if (this.relays.isIdle(relay)) this.relays.remove(relay.pathId);
      return;
    }
    this.exits.notice(notice);
  }

  registrationRequest(): Values<'registrationRequest'> {
    const { incarnation, software } = this.#context.environment;
    const { name, token, advertised, exit } = this.config;
    return {
      role: 'relay',
      incarnation,
      software,
      wantedName: name,
      token,
      advertised: advertised.slice(0, 2),
      exit,
      publish: false,
    };
  }

  updateRequest(move: number): Values<'updateRequest'> {
    const { incarnation } = this.#context.environment;
    return { move, incarnation, local: [], mapped: [], relayDelays: [], livePaths: [] };
  }

  onRegistered(values: Values<'registrationResponse'>): void {
    if (!this.registered) this.#context.log('info', `Registered as Relay Server ${values.name}.`);
    this.registered = values;
    this.#report();
    this.#context.store('rs/registration', {
      name: values.name,
      zone: values.zone,
      tokenSpent: true,
    });
    if (!this.config.exit) return;
    this.#context.emit({
      kind: 'interface',
      device: this.config.device,
      mtu: this.config.mtu,
      addresses: [],
      routes: this.#pools(),
      exitRoutes: [],
    });
  }

  #pools(): readonly Prefix[] {
    const told = this.registered?.pools ?? [];
    return this.config.exitPools.length > 0 ? this.config.exitPools : told;
  }

  onObserved(): void {}

  onUpdated(): void {
    this.#locality.observed = undefined;
    this.#report();
  }

  #report(): void {
    const { pathLimit, weight } = this.config;
    this.#sessions.tell(this.registration.association, 'relayReport', {
      paths: this.pathCount,
      pathLimit,
      weight,
      draining: this.draining,
    });
  }

  /** The owner wants this server empty: no new paths, and those it has go elsewhere. Outlives a restart. */
  drain(on: boolean): void {
    this.draining = on;
    this.#context.store('rs/drain', on ? { draining: true } : undefined);
    this.#context.log('info', on ? 'Draining: paths go elsewhere.' : 'No longer draining.');
    this.#report();
  }

  onRefused(_reason: RefusalName | undefined, text: string): void {
    this.#context.emit({ kind: 'fatal', text });
  }

  #sessionEvent(event: SessionEvent): void {
    if (this.registration.handle(event) || event.event !== 'message') return;
    this.#message(event.association, event.message);
  }

  #message(association: Association, message: SealedMessage): void {
    const { transaction } = message;
    if (message.name === 'relayDirection') {
      const refusal = this.#direct(association, message.values);
      if (refusal) this.#refuse(association, transaction, refusal);
      else {
        const { pathLimit } = this.config;
        this.#sessions.answer(association, transaction, 'relayResponse', {
          paths: this.pathCount,
          pathLimit,
        });
      }
    } else if (message.name === 'pathCloseRequest') {
      const { pathId } = message.values;
      const exit = this.exits.get(pathId);
      if (exit) this.exits.close(exit, undefined, 'the Direction Server closed it');
      this.relays.remove(pathId);
      this.#sessions.answer(association, transaction, 'pathCloseResponse', { pathId });
    } else if (message.name !== 'sessionClose') {
      this.#refuse(association, transaction, 'notAllowed');
    }
  }

  get pathCount(): number {
    return this.relays.size + this.exits.size;
  }

  #refuse(association: Association, transaction: number, reason: RefusalName): void {
    this.#sessions.answer(association, transaction, 'refusal', refusal(reason));
  }

  /** Protocol.md 11.7: a path belongs to its issuer; what is there is never overwritten. */
  #direct(association: Association, values: Values<'relayDirection'>): RefusalName | undefined {
    if (!equalBytes(values.issuerKey, association.peerKey)) return 'notAllowed';
    const relay = this.relays.get(values.pathId);
    const exit = this.exits.get(values.pathId);
    const issuerKey = relay?.issuerKey ?? exit?.plan.issuerKey;
    if (issuerKey) {
      if (!equalBytes(issuerKey, values.issuerKey)) return 'pathIdTaken';
      if (relay) relay.revision = Math.max(relay.revision, values.revision);
      return undefined;
    }
    if (this.pathCount >= this.config.pathLimit) return 'full';
    if (values.kind === 'node') {
      this.relays.add(values);
      return undefined;
    }
    if (!values.exit || !this.config.exit) return 'noExit';
    this.exits.add(this.#exitPlan(values, values.exit, association.peerKey));
    return undefined;
  }

  #exitPlan(
    values: Values<'relayDirection'>,
    exit: NonNullable<Values<'relayDirection'>['exit']>,
    ownDsKey: Uint8Array,
  ): TunnelPlan {
    const ips = [exit.peerIpv4, exit.peerIpv6].filter((ip) => ip !== undefined);
    return {
      pathId: values.pathId,
      issuerKey: values.issuerKey,
      revision: values.revision,
      kind: 'exit',
      side: 1,
      initiator: false,
      legKey: values.legKey1,
      psk: exit.psk,
      peer: {
        nodeId: nodeIdOf(this.#context.environment.suite, exit.peerKey),
        publicKey: exit.peerKey,
        name: exit.peerName,
        dsKey: exit.peerDsKey,
        ipv4: exit.peerIpv4,
        ipv6: exit.peerIpv6,
        incarnation: exit.peerIncarnation,
        nat: 'private',
        candidates: [],
      },
      ownDsKey,
      ownIps: [],
      relay: undefined,
      suites: exit.suites,
      idleMs: values.idleSeconds * 1000,
      peerPrefixes: ips.map((ip) => prefix(ip, isIpv6(ip) ? 128 : 32)),
      excludedPrefixes: [],
      globalOnly: !this.config.exitPrivate,
    };
  }
}
