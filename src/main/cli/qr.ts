/**
 * A text as a QR code in half blocks: two modules a letter, dark on light whatever the theme, with the
 * quiet zone of four modules that ISO/IEC 18004 asks for. The encoding itself is the library's: `uqr`,
 * chosen for having no dependencies, running anywhere, and adding only what is used of it (about 10 KB).
 */
import { encode } from 'uqr';

const quietModules = 4;
/** Black on white by explicit colours, since a code with colours swapped is refused by many readers. */
const colours = { start: '\u001b[38;5;16m\u001b[48;5;231m', end: '\u001b[0m' };

/** `coloured` only for a terminal; without it a dark terminal shows the code inverted. */
export function renderQr(text: string, coloured: boolean): string {
  const { data } = encode(text, { ecc: 'L', border: quietModules });
  const lines: string[] = [];
  for (let row = 0; row < data.length; row += 2) {
    const upper = data[row] as boolean[];
    const lower = data[row + 1] ?? upper.map(() => false);
    const line = upper.map((dark, column) => halfBlock(dark, lower[column] as boolean)).join('');
    lines.push(coloured ? colours.start + line + colours.end : line);
  }
  return lines.join('\n');
}

function halfBlock(upper: boolean, lower: boolean): string {
  if (upper) return lower ? '█' : '▀';
  return lower ? '▄' : ' ';
}
