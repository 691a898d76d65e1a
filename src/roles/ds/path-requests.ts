/**
 * Requests about paths that reach a Direction Server: Direction Requests of its nodes, Peer Direction Requests,
 * Route Directions and Location Notices of other DSs, and closing. Resolves who is meant and hands on to
 * directing and federation.
 */

import { equalBytes } from '../../base/bytes.ts';
import type { RoleContext } from '../../protocol/context.ts';
import { limits } from '../../protocol/limits.ts';
import { refusal } from '../../protocol/refusal.ts';
import type { SealedMessage } from '../../protocol/sealed-message.ts';
import type { Association } from '../../protocol/session.ts';
import type { Sessions } from '../../protocol/sessions.ts';
import type { NodeId } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';
import type { RefusalName } from '../../wire/refusals.ts';
import type { DirectedPath, PathEnd } from './directed-path.ts';
import type { NodeRecord } from './directory.ts';
import type { DsRole } from './ds-role.ts';
import { zoneIn } from './federation.ts';
import type { OnlineNode } from './online.ts';
import type { Zone } from './zone-book.ts';

/** A Direction Request that waits for another DS, by the transaction of the question to it. */
interface Waiting {
  readonly association: Association;
  readonly transaction: number;
  readonly zone: Zone;
}

/** A Route Direction of another DS that waits for our node's acknowledgement. */
interface Passed {
  readonly association: Association;
  readonly transaction: number;
}

type Target = Pick<Values<'directionRequest'>, 'peerId' | 'peerName' | 'peerIp'> & {
  readonly target: 'node-id' | 'name' | 'virtual-ip';
};

