/**
 * Keeps strict reverse path filtering (RFC 3704) from dropping what comes in through an uplink
 * while exit routes lead general traffic elsewhere: the filter asks the way back without our mark
 * and finds the virtual interface. Uplinks that filter strictly are set to the loose form and put
 * back at the end.
 */
import { fromUtf8, utf8 } from '../base/bytes.ts';
import { readFile } from './files.ts';
import type { Log } from './log.ts';
import { fileConstants } from './tjs/abi.ts';
import { libc } from './tjs/libc.ts';

const strict = 1;
const loose = 2;

function settingPath(device: string): string {
  return `/proc/sys/net/ipv4/conf/${device}/rp_filter`;
}

function readSetting(device: string): number {
  const content = readFile(settingPath(device));
  return content === undefined ? 0 : Number(fromUtf8(content)?.trim());
}

function writeSetting(device: string, value: number): boolean {
  const { O_WRONLY, O_CLOEXEC } = fileConstants;
  const fd = libc.open(settingPath(device), O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return false;
  const text = utf8(`${value}\n`);
  const written = libc.write(fd, text, text.length) === text.length;
  libc.close(fd);
  return written;
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
      const before = readSetting(device);
      if (Math.max(before, readSetting('all')) !== strict) continue;
      if (writeSetting(device, loose)) {
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
    for (const [device, before] of this.#beforeByDevice) writeSetting(device, before);
    this.#beforeByDevice.clear();
  }
}
