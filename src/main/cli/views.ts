/** The results of the looking commands as text for a terminal. What cannot be known is "-". */
import type { DataSuite } from '../../datapath/commands.ts';
import type {
  HandoverCause,
  HandoverRow,
  HandoversResult,
  InvitesResult,
  NodesResult,
  PathRow,
  PathsResult,
  TraceResult,
} from '../../protocol/control-results.ts';
import { describeSpan } from '../../protocol/invite.ts';
import { formatAge, formatBytes, formatMs, formatUnixTime } from './quantities.ts';
import { type Column, printable, renderTable } from './table.ts';

/** Short, since the table is wide. */
const suiteLabels: Readonly<Record<DataSuite | 'unknown', string>> = {
  'chacha20-poly1305': 'chacha20',
  'aes-128-gcm': 'aes-128',
  none: 'NONE',
  unknown: '-',
};

const pathColumns: readonly Column<PathRow>[] = [
  { title: 'PEER', cell: peerOf },
  { title: 'VIRTUAL IP', cell: (row) => row.virtualIpv4 ?? row.virtualIpv6 ?? '-' },
  { title: 'ROUTE', cell: (row) => describeRoute(row.route, row.relayName) },
  { title: 'STATE', cell: (row) => row.state },
  { title: 'SUITE', cell: (row) => suiteLabels[row.suite ?? 'unknown'] },
  { title: 'ENDPOINT', cell: endpointsOf },
  { title: 'RTT', cell: (row) => formatMs(row.rttMs), right: true },
  { title: 'AGE', cell: (row) => formatAge(row.ageMs), right: true },
  { title: 'SENT', cell: (row) => formatBytes(row.sentBytes), right: true },
  { title: 'RECEIVED', cell: (row) => formatBytes(row.receivedBytes), right: true },
  { title: 'LOST', cell: (row) => lostWord(row.lostPackets), right: true },
];

/** "office dropped: replayed 3, bad-seal 1", for the paths that dropped any. */
function dropLines(rows: readonly PathRow[]): string[] {
  return rows.flatMap((row) => {
    const counts = Object.entries(row.dropped).map(([reason, count]) => `${reason} ${count}`);
    return counts.length > 0 ? [`${peerOf(row)} dropped: ${counts.join(', ')}`] : [];
  });
}

export function viewPaths({ paths }: PathsResult): string {
  if (paths.length === 0) {
    return 'No paths. One is built when an application sends to a peer, or by "ntmobile connect PEER".';
  }
  const own = paths.filter((row) => row.role !== 'rs' || row.kind === 'exit');
  const relayed = paths.filter((row) => !own.includes(row));
  const parts: string[] = [];
  if (own.length > 0) parts.push(renderTable(pathColumns, own));
  if (relayed.length > 0) {
    parts.push(`Relayed for others:\n${renderTable(relayColumns, relayed)}`);
  }
  const drops = dropLines(paths);
  if (drops.length > 0) parts.push(drops.map(printable).join('\n'));
  return parts.join('\n\n');
}

const relayColumns: readonly Column<PathRow>[] = [
  { title: 'PATH', cell: (row) => row.pathId },
  { title: 'LEG 0', cell: (row) => row.endpoint ?? '-' },
  { title: 'LEG 1', cell: (row) => row.otherEndpoint ?? '-' },
  { title: 'AGE', cell: (row) => formatAge(row.ageMs), right: true },
  { title: 'IDLE', cell: (row) => formatAge(row.idleMs), right: true },
  { title: 'RELAYED', cell: (row) => formatBytes(row.sentBytes), right: true },
];

function peerOf(row: PathRow): string {
  if (row.kind === 'exit' && row.role === 'node') return `exit ${row.relayName ?? ''}`.trimEnd();
  return row.peerName ?? row.peerId ?? row.pathId;
}

function endpointsOf(row: PathRow): string {
  return [row.endpoint, row.otherEndpoint].filter((one) => one !== null).join(' ') || '-';
}

export function describeRoute(route: PathRow['route'], relayName: string | null): string {
  if (route === 'none') return '-';
  return route === 'relay' && relayName !== null ? `relay ${relayName}` : route;
}

const causeWords: Readonly<Record<HandoverCause, string>> = {
  'uplink-lost': 'uplink lost',
  'uplink-preferred': 'better uplink',
  'address-changed': 'address changed',
  silence: 'path silent',
  'nat-changed': 'NAT changed',
};

