/**
 * Keeps strict reverse path filtering (RFC 3704) from dropping what comes in through an uplink
 * while exit routes lead general traffic elsewhere: the filter asks the way back without our mark
 * and finds the virtual interface. Uplinks that filter strictly are set to the loose form and put
 * back at the end.
 */
import { readSetting, writeSetting } from './kernel-settings.ts';
import type { Log } from './log.ts';

const strict = 1;
const loose = 2;

function filterOf(device: string): string {
  return `net/ipv4/conf/${device}/rp_filter`;
}

export class ReversePath {
  readonly #log: Log;
  readonly #beforeByDevice = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** The system uses the higher value of a device and of all devices. */
  loosen(devices: Iterable<string>): void {
    for (const device of new Set(devices)) {
      const before = readSetting(filterOf(device));
      if (Math.max(before, readSetting(filterOf('all'))) !== strict) continue;
      if (writeSetting(filterOf(device), loose)) {
        if (!this.#beforeByDevice.has(device)) this.#beforeByDevice.set(device, before);
        this.#log.info(`Reverse path filtering of ${device} is loose while exit routes are set.`);
      } else {
        this.#log.warn(
          `Reverse path filtering of ${device} is strict and will drop answers to exit traffic: ` +
            `set net.ipv4.conf.${device}.rp_filter to 2.`,
        );
      }
    }
  }

  restore(): void {
    for (const [device, before] of this.#beforeByDevice) writeSetting(filterOf(device), before);
    this.#beforeByDevice.clear();
  }
}
