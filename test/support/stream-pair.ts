/** A stream in memory between two ends of a test. */
import type { ByteStream } from '../../src/platform/tjs/stream.ts';

const pieceBytes = 100;

/** Two ends of one stream; bytes arrive in small pieces, as sockets may deliver them. */
export function streamPair(): [ByteStream, ByteStream] {
  const left = new Pipe();
  const right = new Pipe();
  const end = (reads: Pipe, writes: Pipe): ByteStream => ({
    read: () => reads.read(),
    write: async (bytes) => writes.write(bytes),
    close: () => {
      reads.end();
      writes.end();
    },
  });
  return [end(left, right), end(right, left)];
}

class Pipe {
  readonly #pieces: Uint8Array[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  write(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; start += pieceBytes) {
      this.#pieces.push(bytes.slice(start, start + pieceBytes));
    }
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async read(): Promise<Uint8Array | undefined> {
    while (this.#pieces.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#pieces.shift();
  }
}
