/** Cuts a stream of bytes into frames of ubus, wherever the stream was cut before. */
import { maxBlobBytes } from './message.ts';

const headBytes = 8;

export class FrameSplitter {
  #parts: Uint8Array[] = [];
  #length = 0;
  /** Of the frame in hand; undefined while its head is not complete. */
  #wanted: number | undefined;

  /** The frames that are complete now; undefined once a length is impossible: the stream is lost. */
  push(bytes: Uint8Array): Uint8Array[] | undefined {
    this.#parts.push(bytes.slice());
    this.#length += bytes.length;
    const frames: Uint8Array[] = [];
    for (;;) {
      if (this.#wanted === undefined) {
        if (this.#length < headBytes + 4) return frames;
        const [head] = this.#join();
        const blob = readLength(head);
        if (blob < 4 || blob > maxBlobBytes) return undefined;
        this.#wanted = headBytes + blob;
      }
      if (this.#length < this.#wanted) return frames;
      const [whole] = this.#join();
      frames.push(whole.subarray(0, this.#wanted));
      const rest = whole.subarray(this.#wanted);
      this.#parts = [rest];
      this.#length = rest.length;
      this.#wanted = undefined;
    }
  }

  #join(): [Uint8Array] {
    if (this.#parts.length > 1) {
      const whole = new Uint8Array(this.#length);
      let offset = 0;
      for (const part of this.#parts) {
        whole.set(part, offset);
        offset += part.length;
      }
      this.#parts = [whole];
    }
    return this.#parts as [Uint8Array];
  }
}

function readLength(frame: Uint8Array): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return view.getUint32(headBytes) & 0xff_ffff;
}
