/**
 * The Direction Server (paper sections 2, 3.3, 3.4, 4.2): registers nodes and Relay Servers, knows where they
 * are, and directs paths between them, with other Direction Servers where a peer is theirs. Holds the control
 * flow between directory, locations, directing and federation.
 */
import type { Endpoint, Prefix } from '../../base/ip.ts';
import { type Deadline, Timers } from '../../base/timers.ts';
import { nodeIdOf } from '../../noise/keys.ts';
import { RoleContext } from '../../protocol/context.ts';
import type { CheckRow } from '../../protocol/control-results.ts';
import { HintSender } from '../../protocol/hint-sender.ts';
import { limits } from '../../protocol/limits.ts';
import type { Environment, Input, Machine, Output } from '../../protocol/machine.ts';
import { refusal } from '../../protocol/refusal.ts';
import type { Initiation } from '../../protocol/responder.ts';
import { drainEvents } from '../../protocol/role-parts.ts';
import type { SealedMessage } from '../../protocol/sealed-message.ts';
import type { Association } from '../../protocol/session.ts';
import { type SessionEvent, Sessions } from '../../protocol/sessions.ts';
import { defaultPoolIpv4, zonePrefixIpv6 } from '../../protocol/virtual-ip.ts';
import { identify } from '../../wire/codec.ts';
import { type Drop, drop, isDrop } from '../../wire/drops.ts';
import type { NodeId } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';
import { refusals } from '../../wire/refusals.ts';
import type { DsConfig } from './config.ts';
import type { PathEnd } from './directed-path.ts';
import { Directing, type Reach } from './directing.ts';
import { Directory, type NodeRecord } from './directory.ts';
import { DsControl } from './ds-control.ts';
import { admit } from './enrolment.ts';
import { Federation } from './federation.ts';
import { LastSeen } from './last-seen.ts';
import { NameServer } from './name-server.ts';
import { NameUpdates } from './name-updates.ts';
import { candidatesOf, type OnlineNode, placeOf, updateLocation } from './online.ts';
import { PathRequests } from './path-requests.ts';
import { RelayFleet, relayInfo } from './relay-fleet.ts';
import { RelayPresence } from './relay-presence.ts';
import type { Zone } from './zone-book.ts';

/** What a first message told, until its session is confirmed. */
interface Arrival {
  readonly request: Values<'registrationRequest'>;
  readonly from: Endpoint;
  readonly at: number;
}

export class DsRole implements Machine, Reach {
  readonly #context: RoleContext;
  readonly config: DsConfig;
  readonly nodeId: NodeId;
  readonly pools: readonly Prefix[];
  readonly directory: Directory;
  readonly fleet = new RelayFleet();
  readonly federation: Federation;
  readonly directing: Directing;
  readonly lastSeen: LastSeen;
  readonly #sessions: Sessions;
  readonly #requests: PathRequests;
  readonly #control: DsControl;
  readonly names: NameServer;
  readonly #updates: NameUpdates;
  readonly #relays: RelayPresence;
  readonly #timers: Timers<'offline' | 'last-seen' | 'wake'>;
  readonly #onlineById = new Map<NodeId, OnlineNode>();
  readonly #arrivalById = new Map<NodeId, Arrival>();
  /** Restarted nodes whose new place is not known before their first NTM Update. */
  readonly #restartedAfterUpdate = new Set<NodeId>();

