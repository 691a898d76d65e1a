/**
 * The token of an invite between joining and being enrolled: one line of hexadecimal in a file of the
 * state directory, mode 0600, which the daemon removes once the Direction Server knows this key.
 */
import { fromHex, toHex } from '../base/bytes.ts';

export type TokenRole = 'node' | 'rs';

export function tokenPath(stateDirectory: string, role: TokenRole): string {
  return `${stateDirectory.replace(/\/+$/, '')}/${role}.token`;
}

export function formatToken(token: Uint8Array): string {
  return `${toHex(token)}\n`;
}

/** 16 bytes, or undefined when the text is no token. */
export function parseToken(text: string): Uint8Array | undefined {
  const token = fromHex(text.trim());
  return token?.length === 16 ? token : undefined;
}
