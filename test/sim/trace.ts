/**
 * The last datagrams of a world, and their printing as a sequence diagram (Mermaid), which is what a
 * failing seed shows. Sealed bodies stay sealed: a line has the message's name, its length and its fate.
 */
import { toHex } from '../../src/base/bytes.ts';
import { identify } from '../../src/wire/codec.ts';
import { isDrop } from '../../src/wire/drops.ts';
import { messages } from '../../src/wire/messages.ts';
import type { Transit } from './network/network.ts';

interface Line {
  readonly now: number;
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly lost: boolean;
}

/** Name of a message and the identifier that follows its header: a session or a Path ID. */
export function describe(bytes: Uint8Array): string {
  const identified = identify(bytes);
  if (isDrop(identified)) return `? (${identified.drop}, ${bytes.length} bytes)`;
  const row = messages[identified.name];
  const atPath = row.framing === 'tunnel' || row.framing === 'path' || row.framing === 'data';
  const id = atPath ? bytes.subarray(8, 16) : bytes.subarray(4, 12);
  return `${row.title} ${toHex(id.subarray(0, 3))} ${bytes.length}B`;
}

export class Trace {
  readonly #lines: (Line | undefined)[];
  #next = 0;

  /** Keeps the last `limit` events. */
  constructor(limit: number) {
    this.#lines = new Array<Line | undefined>(limit).fill(undefined);
  }

  #add(line: Line): void {
    this.#lines[this.#next] = line;
    this.#next = (this.#next + 1) % this.#lines.length;
  }

  /** To be tapped into the network. */
  readonly tap = (transit: Transit): void => {
    if (transit.fate === 'sent') return;
    const { datagram, fate, origin, at, now } = transit;
    const lost = fate !== 'delivered';
    const how = lost ? ` (${fate})` : '';
    const text = `${describe(datagram.bytes)} ${datagram.source} > ${datagram.destination}${how}`;
    this.#add({ now, from: origin, to: at, text, lost });
  };

  note(now: number, host: string, text: string): void {
    this.#add({ now, from: host, to: host, text, lost: false });
  }

  /** The oldest first. */
  lines(): readonly Line[] {
    const ordered = [...this.#lines.slice(this.#next), ...this.#lines.slice(0, this.#next)];
    return ordered.filter((line) => line !== undefined);
  }

  diagram(): string {
    const rows = this.lines().map((line) => {
      const text = `${line.now} ${line.text}`.replaceAll(';', ',');
      if (line.from === line.to) return `  note over ${line.from}: ${text}`;
      return `  ${line.from}${line.lost ? '-x' : '->>'}${line.to}: ${text}`;
    });
    return ['sequenceDiagram', ...rows].join('\n');
  }
}