  constructor(environment: Environment, config: DsConfig) {
    const { suite, keys } = environment;
    this.#context = new RoleContext(environment);
    this.#timers = new Timers(this.#context.alarm);
    this.config = config;
    this.nodeId = nodeIdOf(suite, keys.publicKey);
    const pool = config.pool ?? defaultPoolIpv4(suite, keys.publicKey);
    const prefix6 = zonePrefixIpv6(suite, keys.publicKey);
    this.pools = [pool, prefix6];
    this.directory = new Directory(this.#context, pool, prefix6);
    const hints = new HintSender(this.#context);
    this.lastSeen = new LastSeen(this.#context, hints);
    this.#sessions = new Sessions(this.#context, hints);
    this.federation = new Federation(this.#context, this.#sessions, config, this.pools);
    this.directing = new Directing(this.#context, this.#sessions, this.fleet, config, this);
    this.#relays = new RelayPresence(
      this.#context,
      config,
      this.directory,
      this.fleet,
      this.directing,
    );
    this.#requests = new PathRequests(this.#context, this.#sessions, this);
    this.#control = new DsControl(this.#context, this);
    this.names = new NameServer(this.#context, this);
    this.#updates = new NameUpdates(this.#context, this);
  }

  online(nodeId: NodeId): OnlineNode | undefined {
    return this.#onlineById.get(nodeId);
  }

  get onlineCount(): number {
    return this.#onlineById.size;
  }

  handle(input: Input): void {
    this.#context.now = input.now;
    switch (input.kind) {
      case 'start':
        if (input.unixSeconds !== undefined) this.#context.tellUnixSeconds(input.unixSeconds);
        this.#context.log(
          'info',
          `Direction Server of zone ${this.config.zone} with pool ${this.pools[0]}.`,
        );
        this.#timers.set('wake', '', input.now + limits.wakeMs);
        this.#updates.start();
        break;
      case 'datagram':
        this.#datagram(input.bytes, input.from, input.uplink);
        break;
      case 'timeout':
        this.#sessions.timeout();
        this.#updates.timeout();
        for (const relayId of this.#relays.timeout()) this.#relayOffline(relayId);
        this.#timeout();
        break;
      case 'control':
        this.#control.handle(input.id, input.call);
        break;
      case 'name-query':
        this.names.handle(input);
        return;
      case 'zones':
        for (const zone of this.federation.book.replaceOwned(input.zones)) this.cutOff(zone);
        break;
      case 'dns-response': {
        const zone = this.federation.book.lookedUp(input);
        if (zone !== undefined) this.#requests.zoneLookedUp(zone);
        else this.#updates.responded(input);
        break;
      }
      case 'uplinks':
      case 'notice':
      case 'stop':
        break;
    }
    drainEvents(this.#sessions, undefined, this.#onEvent);
  }

  poll(): Output | undefined {
    return this.#context.poll();
  }

  deadline(): Deadline | undefined {
    return this.#context.alarm.deadline();
  }

  wants(datagram: Uint8Array): boolean {
    const identity = identify(datagram);
    if (isDrop(identity) || identity.framing === 'tunnel' || identity.framing === 'path')
      return false;
    return this.#sessions.wants(datagram);
  }

  #datagram(datagram: Uint8Array, from: Endpoint, uplink: string | undefined): void {
    const dropped = this.#receive(datagram, from, uplink);
    if (dropped) this.#context.drop(dropped.drop, from, datagram);
  }

  #receive(datagram: Uint8Array, from: Endpoint, uplink: string | undefined): Drop | undefined {
    const identity = identify(datagram);
    if (isDrop(identity)) return identity;
    if (identity.framing === 'tunnel' || identity.framing === 'path')
      return drop('not-for-this-role');
    if (identity.name === 'hint') return this.#sessions.receiveHint(datagram);
    return this.#sessions.receive(datagram, from, uplink);
  }

  readonly #onEvent = (event: SessionEvent): void => {
    switch (event.event) {
      case 'initiation':
        this.#initiation(event.initiation);
        break;
      case 'established':
        if (!event.association.initiates) this.#established(event.association);
        break;
      case 'message':
        this.#message(event.association, event.message, event.from);
        break;
      case 'answer':
        this.#requests.answered(event.association, event.request, event.message);
        break;
      case 'request-failed':
        this.#requests.failed(event.association, event.request);
        break;
      case 'moved':
        // Where a node is counts once its NTM Update says so: only then are its peers told.
        if (this.#onlineById.has(event.association.peerId))
          this.#noteSeen(event.association, event.from);
        break;
      case 'session-wanted':
        this.federation.connect(event.association);
        break;
    }
  };

  #initiation(initiation: Initiation): void {
    const { peerId, peerKey, payload } = initiation;
    if (payload.name === 'zoneGreeting') {
      this.federation.greeted(initiation, payload.values);
      return;
    }
    if (payload.name !== 'registrationRequest') {
      this.#sessions.refuse(initiation, refusal('notAllowed'));
      return;
    }
    const isNew = !this.directory.get(peerId);
    const admitted = admit(this.directory, this.config, peerId, peerKey, payload.values);
    if (typeof admitted === 'string') {
      this.#context.log(
        'info',
        `Registration from ${initiation.from} refused: ${refusals[admitted].text}`,
      );
      this.#sessions.refuse(initiation, refusal(admitted));
      return;
    }
    if (admitted.role === 'relay' && !this.fleet.hasRoomFor(peerId)) {
      this.#sessions.refuse(initiation, refusal('full', fullRetrySeconds));
      return;
    }
    if (isNew) this.renamed(admitted);
    this.#arrivalById.set(peerId, {
      request: payload.values,
      from: initiation.from,
      at: this.#context.now,
    });
    this.#sessions.accept(
      initiation,
      'registrationResponse',
      this.#registration(admitted, initiation.from),
    );
  }

  #registration(record: NodeRecord, from: Endpoint): Values<'registrationResponse'> {
    const foreignPools = this.federation.zones
      .filter((zone) => this.federation.book.refusalOf(zone) === undefined)
      .flatMap((zone) => [
        ...this.federation.book.routedPools(zone),
        zonePrefixIpv6(this.#context.environment.suite, zone.publicKey),
      ]);
    return {
      name: record.name,
      zone: this.config.zone,
      virtualIpv4: record.ipv4,
      virtualIpv6: record.ipv6,
      pools: [...this.pools, ...foreignPools].slice(0, 16),
      leaseSeconds: limits.leaseSeconds,
      observed: from,
      relays: [...this.fleet.values()].slice(0, 4).map(relayInfo),
    };
  }

  /** Paths to and from this zone end: its owner or ours wants no more of it. */
  cutOff(zone: Zone): void {
    this.#context.log('info', `Paths to ${zone.zone} are not allowed any more.`);
    for (const path of this.directing.pathsToZone(zone.publicKey)) {
      this.directing.close(path, 'removed');
    }
    for (const { pathId, nodeId } of this.federation.pathsFrom(zone)) {
      this.federation.forgetPath(pathId);
      const node = this.#onlineById.get(nodeId);
      if (!node) continue;
      this.#sessions.request(node.association, 'pathCloseRequest', {
        targetId: nodeId,
        pathId,
        issuerKey: zone.publicKey,
        reason: 'removed',
      });
    }
  }

  /** The first message under new keys has come: now the registration counts. */
  #established(association: Association): void {
    const { peerId } = association;
    const arrival = this.#arrivalById.get(peerId);
    const record = this.directory.get(peerId);
    if (!arrival || !record) return;
    this.#arrivalById.delete(peerId);
    if (record.role === 'relay') {
      const isNew = this.#relays.registered(record, association, arrival.request, arrival.from);
      if (isNew) this.#announce(record, 'online');
    } else this.#nodeOnline(record, association, arrival);
  }

  #nodeOnline(record: NodeRecord, association: Association, arrival: Arrival): void {
    const { nodeId } = record;
    const { incarnation, software, publish } = arrival.request;
    const before = this.#onlineById.get(nodeId);
    const restarted = before !== undefined && before.incarnation !== incarnation;
    this.#onlineById.set(nodeId, {
      nodeId,
      association,
      incarnation,
      software,
      publish,
      move: restarted || !before ? 0 : before.move,
      observed: association.current?.endpoint ?? arrival.from,
      local: restarted || !before ? [] : before.local,
      mapped: before?.mapped ?? [],
      nat: restarted || !before ? 'unknown' : before.nat,
      relayDelays: before?.relayDelays ?? [],
      heardAt: this.#context.now,
      toldLivePaths: before !== undefined,
    });
    this.#timers.set('offline', nodeId, this.#context.now + limits.offlineAfterMs);
    if (!before || restarted) this.#announce(record, 'online');
    if (publish || before?.publish) this.#published(nodeId);
    if (restarted) this.#restartedAfterUpdate.add(nodeId);
    this.#requests.online(nodeId);
  }

  #announce(record: NodeRecord, state: 'online' | 'offline'): void {
    this.#context.log('info', `${record.name} is ${state}.`);
    this.#context.event('node', { name: record.name, nodeId: record.nodeId, state });
  }

  #message(association: Association, message: SealedMessage, from: Endpoint): void {
    const { transaction } = message;
    const { peerId } = association;
    const node = this.#onlineById.get(peerId);
    if (node) {
      // Its timer is looked at when it is due: it would be moved for every message otherwise.
      node.heardAt = this.#context.now;
    }
    const relay = this.fleet.get(peerId);
    if (relay) this.#relays.heard(relay);
    const foreign = node || relay ? undefined : this.federation.zoneOfKey(association.peerKey);
    const isForeign = foreign !== undefined;
    if (foreign && !foreign.requests.take(this.#context.now)) {
      this.#context.drops.add('rate-limited');
      return;
    }
    if (message.name === 'updateRequest')
      this.#update(association, transaction, message.values, from, node, relay !== undefined);
    else if (message.name === 'registrationRequest')
      this.#sessions.answer(association, transaction, 'refusal', refusal('notAllowed'));
    else if (message.name === 'sessionClose') this.#closed(association);
    else if (message.name === 'relayReport' && relay) this.#relays.reported(relay, message.values);
    else if (node && message.name === 'nameRequest')
      this.#nameRequest(association, transaction, message.values);
    else if (node || isForeign) this.#requests.handle(association, message, isForeign);
    else this.#sessions.answer(association, transaction, 'refusal', refusal('notAllowed'));
  }

  #nameRequest(association: Association, transaction: number, values: Values<'nameRequest'>): void {
    const found = this.names.find(values.target === 'name' ? values.name : values.ip);
    if (found) this.#sessions.answer(association, transaction, 'nameResponse', found);
    else this.#sessions.answer(association, transaction, 'refusal', refusal('unknownPeer'));
  }

  #update(
    association: Association,
    transaction: number,
    values: Values<'updateRequest'>,
    from: Endpoint,
    node: OnlineNode | undefined,
    isRelay: boolean,
  ): void {
    const { peerId } = association;
    const wantLivePaths = node !== undefined && !node.toldLivePaths;
    if (node || isRelay) {
      this.#sessions.answer(association, transaction, 'updateResponse', {
        observed: from,
        wantLivePaths,
        zones: node ? this.federation.knownZones : '',
      });
    } else {
      this.#sessions.answer(association, transaction, 'refusal', refusal('notEnrolled'));
    }
    if (!node) return;
    node.toldLivePaths = true;
    this.#noteSeen(association, from);
    const moved = updateLocation(node, values, from);
    for (const live of values.livePaths) this.#requests.adopt(node, live);
    const end = placeOf(node);
    if (this.#restartedAfterUpdate.delete(peerId)) {
      this.directing.restarted(peerId, end);
      this.federation.tellMoved(end, values.move);
    } else if (moved) {
      if (node.publish) this.#published(peerId);
      this.directing.moved(peerId, end);
      this.federation.tellMoved(end, values.move);
    }
  }

  #noteSeen(association: Association, from: Endpoint): void {
    const session = association.current;
    if (!session) return;
    this.lastSeen.note(association.peerId, from, session.localId);
    const { flushAt } = this.lastSeen;
    if (flushAt !== undefined) this.#timers.set('last-seen', '', flushAt);
  }

  #closed(association: Association): void {
    const { peerId } = association;
    if (association.initiates) return;
    this.#sessions.forget(association);
    this.#offline(peerId);
    this.#relayOffline(peerId);
  }

  #offline(nodeId: NodeId): void {
    const before = this.#onlineById.get(nodeId);
    if (!this.#onlineById.delete(nodeId)) return;
    this.#timers.clear('offline', nodeId);
    if (before?.publish) this.#published(nodeId);
    const record = this.directory.get(nodeId);
    if (record) this.#announce(record, 'offline');
    for (const path of this.directing.pathsOf(nodeId)) this.directing.close(path, 'lost', nodeId);
  }

  #relayOffline(relayId: NodeId): void {
    if (!this.#relays.gone(relayId)) return;
    const record = this.directory.get(relayId);
    if (record) this.#announce(record, 'offline');
  }

  #timeout(): void {
    const { now } = this.#context;
    for (let due = this.#timers.take(now); due; due = this.#timers.take(now)) {
      if (due.name === 'offline') this.#offlineIfSilent(due.key as NodeId);
      else if (due.name === 'last-seen') this.lastSeen.flush();
      else if (this.lastSeen.wakeNext()) this.#timers.set('wake', '', now + limits.wakeMs);
    }
  }

  #offlineIfSilent(nodeId: NodeId): void {
    const silentAt = (this.#onlineById.get(nodeId)?.heardAt ?? 0) + limits.offlineAfterMs;
    if (silentAt <= this.#context.now) this.#offline(nodeId);
    else this.#timers.set('offline', nodeId, silentAt);
  }

  /** The end of a path that an own node is, if it is online. */
  end(nodeId: NodeId): PathEnd | undefined {
    const record = this.directory.get(nodeId);
    const node = this.#onlineById.get(nodeId);
    if (!record || !node) return undefined;
    return {
      nodeId,
      publicKey: record.publicKey,
      name: `${record.name}.${this.config.zone}`,
      dsKey: this.#context.environment.keys.publicKey,
      ipv4: record.ipv4,
      ipv6: record.ipv6,
      incarnation: node.incarnation,
      nat: node.nat,
      candidates: candidatesOf(node),
      foreign: false,
    };
  }

  associationOf(end: PathEnd): Association | undefined {
    if (!end.foreign) return this.#onlineById.get(end.nodeId)?.association;
    const zone = this.federation.zoneOfKey(end.dsKey);
    return zone && this.federation.association(zone);
  }

  /** The real address that the DNS tells of this node is another one. */
  #published(nodeId: NodeId): void {
    const record = this.directory.get(nodeId);
    if (!record) return;
    this.names.changed();
    this.#updates.changed(record.name);
  }

  /** A node is new, has another name or is gone: what the DNS says of it is to be another. */
  renamed(record: NodeRecord, oldName = record.name): void {
    this.names.changed();
    for (const name of new Set([oldName, record.name])) this.#updates.changed(name);
    this.#updates.changedAddresses(record);
  }

  checks(): readonly CheckRow[] {
    return this.#updates.checks();
  }

  /** Removes a node or Relay Server: its session, paths and addresses go at once (protocol.md 2). */
  remove(record: NodeRecord): void {
    for (const path of this.directing.pathsOf(record.nodeId))
      this.directing.close(path, 'removed', record.nodeId);
    const association = this.#sessions.accepted(record.nodeId);
    if (association) {
      this.#sessions.tell(association, 'sessionClose', { reason: 'removed' });
      this.#sessions.forget(association);
    }
    this.directory.remove(record);
    this.renamed(record);
    this.lastSeen.forget(record.nodeId);
    this.#offline(record.nodeId);
    this.#relayOffline(record.nodeId);
  }
}

/** A Relay Server that finds no room asks again so late. */
const fullRetrySeconds = 60;
