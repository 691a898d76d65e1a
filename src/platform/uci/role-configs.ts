/**
 * Settings into the configurations the roles are born with, once keys and tokens have been read. A role
 * without Direction Server of its own uses the one in the same daemon, which then lets it in by its Node
 * ID, without an invite.
 */

import { assert } from '../../base/assert.ts';
import { type Endpoint, endpoint, endpointIp } from '../../base/ip.ts';
import type { ForeignZone } from '../../protocol/foreign-zone.ts';
import { isName } from '../../protocol/invite.ts';
import type { DsConfig } from '../../roles/ds/config.ts';
import type { NodeConfig } from '../../roles/node/config.ts';
import type { RsConfig } from '../../roles/rs/config.ts';
import type { NodeId } from '../../wire/ids.ts';
import type { NameSettings } from '../dns/names.ts';
import type { DirectionServerSource, DsSettings, Settings } from './settings.ts';

const domainPort = 53;

/** What the state directory and the system know beyond the configuration. */
export interface Facts {
  /** Of the Direction Server in this daemon; needed when one is enabled. */
  readonly dsPublicKey: Uint8Array | undefined;
  readonly nodeId: NodeId | undefined;
  readonly rsId: NodeId | undefined;
  /** Tokens of invites that were joined and are not yet spent: 16 bytes. */
  readonly nodeToken: Uint8Array | undefined;
  readonly rsToken: Uint8Array | undefined;
  /** UDP port of the daemon. */
  readonly port: number;
  /** Of the system: names a local node that has no name. */
  readonly hostName: string;
}

export interface RoleConfigs {
  readonly ds: DsConfig | undefined;
  readonly rs: RsConfig | undefined;
  readonly node: NodeConfig | undefined;
}

export function roleConfigs(settings: Settings, facts: Facts): RoleConfigs {
  return {
    ds: dsConfig(settings, facts),
    rs: rsConfig(settings, facts),
    node: nodeConfig(settings, facts),
  };
}

export function foreignZones({ zones }: DsSettings): ForeignZone[] {
  return zones.map((zone) => ({
    zone: zone.zone,
    endpoints: zone.address,
    publicKey: zone.key,
    pools: zone.pool,
    policy: zone.policy,
  }));
}

function dsConfig(settings: Settings, facts: Facts): DsConfig | undefined {
  const { ds, rs, node } = settings;
  if (!ds) return undefined;
  const localRs = rs?.ds.from === 'local' ? facts.rsId : undefined;
  const localNode = node?.ds.from === 'local' ? facts.nodeId : undefined;
  return {
    zone: ds.zone,
    advertised: ds.address,
    pool: ds.pool,
    foreignZones: foreignZones(ds),
    foreignPolicy: ds.foreign,
    localRelays: localRs ? [localRs] : [],
    localNodes: localNode
      ? [{ nodeId: localNode, name: localName(node?.name, facts.hostName) }]
      : [],
    idleSeconds: ds.idle,
    names: {
      nameServers: ds.dns_ns,
      queriesPerSecond: ds.dns_rate,
      updates: ds.update_server && {
        server: ds.update_server,
        zone: ds.update_zone ?? ds.zone,
        reverseZones: ds.update_reverse_zone,
      },
    },
  };
}

function rsConfig(settings: Settings, facts: Facts): RsConfig | undefined {
  const { rs } = settings;
  if (!rs) return undefined;
  const source = directionServer(rs.ds, settings, facts);
  return {
    name: rs.name,
    directionServer: source,
    token: rs.ds.from === 'invite' ? rs.ds.invite.token : facts.rsToken,
    advertised: rs.address,
    exit: rs.exit,
    exitPrivate: rs.exit_private,
    device: rs.device,
    mtu: rs.mtu,
    pathLimit: rs.path_limit,
    weight: rs.weight,
    exitPools: rs.exit_pool,
  };
}

function nodeConfig(settings: Settings, facts: Facts): NodeConfig | undefined {
  const { node } = settings;
  if (!node) return undefined;
  const invited = node.ds.from === 'invite' ? node.ds.invite.name : '';
  const fallback = node.ds.from === 'local' ? localName(undefined, facts.hostName) : invited;
  return {
    device: node.device,
    mtu: node.mtu,
    directionServer: directionServer(node.ds, settings, facts),
    token: node.ds.from === 'invite' ? node.ds.invite.token : facts.nodeToken,
    wantedName: node.name ?? fallback,
    exitPrefixes: node.exit_prefix,
    peerRoutes: node.routes,
    punch: node.punch,
    idleSeconds: node.idle,
    port: facts.port,
    names: { publish: node.publish, zones: node.dns_zone },
  };
}

function directionServer(
  source: DirectionServerSource,
  settings: Settings,
  facts: Facts,
): { endpoints: readonly Endpoint[]; publicKey: Uint8Array } {
  if (source.from === 'config') return { endpoints: source.endpoints, publicKey: source.publicKey };
  if (source.from === 'invite') {
    return { endpoints: source.invite.endpoints, publicKey: source.invite.publicKey };
  }
  assert(facts.dsPublicKey !== undefined, 'the key of the own Direction Server has been read');
  return { endpoints: settings.ds?.address ?? [], publicKey: facts.dsPublicKey };
}

/** The host's name as far as it can be a node's. */
function localName(name: string | undefined, hostName: string): string {
  const host = (hostName.split('.')[0] as string).toLowerCase();
  return name ?? (isName(host) ? host : 'node');
}

/** Where names are answered and asked, without what stands in files. */
export function nameSettings({ ds, node }: Settings): Omit<NameSettings, 'updates'> {
  const own = ds?.address.map((each) => endpoint(endpointIp(each), domainPort)) ?? [];
  const listen = ds?.dns_listen ?? [];
  return {
    server: ds?.dns ? (listen.length > 0 ? listen : own) : [],
    stub: node?.dns ? node.dns_listen : undefined,
    upstreams: node?.dns_upstream ?? [],
    asksOthers: node?.dns === true || (ds !== undefined && ds.foreign !== 'deny'),
    forwardFile: node?.dns_forward_file,
  };
}
