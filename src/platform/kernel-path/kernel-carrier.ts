/** Packets in the kernel: the module's device, its path table and its notices. */
import { datagramMark } from '../interface-setup.ts';
import type { CarrierParts, PacketCarrier } from '../packet-carrier.ts';
import { VirtualInterface } from '../virtual-interface.ts';
import { makeDevice } from './kernel-device.ts';
import type { KernelModule } from './kernel-module.ts';
import { KernelPath } from './kernel-path.ts';
import { suitesOf } from './module-notices.ts';

const reason = 'The kernel module ntmobile is loaded and of the right version.';

/** Throws SystemError or ProblemToMend; nothing is left behind then. */
export function openKernelCarrier(
  parts: CarrierParts,
  module: KernelModule,
  name: string,
): PacketCarrier {
  const { rtnl, log, failed } = parts;
  const device = makeDevice(rtnl, module, name, parts.port);
  let lost = false;
  const deviceLost = (error: unknown): void => {
    if (!lost) failed(error);
    lost = true;
  };
  let virtual: VirtualInterface | undefined;
  const refresh = (): void => {
    try {
      virtual?.refresh();
    } catch (error) {
      log.error(`${name}: ${(error as Error).message}`);
    }
  };
  const remove = (): void => {
    lost = true;
    rtnl.deleteLink(device.ifindex);
  };
  try {
    const path = new KernelPath(
      module,
      device,
      { mark: datagramMark, log },
      {
        notice: parts.notice,
        noticed: parts.settle,
        routesChanged: refresh,
        lost: deviceLost,
        failed,
      },
    );
    virtual = new VirtualInterface(name, rtnl, log, {
      // The kernel hands packets from the device to its paths itself.
      open: () => ({ counters: {}, write: () => {}, flush: () => {}, close: remove }),
      nextHopOf: (destination) => path.via(destination),
      lost: deviceLost,
    });
    parts.coalesce();
    return {
      get status() {
        const refused = path.refusal === undefined ? '' : ` The last refusal: ${path.refusal}`;
        return { kind: 'kernel' as const, reason: `${reason}${refused}` };
      },
      path,
      suites: suitesOf(module.get('devGet', { ifindex: device.ifindex })),
      interface: virtual,
      setUplinks: (uplinks) => path.setUplinks(uplinks),
      devicesChanged: (exists) => path.checkDevice(exists),
      counters: () => ({ path: path.counters() }),
      close: () => {
        virtual?.close();
        path.close();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}
