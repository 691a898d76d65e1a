/**
 * Two Direction Servers, as in figure 3 of the paper: sessions with the DSs of other zones, asking them where
 * their nodes are, passing their Route Directions on to own nodes, and telling them when those move. A DS
 * is known by the key of its zone (zone-book.ts); it speaks for its own nodes only.
 */
import { BoundedMap } from '../../base/bounded-map.ts';
import { equalBytes } from '../../base/bytes.ts';
import { type Ip, isIpv6, type Prefix, prefixContains, prefixIp } from '../../base/ip.ts';
import { nodeIdOf } from '../../noise/keys.ts';
import type { RoleContext } from '../../protocol/context.ts';
import { limits } from '../../protocol/limits.ts';
import { refusal } from '../../protocol/refusal.ts';
import type { Initiation } from '../../protocol/responder.ts';
import type { Association } from '../../protocol/session.ts';
import type { Sessions } from '../../protocol/sessions.ts';
import { zonePrefixIpv6 } from '../../protocol/virtual-ip.ts';
import type { NodeId, PathId } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';
import type { DsConfig } from './config.ts';
import type { PathEnd } from './directed-path.ts';
import { type Zone, ZoneBook } from './zone-book.ts';

/** A path that another DS issued to a node of ours. */
export interface ForeignPath {
  readonly pathId: PathId;
  readonly zone: Zone;
  readonly nodeId: NodeId;
  /** The node at the other end. */
  readonly peerId: NodeId;
}

export class Federation {
  readonly #context: RoleContext;
  readonly #sessions: Sessions;
  readonly #config: DsConfig;
  readonly #ownPools: readonly Prefix[];
  readonly book: ZoneBook;
  readonly #paths = new BoundedMap<PathId, ForeignPath>(limits.maxPathsPerDs);
  readonly #pathsOfZone = new Map<Zone, number>();
  readonly #pathsByNode = new Map<NodeId, Set<ForeignPath>>();

  constructor(
    context: RoleContext,
    sessions: Sessions,
    config: DsConfig,
    ownPools: readonly Prefix[],
  ) {
    this.#context = context;
    this.#sessions = sessions;
    this.#config = config;
    this.#ownPools = ownPools;
    this.book = new ZoneBook(context, config, ownPools);
  }

  get zones(): readonly Zone[] {
    return this.book.zones;
  }

  /** Names of the zones that paths may lead to, as many as a registration has room for. */
  get knownZones(): string {
    let text = '';
    for (const zone of this.zones) {
      const longer = text === '' ? zone.zone : `${text} ${zone.zone}`;
      if (!this.book.refusalOf(zone) && longer.length <= knownZonesBytes) text = longer;
    }
    return text;
  }

