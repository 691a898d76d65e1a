/**
 * The daemon's end of the control socket: reads requests of each connection one after another, answers
 * them, and passes events on to those that subscribed. A client that sends nonsense or does not read is
 * closed; it can neither stop the daemon nor fill its memory.
 */
import type { ControlAnswer, ControlCall, JsonObject } from '../../protocol/machine.ts';
import type { ByteStream } from '../tjs/stream.ts';
import {
  decodeRequest,
  encodeAnswer,
  encodeEvent,
  LineSplitter,
  maxRequestBytes,
} from './frames.ts';

export const maxClients = 32;
/** Answers and events a client has not taken yet, in bytes, above which events to it are left out. */
const maxBacklogBytes = 256 * 1024;

export interface ControlService {
  call(call: ControlCall): Promise<ControlAnswer>;
}

interface Client {
  readonly stream: ByteStream;
  subscribed: boolean;
  backlogBytes: number;
  /** Writes one after another. */
  written: Promise<void>;
}

export class ControlServer {
  readonly #service: ControlService;
  readonly #clients = new Set<Client>();

  constructor(service: ControlService) {
    this.#service = service;
  }

  /** Serves one connection until it ends; never throws. */
  async serve(stream: ByteStream): Promise<void> {
    if (this.#clients.size >= maxClients) {
      const error = `There are ${maxClients} connections to the control socket already.`;
      await stream.write(encodeAnswer(null, { ok: false, error })).catch(ignore);
      stream.close();
      return;
    }
    const client: Client = {
      stream,
      subscribed: false,
      backlogBytes: 0,
      written: Promise.resolve(),
    };
    this.#clients.add(client);
    try {
      await this.#readAll(client);
      await client.written;
    } catch {
      // The client went away in the middle: there is nobody to tell.
    }
    this.#clients.delete(client);
    stream.close();
  }

  async #readAll(client: Client): Promise<void> {
    const splitter = new LineSplitter(maxRequestBytes);
    for (let bytes = await client.stream.read(); bytes; bytes = await client.stream.read()) {
      const lines = splitter.push(bytes);
      if (!lines) {
        const error = `A request has at most ${maxRequestBytes} bytes.`;
        this.#write(client, encodeAnswer(null, { ok: false, error }));
        return;
      }
      for (const line of lines) {
        if (line.length > 0) await this.#answer(client, line);
      }
    }
  }

  async #answer(client: Client, line: Uint8Array): Promise<void> {
    const request = decodeRequest(line);
    if (request.kind === 'wrong') {
      this.#write(client, encodeAnswer(request.id, { ok: false, error: request.error }));
    } else if (request.kind === 'subscribe') {
      client.subscribed = true;
      this.#write(client, encodeAnswer(request.id, { ok: true, result: {} }));
    } else {
      const answer = await this.#service.call(request.call);
      this.#write(client, encodeAnswer(request.id, answer));
    }
    await client.written;
  }

  /** To every subscriber that keeps up. */
  publish(name: string, data: JsonObject): void {
    const line = encodeEvent(name, data);
    for (const client of this.#clients) {
      if (client.subscribed && client.backlogBytes < maxBacklogBytes) this.#write(client, line);
    }
  }

  #write(client: Client, bytes: Uint8Array): void {
    client.backlogBytes += bytes.length;
    client.written = client.written
      .then(() => client.stream.write(bytes))
      .then(
        () => {
          client.backlogBytes -= bytes.length;
        },
        () => client.stream.close(),
      );
  }

  close(): void {
    for (const client of this.#clients) client.stream.close();
  }
}

function ignore(): void {}
