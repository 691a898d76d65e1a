/** Packets in user space: the data path of src/datapath between the UDP port and a TUN device. */
import { assert } from '../base/assert.ts';
import { DataPath, headroom, type Sink, tailroom } from '../datapath/data-path.ts';
import { now } from './clock.ts';
import type { CarrierParts, PacketCarrier } from './packet-carrier.ts';
import { TunDevice, tunHeadroom, tunTailroom } from './tjs/tun.ts';
import { type InnerDevice, VirtualInterface } from './virtual-interface.ts';

/** Throws ProblemToMend. */
export function openUserCarrier(parts: CarrierParts, reason: string): PacketCarrier {
  assert(tunHeadroom >= headroom && tunTailroom >= tailroom, 'a packet is sealed in place');
  const { device, failed } = parts;
  let virtual: VirtualInterface | undefined;
  const sink: Sink = {
    send: parts.send,
    deliver: (buffer, offset, length) => virtual?.write(buffer, offset, length),
    notice: parts.notice,
    isOwnAddress: (ip) => virtual?.hasAddress(ip) ?? false,
  };
  const path = new DataPath(parts.suite, sink, parts.relayBytesPerSecond);
  const open = (name: string, gone: () => void): InnerDevice => {
    const tun = new TunDevice(name, {
      packet: (buffer, offset, length) => path.outbound(now(), buffer, offset, length),
      drained: parts.settle,
      gone,
      failed,
    });
    return {
      get counters() {
        return tun.counters.snapshot();
      },
      write: (buffer, offset, length) => tun.write(buffer, offset, length),
      flush: () => tun.flush(),
      close: () => tun.close(),
    };
  };
  if (device !== undefined) {
    virtual = new VirtualInterface(device, parts.rtnl, parts.log, {
      open: (gone) => open(device, gone),
      remade: parts.remade,
      lost: failed,
    });
  }
  return {
    status: { kind: 'user-space', reason },
    path,
    suites: ['chacha20-poly1305', 'none'],
    interface: virtual,
    setUplinks: () => {},
    devicesChanged: () => {},
    counters: () => ({ tun: virtual?.counters ?? {}, path: path.drops.snapshot() }),
    close: () => virtual?.close(),
  };
}