  /** Paths that this zone issued to nodes of ours. */
  pathsFrom({ publicKey }: Zone): readonly ForeignPath[] {
    return [...this.#paths]
      .map(([, path]) => path)
      .filter((path) => equalBytes(path.zone.publicKey, publicKey));
  }

  zoneOfKey(publicKey: Uint8Array): Zone | undefined {
    return this.book.byKey(publicKey);
  }

  zoneOfName(name: string): Zone | undefined {
    return this.book.byName(zoneIn(name));
  }

  zoneOfIp(ip: Ip): Zone | undefined {
    return this.book.byIp(ip);
  }

  get #greeting(): Values<'zoneGreeting'> {
    const pools = this.#ownPools.filter((pool) => !isIpv6(prefixIp(pool)));
    return { zone: this.#config.zone, pools: pools.slice(0, 4) };
  }

  /** Another DS opens a session: its zone must be that of its key, or be looked up first. */
  greeted(initiation: Initiation, values: Values<'zoneGreeting'>): void {
    const zone = this.book.byKey(initiation.peerKey);
    if (zone?.zone === values.zone) {
      const reason = this.book.refusalOf(zone);
      if (reason) return this.#sessions.refuse(initiation, refusal(reason, askAgainSeconds));
      this.book.told(zone, values.pools);
      this.#sessions.accept(initiation, 'zoneWelcome', this.#greeting);
      return;
    }
    // Whoever says so again when the DNS has answered is told more; until then nothing is.
    const reason = this.book.lookUp(values.zone, 'greeter');
    if (reason) this.#sessions.refuse(initiation, refusal(reason, askAgainSeconds));
  }

  welcomed(association: Association, values: Values<'zoneWelcome'>): void {
    const zone = this.book.byKey(association.peerKey);
    if (zone?.zone === values.zone) this.book.told(zone, values.pools);
  }

  /** The owner accepts what has changed; sessions under the old key end. */
  trust(name: string): Zone | NodeId | undefined {
    const trusted = this.book.trust(name);
    if (!trusted || typeof trusted === 'string') return trusted;
    if (!equalBytes(trusted.oldKey, trusted.zone.publicKey)) this.#forgetSessions(trusted.oldKey);
    return trusted.zone;
  }

  #forgetSessions(peerKey: Uint8Array): void {
    const peerId = nodeIdOf(this.#context.environment.suite, peerKey);
    const ends = [this.#sessions.initiated(peerId), this.#sessions.accepted(peerId)];
    for (const association of ends) if (association) this.#sessions.forget(association);
  }

  /** The association to ask this DS by; its session is opened on demand. */
  association(zone: Zone): Association {
    const association = this.#sessions.to(zone.publicKey, zone.endpoints);
    if (!association.current && !association.handshake) this.connect(association);
    return association;
  }

  /** A first message that asks for nothing. */
  connect(association: Association): void {
    this.#sessions.connect(association, 'zoneGreeting', this.#greeting);
  }

  /** Null while there is no session and nobody wants one. */
  isReachable(zone: Zone): boolean | null {
    const { current, handshake } = this.#sessions.to(zone.publicKey, zone.endpoints);
    if (current) return true;
    return handshake ? false : null;
  }

  #countPath(zone: Zone, by: 1 | -1): void {
    const count = (this.#pathsOfZone.get(zone) ?? 0) + by;
    if (count > 0) this.#pathsOfZone.set(zone, count);
    else this.#pathsOfZone.delete(zone);
  }

  path(pathId: PathId): ForeignPath | undefined {
    return this.#paths.get(pathId);
  }

  /** Remembers that a path of this zone leads to our node; false when the ID belongs to another zone. */
  notePath(path: ForeignPath): boolean {
    const known = this.#paths.get(path.pathId);
    if (known) return known.zone === path.zone && known.nodeId === path.nodeId;
    const set = this.#pathsByNode.get(path.nodeId) ?? new Set();
    const ofZone = [...set].filter(({ zone }) => zone === path.zone).length;
    if (ofZone >= limits.maxPathsPerZoneAndNode) return false;
    if ((this.#pathsOfZone.get(path.zone) ?? 0) >= limits.maxPathsPerZone) return false;
    if (!this.#paths.set(path.pathId, path)) return false;
    this.#countPath(path.zone, 1);
    set.add(path);
    this.#pathsByNode.set(path.nodeId, set);
    return true;
  }

  forgetPath(pathId: PathId): void {
    const path = this.#paths.get(pathId);
    if (!path) return;
    this.#paths.delete(pathId);
    this.#countPath(path.zone, -1);
    const set = this.#pathsByNode.get(path.nodeId);
    set?.delete(path);
    if (set?.size === 0) this.#pathsByNode.delete(path.nodeId);
  }

  /** A node of ours has moved or restarted: the DSs whose paths lead to it are told. */
  tellMoved(
    node: Pick<PathEnd, 'nodeId' | 'incarnation' | 'nat' | 'candidates'>,
    move: number,
  ): void {
    const paths = this.#pathsByNode.get(node.nodeId);
    if (!paths) return;
    const pathIdsByZone = new Map<Zone, PathId[]>();
    for (const path of paths) {
      pathIdsByZone.set(path.zone, [...(pathIdsByZone.get(path.zone) ?? []), path.pathId]);
    }
    for (const [zone, pathIds] of pathIdsByZone) {
      const association = this.association(zone);
      this.#sessions.withdraw(
        association,
        (message) => message.name === 'locationNotice' && message.values.peerId === node.nodeId,
      );
      for (let start = 0; start < pathIds.length; start += pathsPerNotice) {
        this.#sessions.request(association, 'locationNotice', {
          peerId: node.nodeId,
          peerIncarnation: node.incarnation,
          move,
          nat: node.nat,
          candidates: node.candidates,
          pathIds: pathIds.slice(start, start + pathsPerNotice),
        });
      }
    }
  }

  /** The end of a path as another DS describes its node; refused when it is not that DS's to give. */
  foreignEnd(zone: Zone, values: Values<'peerDirectionResponse'>): PathEnd | undefined {
    const { suite } = this.#context.environment;
    if (nodeIdOf(suite, values.peerKey) !== values.peerId) return undefined;
    if (
      values.virtualIpv6 &&
      !prefixContains(zonePrefixIpv6(suite, zone.publicKey), values.virtualIpv6)
    )
      return undefined;
    const ipv4 = values.virtualIpv4;
    if (ipv4 && !zone.pools.some((pool) => prefixContains(pool, ipv4))) return undefined;
    return {
      nodeId: values.peerId,
      publicKey: values.peerKey,
      name: `${values.peerName.split('.')[0]}.${zone.zone}`,
      dsKey: zone.publicKey,
      ipv4,
      ipv6: values.virtualIpv6,
      incarnation: values.peerIncarnation,
      nat: values.nat,
      candidates: values.candidates,
      foreign: true,
    };
  }
}

/** The zone of a name: what stands behind its first label. */
export function zoneIn(name: string): string {
  return name.slice(name.indexOf('.') + 1).toLowerCase();
}

/** A DS that was refused asks again so late. */
const askAgainSeconds = 30;
const pathsPerNotice = 64;
const knownZonesBytes = 250;
