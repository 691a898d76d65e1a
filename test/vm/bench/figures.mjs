/** From windows of the counting plugin and the guest's lines to figures. */

/** Windows in order: instructions of kernel and programs, and the blocks of the kernel. */
export function parseWindows(text) {
  const windows = [];
  for (const line of text.split('\n')) {
    const [head, number, , kernel, , user] = line.split(' ');
    if (head === 'window') {
      windows.push({
        number: Number(number),
        kernel: Number(kernel),
        user: Number(user),
        blocks: [],
      });
    } else if (line !== '') {
      const [address, executed, instructions] = line.split(' ');
      const block = { address, executed: Number(executed), instructions: Number(instructions) };
      windows.at(-1).blocks.push(block);
    }
  }
  return windows;
}

/** "traffic LABEL KIND COUNT SIZE" lines, each with its window. */
export function measurements(lines, windows) {
  const traffic = lines.filter((line) => line.startsWith('traffic '));
  if (traffic.length !== windows.length) {
    throw new Error(
      `the guest measured ${traffic.length} times, the plugin ${windows.length} times`,
    );
  }
  return traffic.map((line, index) => {
    const [, label, kind, count, size] = line.split(' ');
    const { kernel, user, blocks } = windows[index];
    return { label, kind, count: Number(count), size: Number(size), kernel, user, blocks };
  });
}

const found = (all, label, kind, size) =>
  all.find((each) => each.label === label && each.kind === kind && (!size || each.size === size));
const perUnit = (one, part = (each) => each.kernel) => one && part(one) / one.count;
const rounded = (value, digits) => (value === undefined ? null : Number(value.toFixed(digits)));

/** Rows of the tunnels: kernel instructions from one program to the other. */
export function tunnelRows(all, cpu) {
  const labels = [...new Set(all.map(({ label }) => label))].filter((each) => !/^relay/.test(each));
  return labels.map((label) => {
    const [tunnel, suite, offloads, conntrack] = label.split(',');
    return {
      tunnel,
      suite: suite === '-' ? null : suite,
      offloads,
      conntrack: conntrack === 'yes',
      cpu,
      tcpInsnPerByte: rounded(perUnit(found(all, label, 'tcp')), 3),
      udp64Insn: rounded(perUnit(found(all, label, 'udp', 64)), 0),
      udp1372Insn: rounded(perUnit(found(all, label, 'udp', 1372)), 0),
    };
  });
}

const relayKinds = [
  'forward',
  'forward-stateful',
  'dnat-masquerade',
  'wireguard-hub',
  'ntmobile',
  'coturn',
];

/**
 * Rows of the relays. A relay's own part is what comes on top of the same traffic without it, programs
 * included, since a TURN server is one. A super-packet's is told whole, as end to end, and the own part.
 */
export function relayRows(all, cpu) {
  const whole = (each) => each.kernel + each.user;
  const cost = (label, kind) => perUnit(found(all, label, kind), whole);
  const tunnel = cost('wireguard,chacha20-poly1305,on,no', 'udp');
  const direct = cost('relay,direct', 'udp');
  return relayKinds
    .filter((kind) => found(all, `relay,${kind}`, 'udp'))
    .map((kind) => {
      const base = kind === 'wireguard-hub' ? udp64(all, tunnel) : direct;
      const total = cost(`relay,${kind}`, 'udp');
      const own = base === undefined ? undefined : total - base;
      const burst = cost(`relay,${kind}`, 'burst');
      const directBurst = cost('relay,direct', 'burst');
      return {
        kind,
        cpu,
        udp64OwnInsn: rounded(own, 0),
        superPacketInsnPerSegment: rounded(burst, 0),
        superPacketOwnInsnPerSegment:
          burst === undefined || kind === 'wireguard-hub' ? null : rounded(burst - directBurst, 0),
        packetsPerCpuSecond: own === undefined ? null : Math.round(1e9 / own),
      };
    });
}

/** Of the tunnel's rows the one with 64 bytes. */
function udp64(all, fallback) {
  const one = found(all, 'wireguard,chacha20-poly1305,on,no', 'udp', 64);
  return one ? (one.kernel + one.user) / one.count : fallback;
}
