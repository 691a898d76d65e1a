/**
 * QR codes for the web interface: an invite as a picture, and a picture as the text in it. Bundled into
 * the LuCI resource `ntmobile/qr.js`, which the views load only when there is a code to show or to read.
 */
import decodeQR from 'qr/decode.js';
import { encode } from 'uqr';

/** Rows of dark (true) and light modules, with the quiet zone of four that ISO/IEC 18004 asks for. */
export function matrix(text: string): boolean[][] {
  return encode(text, { ecc: 'L', border: 4 }).data;
}

interface Picture {
  readonly width: number;
  readonly height: number;
  /** RGBA. */
  readonly data: Uint8ClampedArray;
}

/** The text of the code in a picture, or undefined when none can be read. */
export function read({ width, height, data }: Picture): string | undefined {
  try {
    return decodeQR({ width, height, data });
  } catch {
    return undefined;
  }
}
