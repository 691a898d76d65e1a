/**
 * One connection to ubusd: requests with their answers, and whatever ubusd sends unasked. Every request has
 * a timer of its own, because ubusd says nothing when the owner of an object dies before it answers. A
 * stream that makes no sense is closed; what waits then fails. Nothing here throws but a refused request.
 */
import type { ByteStream } from '../tjs/stream.ts';
import { FrameSplitter } from './frame-splitter.ts';
import {
  type Attributes,
  decodeMessage,
  encodeMessage,
  type Message,
  messageTypes,
  type OutgoingMessage,
} from './message.ts';
import { ubusStatus } from './status.ts';

/** Requests at the same time. */
const maxPending = 64;
/** All answers to one request together. */
const maxAnswerBytes = 8 * 1024 * 1024;
/** What ubusd has not taken yet, above which no more events are sent. */
const maxBacklogBytes = 512 * 1024;
const helloWaitMs = 5000;

export interface UbusReply {
  readonly status: number;
  readonly data: readonly Attributes[];
}

interface Pending {
  readonly peer: number;
  readonly data: Attributes[];
  bytes: number;
  timer: ReturnType<typeof setTimeout> | undefined;
  readonly settle: (status: number) => void;
}

export class UbusSocket {
  readonly #stream: ByteStream;
  readonly #incoming: (message: Message) => void;
  readonly #pendingBySeq = new Map<number, Pending>();
  #lastSeq = 0;
  #backlogBytes = 0;
  #written: Promise<void> = Promise.resolve();
  #greeted: (() => void) | undefined;
  #open = true;
  /** Settles when the connection is over. */
  readonly ended: Promise<void>;

  /** `incoming` gets all that is no answer: invocations, notifications, subscribers coming and going. */
  constructor(stream: ByteStream, incoming: (message: Message) => void) {
    this.#stream = stream;
    this.#incoming = incoming;
    this.ended = this.#readAll();
  }

  /** Settles with true once ubusd has said hello, with false when it does not. */
  hello(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#greeted = undefined;
        resolve(false);
      }, helloWaitMs);
      this.#greeted = () => {
        this.#greeted = undefined;
        clearTimeout(timer);
        resolve(this.#open);
      };
    });
  }

  async #readAll(): Promise<void> {
    const splitter = new FrameSplitter();
    try {
      for (let bytes = await this.#stream.read(); bytes; bytes = await this.#stream.read()) {
        const frames = splitter.push(bytes);
        if (!frames) break;
        for (const frame of frames) this.#take(frame);
      }
    } catch {
      // The other end went away in the middle: the end of the connection.
    }
    this.close();
  }

  #take(frame: Uint8Array): void {
    const message = decodeMessage(frame);
    if (message.version !== 0) return this.close();
    if (message.type === messageTypes.hello) {
      this.#greeted?.();
      return;
    }
    const pending = this.#pendingBySeq.get(message.seq);
    const answers = message.type === messageTypes.status || message.type === messageTypes.data;
    if (!answers) return this.#incoming(message);
    if (!pending || pending.peer !== message.peer) return;
    if (message.type === messageTypes.status) {
      // The one for a notification tells who got it and does not end the request.
      if (message.attributes.subscribers) return;
      pending.settle(message.attributes.status ?? ubusStatus.invalidArgument);
      return;
    }
    pending.bytes += frame.length;
    if (pending.bytes > maxAnswerBytes) pending.settle(ubusStatus.noMemory);
    else pending.data.push(message.attributes);
  }

  /** Settles with what was answered; the status says whether in time. Never rejects. */
  request(
    type: number,
    peer: number,
    attributes: Attributes,
    timeoutMs: number,
  ): Promise<UbusReply> {
    const full = this.#pendingBySeq.size >= maxPending;
    if (full || !this.#open) {
      const status = full ? ubusStatus.noMemory : ubusStatus.connectionFailed;
      return Promise.resolve({ status, data: [] });
    }
    const seq = this.#freeSeq();
    return new Promise((resolve) => {
      const data: Attributes[] = [];
      const settle = (status: number): void => {
        if (pending.timer !== undefined) clearTimeout(pending.timer);
        this.#pendingBySeq.delete(seq);
        resolve({ status, data });
      };
      const pending: Pending = { peer, data, bytes: 0, timer: undefined, settle };
      pending.timer = setTimeout(() => {
        // Clearing a timer from its own callback ends one of the engines.
        pending.timer = undefined;
        settle(ubusStatus.timeout);
      }, timeoutMs);
      this.#pendingBySeq.set(seq, pending);
      this.send({ type, seq, peer, attributes });
    });
  }

  #freeSeq(): number {
    do this.#lastSeq = (this.#lastSeq + 1) & 0xffff;
    while (this.#pendingBySeq.has(this.#lastSeq));
    return this.#lastSeq;
  }

  send(message: OutgoingMessage): void {
    if (!this.#open) return;
    const bytes = encodeMessage(message);
    this.#backlogBytes += bytes.length;
    this.#written = this.#written
      .then(() => this.#stream.write(bytes))
      .then(
        () => {
          this.#backlogBytes -= bytes.length;
        },
        () => this.close(),
      );
  }

  /** Something nobody waits for: left out while ubusd does not keep up. */
  tell(type: number, peer: number, attributes: Attributes): boolean {
    if (this.#backlogBytes > maxBacklogBytes) return false;
    this.send({ type, seq: this.#freeSeq(), peer, attributes });
    return true;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const pending of [...this.#pendingBySeq.values()]) {
      pending.settle(ubusStatus.connectionFailed);
    }
    this.#greeted?.();
    this.#stream.close();
  }
}
