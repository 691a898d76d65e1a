/**
 * The end-to-end handshake of a path (protocol.md 6, 11.8): Noise KKpsk0 inside Tunnel Request and Response,
 * directly and through the Relay Server at once, which cannot read it. Whoever is the initiator in the
 * Route Direction sends message 1; the responder names the epoch and sends under its keys only after a message
 * under them has come.
 */
import { backoffMs } from '../../base/backoff.ts';
import { concatBytes, emptyBytes, fromHex, utf8 } from '../../base/bytes.ts';
import type { Endpoint } from '../../base/ip.ts';
import type { DataSuite } from '../../datapath/commands.ts';
import { Handshake } from '../../noise/handshake-state.ts';
import { generateKeyPair, pathKeys } from '../../noise/keys.ts';
import { type Drop, drop } from '../../wire/drops.ts';
import { protocolVersion } from '../../wire/header.ts';
import { noToken, type Stamp, stamp } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';
import { limits } from '../limits.ts';
import { directCandidates } from '../path-choice.ts';
import { plainSuites, preferredSuite, type SuiteSet, suiteSet } from '../suites.ts';
import { encodeTunnel } from '../tunnel-message.ts';
import type { Legs } from './leg.ts';
import { newControlKeys, type PendingHandshake, type Tunnel } from './tunnel.ts';
import { short, type TunnelContext } from './tunnel-context.ts';

export class KeyAgreement {
  readonly #context: TunnelContext;
  readonly #legs: Legs;

  constructor(context: TunnelContext, legs: Legs) {
    this.#context = context;
    this.#legs = legs;
  }

