/** What the kernel module tells, as the notices and figures of a data path. Pure. */
import {
  type DataSuite,
  dataSuites,
  type PathNotice,
  type PathStats,
} from '../../datapath/commands.ts';
import type { PathId } from '../../wire/ids.ts';
import { commands, dropAttributes } from '../netlink/ntmobile-table.ts';
import { endpointOf, ipOf } from './endpoint-values.ts';
import type { ModuleNotice, ModuleValues } from './kernel-module.ts';

/** Undefined for one of a newer module. `uplinkAt` names the uplink of a device index. */
export function pathNotice(
  { command, values }: ModuleNotice,
  uplinkAt: (deviceIndex: number, of: string) => string | undefined,
): PathNotice | undefined {
  if (command === commands.noPathNtf) {
    const destination = ipOf(values.destination);
    return destination && { notice: 'no-path', destination };
  }
  const pathId = values.pathId as PathId | undefined;
  if (pathId === undefined) return undefined;
  const from = endpointOf(values.endpoint);
  const found = from && values.uplink ? uplinkAt(values.uplink, from) : undefined;
  const uplink = found === undefined ? {} : { uplink: found };
  switch (command) {
    case commands.movedNtf:
      return from && { notice: 'moved', pathId, remote: from, ...uplink };
    case commands.silentNtf:
      return { notice: 'silent', pathId };
    case commands.firstPacketNtf:
      return { notice: 'first-packet', pathId, epoch: values.epoch ?? 0 };
    case commands.resumedNtf:
      return from && { notice: 'resumed', pathId, from };
    case commands.keyWantedNtf:
      return { notice: 'key-wanted', pathId };
    case commands.idleNtf:
      return { notice: 'idle', pathId };
    case commands.wrongSourceNtf:
      return (
        from && { notice: 'unknown-path', pathId, from, length: values.length ?? 0, ...uplink }
      );
    default:
      return undefined;
  }
}

export function pathStats(values: ModuleValues, now: number): PathStats {
  const at = (agoMs: number | undefined) => (agoMs === undefined ? 0 : Math.max(now - agoMs, 1));
  return {
    pathId: (values.pathId ?? '') as PathId,
    sentPackets: values.sentPackets ?? values.forwardedPackets ?? 0,
    sentBytes: values.sentBytes ?? values.forwardedBytes ?? 0,
    receivedPackets: values.receivedPackets ?? values.forwardedPackets ?? 0,
    receivedBytes: values.receivedBytes ?? values.forwardedBytes ?? 0,
    lostPackets: values.lostPackets ?? null,
    lostBefore: values.lostBefore ?? null,
    dropped: dropCounts(values),
    lastSentAt: at(values.sentAgoMs),
    lastReceivedAt: at(values.receivedAgoMs),
  };
}

const dropNames: readonly (readonly [keyof typeof dropAttributes, string])[] = Object.keys(
  dropAttributes,
).map((name) => [
  name as keyof typeof dropAttributes,
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
]);

/** The suites that a device has. */
export function suitesOf({ suites = 0 }: ModuleValues): readonly DataSuite[] {
  return dataSuites.filter((_, index) => suites & (1 << index));
}

/** By reason, those that happened. */
export function dropCounts({ drops }: ModuleValues): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [name, reason] of dropNames) {
    const count = drops?.[name];
    if (count) counts[reason] = count;
  }
  return counts;
}
