/** Base64url without padding (RFC 4648 section 5), for bytes that people copy as one word. */

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export function toBase64url(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let width = 0;
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    width += 8;
    while (width >= 6) {
      width -= 6;
      text += letters[bits >>> width];
      bits &= (1 << width) - 1;
    }
  }
  return width > 0 ? text + letters[bits << (6 - width)] : text;
}

/** Undefined for a letter outside the alphabet, an impossible length, or bits behind the last byte. */
export function fromBase64url(text: string): Uint8Array | undefined {
  if (text.length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let width = 0;
  let filled = 0;
  for (const letter of text) {
    const value = letters.indexOf(letter);
    if (value < 0) return undefined;
    bits = (bits << 6) | value;
    width += 6;
    if (width >= 8) {
      width -= 8;
      bytes[filled] = bits >>> width;
      filled += 1;
      bits &= (1 << width) - 1;
    }
  }
  return bits === 0 ? bytes : undefined;
}