  /** Initiator: begins a handshake, the first or one that renews the keys. */
  start(tunnel: Tunnel, cause: PendingHandshake['cause']): void {
    if (tunnel.pending) return;
    const { bootCount, suite } = this.#context.role.environment;
    const ownStamp = stamp(bootCount, this.#context.role.nextStampCounter());
    const handshake = this.#handshake(tunnel, true);
    const values = {
      incarnation: tunnel.peer.incarnation,
      stamp: ownStamp,
      inner: handshake.writeMessage(Uint8Array.of(this.#suites(tunnel))),
    };
    const path = { pathId: tunnel.pathId, side: tunnel.side, leg: false };
    const message = encodeTunnel(suite, 'tunnelRequest', path, tunnel.directKey, values);
    tunnel.pending = { stamp: ownStamp, handshake, message, cause, tries: 0 };
    this.#send(tunnel, tunnel.pending, this.#routeInUse(tunnel));
  }

  /** What both the Direction Server and this end permit; told in message 1, and the choice in message 2. */
  #suites(tunnel: Tunnel): SuiteSet {
    return tunnel.plan.suites & this.#context.role.suites;
  }

  #handshake(tunnel: Tunnel, initiator: boolean): Handshake {
    const { suite, random, keys } = this.#context.role.environment;
    return new Handshake({
      suite,
      pattern: 'KKpsk0',
      initiator,
      prologue: pathPrologue(this.#context, tunnel, initiator),
      keys,
      ephemeral: generateKeyPair(suite, random),
      remoteStatic: tunnel.peer.publicKey,
      psk: tunnel.plan.psk,
    });
  }

  /**
   * Responder: the peer begins. It may not know where this end is, and the Direction Server neither: a NAT that
   * has restarted lets nobody in before this end has asked.
   */
  await(tunnel: Tunnel): void {
    const { firstMs, mostMs } = limits.awaitTunnel;
    const waited = this.#context.now - tunnel.createdAt;
    if (waited > 0)
      this.#context.emit({ event: 'lost', tunnel, why: 'the peer has not begun yet' });
    if (waited < mostMs) this.#context.timer('handshake', tunnel, Math.max(firstMs, waited));
  }

  /** Sends message 1 by every way there is; repeated with backoff until it is answered. */
  repeat(tunnel: Tunnel): void {
    const { pending } = tunnel;
    if (!pending) return;
    if (pending.tries >= limits.maxTunnelTries) {
      tunnel.pending = undefined;
      this.#context.emit({ event: 'lost', tunnel, why: 'the peer does not answer' });
      return;
    }
    this.#send(tunnel, pending, undefined);
  }

  /** One try, by the route in use alone when there is one: new keys of a path that works are in no hurry. */
  #send(tunnel: Tunnel, pending: PendingHandshake, inUse: Endpoint | undefined): void {
    const summary = `${short(tunnel.pathId)} ${pending.cause}`;
    this.#context.role.note('sent', 'tunnelRequest', 'peer', pending.message.length, summary);
    if (inUse) this.#context.transmit(inUse, pending.message);
    else this.#sendEveryWay(tunnel, pending.message);
    const wait = backoffMs(limits.tunnel, pending.tries, this.#context.role.environment.random);
    pending.tries += 1;
    if (pending.tries % limits.askAfterTunnelTries === 0) {
      this.#context.emit({ event: 'lost', tunnel, why: 'the peer has not answered yet' });
    }
    this.#context.timer('handshake', tunnel, wait);
  }

  #sendEveryWay(tunnel: Tunnel, message: Uint8Array): void {
    const viaRelay = this.#context.relayEndpoint(tunnel);
    if (viaRelay && tunnel.leg.state === 'open') this.#context.transmit(viaRelay, message);
    else if (viaRelay) this.#legs.ask(tunnel, message);
    for (const to of this.#directTargets(tunnel)) this.#context.transmit(to, message);
  }

  /** Where packets of a path that works go, when nothing is in doubt about it. */
  #routeInUse(tunnel: Tunnel): Endpoint | undefined {
    if (!tunnel.established || tunnel.moveUnanswered || tunnel.deadTries > 0) return undefined;
    if (tunnel.active === 'direct') return tunnel.directProven ? tunnel.direct : undefined;
    return tunnel.leg.state === 'open' ? this.#context.relayEndpoint(tunnel) : undefined;
  }

  #directTargets(tunnel: Tunnel): readonly Endpoint[] {
    const targets = new Set(directCandidates(this.#context.locality, tunnel.peer));
    if (tunnel.direct) targets.add(tunnel.direct);
    return [...targets].filter(
      (to) => this.#context.locality.canReach(to) && !this.#context.locality.isOwn(to),
    );
  }

  /** Opens our own NAT towards the peer, or asks the initiator for new keys: a request without handshake. */
  nudge(tunnel: Tunnel): void {
    const { bootCount, suite } = this.#context.role.environment;
    const values = {
      incarnation: tunnel.peer.incarnation,
      stamp: stamp(bootCount, this.#context.role.nextStampCounter()),
      inner: emptyBytes,
    };
    const path = { pathId: tunnel.pathId, side: tunnel.side, leg: false };
    const message = encodeTunnel(suite, 'tunnelRequest', path, tunnel.directKey, values);
    const inUse = this.#routeInUse(tunnel);
    if (inUse) {
      this.#context.transmit(inUse, message);
      return;
    }
    for (const to of this.#directTargets(tunnel)) this.#context.transmit(to, message);
    const viaRelay = this.#context.relayEndpoint(tunnel);
    if (viaRelay && tunnel.leg.state === 'open') this.#context.transmit(viaRelay, message);
  }

  /** A Tunnel Request of the peer, its hash verified. */
  request(tunnel: Tunnel, from: Endpoint, values: Values<'tunnelRequest'>): Drop | undefined {
    const direct = !this.#context.isRelay(tunnel, from);
    if (tunnel.lastAnswer?.stamp === values.stamp) {
      this.#answer(tunnel, from, tunnel.lastAnswer);
      return undefined;
    }
    if (tunnel.lastStamp !== undefined && values.stamp <= tunnel.lastStamp)
      return drop('stale-stamp');
    if (values.inner.length === 0) {
      tunnel.lastStamp = values.stamp;
      return this.#nudged(tunnel, direct ? from : undefined);
    }
    if (tunnel.plan.initiator) return drop('unexpected');
    const handshake = this.#handshake(tunnel, false);
    const offer = handshake.readMessage(values.inner);
    const chosen = offer && this.#choice(tunnel, offer);
    if (!chosen) return drop('bad-handshake');
    tunnel.lastStamp = values.stamp;
    const epoch = nextEpoch(tunnel);
    const inner = handshake.writeMessage(Uint8Array.of(suiteSet([chosen])));
    this.#context.clear('handshake', tunnel);
    this.#install(tunnel, epoch, handshake, chosen);
    tunnel.lastAnswer = { stamp: values.stamp, inner, epoch };
    this.#answer(tunnel, from, tunnel.lastAnswer);
    return undefined;
  }

  #nudged(tunnel: Tunnel, from: Endpoint | undefined): Drop | undefined {
    if (!tunnel.plan.initiator) return undefined;
    if (tunnel.pending) {
      if (from && tunnel.pending.cause === 'start')
        this.#context.transmit(from, tunnel.pending.message);
    } else if (tunnel.sendEpoch < 0 || this.#context.now - tunnel.keyedAt > 100_000) {
      this.start(tunnel, tunnel.sendEpoch < 0 ? 'start' : 'rekey');
    }
    return undefined;
  }

  #answer(tunnel: Tunnel, to: Endpoint, answer: NonNullable<Tunnel['lastAnswer']>): void {
    const { suite, incarnation } = this.#context.role.environment;
    const values = {
      incarnation,
      stamp: answer.stamp,
      observed: to,
      token: noToken,
      epoch: answer.epoch,
      inner: answer.inner,
    };
    const path = { pathId: tunnel.pathId, side: tunnel.side, leg: false };
    this.#context.transmit(
      to,
      encodeTunnel(suite, 'tunnelResponse', path, tunnel.directKey, values),
    );
  }

  /** The request was meant for an earlier start of this process: says which one this is, and nothing else. */
  answerStale(tunnel: Tunnel, to: Endpoint, itsStamp: Stamp): void {
    this.#answer(tunnel, to, { stamp: itsStamp, inner: emptyBytes, epoch: 0 });
  }

  /** The peer's Tunnel Response, its hash verified: true when new keys came of it. */
  response(tunnel: Tunnel, values: Values<'tunnelResponse'>): boolean | Drop {
    const { pending } = tunnel;
    if (!pending || values.stamp !== pending.stamp) return false;
    if (values.inner.length === 0) {
      // The peer has restarted since the Direction Server told us of it (protocol.md 11.2).
      tunnel.peer.incarnation = values.incarnation;
      tunnel.pending = undefined;
      this.start(tunnel, pending.cause);
      return false;
    }
    if (values.epoch > 3) return drop('malformed');
    const answer = pending.handshake.readMessage(values.inner);
    const chosen = answer && this.#choice(tunnel, answer);
    if (!chosen) return drop('bad-handshake');
    tunnel.pending = undefined;
    this.#context.clear('handshake', tunnel);
    this.#install(tunnel, values.epoch, pending.handshake, chosen);
    this.use(tunnel, values.epoch);
    return true;
  }

  /** Of what the other end has told, the one that is used; it may have told nothing. */
  #choice(tunnel: Tunnel, [told = plainSuites]: Uint8Array): DataSuite | undefined {
    return preferredSuite(told & this.#suites(tunnel));
  }

  #install(tunnel: Tunnel, epoch: number, handshake: Handshake, suite: DataSuite): void {
    const { data, control } = pathKeys(this.#context.role.environment.suite, handshake.split());
    tunnel.serial += 1;
    tunnel.keys[epoch] = newControlKeys(epoch, tunnel.serial, control.send, control.receive);
    tunnel.newestEpoch = epoch;
    tunnel.suite = suite;
    this.#context.role.path({
      op: 'key-set',
      pathId: tunnel.pathId,
      epoch,
      sendKey: data.send,
      receiveKey: data.receive,
      suite,
    });
  }

  /** A message under the keys of this epoch has proved that the other end has them: send under them. */
  use(tunnel: Tunnel, epoch: number): void {
    if (tunnel.sendEpoch === epoch || epoch !== tunnel.newestEpoch) return;
    tunnel.sendEpoch = epoch;
    tunnel.keyedAt = this.#context.now;
    if (tunnel.active !== 'none') this.#context.tellEpoch(tunnel);
    this.#context.timer('old-epoch', tunnel, limits.oldEpochMs);
    if (tunnel.plan.initiator) this.#context.timer('key-age', tunnel, limits.pathKeyRenewMs);
  }

  forgetOldEpochs(tunnel: Tunnel): void {
    for (const epoch of [0, 1, 2, 3]) {
      if (epoch === tunnel.newestEpoch || epoch === tunnel.sendEpoch || !tunnel.keys[epoch])
        continue;
      tunnel.keys[epoch] = undefined;
      this.#context.role.path({ op: 'key-delete', pathId: tunnel.pathId, epoch });
    }
  }
}

