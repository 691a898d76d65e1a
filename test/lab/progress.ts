/** One line of progress that is drawn over itself in a terminal and printed now and then elsewhere. */
const quietMs = 5000;

export class Progress {
  readonly #out: NodeJS.WriteStream;
  #lastPrinted = 0;
  #drawn = false;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  show(text: string): void {
    if (this.#out.isTTY) {
      this.#out.write(`\r\x1b[K${text.slice(0, (this.#out.columns ?? 80) - 1)}`);
      this.#drawn = true;
    } else if (Date.now() - this.#lastPrinted > quietMs) {
      this.line(text);
    }
  }

  line(text: string): void {
    if (this.#drawn) this.#out.write('\r\x1b[K');
    this.#drawn = false;
    this.#lastPrinted = Date.now();
    this.#out.write(`${text}\n`);
  }
}
