/**
 * The caller's end of the control socket, over a stream that is connected already. Every way a call can
 * fail is one sentence: no answer in time, the end of the daemon, or what the daemon itself said.
 */
import type { ControlMethodName } from '../../protocol/control-methods.ts';
import type { ControlResults } from '../../protocol/control-results.ts';
import type { Json, JsonObject } from '../../protocol/machine.ts';
import type { ByteStream } from '../tjs/stream.ts';
import { CallRefused, DaemonUnreachable } from './errors.ts';
import { decodeLine, encodeLine, LineSplitter, maxAnswerBytes } from './frames.ts';

export class ControlClient {
  readonly #stream: ByteStream;
  readonly #path: string;
  readonly #splitter = new LineSplitter(maxAnswerBytes);
  readonly #lines: Uint8Array[] = [];
  #lastId = 0;

  /** `path` is what errors call the socket. */
  constructor(stream: ByteStream, path: string) {
    this.#stream = stream;
    this.#path = path;
  }

  /** One call at a time. Throws CallRefused and DaemonUnreachable. */
  async call<Method extends ControlMethodName>(
    method: Method,
    given: JsonObject = {},
    timeoutMs = 35_000,
  ): Promise<ControlResults[Method]> {
    this.#lastId += 1;
    const id = this.#lastId;
    await this.#send(encodeLine({ id, method, arguments: given }), method);
    const answer = await this.#answerTo(id, method, timeoutMs);
    if (answer.ok === true) return answer.result as unknown as ControlResults[Method];
    throw new CallRefused(asText(answer.error));
  }

  async #send(line: Uint8Array, method: string): Promise<void> {
    try {
      await this.#stream.write(line);
    } catch {
      throw ended(method);
    }
  }

  async #answerTo(id: number, method: string, timeoutMs: number): Promise<JsonObject> {
    const end = Date.now() + timeoutMs;
    for (;;) {
      const line = this.#lines.shift();
      if (line) {
        const answer = decodeLine(line);
        const about = answer?.id ?? null;
        if (answer && (about === id || (about === null && answer.ok === false))) return answer;
        continue;
      }
      const bytes = await within(this.#stream.read(), end - Date.now());
      if (bytes === 'late') {
        const seconds = Math.round(timeoutMs / 1000);
        throw new DaemonUnreachable(
          `The daemon did not answer "${method}" within ${seconds} s.`,
          'Look at its log.',
        );
      }
      if (!bytes) throw ended(method);
      const lines = this.#splitter.push(bytes);
      if (!lines) {
        throw new DaemonUnreachable(
          `What answers at ${this.#path} is no ntmobiled.`,
          'Name its socket with --control.',
        );
      }
      this.#lines.push(...lines);
    }
  }

  close(): void {
    this.#stream.close();
  }
}

function ended(method: string): DaemonUnreachable {
  return new DaemonUnreachable(
    `The daemon ended before it answered "${method}".`,
    'Look at its log and try again.',
  );
}

function asText(value: Json | undefined): string {
  return typeof value === 'string' ? value : 'The daemon refused and did not say why.';
}

async function within<T>(work: Promise<T>, ms: number): Promise<T | 'late'> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), Math.max(0, ms));
  });
  work.catch(() => undefined);
  const first = await Promise.race([work, late]);
  clearTimeout(timer);
  return first;
}
