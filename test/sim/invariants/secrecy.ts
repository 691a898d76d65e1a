/**
 * Nobody reads user data without the key: no datagram on any link holds the application's plaintext, and
 * no Direction Server or Relay Server gives its data path keys of a path between two nodes
 * (protocol.md sections 6, 9 and 11.3).
 */
import type { Output } from '../../../src/protocol/machine.ts';
import type { Host } from '../hosts/host.ts';
import type { Transit } from '../network/network.ts';
import { BrokenInvariant, type Invariant } from './invariant.ts';

export class Secrecy implements Invariant {
  readonly name = 'secrecy of user data';
  readonly #marker: Uint8Array;
  readonly #exitPaths = new Set<string>();

  constructor(marker: Uint8Array) {
    this.#marker = marker;
  }

  transit(transit: Transit): void {
    if (transit.fate !== 'sent') return;
    const { buffer, byteOffset, length } = transit.datagram.bytes;
    if (Buffer.from(buffer, byteOffset, length).indexOf(this.#marker) < 0) return;
    throw new BrokenInvariant(this.name, `${transit.origin} sent user data in the clear`);
  }

  output(host: Host, role: string, output: Output): void {
    if (role === 'node' || output.kind !== 'path') return;
    const { command } = output;
    if (command.op === 'path-new') {
      if (command.kind === 'node') {
        throw new BrokenInvariant(
          this.name,
          `${role} of ${host.name} made itself an end of a path`,
        );
      }
      this.#exitPaths.add(`${host.name} ${command.pathId}`);
    }
    if (command.op === 'key-set' && !this.#exitPaths.has(`${host.name} ${command.pathId}`)) {
      throw new BrokenInvariant(this.name, `${role} of ${host.name} has keys of ${command.pathId}`);
    }
  }
}
