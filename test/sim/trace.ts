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
  /** How many like it, when they came with no control message between. */
  count: number;
}

const dataType = messages.capsulatedPacket.code;

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
  /** Lines of data since the last control message, by ends and fate. */
  readonly #dataLines = new Map<string, Line>();

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
    const line = { now, from: origin, to: at, text, lost, count: 1 };
    if (datagram.bytes[0] === dataType) this.#addData(line);
    else {
      this.#dataLines.clear();
      this.#add(line);
    }
  };

  #addData(line: Line): void {
    const key = `${line.from} ${line.to} ${line.text}`;
    const known = this.#dataLines.get(key);
    if (known) known.count += 1;
    else {
      this.#dataLines.set(key, line);
      this.#add(line);
    }
  }

  note(now: number, host: string, text: string): void {
    this.#dataLines.clear();
    this.#add({ now, from: host, to: host, text, lost: false, count: 1 });
  }

  /** The oldest first. */
  lines(): readonly Line[] {
    const ordered = [...this.#lines.slice(this.#next), ...this.#lines.slice(0, this.#next)];
    return ordered.filter((line) => line !== undefined);
  }

  diagram(): string {
    const rows = this.lines().map((line) => {
      const times = line.count > 1 ? ` (${line.count} times)` : '';
      const text = `${line.now} ${line.text}${times}`.replaceAll(';', ',');
      if (line.from === line.to) return `  note over ${line.from}: ${text}`;
      return `  ${line.from}${line.lost ? '-x' : '->>'}${line.to}: ${text}`;
    });
    return ['sequenceDiagram', ...rows].join('\n');
  }
}
