/** The `status` of a daemon as text: the daemon, then each role that runs. */
import type {
  DsStatus,
  NodeStatus,
  RsStatus,
  ServerReach,
  StatusResult,
} from '../../protocol/control-results.ts';
import { formatAge, formatMs, plural } from './quantities.ts';
import { renderFields } from './table.ts';
import { natWord } from './views.ts';

type Fields = (readonly [string, string])[];

export function viewStatus(status: StatusResult): string {
  const { daemon, node, ds, rs } = status;
  const parts = [
    `ntmobiled ${daemon.version}, up ${formatAge(daemon.uptimeMs)}, UDP port ${daemon.port}\n` +
      renderFields([
        ['data path', `${daemon.dataPath.kind}: ${daemon.dataPath.reason}`],
        ['suites', daemon.suites.join(', ')],
        ...daemon.problems.map((problem): readonly [string, string] => ['problem', problem]),
      ]),
  ];
  if (node) parts.push(viewNode(node));
  if (ds) parts.push(viewDs(ds));
  if (rs) parts.push(viewRs(rs));
  if (!node && !ds && !rs) parts.push('No role runs.');
  return parts.join('\n\n');
}

function viewNode(node: NodeStatus): string {
  const fields: Fields = [
    ['state', describeState(node)],
    ['Node ID', node.nodeId],
    ['virtual IPs', [node.virtualIpv4, node.virtualIpv6].filter(Boolean).join('  ') || '-'],
    ['device', `${node.device}, MTU ${node.mtu}`],
    ['Direction Server', describeServer(node.directionServer)],
    ['Relay Servers', node.relays.map(describeServer).join('\n') || '-'],
    ['NAT', `${natWord(node.nat)}${node.observed ? `, seen as ${node.observed}` : ''}`],
    ['uplinks', node.uplinks.map(describeUplink).join('\n') || 'none'],
    ['paths', `${node.paths}, after ${plural(node.handovers, 'handover')}`],
  ];
  return `Node ${fullName(node.name, node.zone)}\n${renderFields(fields)}`;
}

function viewDs(ds: DsStatus): string {
  const fields: Fields = [
    ['Node ID', ds.nodeId],
    ['public key', ds.publicKey],
    ['address', ds.advertised.join('  ')],
    ['pool', `${ds.pool}, ${ds.poolUsed} of ${ds.poolSize} in use`],
    ['nodes', `${ds.nodes}, ${ds.nodesOnline} online`],
    ['Relay Servers', `${ds.relays}, ${ds.relaysOnline} online`],
    ['open invites', String(ds.invites)],
    ['paths', String(ds.paths)],
    ...ds.zones.map((zone): readonly [string, string] => [
      `zone ${zone.zone}`,
      `${zone.policy === 'deny' ? 'denied, ' : ''}${describeReach(zone.reachable, zone.sinceMs)}`,
    ]),
  ];
  return `Direction Server of ${ds.zone}\n${renderFields(fields)}`;
}

function viewRs(rs: RsStatus): string {
  const fields: Fields = [
    ['state', describeState(rs)],
    ['Node ID', rs.nodeId],
    ['address', rs.advertised.join('  ')],
    ['Direction Server', describeServer(rs.directionServer)],
    ['exit', rs.exit ? 'carries traffic to general nodes' : 'no'],
    ['paths', `${rs.paths} of at most ${rs.pathLimit}${rs.draining ? ', draining' : ''}`],
  ];
  return `Relay Server ${fullName(rs.name, rs.zone)}\n${renderFields(fields)}`;
}

function fullName(name: string | null, zone: string | null): string {
  return [name, zone].filter(Boolean).join('.') || '(no name yet)';
}

function describeState(role: {
  readonly state: string;
  readonly stateText: string | null;
}): string {
  return role.stateText === null ? role.state : `${role.state}: ${role.stateText}`;
}

function describeServer(server: ServerReach): string {
  const words = [server.name, server.endpoint].filter(Boolean).join(' ') || server.nodeId;
  const rtt = server.rttMs === null ? '' : `, ${formatMs(server.rttMs)}`;
  return `${words}  ${describeReach(server.reachable, server.sinceMs)}${rtt}`;
}

function describeReach(reachable: boolean | null, sinceMs: number | null): string {
  if (reachable === null) return 'not in use yet';
  const word = reachable ? 'reachable' : 'not reachable';
  return sinceMs === null ? word : `${word} for ${formatAge(sinceMs)}`;
}

function describeUplink(uplink: NodeStatus['uplinks'][number]): string {
  const use = uplink.preferred ? 'in use' : uplink.usable ? 'ready' : 'no way out';
  return `${uplink.ip} on ${uplink.device}, ${use}`;
}
