/**
 * A shell on a router at the other end of a stream: the serial console of a guest, or standard input and
 * output of a shell in namespaces. One script at a time; its output comes between two marks, which never
 * stand in what is typed, since a console echoes that.
 */
import type { Readable, Writable } from 'node:stream';

export interface Ran {
  readonly code: number;
  readonly text: string;
}

const keptBytes = 2 ** 20;

export class RouterShell {
  readonly #input: Writable;
  readonly #name: string;
  #text = '';
  #heard: () => void = () => undefined;
  #closed = false;
  #count = 0;

  constructor(name: string, input: Writable, outputs: readonly Readable[]) {
    this.#name = name;
    this.#input = input;
    this.#input.on('error', () => undefined);
    for (const output of outputs) {
      output.on('data', (bytes: Buffer) => {
        this.#text = (this.#text + bytes.toString()).slice(-keptBytes);
        this.#heard();
      });
      output.on('close', () => {
        this.#closed = true;
        this.#heard();
      });
    }
  }

  /** Whether the other end is gone. */
  get closed(): boolean {
    return this.#closed;
  }

  /** The last that was heard, for a report. */
  get tail(): string {
    return this.#text.split('\n').slice(-30).join('\n');
  }

  type(text: string): void {
    this.#input.write(text);
  }

  /** Waits until what was heard holds `pattern`; undefined after the time. */
  async hear(pattern: RegExp, seconds: number): Promise<RegExpExecArray | undefined> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const found = pattern.exec(this.#text);
      if (found) return found;
      const left = end - Date.now();
      if (left <= 0 || this.#closed) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 1000));
        this.#heard = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Runs a script to its end. Throws when the router does not answer in time. */
  async run(script: string, seconds: number): Promise<Ran> {
    this.#count += 1;
    const mark = `ntm${this.#count}`;
    this.#text = '';
    const file = `/tmp/.${mark}`;
    const typed = [
      `cat > ${file} <<'END_OF_SCRIPT'`,
      script,
      'END_OF_SCRIPT',
      `sh ${file} > ${file}.out 2>&1; code=$?; echo; echo "=${mark}""begin"; cat ${file}.out; rm -f ${file}*; echo; echo "=${mark}""end $code"`,
      '',
    ];
    this.type(typed.join('\n'));
    const ended = await this.hear(new RegExp(`=${mark}end (\\d+)\\r?\\n`), seconds);
    if (!ended) throw new Error(`${this.#name} does not answer; last heard:\n${this.tail}`);
    const [, text = ''] =
      new RegExp(`=${mark}begin\\r?\\n([^]*?)\\r?\\n=${mark}end`).exec(this.#text) ?? [];
    return { code: Number(ended[1]), text: text.replaceAll('\r', '').trim() };
  }
}