export class PathRequests {
  readonly #context: RoleContext;
  readonly #sessions: Sessions;
  readonly #ds: DsRole;
  readonly #waiting = new Map<string, Waiting>();
  readonly #passed = new Map<string, Passed>();
  #forZone: {
    readonly association: Association;
    readonly message: SealedMessage & { name: 'directionRequest' };
    readonly zone: string;
  }[] = [];
  /** Requests for a peer that is enrolled but not back yet, for a moment after this DS has started. */
  readonly #forAbsent = new Map<
    NodeId,
    {
      association: Association;
      message: SealedMessage & { name: 'directionRequest' };
      at: number;
    }[]
  >();

  constructor(context: RoleContext, sessions: Sessions, ds: DsRole) {
    this.#context = context;
    this.#sessions = sessions;
    this.#ds = ds;
  }

  handle(association: Association, message: SealedMessage, isForeign: boolean): void {
    const { transaction } = message;
    if (message.name === 'pathCloseRequest')
      this.#close(association, transaction, message.values, isForeign);
    else if (!isForeign && message.name === 'directionRequest')
      this.#direction(association, message);
    else if (isForeign && message.name === 'peerDirectionRequest')
      this.#peerDirection(association, transaction, message.values);
    else if (isForeign && message.name === 'routeDirection')
      this.#pass(association, transaction, message.values);
    else if (isForeign && message.name === 'locationNotice')
      this.#located(association, transaction, message.values);
    else this.#refuse(association, transaction, 'notAllowed');
  }

  #refuse(
    association: Association,
    transaction: number,
    reason: RefusalName,
    retrySeconds = 0,
  ): void {
    this.#sessions.answer(association, transaction, 'refusal', refusal(reason, retrySeconds));
  }

  #direction(
    association: Association,
    message: SealedMessage & { name: 'directionRequest' },
  ): void {
    const { transaction, values } = message;
    const asker = this.#ds.end(association.peerId);
    if (!asker) return this.#refuse(association, transaction, 'notEnrolled');
    if (values.target === 'exit') return this.#exit(association, transaction, asker, values);
    const target = { ...values, target: values.target };
    const record = this.#own(target);
    if (record) {
      if (record.nodeId === asker.nodeId)
        return this.#refuse(association, transaction, 'unknownPeer');
      if (!this.#ds.end(record.nodeId)) return this.#absent(association, message, record);
      return this.#ownPath(association, transaction, asker, record, values);
    }
    const zone = this.#foreignZone(target, values.lostPath);
    if (zone === 'wait') {
      // Answered when the DNS has told who speaks for that zone.
      if (this.#forZone.length >= limits.maxZoneWaiters) this.#forZone.shift();
      this.#forZone.push({ association, message, zone: zoneIn(values.peerName) });
      return;
    }
    if (typeof zone === 'string') return this.#refuse(association, transaction, zone);
    this.#askZone(association, transaction, asker, zone, target);
  }

  /** A node of ours: a Relay Server is enrolled, too, and nobody's peer. */
  #own(target: Target): NodeRecord | undefined {
    const record = this.#enrolled(target);
    return record?.role === 'node' ? record : undefined;
  }

  #enrolled(target: Target): NodeRecord | undefined {
    const { directory, config } = this.#ds;
    if (target.target === 'node-id') return target.peerId && directory.get(target.peerId);
    if (target.target === 'virtual-ip') return target.peerIp && directory.byIp(target.peerIp);
    const name = target.peerName.toLowerCase();
    const suffix = `.${config.zone}`;
    if (name.endsWith(suffix)) return directory.byName(name.slice(0, -suffix.length));
    return name.includes('.') ? undefined : directory.byName(name);
  }

  #foreignZone(
    target: Target,
    lostPath: Values<'directionRequest'>['lostPath'],
  ): Zone | RefusalName | 'wait' {
    const { federation, directing } = this.#ds;
    const lost = lostPath && federation.path(lostPath);
    const known =
      target.target === 'virtual-ip'
        ? target.peerIp && federation.zoneOfIp(target.peerIp)
        : federation.zoneOfName(target.peerName.toLowerCase());
    const issued = lostPath && directing.get(lostPath);
    const end = issued?.ends.find((each) => each.foreign && each.nodeId === target.peerId);
    const zone = known ?? lost?.zone ?? (end && federation.zoneOfKey(end.dsKey));
    if (zone) {
      if (!lostPath) federation.book.want(zone);
      return federation.book.refusalOf(zone) ?? zone;
    }
    if (target.target === 'virtual-ip' || !this.#isElsewhere(target.peerName)) return 'unknownPeer';
    return federation.book.lookUp(zoneIn(target.peerName), 'node') ?? 'wait';
  }

  #isElsewhere(name: string): boolean {
    return name.includes('.') && zoneIn(name) !== this.#ds.config.zone;
  }

  /** The DNS has answered, or not: whoever waited for that zone is served now. */
  zoneLookedUp(zone: string): void {
    const waiting = this.#forZone.filter((each) => each.zone === zone);
    this.#forZone = this.#forZone.filter((each) => each.zone !== zone);
    for (const { association, message } of waiting) this.#direction(association, message);
  }

  #ownPath(
    association: Association,
    transaction: number,
    asker: PathEnd,
    record: NodeRecord,
    values: Values<'directionRequest'>,
  ): void {
    const { directing } = this.#ds;
    const peer = this.#ds.end(record.nodeId);
    if (!peer) return this.#refuse(association, transaction, 'peerOffline', 5);
    const known = directing.between(asker.nodeId, record.nodeId);
    let path: DirectedPath | RefusalName;
    if (known && (known.pathId === values.lostPath || values.lostPath === undefined)) {
      refresh(known, [asker, peer]);
      const isYoung = this.#context.now - known.createdAt < youngMs;
      path = values.lostPath
        ? directing.lost(known)
        : isYoung
          ? known
          : directing.reissue(known, undefined);
    } else if (known) {
      // Another path than the one that was lost: it may have come to nothing at an end, so it is said again.
      refresh(known, [asker, peer]);
      path = directing.repeat(known);
    } else {
      path = directing.issue(directing.drawPathId(), [asker, peer], undefined);
    }
    this.#answerDirection(association, transaction, path, asker.nodeId);
  }

  #answerDirection(
    association: Association,
    transaction: number,
    path: DirectedPath | RefusalName,
    askerId: NodeId,
  ): void {
    if (typeof path === 'string') return this.#refuse(association, transaction, path, 5);
    const peer = path.ends.find((end) => end.nodeId !== askerId) ?? path.ends[1];
    this.#sessions.answer(association, transaction, 'directionResponse', {
      pathId: path.pathId,
      peerId: peer.nodeId,
      peerName: peer.name,
      virtualIpv4: peer.ipv4,
      virtualIpv6: peer.ipv6,
    });
  }

  #exit(
    association: Association,
    transaction: number,
    asker: PathEnd,
    values: Values<'directionRequest'>,
  ): void {
    const { directing } = this.#ds;
    const known = directing.exitOf(asker.nodeId);
    if (known) refresh(known, [asker]);
    const isYoung = known && this.#context.now - known.createdAt < 2000;
    let path: DirectedPath | RefusalName;
    if (known && values.lostPath === known.pathId) path = directing.lost(known);
    else if (known && isYoung) path = known;
    else if (known) path = directing.reissue(known, undefined);
    else path = directing.issueExit(asker, undefined);
    this.#answerDirection(association, transaction, path, asker.nodeId);
  }

  /** The peer is enrolled but not heard yet: shortly after our own start it may just not be back. */
  #absent(
    association: Association,
    message: SealedMessage & { name: 'directionRequest' },
    record: NodeRecord,
  ): void {
    const waiting = this.#forAbsent.get(record.nodeId) ?? [];
    const fresh = waiting
      .filter((each) => this.#context.now - each.at < absentWaitMs)
      .slice(-maxAbsent);
    fresh.push({ association, message, at: this.#context.now });
    if (this.#forAbsent.size < maxAbsent) this.#forAbsent.set(record.nodeId, fresh);
    this.#ds.lastSeen.wake(record.nodeId);
    this.#refuse(association, message.transaction, 'peerOffline', 5);
  }

  /** A node came online: those who asked for it a moment ago get their path after all. */
  online(nodeId: NodeId): void {
    const waiting = this.#forAbsent.get(nodeId);
    if (!waiting) return;
    this.#forAbsent.delete(nodeId);
    const { directing } = this.#ds;
    for (const { association, at } of waiting) {
      const asker = this.#ds.end(association.peerId);
      const peer = this.#ds.end(nodeId);
      if (!asker || !peer || this.#context.now - at > absentWaitMs) continue;
      if (!directing.between(asker.nodeId, nodeId))
        directing.issue(directing.drawPathId(), [asker, peer], undefined);
    }
  }

  #askZone(
    association: Association,
    transaction: number,
    asker: PathEnd,
    zone: Zone,
    target: Target,
  ): void {
    const foreign = this.#ds.federation.association(zone);
    if (foreign.requests.size >= limits.maxQuestionsToZone)
      return this.#refuse(association, transaction, 'peerOffline', 5);
    const question = this.#sessions.request(foreign, 'peerDirectionRequest', {
      zone: zone.zone,
      initiatorId: asker.nodeId,
      initiatorKey: asker.publicKey,
      initiatorName: asker.name,
      initiatorIpv4: asker.ipv4,
      initiatorIpv6: asker.ipv6,
      target: target.target,
      peerId: target.peerId,
      peerName: target.peerName,
      peerIp: target.peerIp,
      pathId: this.#ds.directing.drawPathId(),
    });
    this.#waiting.set(`${foreign.label} ${question}`, { association, transaction, zone });
  }

  /** An answer to a question of ours to another DS or to a node. */
  answered(association: Association, request: SealedMessage, message: SealedMessage): void {
    if (request.name === 'peerDirectionRequest') {
      const key = `${association.label} ${request.transaction}`;
      const waiting = this.#waiting.get(key);
      this.#waiting.delete(key);
      if (waiting) this.#zoneAnswered(waiting, request.values, message);
    } else if (request.name === 'zoneGreeting' && message.name === 'zoneWelcome') {
      this.#ds.federation.welcomed(association, message.values);
    } else if (request.name === 'zoneGreeting' && message.name === 'refusal') {
      this.#greetingRefused(association, message.values);
    } else if (request.name === 'routeDirection') {
      // Most are of our own paths: no text is put together for those.
      if (this.#passed.size > 0)
        this.#passedAnswered(`${association.label} ${request.transaction}`, message);
      if (message.name === 'refusal') this.#directionRefused(request.values, message.values);
    } else if (request.name === 'locationNotice' && message.name === 'locationAcknowledgement') {
      for (const pathId of message.values.unknownPathIds) this.#ds.federation.forgetPath(pathId);
    } else if (request.name === 'relayDirection' && message.name === 'relayResponse') {
      const relay = this.#ds.fleet.get(association.peerId);
      if (relay) Object.assign(relay, message.values);
    }
  }

  /** The other DS will not talk: so whoever waits for it is told. */
  #greetingRefused(association: Association, values: Values<'refusal'>): void {
    this.#sessions.forget(association);
    for (const [key, waiting] of [...this.#waiting]) {
      if (!key.startsWith(`${association.label} `)) continue;
      this.#waiting.delete(key);
      this.#sessions.answer(waiting.association, waiting.transaction, 'refusal', values);
    }
  }

  #zoneAnswered(
    waiting: Waiting,
    request: Values<'peerDirectionRequest'>,
    message: SealedMessage,
  ): void {
    const { association, transaction, zone } = waiting;
    const asker = this.#ds.end(association.peerId);
    if (message.name === 'refusal') {
      this.#sessions.answer(association, transaction, 'refusal', message.values);
      return;
    }
    const peer =
      message.name === 'peerDirectionResponse'
        ? this.#ds.federation.foreignEnd(zone, message.values)
        : undefined;
    if (!asker || !peer) return this.#refuse(association, transaction, 'unknownPeer');
    const isAsked = request.target !== 'name' || request.peerName.toLowerCase() === peer.name;
    if (!isAsked) return this.#refuse(association, transaction, 'unknownPeer');
    if (!this.#ds.federation.book.isKnownAs(peer.name, peer.nodeId))
      return this.#refuse(association, transaction, 'nameChanged');
    const { directing } = this.#ds;
    const known = directing.between(asker.nodeId, peer.nodeId);
    const isYoung = known !== undefined && this.#context.now - known.createdAt < youngMs;
    if (known && isYoung)
      return this.#answerDirection(association, transaction, known, asker.nodeId);
    if (known) directing.forget(known);
    const path = directing.issue(request.pathId, [asker, peer], undefined);
    this.#answerDirection(association, transaction, path, asker.nodeId);
  }

  failed(association: Association, request: SealedMessage): void {
    const key = `${association.label} ${request.transaction}`;
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    this.#passed.delete(key);
    if (waiting) this.#refuse(waiting.association, waiting.transaction, 'peerOffline', 5);
  }

  /** Another DS asks where a node of ours is. */
  #peerDirection(
    association: Association,
    transaction: number,
    values: Values<'peerDirectionRequest'>,
  ): void {
    const zone = this.#ds.federation.zoneOfKey(association.peerKey);
    if (!zone || this.#ds.federation.book.refusalOf(zone))
      return this.#refuse(association, transaction, 'zoneRefused');
    if (values.zone !== this.#ds.config.zone)
      return this.#refuse(association, transaction, 'unknownZone');
    const record = this.#own(values);
    if (!record) return this.#refuse(association, transaction, 'unknownPeer');
    const end = this.#ds.end(record.nodeId);
    const node = this.#ds.online(record.nodeId);
    if (!end || !node) {
      this.#ds.lastSeen.wake(record.nodeId);
      return this.#refuse(association, transaction, 'peerOffline', 5);
    }
    this.#sessions.answer(association, transaction, 'peerDirectionResponse', {
      peerId: end.nodeId,
      peerKey: end.publicKey,
      peerName: end.name,
      peerIncarnation: end.incarnation,
      virtualIpv4: end.ipv4,
      virtualIpv6: end.ipv6,
      nat: end.nat,
      candidates: end.candidates,
      relayDelays: node.relayDelays,
    });
  }

  /** A Route Direction of another DS for a node of ours: passed on as it is, once its origin is checked. */
  #pass(association: Association, transaction: number, values: Values<'routeDirection'>): void {
    const { federation } = this.#ds;
    const zone = federation.zoneOfKey(association.peerKey);
    const node = this.#ds.online(values.targetId);
    if (!zone || federation.book.refusalOf(zone))
      return this.#refuse(association, transaction, 'zoneRefused');
    if (!node) {
      this.#ds.lastSeen.wake(values.targetId);
      return this.#refuse(association, transaction, 'peerOffline', 5);
    }
    const isItsOwn =
      equalBytes(values.issuerKey, zone.publicKey) && equalBytes(values.peerDsKey, zone.publicKey);
    const isItsName = values.peerName.toLowerCase().endsWith(`.${zone.zone}`);
    if (!isItsOwn || !isItsName || values.kind !== 'node')
      return this.#refuse(association, transaction, 'notAllowed');
    const path = { pathId: values.pathId, zone, nodeId: values.targetId, peerId: values.peerId };
    if (this.#ds.directing.get(values.pathId) || !federation.notePath(path)) {
      return this.#refuse(association, transaction, 'pathIdTaken');
    }
    this.#sessions.withdraw(
      node.association,
      (message) => message.name === 'routeDirection' && message.values.pathId === values.pathId,
    );
    const passed = this.#sessions.request(node.association, 'routeDirection', values);
    if (this.#passed.size < maxPassed) {
      this.#passed.set(`${node.association.label} ${passed}`, { association, transaction });
    }
  }

  #passedAnswered(key: string, message: SealedMessage): void {
    const passed = this.#passed.get(key);
    this.#passed.delete(key);
    if (
      passed &&
      (message.name === 'refusal' || message.name === 'routeDirectionAcknowledgement')
    ) {
      this.#sessions.answer(
        passed.association,
        passed.transaction,
        message.name,
        message.values as never,
      );
    }
  }

  #directionRefused(request: Values<'routeDirection'>, refused: Values<'refusal'>): void {
    const path = this.#ds.directing.get(request.pathId);
    this.#context.log('warn', `A Route Direction was refused: ${refused.text}`);
    if (path) this.#ds.directing.close(path, 'refused', request.targetId);
  }

  /** A node of another DS has moved or restarted. */
  #located(association: Association, transaction: number, values: Values<'locationNotice'>): void {
    const { directing } = this.#ds;
    const isTheirs = (path: DirectedPath | undefined) =>
      path?.ends.some(
        (end) =>
          end.foreign && end.nodeId === values.peerId && equalBytes(end.dsKey, association.peerKey),
      ) ?? false;
    const unknownPathIds = values.pathIds.filter((pathId) => !isTheirs(directing.get(pathId)));
    this.#sessions.answer(association, transaction, 'locationAcknowledgement', { unknownPathIds });
    const paths = values.pathIds.map((pathId) => directing.get(pathId)).filter(isTheirs);
    const end = paths[0]?.ends.find((each) => each.nodeId === values.peerId);
    if (!end) return;
    const restarted = end.incarnation !== values.peerIncarnation;
    const where = {
      incarnation: values.peerIncarnation,
      nat: values.nat,
      candidates: values.candidates,
    };
    if (restarted) directing.restarted(values.peerId, where);
    else directing.moved(values.peerId, where);
  }

  #close(
    association: Association,
    transaction: number,
    values: Values<'pathCloseRequest'>,
    isForeign: boolean,
  ): void {
    const { pathId, reason } = values;
    const { directing, federation } = this.#ds;
    const path = directing.get(pathId);
    const passed = federation.path(pathId);
    this.#sessions.answer(association, transaction, 'pathCloseResponse', { pathId });
    if (!isForeign && path?.ends.some((end) => end.nodeId === association.peerId)) {
      directing.close(path, reason, association.peerId);
    } else if (passed && isForeign && equalBytes(passed.zone.publicKey, association.peerKey)) {
      federation.forgetPath(pathId);
      const node = this.#ds.online(passed.nodeId);
      if (node)
        this.#sessions.request(node.association, 'pathCloseRequest', {
          ...values,
          targetId: passed.nodeId,
        });
    } else if (passed && passed.nodeId === association.peerId) {
      federation.forgetPath(pathId);
      const foreign = federation.association(passed.zone);
      this.#sessions.request(foreign, 'pathCloseRequest', { ...values, targetId: passed.peerId });
    } else if (
      isForeign &&
      path?.ends.some((end) => end.foreign && equalBytes(end.dsKey, association.peerKey))
    ) {
      directing.close(path, reason);
    }
  }

  /** A path that lived before this DS restarted (protocol.md 11.11). */
  adopt(node: OnlineNode, live: Values<'updateRequest'>['livePaths'][number]): void {
    const own = this.#ds.end(node.nodeId);
    const peer = this.#ds.end(live.peerId);
    if (!own || !peer || live.side > 1) return;
    const ends = live.side === 0 ? ([own, peer] as const) : ([peer, own] as const);
    this.#ds.directing.adopt(live.pathId, ends, live.relayId);
  }
}

/** A path that was issued so recently is the answer to whoever asks for one. */
const youngMs = 2000;
const absentWaitMs = 60_000;
const maxAbsent = 256;
const maxPassed = 10_000;

/** Brings the ends of a path up to date with where the nodes are now. */
function refresh(path: DirectedPath, ends: readonly PathEnd[]): void {
  for (const fresh of ends) {
    const end = path.ends.find((each) => each.nodeId === fresh.nodeId);
    if (!end) continue;
    end.incarnation = fresh.incarnation;
    end.nat = fresh.nat;
    end.candidates = fresh.candidates;
  }
}
