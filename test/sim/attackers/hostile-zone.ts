/**
 * The Direction Server of a zone that the owner of another one trusts, gone bad: its sessions are right, and in
 * them it says whatever a Direction Server can say, as fast as it is told to: made-up paths to a node, questions,
 * moves and ends of paths that never were. What it may cost others is bounded (protocol.md 11.3, 11.9).
 */
import { toHex } from '../../../src/base/bytes.ts';
import {
  type Endpoint,
  type Ip,
  ipBytes,
  ipFromBytes,
  type Prefix,
  prefixIp,
} from '../../../src/base/ip.ts';
import { generateKeyPair, nodeIdOf } from '../../../src/noise/keys.ts';
import { RoleContext } from '../../../src/protocol/context.ts';
import type { ForeignZone } from '../../../src/protocol/foreign-zone.ts';
import { HintSender } from '../../../src/protocol/hint-sender.ts';
import type { Association } from '../../../src/protocol/session.ts';
import { Sessions } from '../../../src/protocol/sessions.ts';
import { zonePrefixIpv6 } from '../../../src/protocol/virtual-ip.ts';
import type { Incarnation, NodeId, PathId } from '../../../src/wire/ids.ts';
import { messages } from '../../../src/wire/messages.ts';
import type { Dice } from '../dice.ts';
import type { Datagram } from '../network/realm.ts';
import type { DirectionServer, World } from '../world.ts';
import { Attacker } from './attacker.ts';

const zone = 'hostile.example';
const pool = '198.18.240.0/20' as Prefix;

/** A node of the victim's, as anybody may know it. */
export interface Target {
  readonly nodeId: NodeId;
  readonly name: string;
  readonly zone: string;
}

export class HostileZone extends Attacker {
  readonly #context: RoleContext;
  readonly #sessions: Sessions;
  #association: Association | undefined;
  #count = 0;
  sentBytes = 0;
  receivedBytes = 0;
  /** What it writes as the source of its datagrams. */
  source: Endpoint = this.endpoint;

  constructor(name: string, world: World, dice: Dice) {
    super(name, world, dice);
    const { random } = dice;
    this.#context = new RoleContext({
      suite: world.suite,
      random,
      keys: generateKeyPair(world.suite, random),
      incarnation: toHex(random.bytes(8)) as Incarnation,
      bootCount: 1,
      software: 'hostile',
      stored: new Map(),
    });
    this.#sessions = new Sessions(this.#context, new HintSender(this.#context));
  }

  get #publicKey(): Uint8Array {
    return this.#context.environment.keys.publicKey;
  }

  /** As the victim's owner has it in the configuration. */
  get asConfigured(): ForeignZone {
    const publicKey = this.#publicKey;
    return { zone, endpoints: [this.endpoint], publicKey, pools: [pool], policy: 'allow' };
  }

  get inSession(): boolean {
    return this.#association?.current !== undefined;
  }

  open(victim: DirectionServer): void {
    this.greetAs(zone, victim);
  }

  greetAs(name: string, victim: DirectionServer): void {
    this.#context.now = this.world.now;
    this.#association = this.#sessions.to(victim.keys.publicKey, victim.endpoints);
    this.#greet(name);
    this.#drain();
  }

  #greet(name = zone): void {
    const greeting = { zone: name, pools: [pool] };
    if (this.#association) this.#sessions.connect(this.#association, 'zoneGreeting', greeting);
  }

  /** One of the things that a Direction Server says to another. */
  say(target: Target): void {
    const association = this.#association;
    if (!association) return;
    this.#context.now = this.world.now;
    this.#count += 1;
    const kind = this.#count % 6;
    if (kind < 2) this.#inventPath(association, target);
    else if (kind < 4) this.#ask(association, target, kind === 3);
    else if (kind === 4) this.#move(association);
    else this.#close(association, target);
    this.#drain();
  }

  #pathId(): PathId {
    return toHex(this.dice.random.bytes(8)) as PathId;
  }

  /** A path to a node that never was, at an address of our own. */
  #inventPath(association: Association, target: Target): void {
    const { suite } = this.world;
    const { random } = this.dice;
    const { publicKey } = generateKeyPair(suite, random);
    this.#sessions.tell(association, 'routeDirection', {
      targetId: target.nodeId,
      pathId: this.#pathId(),
      issuerKey: this.#publicKey,
      revision: 1,
      kind: 'node',
      side: 0,
      initiator: true,
      route: 'direct',
      suites: 1,
      keys: { legKey: random.bytes(32), psk: random.bytes(32) },
      peerId: nodeIdOf(suite, publicKey),
      peerKey: publicKey,
      peerIncarnation: toHex(random.bytes(8)) as Incarnation,
      peerName: `n${this.#count}.${zone}`,
      peerDsKey: this.#publicKey,
      peerIpv4: undefined,
      peerIpv6: this.#inventIp(),
      peerNat: 'global',
      peerCandidates: [{ kind: 'observed', endpoint: this.endpoint }],
      relay: undefined,
      idleSeconds: 600,
    });
  }

  #inventIp(): Ip {
    const bytes = ipBytes(prefixIp(zonePrefixIpv6(this.world.suite, this.#publicKey))).slice();
    bytes.set(this.dice.random.bytes(8), 8);
    return ipFromBytes(bytes);
  }

  #ask(association: Association, target: Target, isKnown: boolean): void {
    const { publicKey } = this.#context.environment.keys;
    this.#sessions.tell(association, 'peerDirectionRequest', {
      zone: target.zone,
      initiatorId: nodeIdOf(this.world.suite, publicKey),
      initiatorKey: publicKey,
      initiatorName: `n.${zone}`,
      initiatorIpv4: undefined,
      initiatorIpv6: undefined,
      target: 'name',
      peerId: undefined,
      peerName: isKnown ? target.name : `n${this.#count}.${target.zone}`,
      peerIp: undefined,
      pathId: this.#pathId(),
    });
  }

  #move(association: Association): void {
    const { random } = this.dice;
    this.#sessions.tell(association, 'locationNotice', {
      peerId: nodeIdOf(this.world.suite, this.#publicKey),
      peerIncarnation: toHex(random.bytes(8)) as Incarnation,
      move: this.#count,
      nat: 'global',
      candidates: [{ kind: 'observed', endpoint: this.endpoint }],
      pathIds: Array.from({ length: 64 }, () => this.#pathId()),
    });
  }

  #close(association: Association, target: Target): void {
    this.#sessions.tell(association, 'pathCloseRequest', {
      targetId: target.nodeId,
      pathId: this.#pathId(),
      issuerKey: this.#publicKey,
      reason: 'removed',
    });
  }

  protected override received({ bytes, source }: Datagram): void {
    this.receivedBytes += bytes.length;
    this.#context.now = this.world.now;
    if (bytes[0] === messages.hint.code) this.#sessions.receiveHint(bytes);
    else this.#sessions.receive(bytes, source, undefined);
    for (const { event } of this.#sessions.takeEvents()) {
      if (event === 'session-wanted') this.#greet();
    }
    this.#drain();
  }

  #drain(): void {
    for (let output = this.#context.poll(); output; output = this.#context.poll()) {
      if (output.kind !== 'transmit') continue;
      this.sentBytes += output.bytes.length;
      this.send(this.source, output.to, output.bytes);
    }
  }
}
