/**
 * The plot of one trial as SVG: above, how long each UDP probe was under way in both directions, with
 * those that never came as marks on the line below; underneath, the bytes that TCP delivered. Time runs
 * from a second before the move to a few seconds after it.
 */
import type { TcpRecord, UdpRecord } from './agent/calls.ts';
import type { TrialResult } from './trial.ts';

const width = 560;
const height = 190;
const left = 56;
const probeTop = 14;
const probeHeight = 78;
const lostLine = probeTop + probeHeight + 12;
const tcpTop = lostLine + 16;
const tcpHeight = 46;
const beforeMs = 1000;
const leastAfterMs = 1000;
const mostAfterMs = 6000;
const bucketMs = 100;

interface Scale {
  readonly from: number;
  readonly to: number;
  readonly x: (at: number) => number;
}

export function plotOf(result: TrialResult): string {
  const scale = scaleOf(result);
  const { records, move } = result;
  const longest = Math.max(
    20,
    ...probesIn(records.mobileUdp, scale),
    ...probesIn(records.peerUdp, scale),
  );
  const parts = [
    band(scale, move.begin, move.end),
    probeAxis(longest),
    probes(records.peerUdp, scale, longest, 'up'),
    probes(records.mobileUdp, scale, longest, 'down'),
    losses(records.mobileUdp, records.peerUdp, scale, 'up'),
    losses(records.peerUdp, records.mobileUdp, scale, 'down'),
    throughput(records.peerTcp, scale, 'up'),
    throughput(records.mobileTcp, scale, 'down'),
    timeAxis(scale, move.begin),
  ];
  return `<svg viewBox="0 0 ${width} ${height}" role="img">${parts.join('')}</svg>`;
}

function scaleOf({ move, records }: TrialResult): Scale {
  const last = Math.max(
    records.mobileUdp.received.at(-1)?.[1] ?? move.end,
    records.peerUdp.received.at(-1)?.[1] ?? move.end,
  );
  const from = move.begin - beforeMs;
  const after = Math.min(mostAfterMs, Math.max(leastAfterMs, last - move.begin));
  const to = move.begin + after;
  return { from, to, x: (at) => left + ((at - from) / (to - from)) * (width - left - 8) };
}

function probesIn(udp: UdpRecord, { from, to }: Scale): readonly number[] {
  return udp.received.filter(([, at]) => at >= from && at <= to).map(([, , took]) => took);
}

function band({ x, to }: Scale, begin: number, end: number): string {
  const right = Math.max(x(begin) + 1.5, x(Math.min(end, to)));
  const size = `width="${fixed(right - x(begin))}" height="${height - 30}"`;
  return `<rect class="move" x="${fixed(x(begin))}" y="6" ${size}/>`;
}

function probeAxis(longest: number): string {
  const bottom = probeTop + probeHeight;
  return [
    `<line class="axis" x1="${left}" x2="${width - 8}" y1="${bottom}" y2="${bottom}"/>`,
    `<text class="tick" x="${left - 6}" y="${probeTop + 6}">${longest.toFixed(0)} ms</text>`,
    `<text class="tick" x="${left - 6}" y="${bottom + 3}">0</text>`,
    `<text class="tick" x="${left - 6}" y="${lostLine + 3}">lost</text>`,
    `<text class="tick" x="${left - 6}" y="${tcpTop + tcpHeight / 2}">TCP</text>`,
  ].join('');
}

function probes(udp: UdpRecord, scale: Scale, longest: number, direction: string): string {
  // One path with a dot for each probe keeps the page small.
  const dots = udp.received
    .filter(([, at]) => at >= scale.from && at <= scale.to)
    .map(([, at, took]) => {
      const y = probeTop + probeHeight * (1 - Math.min(took, longest) / longest);
      return `M${fixed(scale.x(at))} ${fixed(y)}h0`;
    });
  return `<path class="probe ${direction}" d="${dots.join('')}"/>`;
}

function losses(from: UdpRecord, to: UdpRecord, scale: Scale, direction: string): string {
  const came = new Set(to.received.map(([sequence]) => sequence));
  const y = direction === 'up' ? lostLine - 4 : lostLine + 1;
  const marks = [...from.sentAt.entries()]
    .filter(([sequence, at]) => !came.has(sequence) && at >= scale.from && at <= scale.to)
    .map(([, at]) => `M${fixed(scale.x(at))} ${y}v4`);
  return `<path class="lost" d="${marks.join('')}"/>`;
}

function throughput(tcp: TcpRecord | undefined, scale: Scale, direction: string): string {
  if (tcp === undefined) return '';
  const most = Math.max(1, ...tcp.arrivedBy100Ms);
  const points = tcp.arrivedBy100Ms
    .map((bytes, index) => ({ at: tcp.firstAt + (index + 0.5) * bucketMs, bytes }))
    .filter(({ at }) => at >= scale.from && at <= scale.to)
    .map(({ at, bytes }) => {
      const y = tcpTop + tcpHeight * (1 - bytes / most);
      return `${fixed(scale.x(at))},${fixed(y)}`;
    });
  return `<polyline class="tcp ${direction}" points="${points.join(' ')}"/>`;
}

function timeAxis({ x, from, to }: Scale, begin: number): string {
  const bottom = tcpTop + tcpHeight;
  const ticks: string[] = [
    `<line class="axis" x1="${left}" x2="${width - 8}" y1="${bottom}" y2="${bottom}"/>`,
  ];
  for (let ms = -beforeMs; begin + ms <= to; ms += 500) {
    if (begin + ms < from) continue;
    const at = fixed(x(begin + ms));
    ticks.push(`<line class="axis" x1="${at}" x2="${at}" y1="${bottom}" y2="${bottom + 4}"/>`);
    if (ms % 1000 === 0) {
      ticks.push(`<text class="time" x="${at}" y="${bottom + 15}">${ms / 1000} s</text>`);
    }
  }
  return ticks.join('');
}

function fixed(value: number): string {
  return value.toFixed(1);
}
