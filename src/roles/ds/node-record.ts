/**
 * One enrolled node or Relay Server, and where many of them keep their keys. Most enrolled nodes are only
 * remembered, so that what each costs in memory counts: keys lie side by side in large blocks, because an array
 * of 32 bytes of its own would cost ten times that.
 */
import { assert } from '../../base/assert.ts';
import type { Ip } from '../../base/ip.ts';
import type { NodeId } from '../../wire/ids.ts';

const keyBytes = 32;
const keysPerBlock = 1024;

export interface NodeRecord {
  readonly nodeId: NodeId;
  readonly publicKey: Uint8Array;
  readonly role: 'node' | 'relay';
  readonly name: string;
  readonly ipv4: Ip | undefined;
  readonly ipv6: Ip | undefined;
}

/** Keys by slot number. */
export class KeyBlocks {
  readonly #blocks: Uint8Array[] = [];

  set(slot: number, key: Uint8Array): void {
    assert(key.length === keyBytes, 'a public key has 32 bytes');
    const block = Math.floor(slot / keysPerBlock);
    while (this.#blocks.length <= block) {
      this.#blocks.push(new Uint8Array(keysPerBlock * keyBytes));
    }
    this.#blocks[block]?.set(key, (slot % keysPerBlock) * keyBytes);
  }

  /** A copy: a removed node's slot is used again. */
  get(slot: number): Uint8Array {
    const start = (slot % keysPerBlock) * keyBytes;
    const block = this.#blocks[Math.floor(slot / keysPerBlock)];
    assert(block !== undefined, 'a key is asked of a slot that has one');
    return block.slice(start, start + keyBytes);
  }
}

export class StoredNode implements NodeRecord {
  readonly #keys: KeyBlocks;
  /** Place in the directory: of its key, and in the order of its pages. */
  readonly slot: number;
  readonly nodeId: NodeId;
  readonly role: 'node' | 'relay';
  name: string;
  readonly ipv4: Ip | undefined;
  readonly ipv6: Ip | undefined;

  constructor(keys: KeyBlocks, slot: number, of: NodeRecord) {
    keys.set(slot, of.publicKey);
    this.#keys = keys;
    this.slot = slot;
    this.nodeId = of.nodeId;
    this.role = of.role;
    this.name = of.name;
    this.ipv4 = of.ipv4;
    this.ipv6 = of.ipv6;
  }

  get publicKey(): Uint8Array {
    return this.#keys.get(this.slot);
  }
}