/** The one after the newest, but never the one that packets are sent under. */
function nextEpoch(tunnel: Tunnel): number {
  const next = (tunnel.newestEpoch + 1) & 3;
  return next === tunnel.sendEpoch ? (next + 1) & 3 : next;
}

/**
 * Protocol.md 11.4: both ends must mean the same path, the same two nodes under the same two DSs with the same
 * virtual IPs and suites, or the handshake fails.
 */
function pathPrologue(context: TunnelContext, tunnel: Tunnel, initiator: boolean): Uint8Array {
  const { keys } = context.role.environment;
  const { plan, peer } = tunnel;
  const ips = [peer.ipv4, peer.ipv6].filter((ip) => ip !== undefined);
  const own = { key: keys.publicKey, dsKey: plan.ownDsKey, ips: plan.ownIps, side: plan.side };
  const other = { key: peer.publicKey, dsKey: peer.dsKey, ips, side: 1 - plan.side };
  const ends = initiator ? [own, other] : [other, own];
  const parts = ends.flatMap((end) => [
    Uint8Array.of(end.side),
    end.key,
    end.dsKey,
    utf8(`${[...end.ips].sort().join(' ')};`),
  ]);
  return concatBytes(
    utf8(`NTMobile ${protocolVersion} path`),
    fromHex(plan.pathId) as Uint8Array,
    Uint8Array.of(plan.suites),
    ...parts,
  );
}
