/**
 * Two Direction Servers, as in figure 3 of the paper: sessions with the DSs of other zones, asking them where
 * their nodes are, passing their Route Directions on to own nodes, and telling them when those move. A DS
 * is known by the key its owner configured; it speaks for its own nodes only.
 */
import { BoundedMap } from '../../base/bounded-map.ts';
import { equalBytes } from '../../base/bytes.ts';
import { type Ip, prefixContains } from '../../base/ip.ts';
import { nodeIdOf } from '../../noise/keys.ts';
import type { RoleContext } from '../../protocol/context.ts';
import type { ForeignZone } from '../../protocol/foreign-zone.ts';
import { limits } from '../../protocol/limits.ts';
import type { Association } from '../../protocol/session.ts';
import type { Sessions } from '../../protocol/sessions.ts';
import { zonePrefixIpv6 } from '../../protocol/virtual-ip.ts';
import type { NodeId, PathId } from '../../wire/ids.ts';
import type { Values } from '../../wire/messages.ts';
import type { DsConfig } from './config.ts';
import type { PathEnd } from './directed-path.ts';

/** A path that another DS issued to a node of ours. */
export interface ForeignPath {
  readonly pathId: PathId;
  zone: ForeignZone;
  readonly nodeId: NodeId;
  /** The node at the other end. */
  readonly peerId: NodeId;
}

export class Federation {
  readonly #context: RoleContext;
  readonly #sessions: Sessions;
  #zones: readonly ForeignZone[];
  readonly #paths = new BoundedMap<PathId, ForeignPath>(limits.maxPathsPerDs);
  readonly #pathsByNode = new Map<NodeId, Set<ForeignPath>>();

  constructor(context: RoleContext, sessions: Sessions, config: DsConfig) {
    this.#context = context;
    this.#sessions = sessions;
    this.#zones = config.foreignZones.slice(0, limits.maxForeignZones);
  }

  get zones(): readonly ForeignZone[] {
    return this.#zones;
  }

  /** Names of the zones that paths may lead to, as many as a registration has room for. */
  get knownZones(): string {
    let text = '';
    for (const { zone, policy } of this.#zones) {
      const longer = text === '' ? zone : `${text} ${zone}`;
      if (policy === 'allow' && longer.length <= knownZonesBytes) text = longer;
    }
    return text;
  }

  /** From now on; answers the zones that paths may no longer lead to. */
  replaceZones(zones: readonly ForeignZone[]): readonly ForeignZone[] {
    const before = this.#zones;
    this.#zones = zones.slice(0, limits.maxForeignZones);
    for (const [, path] of this.#paths) {
      path.zone = this.zoneOfKey(path.zone.publicKey) ?? path.zone;
    }
    return before.filter((old) => {
      const now = this.zoneOfKey(old.publicKey);
      return now?.zone !== old.zone || (old.policy === 'allow' && now.policy === 'deny');
    });
  }

  /** Paths that this zone issued to nodes of ours. */
  pathsFrom({ publicKey }: ForeignZone): readonly ForeignPath[] {
    return [...this.#paths]
      .map(([, path]) => path)
      .filter((path) => equalBytes(path.zone.publicKey, publicKey));
  }

  zoneOfKey(publicKey: Uint8Array): ForeignZone | undefined {
    return this.#zones.find((zone) => equalBytes(zone.publicKey, publicKey));
  }

  zoneOfName(name: string): ForeignZone | undefined {
    return this.#zones.find((zone) => name.endsWith(`.${zone.zone}`));
  }

  zoneOfIp(ip: Ip): ForeignZone | undefined {
    const { suite } = this.#context.environment;
    return this.#zones.find(
      (zone) =>
        zone.pools.some((pool) => prefixContains(pool, ip)) ||
        prefixContains(zonePrefixIpv6(suite, zone.publicKey), ip),
    );
  }

  /** The association to ask this DS by; its session is opened on demand. */
  association(zone: ForeignZone): Association {
    const association = this.#sessions.to(zone.publicKey, zone.endpoints);
    if (!association.current && !association.handshake) this.connect(association);
    return association;
  }

  /** A first message that asks for nothing. */
  connect(association: Association): void {
    this.#sessions.connect(association, 'locationNotice', {
      peerId: nodeIdOf(this.#context.environment.suite, this.#context.environment.keys.publicKey),
      peerIncarnation: this.#context.environment.incarnation,
      move: 0,
      nat: 'unknown',
      candidates: [],
      pathIds: [],
    });
  }

  isReachable(zone: ForeignZone): boolean {
    return this.#sessions.to(zone.publicKey, zone.endpoints).current !== undefined;
  }

  path(pathId: PathId): ForeignPath | undefined {
    return this.#paths.get(pathId);
  }

  /** Remembers that a path of this zone leads to our node; false when the ID belongs to another zone. */
  notePath(path: ForeignPath): boolean {
    const known = this.#paths.get(path.pathId);
    if (known) return known.zone === path.zone && known.nodeId === path.nodeId;
    if (!this.#paths.set(path.pathId, path)) return false;
    const set = this.#pathsByNode.get(path.nodeId) ?? new Set();
    set.add(path);
    this.#pathsByNode.set(path.nodeId, set);
    return true;
  }

  forgetPath(pathId: PathId): void {
    const path = this.#paths.get(pathId);
    if (!path) return;
    this.#paths.delete(pathId);
    const set = this.#pathsByNode.get(path.nodeId);
    set?.delete(path);
    if (set?.size === 0) this.#pathsByNode.delete(path.nodeId);
  }

  /** A node of ours has moved or restarted: the DSs whose paths lead to it are told. */
  tellMoved(
    node: Pick<PathEnd, 'nodeId' | 'incarnation' | 'nat' | 'candidates'>,
    move: number,
  ): void {
    const pathIdsByZone = new Map<ForeignZone, PathId[]>();
    for (const path of this.#pathsByNode.get(node.nodeId) ?? []) {
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
  foreignEnd(zone: ForeignZone, values: Values<'peerDirectionResponse'>): PathEnd | undefined {
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

const pathsPerNotice = 64;
const knownZonesBytes = 250;
