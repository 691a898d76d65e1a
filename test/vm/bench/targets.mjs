/** The figures to reach, each read from the rows of a run: what was measured, and whether it is enough. */

const conditions = { offloads: 'on', conntrack: true };

function cell(rows, cpu, tunnel, suite, name, at = conditions) {
  const row = rows.find(
    (each) =>
      each.cpu === cpu &&
      each.tunnel === tunnel &&
      each.suite === suite &&
      each.offloads === at.offloads &&
      each.conntrack === at.conntrack,
  );
  return row?.[name] ?? undefined;
}

const quotient = (above, below) => above !== undefined && below !== undefined && above / below;

/** Of ntmobile to WireGuard, the same cipher in both. */
function toWireguard(rows, cpu, name, at) {
  const cipher = 'chacha20-poly1305';
  return quotient(
    cell(rows, cpu, 'ntmobile', cipher, name, at),
    cell(rows, cpu, 'wireguard', cipher, name, at),
  );
}

const inSoftware = { offloads: 'nic', conntrack: true };
const bare = { offloads: 'off', conntrack: false };
const own = (relay, cpu, kind, name = 'udp64OwnInsn') =>
  relay.find((each) => each.cpu === cpu && each.kind === kind)?.[name] ?? undefined;

/** `most` or `least` by processor where they differ. */
const targets = [
  {
    what: 'ChaCha20-Poly1305, TCP, against WireGuard',
    value: ({ rows, cpu }) => toWireguard(rows, cpu, 'tcpInsnPerByte', conditions),
    most: { nosimd: 0.83, simd: 0.6 },
  },
  {
    what: 'the same, segmentation and GRO in software',
    value: ({ rows, cpu }) => toWireguard(rows, cpu, 'tcpInsnPerByte', inSoftware),
    most: { nosimd: 0.85, simd: 0.65 },
  },
  {
    what: 'ChaCha20-Poly1305, UDP 64 bytes, against WireGuard',
    value: ({ rows, cpu }) => toWireguard(rows, cpu, 'udp64Insn', conditions),
    most: { nosimd: 0.75, simd: 0.71 },
  },
  {
    what: 'none, TCP, instructions a byte',
    value: ({ rows, cpu }) => cell(rows, cpu, 'ntmobile', 'none', 'tcpInsnPerByte'),
    most: 0.8,
  },
  {
    what: 'none, TCP, against FOU',
    value: ({ rows, cpu }) =>
      quotient(
        cell(rows, cpu, 'ntmobile', 'none', 'tcpInsnPerByte'),
        cell(rows, cpu, 'fou', null, 'tcpInsnPerByte'),
      ),
    most: 0.85,
  },
  {
    what: 'none, TCP, against VXLAN',
    value: ({ rows, cpu }) =>
      quotient(
        cell(rows, cpu, 'ntmobile', 'none', 'tcpInsnPerByte'),
        cell(rows, cpu, 'vxlan', null, 'tcpInsnPerByte'),
      ),
    most: 0.85,
  },
  {
    what: 'none, TCP, offloads off, no conntrack, against plain IP',
    value: ({ rows, cpu }) =>
      quotient(
        cell(rows, cpu, 'ntmobile', 'none', 'tcpInsnPerByte', bare),
        cell(rows, cpu, 'plain', null, 'tcpInsnPerByte', bare),
      ),
    most: 1.12,
  },
  {
    what: 'relay, own instructions a packet',
    value: ({ relay, cpu }) => own(relay, cpu, 'ntmobile'),
    most: 3200,
  },
  {
    what: 'relay, own instructions a segment of a super-packet',
    value: ({ relay, cpu }) => own(relay, cpu, 'ntmobile', 'superPacketOwnInsnPerSegment'),
    most: 500,
  },
  {
    what: 'relay against coturn, packets a CPU second',
    value: ({ relay, cpu }) => quotient(own(relay, cpu, 'coturn'), own(relay, cpu, 'ntmobile')),
    least: 10,
  },
];

/** Rows for people; those that were not measured are left out. */
export function targetRows(rows, relay) {
  const processors = [...new Set(rows.map(({ cpu }) => cpu))];
  return targets.flatMap(({ what, value, most, least }) =>
    processors.flatMap((cpu) => {
      const measured = value({ rows, relay, cpu });
      if (!measured) return [];
      const bound = most ?? least;
      const limit = typeof bound === 'number' ? bound : bound[cpu];
      const met = most === undefined ? measured >= limit : measured <= limit;
      const sign = most === undefined ? 'at least' : 'at most';
      const shown = measured >= 100 ? Math.round(measured) : Number(measured.toFixed(3));
      return [
        { what, cpu, measured: shown, 'to reach': `${sign} ${limit}`, met: met ? 'yes' : 'no' },
      ];
    }),
  );
}