export function viewHandovers(
  { handovers }: HandoversResult,
  last: number,
  unixSeconds: number,
): string {
  if (handovers.length === 0) return 'No handovers since the start of the daemon.';
  const columns: readonly Column<HandoverRow>[] = [
    { title: 'WHEN', cell: (row) => formatUnixTime(unixSeconds - row.agoMs / 1000) },
    { title: 'AGO', cell: (row) => formatAge(row.agoMs), right: true },
    { title: 'CAUSE', cell: (row) => causeWords[row.cause] ?? row.cause },
    { title: 'FROM', cell: (row) => addressOf(row.from, row.fromDevice) },
    { title: 'TO', cell: (row) => addressOf(row.to, row.toDevice) },
    { title: 'PATHS', cell: changesOf },
    { title: 'ANSWER', cell: (row) => formatMs(slowest(row, 'firstAnswerMs')), right: true },
    { title: 'DATA', cell: (row) => formatMs(slowest(row, 'firstDataMs')), right: true },
    { title: 'LOST IN', cell: (row) => lostWord(row.lostPackets), right: true },
    { title: 'LOST OUT', cell: (row) => lostWord(row.peerLostPackets), right: true },
  ];
  return renderTable(columns, handovers.slice(0, last).reverse());
}

function lostWord(count: number | null): string {
  return count === null ? '-' : String(count);
}

function addressOf(ip: string | null, device: string | null): string {
  if (ip === null) return '-';
  return device === null ? ip : `${ip} (${device})`;
}

/** "2 direct, 1 relay>direct" */
function changesOf(row: HandoverRow): string {
  const countByChange = new Map<string, number>();
  for (const { before, after } of row.paths) {
    const change = before === after ? after : `${before}>${after}`;
    countByChange.set(change, (countByChange.get(change) ?? 0) + 1);
  }
  return [...countByChange].map(([change, count]) => `${count} ${change}`).join(', ') || 'none';
}

function slowest(row: HandoverRow, what: 'firstAnswerMs' | 'firstDataMs'): number | null {
  const known = row.paths.map((path) => path[what]).filter((ms) => ms !== null);
  return known.length === 0 ? null : Math.max(...known);
}

export function viewNodes({ nodes }: NodesResult): string {
  if (nodes.length === 0) {
    return 'No nodes are enrolled. "ntmobile invite NAME" makes an invite for the first.';
  }
  const ordered = [...nodes].sort((left, right) => (left.name < right.name ? -1 : 1));
  return renderTable(
    [
      { title: 'NAME', cell: (row) => row.name },
      {
        title: 'KIND',
        cell: (row) => (row.kind === 'relay' && row.exit ? 'relay, exit' : row.kind),
      },
      { title: 'STATE', cell: (row) => (row.online ? 'online' : 'offline') },
      { title: 'VIRTUAL IP', cell: (row) => row.virtualIpv4 ?? row.virtualIpv6 ?? '-' },
      { title: 'ENDPOINT', cell: (row) => row.endpoint ?? '-' },
      { title: 'NAT', cell: (row) => natWord(row.nat) },
      { title: 'HEARD', cell: (row) => formatAge(row.heardMs), right: true },
      { title: 'PATHS', cell: (row) => String(row.paths), right: true },
      { title: 'NODE ID', cell: (row) => row.nodeId },
    ],
    ordered,
  );
}

export function natWord(nat: 'unknown' | 'global' | 'private'): string {
  return { unknown: '-', global: 'none', private: 'behind NAT' }[nat];
}

export function viewInvites({ invites }: InvitesResult, unixSeconds: number): string {
  if (invites.length === 0) return 'No invites are open.';
  return renderTable(
    [
      { title: 'NAME', cell: (row) => row.name },
      { title: 'KIND', cell: (row) => (row.relay ? 'relay' : 'node') },
      { title: 'VALID UNTIL', cell: (row) => formatUnixTime(row.expiresAt) },
      { title: 'LEFT', cell: (row) => leftOf(row.expiresAt, unixSeconds), right: true },
    ],
    invites,
  );
}

function leftOf(expiresAt: number, unixSeconds: number): string {
  return expiresAt <= unixSeconds ? 'expired' : describeSpan(expiresAt - unixSeconds);
}

export function viewTrace({ trace }: TraceResult, last: number): string {
  if (trace.length === 0) return 'No control messages yet.';
  const arrows = { sent: '->', received: '<-', dropped: 'x ' } as const;
  return renderTable(
    [
      { title: 'AGO', cell: (row) => formatMs(row.agoMs), right: true },
      { title: 'ROLE', cell: (row) => row.role },
      { title: '', cell: (row) => arrows[row.direction] },
      { title: 'ENDPOINT', cell: (row) => row.endpoint },
      { title: 'BYTES', cell: (row) => String(row.bytes), right: true },
      { title: 'MESSAGE', cell: (row) => row.message ?? '?' },
      { title: 'ABOUT', cell: (row) => printable(row.summary) },
    ],
    trace.slice(-last),
  );
}
