/** DNS queries for names of enrolled nodes, so many unanswered at once. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { benchAddress } from '../namespace.ts';
import type { Work } from './pace.ts';

const port = 5300;
const ntmType = 65_400;
const lateMs = 1000;

function query(id: number, name: string, type: number): Buffer {
  const labels = name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]);
  const head = [id >>> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
  return Buffer.from([...head, ...labels, 0, type >>> 8, type & 0xff, 0, 1]);
}

export class DnsLoad {
  readonly #enrolled: number;
  readonly #socket: Socket = createSocket('udp4');
  readonly #sentAt = new Map<number, number>();
  readonly #latencies: number[] = [];
  /** Made beforehand: of many names, half of them asked for their NTM record and half for what they lack. */
  readonly #queries: Buffer[] = [];
  #next = 0;
  #left = 0;
  #wake: () => void = () => undefined;
  #refused = 0;

  constructor(enrolled: number) {
    this.#enrolled = enrolled;
  }

  async open(): Promise<void> {
    for (let id = 0; id < 0x4000; id += 1) {
      const number = 1 + ((id * 7919) % this.#enrolled);
      this.#queries.push(query(id, `node-${number}.bench.example`, id % 2 === 0 ? ntmType : 1));
    }
    this.#socket.bind(0, benchAddress);
    await once(this.#socket, 'listening');
    this.#socket.setRecvBufferSize(8 * 1024 * 1024);
    this.#socket.on('message', (bytes) => this.#answered(bytes));
  }

  #answered(bytes: Buffer): void {
    const id = bytes.readUInt16BE(0);
    const at = this.#sentAt.get(id);
    if (at === undefined) return;
    this.#sentAt.delete(id);
    this.#latencies.push(performance.now() - at);
    if (((bytes[3] as number) & 0xf) !== 0) this.#refused += 1;
    this.#wake();
    if (this.#left > 0) this.#ask();
  }

  #ask(): void {
    this.#left -= 1;
    const id = this.#next % this.#queries.length;
    this.#next += 1;
    this.#sentAt.set(id, performance.now());
    this.#socket.send(this.#queries[id] as Buffer, port, benchAddress);
  }

  async run(count: number, atOnce: number): Promise<Work> {
    this.#latencies.length = 0;
    this.#refused = 0;
    this.#left = count;
    const begin = performance.now();
    for (let index = 0; index < atOnce; index += 1) this.#ask();
    while (this.#latencies.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = () => {
          if (this.#latencies.length >= count) resolve();
        };
        setTimeout(resolve, 100);
      });
      this.#askAgain();
    }
    const seconds = (performance.now() - begin) / 1000;
    if (this.#refused > 0) throw new Error(`${this.#refused} DNS queries were refused`);
    const latencies = [...this.#latencies].sort((left, right) => left - right);
    return { done: count, seconds, latencies };
  }

  /** What was lost is asked again. */
  #askAgain(): void {
    for (const [id, at] of this.#sentAt) {
      if (performance.now() - at < lateMs) continue;
      this.#sentAt.set(id, performance.now());
      this.#socket.send(this.#queries[id] as Buffer, port, benchAddress);
    }
  }

  close(): void {
    this.#socket.close();
  }
}
