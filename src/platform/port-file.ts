/**
 * The UDP port of a daemon that is a node and no server: drawn once and kept in a file of the state directory, so
 * that nodes behind one NAT seldom have the same (protocol.md 11.13) and the firewall can be told before the
 * daemon runs. Below the ports that Linux hands out by itself, which any program may hold.
 */
import { type Random, randomBelow } from '../base/random.ts';

const lowest = 16_384;
const count = 16_384;

export function portPath(stateDirectory: string): string {
  return `${stateDirectory.replace(/\/+$/, '')}/port`;
}

export function drawPort(random: Random): number {
  return lowest + randomBelow(random, count);
}

export function formatPort(port: number): string {
  return `${port}\n`;
}

/** Undefined when the text is no port that was drawn. */
export function parsePort(text: string): number | undefined {
  const port = /^\d{5}\n?$/.test(text) ? Number(text) : 0;
  return port >= lowest && port < lowest + count ? port : undefined;
}
