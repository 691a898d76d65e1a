/**
 * Which kind of data path a daemon uses: the kernel module where it is there and fits, unless its
 * owner says otherwise, and the reason as a sentence for `ntmobile status` and the log.
 */
import { openKernelCarrier } from './kernel-path/kernel-carrier.ts';
import { removeStaleDevice } from './kernel-path/kernel-device.ts';
import { type FoundModule, findKernelModule } from './kernel-path/kernel-module.ts';
import type { CarrierParts, PacketCarrier } from './packet-carrier.ts';
import { ProblemToMend, SystemError } from './tjs/system-error.ts';
import { openUserCarrier } from './user-carrier.ts';

export type WantedDataPath = 'auto' | 'kernel' | 'user';

/** Throws ProblemToMend for what its owner can mend. */
export function openCarrier(wanted: WantedDataPath, parts: CarrierParts): PacketCarrier {
  const name = parts.kernelDevice;
  if (name === undefined) return openUserCarrier(parts, 'A Direction Server carries no packets.');
  const found = look();
  if ('module' in found) removeStaleDevice(parts.rtnl, found.module, name, parts.port);
  if (wanted === 'user') {
    return openUserCarrier(parts, 'The configuration says so ("option datapath user").');
  }
  const refusal = whyNot(found, parts) ?? tryKernel(found, parts, name);
  if (typeof refusal !== 'string') return refusal;
  if (wanted === 'auto') return openUserCarrier(parts, refusal);
  throw new ProblemToMend(
    `option datapath: "kernel" cannot be had. ${refusal} "auto" goes on without it.`,
  );
}

function look(): FoundModule {
  try {
    return findKernelModule();
  } catch (error) {
    if (error instanceof SystemError) return { why: `No kernel module: ${error.message}.` };
    throw error;
  }
}

function whyNot(found: FoundModule, { relayBytesPerSecond }: CarrierParts): string | undefined {
  if ('why' in found) return found.why;
  if (relayBytesPerSecond === 0) return undefined;
  return 'The bandwidth of the Relay Server is limited in user space.';
}

function tryKernel(found: FoundModule, parts: CarrierParts, name: string): PacketCarrier | string {
  if ('why' in found) return found.why;
  try {
    return openKernelCarrier(parts, found.module, name);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (!error.is('EEXIST')) return `The kernel module refused: ${error.message}.`;
    return `A device ${name} exists and is not one of the kernel module.`;
  }
}
